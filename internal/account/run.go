package account

import (
	"sync"

	"weir/internal/msg"
	"weir/internal/outbound"
	"weir/internal/subject"
)

// maxRun is how many messages a run has at most, and maxRunBytes how long their bodies are together: a receiver's queue is locked
// while they are copied.
const (
	maxRun      = 64
	maxRunBytes = 32 << 10
)

// run is messages to one subject that a publisher sends one behind the other. They go to the same receivers, each of which gets
// them together: one look at its subscription and one lock of its queue, instead of so many for each message. It lasts no
// longer than the chunk that its messages lie in.
type run struct {
	in      *Account
	to      *subject.Result[*Sub] // nil while there is no run
	subject []byte
	texts   []outbound.Text
	bytes   int
	unasked int        // how many of them came by More
	made    []*msg.Msg // of texts, while it is delivered to several; empty until the first of them
	shared  *outbound.Run

	judged *subject.Result[*Sub] // the last one that even was asked about, and its answer
	even   bool
}

// begins starts a run with pub, if that may wait.
func (r *run) begins(a *Account, to *subject.Result[*Sub], pub *Pub) bool {
	if !pub.Later || pub.Owned || len(pub.Body) > copyBelow {
		return false
	}
	r.in, r.to, r.subject, r.bytes, r.unasked = a, to, pub.Subject, 0, 0
	r.add(pub.Body, pub.HeaderLen)
	return true
}

// goesOn adds pub to the run, if it belongs to it.
func (r *run) goesOn(a *Account, to *subject.Result[*Sub], pub *Pub) bool {
	if r.to != to || r.in != a || !pub.Later || !pub.Again || pub.Owned || !r.has(pub.Body) {
		return false
	}
	r.add(pub.Body, pub.HeaderLen)
	return true
}

// has reports whether the run has room for one more message.
func (r *run) has(body []byte) bool {
	if len(body) > copyBelow || len(r.texts) == maxRun || r.bytes+len(body) > maxRunBytes {
		return false
	}
	if r.judged != r.to {
		r.judged, r.even = r.to, even(r.to)
	}
	return r.even
}

func (r *run) add(body []byte, header int) {
	r.texts = append(r.texts, outbound.Text{Body: body, Header: header})
	r.bytes += len(body)
}

// Runs reports whether the last message waits.
func (p *Publisher) Runs() bool { return p.run.to != nil }

// More publishes a message like the last one, which Publish let wait, but for the body; it has no header. It reports false, and has
// done nothing, if it has to go through Publish.
func (p *Publisher) More(body []byte) bool {
	r := &p.run
	if r.to == nil || !r.has(body) {
		return false
	}
	r.add(body, 0)
	r.unasked++
	return true
}

// EndRun delivers what waits of the messages that were published with Later. It comes before anything else that has to stay
// behind them, and before their slices are anything else.
func (p *Publisher) EndRun() {
	if p.run.to != nil {
		p.endRun()
	}
}

func (p *Publisher) endRun() {
	r := &p.run
	a, to, texts := r.in, r.to, r.texts
	if r.unasked > 0 && a == p.home {
		p.cache.Again(r.unasked)
	}
	r.to, r.texts = nil, texts[:0] // now: a panic must not deliver them again
	switch {
	case to.Fanout() == 0:
		return
	case len(texts) > 1:
		a.publishRun(p, to, r.subject, texts, r.bytes)
		return
	}
	pub := Pub{Subject: r.subject, Body: texts[0].Body, HeaderLen: texts[0].Header}
	a.publish(p, &pub, nil, to)
	p.tidy()
}

// few is the number of receivers up to which they are compared with each other.
const few = 8

var seenQueues = sync.Pool{New: func() any { return make(map[*outbound.Queue]struct{}) }}

// even reports whether all receivers are plain subscriptions, each of another visitor: then the messages of a run may go to one
// of them after the other, and each gets them in the same order as without a run.
func even(to *subject.Result[*Sub]) bool {
	if len(to.Queues) > 0 {
		return false
	}
	for i, s := range to.Plain {
		if s.special != nil {
			return false
		}
		for j := 0; len(to.Plain) <= few && j < i; j++ {
			if to.Plain[j].Out == s.Out {
				return false
			}
		}
	}
	if len(to.Plain) <= few {
		return true
	}
	seen := seenQueues.Get().(map[*outbound.Queue]struct{})
	for _, s := range to.Plain {
		seen[s.Out] = struct{}{}
	}
	different := len(seen) == len(to.Plain)
	clear(seen)
	seenQueues.Put(seen)
	return different
}

// publishRun is publish for the messages of a run, of so many bytes together.
func (a *Account) publishRun(by *Publisher, to *subject.Result[*Sub], name []byte, texts []outbound.Text, bytes int) {
	d := delivery{n: len(to.Plain)}
	d.Subject = name
	all := 0 // receivers that got all of it
	for _, s := range to.Plain {
		if n := a.deliverRun(by, s, &d, texts); n == len(texts) {
			all++
		} else if n > 0 {
			by.count(a, n, sizeOf(texts[:n]))
		}
	}
	if all > 0 {
		by.count(a, all*len(texts), all*bytes)
	}
	by.run.made, by.run.shared = nil, nil
}

func sizeOf(texts []outbound.Text) (n int) {
	for i := range texts {
		n += len(texts[i].Body)
	}
	return n
}

// deliverRun is deliver for a run, and returns how many of its messages were pushed, from the first, and are to be counted. d has
// what they have in common.
func (a *Account) deliverRun(by *Publisher, s *Sub, d *delivery, texts []outbound.Text) (pushed int) {
	if by.NoEcho && s.Owner == by.Self {
		return 0
	}
	if s.guard.Load() != nil {
		for i := range texts {
			d.load(by, texts, i)
			if a.deliver(by, s, d) > 0 {
				by.count(a, 1, len(d.Body))
			}
		}
		return 0
	}
	n, last := s.take(len(texts))
	if n > 0 {
		pushed = by.pushRun(s, d, texts, n)
	}
	if last {
		a.retire(s, s)
	}
	return pushed
}

// pushRun puts the first n messages into the queue of s and returns how many it took.
func (p *Publisher) pushRun(s *Sub, d *delivery, texts []outbound.Text, n int) int {
	o := outbound.Refused
	switch {
	case d.n == 1 && p.Copies:
		o = s.Out.PushTexts(s.SID, d.Subject, texts[:n])
	case d.n > 1 && n == len(texts):
		d.load(p, texts, 0)
		o = s.Out.PushRun(p.run.shared, s.SID)
	}
	if o != outbound.Refused {
		return n * p.pushed(s, o)
	}
	for i := range n { // not all of them fit, or may be delivered, or they are to be in another form
		if d.load(p, texts, i); p.pushed(s, d.push(p, s)) == 0 {
			return i
		}
	}
	return n
}

// load makes d the delivery of one message of the run.
func (d *delivery) load(by *Publisher, texts []outbound.Text, i int) {
	r := &by.run
	if r.shared == nil && d.n > 1 {
		r.made = make([]*msg.Msg, 0, len(texts))
		for j := range texts {
			d.Body, d.HeaderLen, d.made = texts[j].Body, texts[j].Header, nil
			r.made = append(r.made, d.message())
		}
		r.shared = outbound.NewRun(r.made)
	}
	d.Body, d.HeaderLen, d.made = texts[i].Body, texts[i].Header, nil
	if d.n > 1 {
		d.made = r.made[i]
	}
}
