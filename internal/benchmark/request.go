package benchmark

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"weir/internal/proto"
)

// queue is the queue group of all responders.
const queue = "bench"

// responder sends each request's body back. It belongs to the reader of its connection.
type responder struct{ out []byte }

func (s *responder) message(c *conn, a *proto.Args, at int64) error {
	if a.Reply == nil {
		return nil
	}
	body := a.Payload()
	s.out = append(proto.AppendPub(s.out, a.Reply, nil, len(body)), body...)
	s.out = append(s.out, proto.CRLF...)
	return nil
}

func (s *responder) flush(c *conn) error {
	if len(s.out) == 0 {
		return nil
	}
	err := c.send(s.out)
	s.out = s.out[:0]
	return err
}

// requester has one request under way. Its fields are shared by the goroutine that asks and the reader.
type requester struct {
	ignore
	inbox   string
	turn    atomic.Int64 // number of the request that is under way; 0 when its answer is there, or is given up
	asked   atomic.Int64 // since when
	latency *Histogram
	arrived chan struct{}
}

// errNobody says that a request met no responder.
var errNobody = errors.New("nobody answers on this subject: start a responder, or ask for some with --responders")

func (q *requester) message(c *conn, a *proto.Args, at int64) error {
	if code, _ := proto.Status(a.Header()); code == http.StatusServiceUnavailable && len(a.Payload()) == 0 {
		return errNobody
	}
	turn, err := strconv.ParseInt(strings.TrimPrefix(string(a.Subject), q.inbox), 10, 64)
	if err != nil || !q.turn.CompareAndSwap(turn, 0) {
		return nil // an answer that came too late, or a second one
	}
	c.count(a, at)
	q.latency.Record(time.Duration(at - q.asked.Load()))
	q.arrived <- struct{}{}
	return nil
}

// asking is one run of requesters.
type asking struct {
	*run
	conns      []*conn
	requesters []*requester
	latency    shards
	sent       atomic.Int64
	unanswered atomic.Int64
}

// ask is the load of request.
func ask(r *run) (Result, error) {
	if r.Responders > 0 {
		hello := proto.AppendSub(nil, []byte(r.Subject), []byte(queue), []byte("1"))
		if _, err := r.open(recruit{
			n:       r.Responders,
			hello:   func(int) []byte { return hello },
			handler: func(int) handler { return &responder{} },
		}); err != nil {
			return Result{}, err
		}
	}
	a := &asking{run: r, requesters: make([]*requester, r.clients)}
	inbox := "_INBOX." + rand.Text() + "."
	for i := range a.requesters {
		a.requesters[i] = &requester{
			inbox: inbox + strconv.Itoa(i) + ".", latency: a.latency.of(i), arrived: make(chan struct{}, 1),
		}
	}
	var err error
	a.conns, err = r.open(recruit{
		n:       r.clients,
		hello:   func(i int) []byte { return proto.AppendSub(nil, []byte(a.requesters[i].inbox+"*"), nil, []byte("1")) },
		handler: func(i int) handler { return a.requesters[i] },
	})
	if err != nil {
		return Result{}, err
	}
	begun := r.begin("asking", r.Messages, count(a.conns))
	text := bodyText(r.bytes())
	r.each(a.conns, func(c *conn) error { return a.askAll(c, newBodies(text, r.bytes(), c.number)) })
	messages, bytes, _, _ := totals(a.conns)
	return Result{
		Published: a.sent.Load(), Messages: messages, Bytes: bytes, Seconds: seconds(r.now() - begun),
		Unanswered: a.unanswered.Load(), Latency: a.latency.summary(),
	}, nil
}

// askAll sends one request after the other.
func (a *asking) askAll(c *conn, bodies bodies) error {
	q := a.requesters[c.number]
	p := newPace(a.clock, a.Rate, c.number, len(a.conns))
	patience := time.NewTimer(a.endpoint.timeout)
	subject, reply, out := []byte(a.Subject), []byte(q.inbox), []byte(nil)
	for turn := int64(1); ; turn++ {
		due, ok := p.wait(a.work)
		if !ok || !a.take() {
			return nil
		}
		body := bodies.next()
		out = proto.AppendPub(out[:0], subject, strconv.AppendInt(reply, turn, 10), len(body))
		out = append(append(out, body...), proto.CRLF...)
		q.asked.Store(due)
		q.turn.Store(turn)
		if err := c.send(out); err != nil {
			return err
		}
		a.sent.Add(1)
		patience.Reset(a.endpoint.timeout)
		select {
		case <-q.arrived:
		case <-a.work.Done():
			return nil
		case <-patience.C:
			if !q.turn.CompareAndSwap(turn, 0) {
				<-q.arrived // just now
			} else if a.unanswered.Add(1); count(a.conns)() == 0 {
				return errNoAnswer
			}
		}
	}
}
