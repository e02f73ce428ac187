package main

import (
	"time"

	"weir/bench/load"
	"weir/bench/rival"
)

// quiet is what a server's CPU does when very many connections say nothing. What there is to do is pings, every two
// minutes in both servers, and in Weir every 30 s on the level of WebSocket: a window of two minutes has all of them, one of
// 30 s those of Weir only.
type quiet struct{}

func (quiet) transport() load.Transport { return load.WS }
func (quiet) files(s scale) int         { return s.crowd + 1 }

func (w quiet) open(p *rival.Process, s scale) (session, error) {
	o, err := openIdle(p, idle{via: load.WS}, s, s.crowd)
	if err != nil {
		return nil, err
	}
	return &silence{o, s.settle, s.window}, nil
}

// silence is the session of quiet.
type silence struct {
	*idlers
	settle, window time.Duration
}

func (q *silence) turn(time.Duration) ([]measure, error) {
	if err := q.loop.Watch(q.settle); err != nil {
		return nil, err
	}
	before, err := q.p.CPU()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := q.loop.Watch(q.window); err != nil {
		return nil, err
	}
	after, err := q.p.CPU()
	return []measure{figure("CPU", "ms/s", 1000*float64(after-before)/float64(time.Since(begin)))}, err
}
