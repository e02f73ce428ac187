package main

import (
	"time"

	"weir/bench/load"
	"weir/bench/rival"
)

// paced is a feed to a few receivers at a steady rate. What is due goes out in one write, each message in a frame of its
// own, whether or not earlier ones have arrived.
type paced struct{}

const (
	pacedReceivers = 10
	pacedSize      = 128              // bytes of a body
	pacedTick      = time.Millisecond // between writes, at least
	pacedLeast     = 10               // messages of a turn
)

func (paced) transport() load.Transport { return load.WS }
func (paced) files(scale) int           { return pacedReceivers + 1 }

func (paced) open(p *rival.Process, s scale) (session, error) {
	r, err := openFeed(p, fanout{via: load.WS, size: pacedSize, burst: 1}, pacedReceivers)
	if err != nil {
		return nil, err
	}
	return &stream{readers: r, rate: s.rate}, nil
}

// stream is the session of paced.
type stream struct {
	*readers
	rate int // messages a second
	out  []byte
}

func (w *stream) turn(d time.Duration) ([]measure, error) {
	messages := max(pacedLeast, int(float64(w.rate)*d.Seconds()))
	deliveries := messages * len(w.clients)
	w.expect(deliveries)
	begin := time.Now()
	cpu, err := clocked(w.p, "delivery", func() (int, error) {
		if err := w.pour(begin, messages); err != nil {
			return 0, err
		}
		return deliveries, w.loop.Wait(w.all, "a message for every receiver")
	})
	return []measure{cpu, figure("reached", "messages/s", float64(messages)/time.Since(begin).Seconds())}, err
}

// pour publishes messages at the rate, the first of them after the time that one has.
func (w *stream) pour(begin time.Time, messages int) error {
	pause := max(pacedTick, time.Second/time.Duration(w.rate))
	for sent := 0; sent < messages; {
		if err := w.loop.Watch(pause); err != nil {
			return err
		}
		due := min(messages, int(float64(w.rate)*time.Since(begin).Seconds()))
		for w.out = w.out[:0]; sent < due; sent++ {
			w.out = append(w.out, w.bursts[sent%variants]...)
		}
		if err := w.publisher.SendRaw(w.out); err != nil {
			return err
		}
	}
	return nil
}
