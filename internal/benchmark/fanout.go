package benchmark

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"weir/internal/proto"
)

// stampSize is what a message of fanout begins with, in bytes: the number of its run and that of its flight.
const stampSize = 8

// flight is a message on its way. It is used again when the last subscriber has it.
type flight struct {
	since atomic.Int64 // when it was due
	left  atomic.Int64 // subscribers that do not have it
}

// fan is the load of fanout. It is the handler of all subscribers.
type fan struct {
	ignore
	*run
	tag     uint32 // tells our messages from those of others on the subject
	flights []flight
	free    chan uint32 // flights that wait for a message
	latency shards
	last    Histogram
}

func (f *fan) message(c *conn, a *proto.Args, at int64) error {
	stamp := a.Payload()
	if len(stamp) < stampSize || binary.BigEndian.Uint32(stamp) != f.tag {
		return nil
	}
	number := binary.BigEndian.Uint32(stamp[4:])
	if number >= uint32(len(f.flights)) {
		return nil
	}
	c.count(a, at)
	way := &f.flights[number]
	since := way.since.Load()
	f.latency.of(c.number).Record(time.Duration(at - since))
	if way.left.Add(-1) == 0 {
		f.last.Record(time.Duration(f.now() - since))
		f.free <- number
	}
	return nil
}

// fanOut is the load of fanout.
func fanOut(r *run) (Result, error) {
	f := &fan{run: r, tag: rand.Uint32(), flights: make([]flight, r.Window), free: make(chan uint32, r.Window)}
	for i := range f.flights {
		f.free <- uint32(i)
	}
	hello := proto.AppendSub(nil, []byte(r.Subject), nil, []byte("1"))
	subs, err := r.open(recruit{
		n:       r.clients,
		hello:   func(int) []byte { return hello },
		handler: func(int) handler { return f },
	})
	if err != nil {
		return Result{}, err
	}
	conns, err := r.open(recruit{n: r.Publishers})
	if err != nil {
		return Result{}, err
	}
	var sent atomic.Int64
	all := r.publishers(conns, &sent)
	begun := r.begin("delivering", r.Messages*int64(r.clients), count(subs))
	stop := f.guard(func() (delivered, missing int64) {
		delivered = count(subs)()
		return delivered, sent.Load()*int64(r.clients) - delivered
	})
	r.each(conns, func(c *conn) error { return f.publish(all[c.number]) })
	f.land()
	stop()
	ended := r.now()
	messages, bytes, _, _ := totals(subs)
	return Result{
		Published: sent.Load(), Messages: messages, Bytes: bytes, Seconds: seconds(ended - begun),
		Latency: f.latency.summary(), LastDelivery: f.last.Summarize(),
	}, nil
}

// publish sends messages on one connection, as many as may be on their way.
func (f *fan) publish(p *publisher) error {
	for {
		since, ok := p.pace.wait(f.work)
		if !ok || !f.take() {
			return p.flush()
		}
		number, ok, err := f.takeOff(p)
		if !ok {
			return err
		}
		if f.Rate == 0 {
			since = f.now() // behind the wait for a flight
		}
		way := &f.flights[number]
		way.since.Store(since)
		way.left.Store(int64(f.clients))
		stamp := binary.BigEndian.AppendUint32(p.add()[:0], f.tag)
		binary.BigEndian.AppendUint32(stamp, number)
		if p.full() {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
}

// takeOff gets a free flight. Before it waits for one, it sends what is written. ok is false at the end of the load.
func (f *fan) takeOff(p *publisher) (number uint32, ok bool, err error) {
	select {
	case number = <-f.free:
		return number, true, nil
	default:
	}
	if err := p.flush(); err != nil {
		return 0, false, err
	}
	select {
	case number = <-f.free:
		return number, true, nil
	case <-f.work.Done():
		return 0, false, nil
	}
}

// land waits until nothing is on its way.
func (f *fan) land() {
	for range f.flights {
		select {
		case <-f.free:
		case <-f.failed.Done():
			return
		}
	}
}

// guard fails the run when deliveries are missing and none comes any more.
func (f *fan) guard(look func() (delivered, missing int64)) (stop func()) {
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(f.endpoint.timeout)
		defer ticker.Stop()
		last := int64(-1)
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			delivered, missing := look()
			if delivered == last && missing > 0 {
				f.fail(fmt.Errorf("nothing was delivered for %v, and %d deliveries are missing", f.endpoint.timeout, missing))
				return
			}
			last = delivered
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
