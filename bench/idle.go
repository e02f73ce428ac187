package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

// idle measures the memory of connections that have one subscription and say nothing: first as they come, then once
// more after each has had one message.
type idle struct{ via transport }

// idleBody is the size of the one message.
const idleBody = 128

func idleSubject(i int) string { return fmt.Sprintf("user.%06d", i) }

func (w idle) run(p *process, s scale) ([]measure, error) {
	idlers, err := openIdle(p, w.via, s.conns)
	if err != nil {
		return nil, err
	}
	defer idlers.close()
	time.Sleep(s.settle)
	fresh, err := idlers.bytes()
	if err != nil {
		return nil, err
	}
	if err := idlers.message(); err != nil {
		return nil, err
	}
	time.Sleep(s.settle)
	used, err := idlers.bytes()
	return []measure{
		{"memory", "KiB/connection", fresh / 1024},
		{"memory after a message", "KiB/connection", used / 1024},
	}, err
}

// idlers are idle connections that are open.
type idlers struct {
	p       *process
	clients []*client
	loop    *loop
	base    int64 // memory of the server before they came
	missing atomic.Int64
	all     chan struct{} // gets a value when missing reaches 0
}

// openIdle makes n connections to a fresh server. The server has had a few before, and its memory after these is what
// the rest is counted from: code pages and first allocations belong to no connection.
func openIdle(p *process, via transport, n int) (*idlers, error) {
	size := msgSize(idleSubject(0), "", idleBody)
	hello := func(i int) string { return "SUB " + idleSubject(i) + " 1\r\n" }
	first, err := connectAll(p, via, 20, size, hello)
	if err != nil {
		return nil, err
	}
	closeAll(first)
	time.Sleep(time.Second)
	o := &idlers{p: p, all: make(chan struct{}, 1)}
	if o.base, err = p.memory(); err != nil {
		return nil, err
	}
	if o.clients, err = connectAll(p, via, n, size, hello); err != nil {
		return nil, err
	}
	o.loop, err = newLoop(o.clients, func(_ *client, n int) error {
		if o.missing.Add(int64(-n)) == 0 {
			o.all <- struct{}{}
		}
		return nil
	})
	if err != nil {
		closeAll(o.clients)
		return nil, err
	}
	return o, nil
}

// bytes is the memory of the server for one connection.
func (o *idlers) bytes() (float64, error) {
	select {
	case err := <-o.loop.failed:
		return 0, err
	default:
	}
	now, err := o.p.memory()
	return float64(now-o.base) / float64(len(o.clients)), err
}

// message sends each connection one message and returns when all have it.
func (o *idlers) message() error {
	publisher, err := connect(o.p, tcp, "", 0, make([]byte, readSize))
	if err != nil {
		return err
	}
	defer publisher.close()
	o.missing.Store(int64(len(o.clients)))
	body := documents(1, idleBody)[0]
	var out []byte
	for i := range o.clients {
		if out = appendPub(out, idleSubject(i), "", body); len(out) > readSize || i == len(o.clients)-1 {
			if err := publisher.send(out); err != nil {
				return err
			}
			out = out[:0]
		}
	}
	return o.loop.wait(o.all, "a message for every idle connection")
}

func (o *idlers) close() {
	o.loop.stop()
	closeAll(o.clients)
}
