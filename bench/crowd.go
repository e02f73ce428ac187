package main

import (
	"time"

	"weir/bench/load"
	"weir/bench/rival"
)

// crowd is connections that have one subscription each: what they weigh, what the server does while they say nothing, and
// what a message to each of them costs, one after the other, after that silence.
type crowd struct{}

func (crowd) transport() load.Transport { return load.WS }
func (crowd) files(s scale) int         { return s.conns + 1 }

func (crowd) open(p *rival.Process, s scale) (session, error) {
	o, err := openIdle(p, idle{via: load.WS, messages: 1, size: 128}, s, s.conns)
	if err != nil {
		return nil, err
	}
	return &crowded{silence{o, s.settle, s.window}, s}, nil
}

// crowded is the session of crowd.
type crowded struct {
	silence
	scale scale
}

func (c *crowded) turn(d time.Duration) ([]measure, error) {
	silent, err := c.silence.turn(0)
	if err != nil {
		return nil, err
	}
	silent[0].Name = "idle CPU"
	each, err := c.bytes()
	if err != nil {
		return nil, err
	}
	total, err := c.p.Memory()
	if err != nil {
		return nil, err
	}
	var delivery measure
	err = c.scale.busy(func() error {
		publisher, err := load.Connect(c.p.Ports, load.TCP, load.Hello{})
		if err != nil {
			return err
		}
		defer publisher.Close()
		delivery, err = clocked(c.p, "delivery", func() (int, error) {
			return repeat(d, func() (int, error) { return len(c.clients), c.publish(publisher) })
		})
		return err
	})
	return append(silent, delivery, figure("memory of one", "KiB/connection", each/1024), mebibytes(total)), err
}
