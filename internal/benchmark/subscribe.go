package benchmark

import (
	"sync/atomic"

	"weir/internal/proto"
)

// subscribers count what comes until each has all that it waits for, and no more.
type subscribers struct {
	ignore
	messages int64 // for each; 0: no end
	waiting  atomic.Int64
	done     chan struct{}
}

func (s *subscribers) message(c *conn, a *proto.Args, at int64) error {
	if s.messages > 0 && c.messages.Load() == s.messages {
		return nil
	}
	c.count(a, at)
	if c.messages.Load() == s.messages && s.waiting.Add(-1) == 0 {
		close(s.done)
	}
	return nil
}

// subscribe is the load of sub.
func subscribe(r *run) (Result, error) {
	s := &subscribers{messages: r.Messages, done: make(chan struct{})}
	s.waiting.Store(int64(r.clients))
	hello := proto.AppendSub(nil, []byte(r.Subject), nil, []byte("1"))
	conns, err := r.open(recruit{
		n:       r.clients,
		hello:   func(int) []byte { return hello },
		handler: func(int) handler { return s },
	})
	if err != nil {
		return Result{}, err
	}
	r.begin("receiving", r.Messages*int64(r.clients), count(conns))
	select {
	case <-s.done:
	case <-r.work.Done():
	}
	messages, bytes, first, last := totals(conns)
	return Result{Messages: messages, Bytes: bytes, Seconds: seconds(last - first)}, nil
}
