package natsgo

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"weir/test/operator"
	"weir/test/process"
)

// TestAuth has one user, one token and one nkey, in the file and as flags.
func TestAuth(t *testing.T) {
	user := []nats.Option{nats.UserInfo("ann", "secret")}
	token := []nats.Option{nats.Token("s3cr3t")}
	key, stranger := operator.NewKey(t, nkeys.CreateUser), operator.NewKey(t, nkeys.CreateUser)
	rows := []struct {
		name    string
		options process.Options
		good    []nats.Option
		bad     [][]nats.Option
	}{
		{"user", process.Options{Config: `authorization { user: ann, password: secret }`}, user,
			[][]nats.Option{nil, {nats.UserInfo("ann", "x")}, token}},
		{"token", process.Options{Config: `authorization { token: s3cr3t }`}, token,
			[][]nats.Option{nil, {nats.Token("x")}, user}},
		{"nkey", process.Options{Config: `authorization { users: [ { nkey: ` + key.Public + ` } ] }`}, []nats.Option{nats.Nkey(key.Public, key.Sign)},
			[][]nats.Option{nil, {nats.Nkey(stranger.Public, stranger.Sign)}, {nats.Nkey(key.Public, stranger.Sign)}, user}},
		{"user by flag", process.Options{Args: []string{"--user", "ann", "--pass", "secret"}}, user, [][]nats.Option{nil}},
		{"token by flag", process.Options{Args: []string{"--auth", "s3cr3t"}}, token, [][]nats.Option{nil}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			everyWay(t, row.options, func(w *world) {
				for _, options := range row.bad {
					w.refused("authorization violation", options...)
				}
				nc := w.connect(row.good...)
				sub := w.subscribe(nc, "in")
				w.must(nc.Publish("in", nil))
				w.next(sub)
			})
		})
	}
}

// TestEdgeAuth has credentials that are asked for on the WebSocket listener only.
func TestEdgeAuth(t *testing.T) {
	options := process.Options{WebSocket: `authorization { user: edge, password: secret }`}
	everyWay(t, options, func(w *world) {
		w.connect(nats.UserInfo("edge", "secret"))
		if w.way.edge {
			w.refused("authorization violation")
		} else {
			w.connect()
		}
	})
}
