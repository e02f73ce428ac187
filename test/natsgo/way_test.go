package natsgo

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"weir/test/process"
)

func TestMain(m *testing.M) { process.Main(m) }

// A way is how the client reaches the server.
type way struct {
	name string
	// edge says that it is the WebSocket listener, secure that the server has a certificate.
	edge, secure bool
	options      []nats.Option
}

var ways = []way{
	{name: "nats"},
	{name: "tls", secure: true},
	{name: "ws", edge: true},
	{name: "ws-compressed", edge: true, options: []nats.Option{nats.Compression(true)}},
	{name: "wss", edge: true, secure: true},
	{name: "wss-compressed", edge: true, secure: true, options: []nats.Option{nats.Compression(true)}},
}

// world is a running server and one way to it.
type world struct {
	*testing.T
	way    way
	server *process.Server
}

// everyWay runs f for every target and every way to it.
func everyWay(t *testing.T, options process.Options, f func(w *world)) {
	t.Helper()
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, way := range ways {
			t.Run(way.name, func(t *testing.T) {
				t.Parallel()
				options := options
				options.Secure = way.secure
				f(&world{T: t, way: way, server: process.Start(t, target, options)})
			})
		}
	})
}

func (w *world) url() string {
	address, scheme := w.server.Client, "nats://"
	switch {
	case w.way.edge && w.way.secure:
		address, scheme = w.server.WebSocket, "wss://"
	case w.way.edge:
		address, scheme = w.server.WebSocket, "ws://"
	case w.way.secure:
		scheme = "tls://"
	}
	return scheme + address
}

// dial connects and may fail.
func (w *world) dial(options ...nats.Option) (*nats.Conn, error) {
	all := append([]nats.Option{
		nats.Timeout(process.Patience), nats.ReconnectWait(20 * time.Millisecond), nats.ReconnectJitter(0, 0),
		nats.MaxReconnects(-1),
	}, w.way.options...)
	if w.way.secure {
		cert, _ := process.Certificate()
		all = append(all, nats.RootCAs(cert))
	}
	nc, err := nats.Connect(w.url(), append(all, options...)...)
	if err == nil {
		w.Cleanup(nc.Close)
	}
	return nc, err
}

// connect connects or ends the test.
func (w *world) connect(options ...nats.Option) *nats.Conn {
	w.Helper()
	nc, err := w.dial(options...)
	w.must(err)
	return nc
}

// refused dials until the server's reason for its refusal arrives. The client may still be writing when the server
// closes; what it reports then is its own broken pipe, so it asks again.
func (w *world) refused(reason string, options ...nats.Option) {
	w.Helper()
	var err error
	for range 20 {
		_, err = w.dial(append(options, nats.NoReconnect())...)
		if err == nil {
			w.Errorf("connected, want %q", reason)
			return
		}
		if strings.Contains(strings.ToLower(err.Error()), reason) {
			return
		}
	}
	w.Errorf("refused with %v, want %q", err, reason)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// subscribe is known to the server when it returns.
func (w *world) subscribe(nc *nats.Conn, subject string) *nats.Subscription {
	w.Helper()
	sub, err := nc.SubscribeSync(subject)
	w.must(err)
	w.must(nc.Flush())
	return sub
}

// next returns the next message of a subscription.
func (w *world) next(sub *nats.Subscription) *nats.Msg {
	w.Helper()
	m, err := sub.NextMsg(process.Patience)
	w.must(err)
	return m
}

// await returns what comes out of a channel.
func await[T any](w *world, c <-chan T, what string) T {
	w.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(process.Patience):
		w.Fatalf("no %s in %v", what, process.Patience)
		panic("unreachable")
	}
}
