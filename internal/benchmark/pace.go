package benchmark

import (
	"context"
	"time"
)

// pace says when each message is due. It belongs to one goroutine.
type pace struct {
	clock
	every float64 // ns; 0: at once
	begin float64 // ns
	n     int64   // messages that were due
	woke  int64   // when the last sleep ended
	timer *time.Timer
}

// newPace is the pace of member number i of n who have rate messages a second between them.
func newPace(k clock, rate float64, i, n int) *pace {
	p := &pace{clock: k}
	if rate > 0 {
		p.every = float64(n) / rate * float64(time.Second)
		p.begin = float64(k.now()) + float64(i)/rate*float64(time.Second)
	}
	return p
}

func (p *pace) next() int64 { return int64(p.begin + float64(p.n)*p.every) }

// ready reports whether another message is due already.
func (p *pace) ready() bool { return p.every == 0 || p.next() <= p.now() }

// wait waits until the next message is due, and returns since when it has been. What the machine's timer adds is left out,
// what the load was held up by is not. ok is false if ctx has ended.
func (p *pace) wait(ctx context.Context) (at int64, ok bool) {
	if ctx.Err() != nil {
		return 0, false
	}
	if p.every == 0 {
		return p.now(), true
	}
	due := p.next()
	if early := due - p.now(); early > 0 {
		if !p.sleep(ctx, time.Duration(early)) {
			return 0, false
		}
		p.woke = p.now()
	}
	p.n++
	return max(due, p.woke), true
}

func (p *pace) sleep(ctx context.Context, d time.Duration) bool {
	if p.timer == nil {
		p.timer = time.NewTimer(d)
	} else {
		p.timer.Reset(d)
	}
	select {
	case <-p.timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
