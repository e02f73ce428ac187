package wspeers_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"weir/ws"
)

// patience bounds one conversation.
const patience = time.Minute

// talker is the client's end of a connection, whoever wrote it. One goroutine may send while another receives.
type talker interface {
	// send sends one message; pieces is a wish for as many fragments.
	send(op ws.Opcode, payload []byte, pieces int) error
	// receive returns the next message, or a *closed.
	receive() (ws.Opcode, []byte, error)
	// ping sends a ping and knows about its pong.
	ping() error
	// close says goodbye, waits for the answer, and fails if that is not the same.
	close(code ws.CloseCode, reason string) error
}

// closed is the end by the peer's close frame.
type closed struct {
	code   ws.CloseCode
	reason string
}

func (c *closed) Error() string { return fmt.Sprintf("closed with %d %q", c.code, c.reason) }

// mode is what both sides want.
type mode struct {
	deflate, takeover bool
	bits              int // of the windows, in both directions
}

var modes = map[string]mode{
	"plain":                    {},
	"no takeover":              {deflate: true, bits: 15},
	"takeover":                 {deflate: true, takeover: true, bits: 15},
	"takeover, small windows":  {deflate: true, takeover: true, bits: 10},
	"no takeover, small, too":  {deflate: true, bits: 9},
	"takeover, middle windows": {deflate: true, takeover: true, bits: 12},
}

// wantAnswer is what examples/echo has to answer to the offer for a mode.
func wantAnswer(m mode) string {
	if !m.deflate {
		return ""
	}
	answer := "permessage-deflate"
	if !m.takeover {
		answer += "; server_no_context_takeover; client_no_context_takeover"
	}
	if m.bits < 15 {
		answer += fmt.Sprintf("; server_max_window_bits=%d; client_max_window_bits=%[1]d", m.bits)
	}
	return answer
}

// server is an echo that closes when told so, see closeOrder.
type server struct {
	url string
	// heard gives the codes of the clients' close frames, one for each connection; nil if it can not be seen.
	heard chan ws.CloseCode
}

var clients = map[string]func(t *testing.T, url string, m mode) talker{
	"weir": weirClient, "coder": coderClient, "gws": gwsClient,
}

var servers = map[string]func(t *testing.T, m mode) server{
	"weir": weirServer, "coder": coderServer, "gws": gwsServer,
}

// closeOrder is a message that makes a server close with 4100 instead of echoing; examples/echo does not know it.
const closeOrder = "please close"

// orderedCode is the code and orderedReason the text of that close frame.
const (
	orderedCode   ws.CloseCode = 4100
	orderedReason              = "as you wish"
)

// each runs a test for all pairs with Weir on at least one side.
func each(t *testing.T, f func(t *testing.T, client, server string, m mode)) {
	for clientName := range clients {
		for serverName := range servers {
			if clientName != "weir" && serverName != "weir" {
				continue // not our business
			}
			for modeName, m := range modes {
				t.Run(clientName+" to "+serverName+", "+modeName, func(t *testing.T) {
					t.Parallel()
					f(t, clientName, serverName, m)
				})
			}
		}
	}
}

func TestConversation(t *testing.T) {
	each(t, func(t *testing.T, client, serverName string, m mode) {
		s := servers[serverName](t, m)
		peer := clients[client](t, s.url, m)
		for i, x := range messages(1, 40) {
			if i%7 == 0 {
				if err := peer.ping(); err != nil {
					t.Fatalf("ping before message %d: %v", i, err)
				}
			}
			if err := peer.send(x.op, x.payload, x.pieces); err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
			expect(t, peer, i, x)
		}
		// And all at once.
		list := messages(2, 40)
		sent := make(chan error, 1)
		go func() {
			for _, x := range list {
				if err := peer.send(x.op, x.payload, x.pieces); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		for i, x := range list {
			expect(t, peer, i, x)
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		if err := peer.close(3456, "that is all"); err != nil {
			t.Fatalf("close: %v", err)
		}
		if s.heard != nil {
			if got := <-s.heard; got != 3456 {
				t.Errorf("the server heard %d", got)
			}
		}
	})
}

func expect(t *testing.T, peer talker, i int, want message) {
	t.Helper()
	op, got, err := peer.receive()
	if err != nil {
		t.Fatalf("message %d of %d bytes in %d pieces: %v", i, len(want.payload), want.pieces, err)
	}
	if op != want.op || string(got) != string(want.payload) {
		t.Fatalf("message %d: got %s of %d bytes, want %s of %d", i, op, len(got), want.op, len(want.payload))
	}
}

// A server that closes is understood, by code and by reason.
func TestServerCloses(t *testing.T) {
	for _, name := range []string{"coder", "gws"} {
		for modeName, m := range modes {
			t.Run(name+", "+modeName, func(t *testing.T) {
				t.Parallel()
				peer := weirClient(t, servers[name](t, m).url, m)
				if err := peer.send(ws.OpText, []byte(closeOrder), 1); err != nil {
					t.Fatal(err)
				}
				_, _, err := peer.receive()
				var end *closed
				if !errors.As(err, &end) || end.code != orderedCode || end.reason != orderedReason {
					t.Fatal(err)
				}
			})
		}
	}
}

// What examples/echo refuses, the other clients hear by its code.
func TestEchoRefuses(t *testing.T) {
	for _, name := range []string{"coder", "gws"} {
		for modeName, m := range modes {
			for _, tt := range []struct {
				what    string
				op      ws.Opcode
				payload []byte
				code    ws.CloseCode
			}{
				{"text that is not UTF-8", ws.OpText, []byte("abc\xed\xa0\x80"), ws.CloseInvalidPayload},
				{"too much", ws.OpBinary, make([]byte, 16<<20+1), ws.CloseMessageTooBig},
			} {
				t.Run(name+", "+modeName+", "+tt.what, func(t *testing.T) {
					peer := clients[name](t, weirServer(t, m).url, m)
					go peer.send(tt.op, tt.payload, 1) // it may fail when the server has closed
					_, _, err := peer.receive()
					var end *closed
					if !errors.As(err, &end) || end.code != tt.code {
						t.Fatal(err)
					}
				})
			}
		}
	}
}
