package main

import (
	"time"

	"weir/bench/load"
	"weir/bench/rival"
)

// givenBack is what a server's memory is, in percent of what it was, when very many connections have come, had some
// traffic, and left.
type givenBack struct{}

const (
	givenBackMessages = 2
	givenBackSize     = 1 << 10
)

func (givenBack) transport() load.Transport { return load.WS }
func (givenBack) files(s scale) int         { return s.crowd + 1 }

func (givenBack) open(p *rival.Process, s scale) (session, error) { return departure{p, s}, nil }

// departure is the session of givenBack.
type departure struct {
	p     *rival.Process
	scale scale
}

func (d departure) turn(time.Duration) ([]measure, error) {
	var before int64
	w := idle{via: load.WS, messages: givenBackMessages, size: givenBackSize}
	err := d.scale.busy(func() (err error) {
		if err = visit(d.p, w, firstIdlers); err != nil {
			return err
		}
		time.Sleep(time.Second)
		if before, err = d.p.Memory(); err != nil {
			return err
		}
		return visit(d.p, w, d.scale.crowd)
	})
	if err != nil {
		return nil, err
	}
	time.Sleep(d.scale.settle)
	after, err := d.p.Memory()
	return []measure{figure("memory", "% of before", 100*float64(after)/float64(before))}, err
}

func (departure) close() {}
