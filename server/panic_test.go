package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"weir/server"
)

// trap is a log that panics over one message.
type trap struct{ slog.Handler }

func (trap) Enabled(context.Context, slog.Level) bool { return true }

func (trap) Handle(_ context.Context, r slog.Record) error {
	said := r.Message
	r.Attrs(func(a slog.Attr) bool {
		said += a.String()
		return true
	})
	if strings.Contains(said, "PUB boom") {
		panic("boom")
	}
	return nil
}

// TestPanics: whatever panics while a connection is served ends that one, and nobody else loses anything.
func TestPanics(t *testing.T) {
	s, err := server.New(parsed(t, "websocket { listen: \"127.0.0.1:-1\", no_tls: true }"), slog.New(trap{slog.DiscardHandler}))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	enter := func() (say func(string), hear func() string) {
		_, nc, r := knock(t, s.WebSocketAddr())
		payload(t, r)
		return func(text string) { send(t, nc, text) }, func() string { return payload(t, r) }
	}
	say, hear := enter()
	say("CONNECT {\"verbose\":false}\r\nSUB a 1\r\nPING\r\n")
	if got := hear(); got != "PONG\r\n" {
		t.Fatal(got)
	}
	for i := range 20 {
		bad, last := enter()
		bad("CONNECT {\"verbose\":false}\r\nPUB boom 0\r\n\r\n")
		if got := last(); got != "\x03\xf3Internal Error" { // close 1011
			t.Errorf("after a panic: %q", got)
		}
		other, _ := enter()
		other(fmt.Sprintf("CONNECT {\"verbose\":false}\r\nPUB a 2\r\n%02d\r\n", i))
		if got, want := hear(), fmt.Sprintf("MSG a 1 2\r\n%02d\r\n", i); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
}
