package main

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// request is one service and many askers, at a steady rate in all. Who asks is a matter of turns, whether or not earlier
// requests have been answered, so that a slow server does not slow the load.
type request struct{ via transport }

const requestBody = 64

func (w request) run(p *process, s scale) ([]measure, error) {
	service, inboxes := ownSubject("service.echo"), ownSubject("_INBOX")
	inbox := func(i int) string { return fmt.Sprintf("%s.%06d", inboxes, i) }
	askers, err := connectAll(p, w.via, s.askers, msgSize(inbox(0), "", requestBody), func(i int) string { return "SUB " + inbox(i) + " 1\r\n" })
	if err != nil {
		return nil, err
	}
	defer closeAll(askers)
	echo, err := connect(p, w.via, "SUB "+service+" 1\r\n", msgSize(service, inbox(0), requestBody), make([]byte, readSize))
	if err != nil {
		return nil, err
	}
	defer echo.close()

	times := &stopwatch{asked: make([][]time.Time, len(askers))}
	number := map[*client]int{}
	for i, c := range askers {
		number[c] = i
	}
	body := noise(1, requestBody)[0]
	var replies []byte
	echo.keep = func(msg []byte) {
		replies = appendPub(replies, string(msg[len("MSG "+service+" 1 "):][:len(inbox(0))]), "", body)
	}
	l, err := newLoop(append(askers, echo), func(c *client, n int) error {
		if c != echo {
			return times.answer(number[c], n)
		}
		out := replies
		replies = replies[:0]
		return echo.send(out)
	})
	if err != nil {
		return nil, err
	}
	defer l.stop()

	pace := &pacer{ended: make(chan error, 1)}
	go pace.run(s.rate, func(turn int) error {
		i := turn % len(askers)
		ask := appendPub(nil, service, inbox(i), body)
		times.ask(i)
		return askers[i].send(ask)
	})
	cpu, err := clocked(p, s, "request", func() (int, error) { return times.watch(l) })
	if paceErr := pace.stop(); err == nil {
		err = paceErr
	}
	if err != nil {
		return nil, err
	}
	took := times.after(int(s.warm.Seconds() * float64(s.rate)))
	return []measure{cpu, {"latency p50", "µs", percentile(took, 50)}, {"latency p99", "µs", percentile(took, 99)}}, nil
}

// pacer does something at a steady rate, on a thread of its own: the runtime's timers are good to a millisecond only.
type pacer struct {
	stopping atomic.Bool
	ended    chan error
}

func (p *pacer) run(rate int, do func(turn int) error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin := time.Now()
	for turn := 0; !p.stopping.Load(); turn++ {
		due := begin.Add(time.Duration(turn) * time.Second / time.Duration(rate))
		if early := time.Until(due); early > 0 {
			pause := syscall.NsecToTimespec(int64(early))
			_ = syscall.Nanosleep(&pause, nil) // a signal makes one request early
		}
		if err := do(turn); err != nil {
			p.ended <- err
			return
		}
	}
	p.ended <- nil
}

func (p *pacer) stop() error {
	p.stopping.Store(true)
	return <-p.ended
}

// stopwatch keeps when each asker's open requests were sent; answers come in the same order.
type stopwatch struct {
	mu    sync.Mutex
	asked [][]time.Time
	took  []time.Duration
}

func (s *stopwatch) ask(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[i] = append(s.asked[i], time.Now())
}

func (s *stopwatch) answer(i, n int) error {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > len(s.asked[i]) {
		return fmt.Errorf("%d answers to %d requests", n, len(s.asked[i]))
	}
	for _, at := range s.asked[i][:n] {
		s.took = append(s.took, now.Sub(at))
	}
	s.asked[i] = append(s.asked[i][:0], s.asked[i][n:]...)
	return nil
}

// watch lets a little time pass and says how many answers came in it.
func (s *stopwatch) watch(l *loop) (int, error) {
	before := len(s.after(0))
	select {
	case err := <-l.failed:
		return 0, err
	case <-time.After(10 * time.Millisecond):
	}
	return len(s.after(0)) - before, nil
}

// after gives the times of all answers but the first n.
func (s *stopwatch) after(n int) []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.took[min(n, len(s.took)):]
}

// percentile gives microseconds. It sorts a copy.
func percentile(took []time.Duration, percent int) float64 {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return microseconds(sorted[min(len(sorted)*percent/100, len(sorted)-1)])
}
