package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"weir/bench/load"
	"weir/bench/rival"
)

// pairs are publishers with one subscriber each. flight messages of a pair are under way: as many as arrive are sent again
// at once, in one write. Over a compressing transport the messages are JSON, and compressed both ways.
type pairs struct {
	via    load.Transport
	size   int // of a body, in bytes
	flight int
}

func (w pairs) transport() load.Transport { return w.via }
func (w pairs) files(s scale) int         { return 2 * s.pairs }

func (w pairs) open(p *rival.Process, s scale) (session, error) {
	g := &games{pairs: w, p: p, partner: map[*load.Client]int{}, all: make(chan struct{}, 1)}
	run := ownSubject("pair")
	subject := func(i int) string { return fmt.Sprintf("%s.%04d", run, i) }
	hello := func(i int) load.Hello {
		return load.Hello{Ops: "SUB " + subject(i) + " 1\r\n", MsgSize: load.MsgSize(subject(0), "", w.size)}
	}
	var err error
	if g.subscribers, err = load.ConnectAll(p.Ports, w.via, s.pairs, hello); err != nil {
		return nil, err
	}
	if g.publishers, err = load.ConnectAll(p.Ports, w.via, s.pairs, nil); err != nil {
		g.close()
		return nil, err
	}
	body := load.Noise(1, w.size)[0]
	if w.via == load.Deflate {
		body = load.Documents(1, w.size)[0]
	}
	g.serves = make([][][]byte, s.pairs)
	for i, c := range g.subscribers {
		g.partner[c] = i
		var pubs []byte
		for range w.flight {
			pubs = load.AppendPub(pubs, subject(i), "", body)
			g.serves[i] = append(g.serves[i], g.publishers[i].Append(nil, pubs))
		}
	}
	if g.loop, err = load.NewLoop(append(g.subscribers, g.publishers...), g.got); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

// games is the session of pairs.
type games struct {
	pairs
	p           *rival.Process
	subscribers []*load.Client
	publishers  []*load.Client
	partner     map[*load.Client]int // number of a subscriber
	serves      [][][]byte           // of each pair: what is written for 1, 2 … flight messages
	loop        *load.Loop
	delivered   atomic.Int64
	underWay    atomic.Int64
	stopping    atomic.Bool
	all         chan struct{} // gets a value when nothing is under way any more
}

// got runs on the loop's thread.
func (g *games) got(c *load.Client, n int) error {
	if n > g.flight {
		return fmt.Errorf("%d messages where %d were under way", n, g.flight)
	}
	g.delivered.Add(int64(n))
	if !g.stopping.Load() {
		return g.serve(g.partner[c], n)
	}
	if g.underWay.Add(int64(-n)) == 0 {
		g.all <- struct{}{}
	}
	return nil
}

func (g *games) serve(i, n int) error { return g.publishers[i].SendRaw(g.serves[i][n-1]) }

func (g *games) turn(d time.Duration) ([]measure, error) {
	g.stopping.Store(false)
	g.underWay.Store(int64(g.flight * len(g.publishers)))
	for i := range g.publishers {
		if err := g.serve(i, g.flight); err != nil {
			return nil, err
		}
	}
	// The loop keeps the messages going round; we only let time pass.
	cpu, err := clocked(g.p, "delivery", func() (int, error) {
		before := g.delivered.Load()
		err := g.loop.Watch(d)
		return int(g.delivered.Load() - before), err
	})
	g.stopping.Store(true)
	if err != nil {
		return nil, err
	}
	return []measure{cpu}, g.loop.Wait(g.all, "the last message of every pair")
}

func (g *games) close() {
	if g.loop != nil {
		g.loop.Stop()
	}
	load.CloseAll(g.subscribers)
	load.CloseAll(g.publishers)
}
