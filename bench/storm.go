package main

import (
	"time"

	"weir/bench/load"
	"weir/bench/rival"
)

// storm is clients that connect, subscribe, wait for the answer to a PING, and leave.
type storm struct{ via load.Transport }

// stormBatch is how many come before the clock is looked at, and how many stay for that long.
const stormBatch = 200

func (w storm) transport() load.Transport { return w.via }
func (w storm) files(scale) int           { return stormBatch }

func (w storm) open(p *rival.Process, _ scale) (session, error) { return gale{w, p}, nil }

// gale is the session of storm.
type gale struct {
	storm
	p *rival.Process
}

func (g gale) turn(d time.Duration) ([]measure, error) {
	cpu, err := clocked(g.p, "connection", func() (int, error) { return repeat(d, g.batch) })
	return []measure{cpu}, err
}

func (g gale) batch() (int, error) {
	clients, err := load.ConnectAll(g.p.Ports, g.via, stormBatch, func(i int) load.Hello {
		return load.Hello{Ops: "SUB " + idleSubject(i) + " 1\r\n"}
	})
	load.CloseAll(clients)
	return stormBatch, err
}

func (g gale) close() {}
