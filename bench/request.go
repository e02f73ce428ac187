package main

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"weir/bench/load"
	"weir/bench/rival"
)

// request is one service and many askers, at a steady rate in all. Who asks is a matter of turns, whether or not earlier
// requests have been answered, so that a slow server does not slow the load.
type request struct{ via load.Transport }

const requestBody = 64

// requestPatience is how long the last answers of a turn may take.
const requestPatience = 10 * time.Second

func (w request) transport() load.Transport { return w.via }
func (w request) files(s scale) int         { return s.askers + 1 }

func (w request) open(p *rival.Process, s scale) (session, error) {
	q := &questions{p: p, rate: s.rate, body: load.Noise(1, requestBody)[0], number: map[*load.Client]int{}}
	service, inboxes := ownSubject("service.echo"), ownSubject("_INBOX")
	inbox := func(i int) string { return fmt.Sprintf("%s.%06d", inboxes, i) }
	var err error
	q.askers, err = load.ConnectAll(p.Ports, w.via, s.askers, func(i int) load.Hello {
		return load.Hello{Ops: "SUB " + inbox(i) + " 1\r\n", MsgSize: load.MsgSize(inbox(0), "", requestBody)}
	})
	if err != nil {
		return nil, err
	}
	q.echo, err = load.Connect(p.Ports, w.via, load.Hello{Ops: "SUB " + service + " 1\r\n", MsgSize: load.MsgSize(service, inbox(0), requestBody)})
	if err != nil {
		q.close()
		return nil, err
	}
	q.echo.Keep = func(msg []byte) {
		q.replies = load.AppendPub(q.replies, string(msg[len("MSG "+service+" 1 "):][:len(inbox(0))]), "", q.body)
	}
	for i, c := range q.askers {
		q.number[c] = i
		q.asks = append(q.asks, c.Append(nil, load.AppendPub(nil, service, inbox(i), q.body)))
	}
	q.times.asked = make([][]time.Time, len(q.askers))
	if q.loop, err = load.NewLoop(append(q.askers, q.echo), q.got); err != nil {
		q.close()
		return nil, err
	}
	return q, nil
}

// questions is the session of request.
type questions struct {
	p       *rival.Process
	rate    int
	body    []byte
	askers  []*load.Client
	asks    [][]byte // what each of them writes
	number  map[*load.Client]int
	echo    *load.Client // the service
	replies []byte       // of the chunk that the loop is at
	loop    *load.Loop
	times   stopwatch
}

// got runs on the loop's thread.
func (q *questions) got(c *load.Client, n int) error {
	if c != q.echo {
		return q.times.answer(q.number[c], n)
	}
	out := q.replies
	q.replies = q.replies[:0]
	return q.echo.Send(out)
}

func (q *questions) turn(d time.Duration) ([]measure, error) {
	q.times.forget()
	pace := &pacer{ended: make(chan error, 1)}
	go pace.run(q.rate, func(turn int) error {
		i := turn % len(q.askers)
		q.times.ask(i)
		return q.askers[i].SendRaw(q.asks[i])
	})
	cpu, err := clocked(q.p, "request", func() (int, error) {
		err := q.loop.Watch(d)
		return q.times.answers(), err
	})
	if paceErr := pace.stop(); err == nil {
		err = paceErr
	}
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(requestPatience); q.times.open() > 0; {
		if err := q.loop.Watch(time.Millisecond); err != nil {
			return nil, err
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("%d requests were not answered within %v", q.times.open(), requestPatience)
		}
	}
	return []measure{cpu, figure("latency p50", "µs", percentile(q.times.took, 50)), figure("latency p99", "µs", percentile(q.times.took, 99))}, nil
}

func (q *questions) close() {
	if q.loop != nil {
		q.loop.Stop()
	}
	load.CloseAll(append(q.askers, q.echo))
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

// answers is how many came since forget.
func (s *stopwatch) answers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.took)
}

// open is how many requests have no answer yet.
func (s *stopwatch) open() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, asked := range s.asked {
		n += len(asked)
	}
	return n
}

// forget throws the times away that it has.
func (s *stopwatch) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = s.took[:0]
}

// percentile gives microseconds. It sorts a copy.
func percentile(took []time.Duration, percent int) float64 {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return microseconds(sorted[min(len(sorted)*percent/100, len(sorted)-1)])
}
