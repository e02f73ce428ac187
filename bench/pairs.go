package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

// pairs are publishers with one subscriber each. flight messages of a pair are under way: as many as arrive are sent again
// at once, in one frame.
type pairs struct {
	via    transport
	flight int
}

const pairBody = 64

func (w pairs) run(p *process, s scale) ([]measure, error) {
	run := ownSubject("pair")
	subject := func(i int) string { return fmt.Sprintf("%s.%04d", run, i) }
	subscribers, err := connectAll(p, w.via, s.pairs, msgSize(subject(0), "", pairBody), func(i int) string { return "SUB " + subject(i) + " 1\r\n" })
	if err != nil {
		return nil, err
	}
	defer closeAll(subscribers)
	publishers, err := connectAll(p, w.via, s.pairs, 0, func(int) string { return "" })
	if err != nil {
		return nil, err
	}
	defer closeAll(publishers)

	body := noise(1, pairBody)[0]
	repeated := make([][]byte, s.pairs) // flight PUBs of each pair
	partner := map[*client]int{}
	for i, c := range subscribers {
		partner[c] = i
		for range w.flight {
			repeated[i] = appendPub(repeated[i], subject(i), "", body)
		}
	}
	publish := func(i, n int) error { return publishers[i].send(repeated[i][:n*len(repeated[i])/w.flight]) }
	var delivered atomic.Int64
	l, err := newLoop(append(subscribers, publishers...), func(c *client, n int) error {
		if n > w.flight {
			return fmt.Errorf("%d messages where %d were under way", n, w.flight)
		}
		delivered.Add(int64(n))
		return publish(partner[c], n)
	})
	if err != nil {
		return nil, err
	}
	defer l.stop()
	for i := range publishers {
		if err := publish(i, w.flight); err != nil {
			return nil, err
		}
	}
	// The loop keeps the messages going round; a step only lets time pass.
	cpu, err := clocked(p, s, "delivery", func() (int, error) {
		before := delivered.Load()
		select {
		case err := <-l.failed:
			return 0, err
		case <-time.After(10 * time.Millisecond):
		}
		return int(delivered.Load() - before), nil
	})
	return []measure{cpu}, err
}
