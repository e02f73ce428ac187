package main

import (
	"fmt"
	"time"

	"weir/bench/load"
	"weir/bench/rival"
)

// idle measures the memory of connections that have one subscription and say nothing: first as they come, then once
// more after each has had some messages, one after the other.
type idle struct {
	via      load.Transport
	messages int
	size     int // of a body, in bytes
}

func idleSubject(i int) string { return fmt.Sprintf("user.%06d", i) }

func (w idle) transport() load.Transport { return w.via }

func (w idle) files(s scale) int {
	if w.via == load.WSS {
		return s.secure + 1
	}
	return s.conns + 1
}

func (w idle) open(p *rival.Process, s scale) (session, error) {
	o, err := openIdle(p, w, s, w.files(s)-1)
	if err != nil {
		return nil, err
	}
	return &idleMemory{o, s}, nil
}

// idleMemory is the session of idle.
type idleMemory struct {
	*idlers
	scale scale
}

func (m *idleMemory) turn(time.Duration) ([]measure, error) {
	if err := m.loop.Watch(m.scale.settle); err != nil {
		return nil, err
	}
	fresh, err := m.bytes()
	if err != nil {
		return nil, err
	}
	if err := m.scale.busy(m.traffic); err != nil {
		return nil, err
	}
	if err := m.loop.Watch(m.scale.settle); err != nil {
		return nil, err
	}
	used, err := m.bytes()
	return []measure{
		figure("memory", "KiB/connection", fresh/1024),
		figure("memory after traffic", "KiB/connection", used/1024),
	}, err
}

// idlers are idle connections that are open.
type idlers struct {
	idle
	awaited
	p       *rival.Process
	clients []*load.Client
	loop    *load.Loop
	base    int64 // memory of the server before they came
}

// firstIdlers is how many come to a server, have their traffic and leave before the first look at its memory.
const firstIdlers = 100

// openIdle makes n connections to a fresh server. The server has had a few before, and its memory after these is what
// the rest is counted from: code pages and first allocations belong to no connection.
func openIdle(p *rival.Process, w idle, s scale, n int) (o *idlers, err error) {
	err = s.busy(func() error {
		if err := visit(p, w, firstIdlers); err != nil {
			return err
		}
		time.Sleep(time.Second)
		base, err := p.Memory()
		if err != nil {
			return err
		}
		if o, err = connectIdle(p, w, n); err == nil {
			o.base = base
		}
		return err
	})
	return o, err
}

// visit is n connections that come, have their traffic, and leave.
func visit(p *rival.Process, w idle, n int) error {
	o, err := connectIdle(p, w, n)
	if err != nil {
		return err
	}
	defer o.close()
	return o.traffic()
}

func connectIdle(p *rival.Process, w idle, n int) (*idlers, error) {
	o := &idlers{idle: w, awaited: noneAwaited(), p: p}
	size := load.MsgSize(idleSubject(0), "", w.size)
	var err error
	if o.clients, err = load.ConnectAll(p.Ports, w.via, n, func(i int) load.Hello {
		return load.Hello{Ops: "SUB " + idleSubject(i) + " 1\r\n", MsgSize: size}
	}); err != nil {
		return nil, err
	}
	o.loop, err = load.NewLoop(o.clients, o.got)
	if err != nil {
		load.CloseAll(o.clients)
		return nil, err
	}
	return o, nil
}

// bytes is the memory of the server for one connection.
func (o *idlers) bytes() (float64, error) {
	if err := o.loop.Watch(0); err != nil {
		return 0, err
	}
	now, err := o.p.Memory()
	return float64(now-o.base) / float64(len(o.clients)), err
}

// traffic sends each connection its messages and returns when all have them.
func (o *idlers) traffic() error {
	publisher, err := load.Connect(o.p.Ports, load.TCP, load.Hello{})
	if err != nil {
		return err
	}
	defer publisher.Close()
	return o.publish(publisher)
}

// publish sends each connection its messages. A message goes to everybody before the next.
func (o *idlers) publish(publisher *load.Client) error {
	for _, body := range load.Documents(o.messages, o.size) {
		o.expect(len(o.clients))
		var out []byte
		for i := range o.clients {
			if out = load.AppendPub(out, idleSubject(i), "", body); len(out) > chunkSize || i == len(o.clients)-1 {
				if err := publisher.Send(out); err != nil {
					return err
				}
				out = out[:0]
			}
		}
		if err := o.loop.Wait(o.all, "a message for every idle connection"); err != nil {
			return err
		}
	}
	return nil
}

func (o *idlers) close() {
	o.loop.Stop()
	load.CloseAll(o.clients)
}
