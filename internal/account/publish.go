package account

import (
	"math/rand/v2"

	"weir/internal/msg"
	"weir/internal/outbound"
	"weir/internal/subject"
)

// delivery is a message on its way to n receivers.
type delivery struct {
	Pub  // by value: behind a pointer every one would be allocated
	n    int
	sent int      // to receivers, by subscriptions of this account
	made *msg.Msg // nil until somebody needs it
	hops *hop     // services that it came through
}

// copyBelow is the size in bytes up to which a message that one receiver gets is written into its queue at once, and no
// shared message is made: the copy costs less than the memory (BenchmarkPublishOne).
const copyBelow = 4 << 10

// message makes the shared message.
func (d *delivery) message() *msg.Msg {
	switch {
	case d.made != nil:
	case d.Owned:
		d.made = msg.Adopt(d.Subject, d.Reply, d.Body, d.HeaderLen)
		d.made.Expect(d.n)
	default:
		d.made = msg.New(d.Subject, d.Reply, d.Body, d.HeaderLen)
		d.made.Expect(d.n)
	}
	return d.made
}

// push puts the message into the queue of s.
func (d *delivery) push(by *Publisher, s *Sub) outbound.Outcome {
	name, renamed := d.nameFor(by, s)
	if d.n == 1 && by.Copies && !d.Owned && len(d.Body) <= copyBelow {
		if o := s.Out.PushCopy(s.SID, name, d.Reply, d.Body, d.HeaderLen); o != outbound.Refused {
			return o
		}
	}
	m := d.message()
	if renamed {
		m = by.renamed(m, s.special.stream, name)
	}
	return s.Out.Push(outbound.Item{Msg: m, SID: s.SID})
}

// nameFor is the subject under which s gets the message; borrowed until the chunk ends.
func (d *delivery) nameFor(by *Publisher, s *Sub) (name []byte, renamed bool) {
	if s.special == nil {
		return d.Subject, false
	}
	switch i := s.special.stream; {
	case i.name != nil:
		return i.name, true
	case i.transform == nil:
		return d.Subject, false
	}
	at := len(by.names)
	by.names = s.special.stream.transform.Append(by.names, d.Subject)
	return by.names[at:], true
}

// Mapped is the subject under which a message to name goes on in the account: that of a mapping, which may be empty, or name
// itself; maps reports whether the account has mappings at all. It is borrowed until the next call and the next Publish. A
// visitor's messages are mapped before it is asked whether it may publish them; those of the server itself are not mapped.
func (a *Account) Mapped(by *Publisher, name []byte) (to []byte, maps bool) {
	r := a.routes.Load()
	if len(r.mappings) == 0 {
		return name, false
	}
	by.names = by.names[:0] // a message that was not published left its own
	return by.mapped(r, name), true
}

// mapped is the mapped name, kept until the chunk's message is through.
func (p *Publisher) mapped(r *routes, name []byte) []byte {
	at := len(p.names)
	to, ok := r.mapped(p.names, name)
	if !ok {
		return name
	}
	p.names = to
	return to[at:]
}

// Publish delivers pub to every matching plain subscription and to one member of each matching queue group, here and in the
// accounts that import it or whose services it asks. It returns how many receivers got it. The caller owes by.Flush.
func (a *Account) Publish(by *Publisher, pub *Pub) int {
	r := by.receivers(a, pub)
	if by.run.to != nil {
		if by.run.goesOn(a, r, pub) {
			return r.Fanout()
		}
		by.EndRun()
	}
	if by.run.begins(a, r, pub) {
		return r.Fanout()
	}
	if r.Fanout() == 0 {
		return 0
	}
	got := a.publish(by, pub, nil, r)
	pub.Owned = false
	by.tidy()
	return got
}

// tidy forgets what was made for a message.
func (p *Publisher) tidy() {
	if len(p.names)+len(p.others) > 0 {
		p.names = p.names[:0]
		clear(p.others)
		p.others = p.others[:0]
	}
}

// publish is Publish, also for messages that come from another account. r is who gets pub, nil if that is not known.
func (a *Account) publish(by *Publisher, pub *Pub, hops *hop, r *subject.Result[*Sub]) int {
	d := delivery{Pub: *pub, hops: hops}
	if r == nil {
		r = by.lookup(a, d.Subject)
	}
	d.n = len(r.Plain) + len(r.Queues)
	got := 0
	for _, s := range r.Plain {
		got += a.deliver(by, s, &d)
	}
	for i := range r.Queues {
		got += a.deliverOne(by, r.Queues[i].Members, &d)
	}
	if d.sent > 0 {
		by.count(a, d.sent, d.sent*len(d.Body))
	}
	return got
}

// deliverOne gives the message to one member of a queue group: a random one, or the next that takes it.
func (a *Account) deliverOne(by *Publisher, members []*Sub, d *delivery) int {
	n := len(members)
	start := 0
	if n > 1 {
		start = rand.IntN(n)
	}
	for i := range n {
		if a.deliver(by, members[(start+i)%n], d) > 0 {
			return 1
		}
	}
	return 0
}

// deliver pushes the message to the owner of s, or takes it to another account, and returns how many receivers got it.
func (a *Account) deliver(by *Publisher, s *Sub, d *delivery) int {
	counted := s
	if x := s.special; x != nil {
		switch {
		case x.service != nil:
			return a.request(by, x.service, d)
		case x.responses != nil:
			return a.answer(by, d)
		case d.hops != nil: // what comes by a service does not go out as a stream
			return 0
		}
		counted = x.of
	}
	if by.NoEcho && s.Owner == by.Self {
		return 0
	}
	if g := counted.guard.Load(); g != nil {
		if name, _ := d.nameFor(by, s); !(*g)(counted, name, d.Reply) {
			return 0
		}
	}
	n, last := counted.take(1)
	if n == 0 || by.pushed(s, d.push(by, s)) == 0 {
		return 0
	}
	d.sent++
	if last {
		a.retire(s, counted)
	}
	return 1
}

// pushed does what the outcome of a push to s asks for, and returns how many receivers got it.
func (p *Publisher) pushed(s *Sub, o outbound.Outcome) int {
	switch o {
	case outbound.Owed:
		p.owe(s.Out)
	case outbound.Sealed:
		return 0
	case outbound.Overflow:
		s.Owner.Overflowed()
		return 0
	}
	return 1
}

// retire ends the subscription that a message to s was counted for, its last.
func (a *Account) retire(s, counted *Sub) {
	home := a
	if s.special != nil {
		home = s.special.stream.into
	}
	home.Unsubscribe(counted)
	s.Owner.Expired(counted)
}
