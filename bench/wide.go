package main

import (
	"slices"
	"time"

	"weir/bench/load"
	"weir/bench/rival"
)

// wide is a fan-out to very many receivers, and how long it takes until the last of them has the message. While the
// server is at it, the load reads nothing, so that it has all cores for itself; when a message reached a socket, the
// kernel has noted.
type wide struct{}

// wideRest is how long the load keeps still after publishing. What is under way for longer has the load beside it.
const wideRest = 250 * time.Millisecond

// greetings is how long after the last CONNECT the servers' first PINGs are over: nats-server and Weir send them 2 s after it,
// and up to a fifth more. Among so few messages they would count as much, and a PING that came into a socket behind a message
// would make the message look late.
const greetings = 3 * time.Second

func (wide) transport() load.Transport { return load.WS }
func (wide) files(s scale) int         { return s.crowd + 1 }

func (wide) open(p *rival.Process, s scale) (session, error) {
	r, err := openFeed(p, fanout{via: load.WS, size: 128, burst: 1, stamped: true}, s.crowd)
	if err != nil {
		return nil, err
	}
	if err := r.loop.Watch(greetings); err != nil {
		r.close()
		return nil, err
	}
	return &waves{readers: r}, nil
}

// waves are messages that go to all readers.
type waves struct{ *readers }

func (w *waves) turn(d time.Duration) ([]measure, error) {
	var took []time.Duration
	cpu, err := clocked(w.p, "delivery", func() (int, error) {
		return repeat(d, func() (int, error) {
			t, err := w.wave()
			took = append(took, t)
			return len(w.clients), err
		})
	})
	if err != nil {
		return nil, err
	}
	return []measure{cpu, figure("last delivery", "ms", percentile(took, 50)/1000)}, nil
}

// wave publishes one message and says how long it took to the last receiver.
func (w *waves) wave() (time.Duration, error) {
	w.loop.Hold()
	begin := time.Now()
	err := w.publish()
	if err == nil {
		time.Sleep(wideRest)
	}
	w.loop.Release()
	if err != nil {
		return 0, err
	}
	if err := w.loop.Wait(w.all, "a message for every receiver"); err != nil {
		return 0, err
	}
	w.loop.Hold()
	defer w.loop.Release()
	last := slices.MaxFunc(w.clients, func(a, b *load.Client) int { return a.Arrived.Compare(b.Arrived) })
	return last.Arrived.Sub(begin), nil
}
