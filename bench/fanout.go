package main

import (
	"fmt"
	"sync/atomic"
)

// fanout is one publisher and many receivers of one subject. burst messages go out in one write, and the next when every
// receiver has had them all. The bodies compress if the receivers do; the publisher itself never compresses.
type fanout struct {
	via   transport
	size  int // of a body, in bytes
	burst int // messages in flight
}

const feed = "market.prices"

// variants is how many different bursts take turns.
const variants = 8

func (w fanout) run(p *process, s scale) ([]measure, error) {
	hello := func(int) string { return "SUB " + feed + " 1\r\n" }
	receivers, err := connectAll(p, w.via, s.receivers, msgSize(feed, "", w.size), hello)
	if err != nil {
		return nil, err
	}
	defer closeAll(receivers)
	publisher, err := connect(p, min(w.via, ws), "", 0, make([]byte, readSize))
	if err != nil {
		return nil, err
	}
	defer publisher.close()

	var missing atomic.Int64
	all := make(chan struct{}, 1)
	l, err := newLoop(append(receivers, publisher), func(_ *client, n int) error {
		switch left := missing.Add(int64(-n)); {
		case left == 0:
			all <- struct{}{}
		case left < 0:
			return fmt.Errorf("%d more messages than were published", -left)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	defer l.stop()

	bursts := w.bursts(publisher)
	turn, deliveries := 0, w.burst*s.receivers
	step := func() (int, error) {
		missing.Store(int64(deliveries))
		turn++
		if err := publisher.sendRaw(bursts[turn%variants]); err != nil {
			return 0, err
		}
		return deliveries, l.wait(all, "a message for every receiver")
	}
	cpu, err := clocked(p, s, "delivery", step)
	if err != nil || w.via != deflate {
		return []measure{cpu}, err
	}
	before := l.wire.Load()
	for range variants {
		if _, err := step(); err != nil {
			return nil, err
		}
	}
	wire := float64(l.wire.Load()-before) / float64(variants*deliveries)
	return []measure{cpu, {"wire", "B/delivery", wire}}, nil
}

// bursts are what is written at once, each message in a frame of its own.
func (w fanout) bursts(publisher *client) [][]byte {
	bodies := noise(variants*w.burst, w.size)
	if w.via == deflate {
		bodies = documents(variants*w.burst, w.size)
	}
	bursts := make([][]byte, variants)
	for i, body := range bodies {
		at := i / w.burst
		bursts[at] = publisher.append(bursts[at], appendPub(nil, feed, "", body))
	}
	return bursts
}
