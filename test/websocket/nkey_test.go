package websocket

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"

	"weir/test/process"
)

// TestNkeys: who signs the nonce of INFO with the right key may come in.
func TestNkeys(t *testing.T) {
	right, rightName := newKey(t)
	wrong, wrongName := newKey(t)
	rows := []struct {
		name, types string
		pair        nkeys.KeyPair
		public      string
		in          bool
	}{
		// parity: 9.1.61.1
		{"wrong", "", wrong, wrongName, false},
		{"signed by another", "", wrong, rightName, false},
		// parity: 9.1.61.2
		{"right", "", right, rightName, true},
		// parity: 9.1.61.3
		{"right, TCP only", "STANDARD", right, rightName, false},
		// parity: 9.1.61.4
		{"right, WebSocket", "STANDARD, websocket", right, rightName, true},
		// parity: 9.1.61.5
		{"wrong, WebSocket", "STANDARD, websocket", wrong, wrongName, false},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				types := ""
				if row.types != "" {
					types = ", allowed_connection_types: [ " + row.types + " ]"
				}
				server := process.Start(t, target, process.Options{Config: "authorization { users: [ { nkey: " + rightName + types + " } ] }"})
				s, info := dialInfo(t, server)
				s.send(data(fmt.Sprintf("CONNECT {\"verbose\":false,\"protocol\":1,\"nkey\":%q,\"sig\":%q}\r\nPING\r\n", row.public,
					signNonce(t, info, row.pair))))
				s.wantLogin(row.in)
			})
		}
	})
}

// TestNkeyReload: who has a key that is gone, or is of another account now, has to leave and is told nothing.
func TestNkeyReload(t *testing.T) {
	pair, name := newKey(t)
	for _, row := range []struct{ name, after string }{
		{"same", "A { users: [ { nkey: " + name + " } ] }, B { users: [ { user: b, password: p } ] }"},
		{"permissions", "A { users: [ { nkey: " + name + ", permissions: { subscribe: y } } ] }, B {}"},
		{"removed", "A {}, B { users: [ { user: b, password: p } ] }"},
		{"moved", "A {}, B { users: [ { nkey: " + name + " } ] }"},
		{"none is left", "A { users: [ { user: a, password: p } ] }, B {}"},
	} {
		process.Each(t, func(t *testing.T, target process.Target) {
			t.Run(row.name, func(t *testing.T) {
				before := "A { users: [ { nkey: " + name + " } ] }, B {}"
				server := process.Start(t, target, process.Options{Config: "accounts { " + before + " }"})
				c := process.DialRaw(t, server.Client)
				c.Send(fmt.Sprintf("CONNECT {\"verbose\":false,\"nkey\":%q,\"sig\":%q}\r\nSUB x 1\r\nPING\r\n", name, signNonce(t, c.Info, pair)))
				c.Want("PONG")
				if line := server.Reload(t, replace(before, row.after)); !strings.Contains(line, "Reloaded") {
					t.Fatal(line)
				}
				switch row.name {
				case "same":
					c.Send("PING\r\n")
					c.Want("PONG")
				case "permissions":
					c.Want(`-ERR 'Permissions Violation for Subscription to "x" (sid "1")'`)
					c.Send("PING\r\n")
					c.Want("PONG")
				default:
					if rest, err := c.Rest(); rest != "" || err != nil {
						t.Errorf("got %q, %v", rest, err)
					}
				}
			})
		})
	}
}

// newKey is a new key and its public half.
func newKey(t *testing.T) (nkeys.KeyPair, string) {
	t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return pair, public
}

// greeting is what tests read of an INFO.
type greeting struct {
	Nonce string `json:"nonce"`
	CID   uint64 `json:"client_id"`
}

func greet(t *testing.T, info string) (g greeting) {
	t.Helper()
	if err := json.Unmarshal([]byte(strings.TrimPrefix(info, "INFO ")), &g); err != nil {
		t.Fatalf("%s, %v", info, err)
	}
	return g
}

// signNonce is the signature of an INFO's nonce, as CONNECT has it.
func signNonce(t *testing.T, info string, pair nkeys.KeyPair) string {
	t.Helper()
	nonce := greet(t, info).Nonce
	if nonce == "" {
		t.Fatalf("no nonce in %s", info)
	}
	signature, err := pair.Sign([]byte(nonce))
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(signature)
}
