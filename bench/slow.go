package main

import (
	"sync/atomic"
	"time"

	"weir/bench/load"
	"weir/bench/rival"
)

// slow is a feed at a steady rate, first without and then with one more receiver that takes hardly anything, and when
// the messages reach the others.
type slow struct{}

const (
	slowSize     = 1 << 10               // bytes of a body
	slowInterval = 30 * time.Millisecond // between messages: more than the slowest server needs for all receivers
	slowLeast    = 10 * slowInterval     // a percentile of fewer messages says nothing
	slowBacklog  = 12                    // messages of slowBig bytes that the slow one is sent before it counts
	slowBig      = 512 << 10             // in all more than the buffers of its socket take
	slowSip      = 1 << 10               // bytes that it reads every 20 ms
)

func (slow) transport() load.Transport { return load.WS }
func (slow) files(s scale) int         { return s.receivers + 2 }

func (slow) open(p *rival.Process, s scale) (session, error) {
	r, err := openFeed(p, fanout{via: load.WS, size: slowSize, burst: 1, stamped: true}, s.receivers)
	if err != nil {
		return nil, err
	}
	return &crowdWithSlow{r}, nil
}

// crowdWithSlow is the others.
type crowdWithSlow struct{ *readers }

func (w *crowdWithSlow) turn(d time.Duration) ([]measure, error) {
	without, err := w.latency(d)
	if err != nil {
		return nil, err
	}
	end, err := w.hamper()
	if err != nil {
		return nil, err
	}
	with, err := w.latency(d)
	if endErr := end(); err == nil {
		err = endErr
	}
	return []measure{
		figure("p99 without", "µs", without),
		figure("p99 with", "µs", with),
		figure("p99 with ÷ without", "", with/without),
	}, err
}

// latency publishes for d and gives the 99th percentile of the deliveries, in µs.
func (w *crowdWithSlow) latency(d time.Duration) (float64, error) {
	var took []time.Duration
	for end := time.Now().Add(max(d, slowLeast)); ; {
		begin := time.Now()
		if _, err := w.step(); err != nil {
			return 0, err
		}
		w.loop.Hold()
		for _, c := range w.clients {
			took = append(took, c.Arrived.Sub(begin))
		}
		w.loop.Release()
		if time.Now().After(end) {
			return percentile(took, 99), nil
		}
		if err := w.loop.Watch(time.Until(begin.Add(slowInterval))); err != nil {
			return 0, err
		}
	}
}

// hamper connects the slow one, and lets more wait for it than its socket takes. end lets it go.
func (w *crowdWithSlow) hamper() (end func() error, err error) {
	own := ownSubject("slow")
	laggard, err := load.Connect(w.p.Ports, load.WS, load.Hello{Ops: "SUB " + feed + " 1\r\nSUB " + own + " 2\r\n"})
	if err != nil {
		return nil, err
	}
	var leaving atomic.Bool
	ended := make(chan error, 1)
	go func() {
		for !leaving.Load() {
			if err := laggard.Sip(slowSip, 20*time.Millisecond); err != nil {
				ended <- err
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		ended <- nil
	}()
	end = func() error {
		leaving.Store(true)
		err := <-ended
		laggard.Close()
		return err
	}
	publisher, err := load.Connect(w.p.Ports, load.TCP, load.Hello{})
	if err != nil {
		_ = end()
		return nil, err
	}
	defer publisher.Close()
	big := load.AppendPub(nil, own, "", load.Noise(1, slowBig)[0])
	for range slowBacklog {
		if err := publisher.Send(big); err != nil {
			_ = end()
			return nil, err
		}
	}
	if err = publisher.Send([]byte("PING\r\n")); err == nil {
		err = publisher.AwaitPong()
	}
	if err != nil {
		_ = end()
		return nil, err
	}
	return end, nil
}
