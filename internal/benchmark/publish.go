package benchmark

import (
	"sync/atomic"

	"weir/internal/proto"
)

// batchBytes is what is sent at once, at most, unless a single message is larger.
const batchBytes = 16 << 10

// publisher writes messages on one connection. It belongs to one goroutine.
type publisher struct {
	*conn
	pace    *pace
	bodies  bodies
	subject []byte
	batch   []byte
	waiting int64         // messages in batch
	sent    *atomic.Int64 // messages that all have sent
	limit   int
}

// publishers makes one writer for each connection; sent counts what they send.
func (r *run) publishers(conns []*conn, sent *atomic.Int64) []*publisher {
	text := bodyText(r.bytes())
	limit := batchBytes
	if most := r.info.Load().MaxPayload; most > 0 {
		limit = min(limit, most) // a server may judge a compressed message as a whole
	}
	all := make([]*publisher, len(conns))
	for i, c := range conns {
		all[i] = &publisher{
			conn: c, pace: newPace(r.clock, r.Rate, i, len(conns)), bodies: newBodies(text, r.bytes(), i),
			subject: []byte(r.Subject), sent: sent, limit: limit,
		}
	}
	return all
}

// add puts a message into the batch, and returns its body, which may be changed until it is sent.
func (p *publisher) add() []byte {
	body := p.bodies.next()
	p.batch = proto.AppendPub(p.batch, p.subject, nil, len(body))
	p.batch = append(append(p.batch, body...), proto.CRLF...)
	p.waiting++
	end := len(p.batch) - len(proto.CRLF)
	return p.batch[end-len(body) : end]
}

// full reports whether the batch should be sent now: it is long enough, or the next message is not due yet.
func (p *publisher) full() bool { return len(p.batch) >= p.limit || !p.pace.ready() }

// flush sends the batch.
func (p *publisher) flush() error {
	if p.waiting == 0 {
		return nil
	}
	err := p.send(p.batch)
	p.sent.Add(p.waiting)
	p.batch, p.waiting = p.batch[:0], 0
	return err
}

// publish is the load of pub.
func publish(r *run) (Result, error) {
	conns, err := r.open(recruit{n: r.clients})
	if err != nil {
		return Result{}, err
	}
	var sent atomic.Int64
	all := r.publishers(conns, &sent)
	begun := r.begin("publishing", r.Messages, sent.Load)
	r.each(conns, func(c *conn) error {
		p := all[c.number]
		for {
			if _, ok := p.pace.wait(r.work); !ok || !r.take() {
				break
			}
			p.add()
			if !p.full() {
				continue
			}
			if err := p.flush(); err != nil {
				return err
			}
		}
		if err := p.flush(); err != nil {
			return err
		}
		return r.settle(c)
	})
	n := sent.Load()
	return Result{Published: n, Messages: n, Bytes: n * int64(r.bytes()), Seconds: seconds(r.now() - begun)}, nil
}
