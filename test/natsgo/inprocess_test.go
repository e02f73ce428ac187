package natsgo

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/nats-io/nats.go"

	"weir/server"
	"weir/test/process"
)

// TestInProcess has a server inside the program, and a client that comes to it without a socket: much goes both ways, to and from
// one over TCP.
func TestInProcess(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		w := &world{T: t}
		s, err := server.New(&server.Options{Client: server.Listener{Host: "127.0.0.1", Port: -1}}, slog.New(slog.DiscardHandler))
		w.must(err)
		w.must(s.Start())
		defer s.Shutdown()
		inside, err := nats.Connect("", nats.InProcessServer(s))
		w.must(err)
		defer inside.Close()
		outside, err := nats.Connect(s.ClientAddr().String())
		w.must(err)
		defer outside.Close()
		const n = 20_000
		for _, row := range []struct{ from, to *nats.Conn }{{inside, outside}, {outside, inside}, {inside, inside}} {
			sub := w.subscribe(row.to, "numbers")
			w.must(sub.SetPendingLimits(-1, -1))
			for i := range n {
				w.must(row.from.Publish("numbers", fmt.Append(nil, i)))
			}
			w.must(row.from.Flush())
			for i := range n {
				if m := w.next(sub); string(m.Data) != fmt.Sprint(i) {
					t.Fatalf("message %d is %s", i, m.Data)
				}
			}
			w.must(sub.Unsubscribe())
		}
		s.Shutdown()
		process.Await(process.Patience, func() bool { return !inside.IsConnected() })
		if inside.IsConnected() {
			t.Error("connected to a server that is gone")
		}
	})
}
