package main

import (
	"time"

	"weir/bench/load"
	"weir/bench/rival"
)

// fanout is one publisher and many receivers of one subject. burst messages go out in one write, and the next when every
// receiver has had them all. The bodies compress if the receivers do; the publisher itself never compresses.
type fanout struct {
	via   load.Transport
	size  int // of a body, in bytes
	burst int // messages in flight

	stamped bool // the receivers know when messages reached them
}

const feed = "market.prices"

// variants is how many different bursts take turns.
const variants = 8

func (w fanout) transport() load.Transport { return w.via }
func (w fanout) files(s scale) int         { return s.receivers + 1 }

func (w fanout) open(p *rival.Process, s scale) (session, error) { return openFeed(p, w, s.receivers) }

// readers are many receivers of one feed, and who publishes it.
type readers struct {
	fanout
	awaited
	p         *rival.Process
	clients   []*load.Client // the receivers
	publisher *load.Client
	loop      *load.Loop
	bursts    [][]byte
	next      int
}

func openFeed(p *rival.Process, w fanout, receivers int) (*readers, error) {
	r := &readers{fanout: w, awaited: noneAwaited(), p: p}
	hello := load.Hello{Ops: "SUB " + feed + " 1\r\n", MsgSize: load.MsgSize(feed, "", w.size), Stamped: w.stamped}
	var err error
	if r.clients, err = load.ConnectAll(p.Ports, w.via, receivers, func(int) load.Hello { return hello }); err != nil {
		return nil, err
	}
	from := w.via
	if from == load.Deflate {
		from = load.WS
	}
	if r.publisher, err = load.Connect(p.Ports, from, load.Hello{}); err != nil {
		r.close()
		return nil, err
	}
	r.loop, err = load.NewLoop(append(r.clients, r.publisher), r.got)
	if err != nil {
		r.close()
		return nil, err
	}
	r.bursts = w.bursts(r.publisher)
	return r, nil
}

// publish sends the next burst.
func (r *readers) publish() error {
	r.expect(r.burst * len(r.clients))
	r.next++
	return r.publisher.SendRaw(r.bursts[r.next%variants])
}

// step publishes and waits until all have it.
func (r *readers) step() (deliveries int, err error) {
	if err := r.publish(); err != nil {
		return 0, err
	}
	return r.burst * len(r.clients), r.loop.Wait(r.all, "a message for every receiver")
}

func (r *readers) turn(d time.Duration) ([]measure, error) {
	before, deliveries := r.loop.Wire(), 0
	cpu, err := clocked(r.p, "delivery", func() (n int, err error) {
		deliveries, err = repeat(d, r.step)
		return deliveries, err
	})
	if err != nil || r.via != load.Deflate {
		return []measure{cpu}, err
	}
	return []measure{cpu, figure("wire", "B/delivery", float64(r.loop.Wire()-before)/float64(deliveries))}, nil
}

func (r *readers) close() {
	if r.loop != nil {
		r.loop.Stop()
	}
	load.CloseAll(append(r.clients, r.publisher))
}

// bursts are what is written at once, each message in a frame of its own.
func (w fanout) bursts(publisher *load.Client) [][]byte {
	bodies := load.Noise(variants*w.burst, w.size)
	if w.via == load.Deflate {
		bodies = load.Documents(variants*w.burst, w.size)
	}
	bursts := make([][]byte, variants)
	for i, body := range bodies {
		at := i / w.burst
		bursts[at] = publisher.Append(bursts[at], load.AppendPub(nil, feed, "", body))
	}
	return bursts
}
