package natsgo

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"weir/test/process"
)

// TestReconnect restarts the server on its ports: the client comes back by itself, with its subscriptions.
func TestReconnect(t *testing.T) {
	for name, stop := range map[string]func(*process.Server) error{
		"stopped": (*process.Server).Stop,
		"killed":  func(s *process.Server) error { s.Kill(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, process.Options{}, func(w *world) {
				gone, back := make(chan error, 1), make(chan struct{}, 1)
				nc := w.connect(
					nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { gone <- err }),
					nats.ReconnectHandler(func(*nats.Conn) { back <- struct{}{} }))
				sub := w.subscribe(nc, "again")
				w.must(stop(w.server))
				await(w, gone, "disconnect")
				w.must(nc.Publish("again", []byte("kept while away")))
				w.must(w.server.Restart())
				await(w, back, "reconnect")
				if m := w.next(sub); string(m.Data) != "kept while away" {
					w.Errorf("got %q", m.Data)
				}
				w.must(w.connect().Publish("again", []byte("from a new client")))
				if m := w.next(sub); string(m.Data) != "from a new client" {
					w.Errorf("got %q", m.Data)
				}
			})
		})
	}
}

// TestLameDuck: SIGUSR2 tells every client that this server will go.
func TestLameDuck(t *testing.T) {
	everyWay(t, process.Options{Config: `lame_duck_duration: "30s"`}, func(w *world) {
		lame := make(chan struct{}, 1)
		nc := w.connect(nats.LameDuckModeHandler(func(*nats.Conn) { lame <- struct{}{} }))
		sub := w.subscribe(nc, "still")
		w.must(w.server.Signal(syscall.SIGUSR2))
		await(w, lame, "lame duck notice")
		w.must(nc.Publish("still", nil)) // it works as long as it lasts
		w.next(sub)
		if _, err := w.dial(nats.NoReconnect(), nats.Timeout(process.Patience)); err == nil {
			w.Error("a lame duck takes new clients")
		}
		w.server.Kill() // the grace period is ten seconds
	})
}

// TestSubscriptionsLimit: an error that is not the end.
func TestSubscriptionsLimit(t *testing.T) {
	everyWay(t, process.Options{Config: "max_subscriptions: 1"}, func(w *world) {
		reported := make(chan error, 1)
		nc := w.connect(nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			select {
			case reported <- err:
			default:
			}
		}))
		sub := w.subscribe(nc, "one")
		_, err := nc.SubscribeSync("two")
		w.must(err)
		if err := await(w, reported, "error"); !errors.Is(err, nats.ErrMaxSubscriptionsExceeded) {
			w.Errorf("got %v", err)
		}
		w.must(nc.Publish("one", nil))
		w.next(sub)
	})
}

func TestConnectionsLimit(t *testing.T) {
	everyWay(t, process.Options{Config: "max_connections: 1"}, func(w *world) {
		nc := w.connect()
		w.refused("") // the text is for a transcript: here the client may still be writing when the server closes
		w.must(nc.Flush())
	})
}

// TestStale is the server's side of ping and pong: a client that says nothing but answers stays for longer than the limit.
func TestStale(t *testing.T) {
	everyWay(t, process.Options{Config: "ping_interval: \"100ms\"\nping_max: 4"}, func(w *world) {
		lost := make(chan error, 1)
		nc := w.connect(nats.NoReconnect(), nats.PingInterval(time.Hour), nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { lost <- err }))
		select {
		case err := <-lost:
			w.Fatal(err)
		case <-time.After(time.Second): // twice the limit
		}
		w.must(nc.Flush())
	})
}
