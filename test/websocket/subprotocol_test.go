package websocket

import (
	"context"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"weir/test/process"
)

// TestSubprotocol: a client that offers subprotocols and gets no answer has to fail (RFC 6455 §4.1, browsers do), so Weir
// answers with nats where that is offered. nats-server never answers.
func TestSubprotocol(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for _, row := range []struct {
			name    string
			offered []string
			want    string // of Weir
		}{
			{"none", nil, ""},
			{"nats", []string{"nats"}, "nats"},
			{"nats among others", []string{"mqtt", "nats", "x"}, "nats"},
			{"others", []string{"mqtt", "NATS", "natsx"}, ""},
		} {
			t.Run(row.name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(context.Background(), process.Patience)
				defer cancel()
				c, response, err := websocket.Dial(ctx, "ws://"+server.WebSocket, &websocket.DialOptions{Subprotocols: row.offered})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = c.CloseNow() }()
				want := row.want
				if target == process.Stock {
					want = ""
				}
				if got := c.Subprotocol(); got != want || len(response.Header["Sec-Websocket-Protocol"]) > 1 {
					t.Errorf("subprotocol %q, want %q; headers %v", got, want, response.Header)
				}
				if _, line, err := c.Read(ctx); err != nil || !strings.HasPrefix(string(line), "INFO {") {
					t.Errorf("first message %q, %v", line, err)
				}
			})
		}
	})
}
