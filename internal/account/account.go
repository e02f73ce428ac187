package account

import (
	"math/rand/v2"

	"weir/internal/msg"
	"weir/internal/outbound"
	"weir/internal/subject"
)

// Global is the name of the account of everybody who is not put into another one.
const Global = "$G"

// Account is the subject space of one tenant. It is safe for use by any number of goroutines.
type Account struct {
	name string
	subs subject.Tree[*Sub]
}

// New makes an empty account.
func New(name string) *Account { return &Account{name: name} }

// Name is the account's name.
func (a *Account) Name() string { return a.name }

// Subs is the tree of all subscriptions.
func (a *Account) Subs() *subject.Tree[*Sub] { return &a.subs }

// Subscribe adds s. The error says that its subject is not valid.
func (a *Account) Subscribe(s *Sub) error {
	err := a.subs.Insert(s.Subject, s.Queue, s)
	if s.gone.Load() { // another goroutine removed it before it was in
		a.subs.Remove(s.Subject, s.Queue, s)
	}
	return err
}

// Unsubscribe removes s; no publish that starts afterwards reaches it. Removing it twice is harmless.
func (a *Account) Unsubscribe(s *Sub) {
	if s.gone.CompareAndSwap(false, true) {
		a.subs.Remove(s.Subject, s.Queue, s)
	}
}

// Pub is one message to publish. Its slices are borrowed for the call, but for an Owned body, which is given away.
type Pub struct {
	Subject, Reply, Body []byte
	HeaderLen            int
	Owned                bool
}

// delivery is a message on its way to n receivers.
type delivery struct {
	Pub  // by value: behind a pointer every one would be allocated
	n    int
	made *msg.Msg // nil until somebody needs it
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
	if d.n == 1 && by.Copies && !d.Owned && len(d.Body) <= copyBelow {
		if o := s.Out.PushCopy(s.SID, d.Subject, d.Reply, d.Body, d.HeaderLen); o != outbound.Refused {
			return o
		}
	}
	return s.Out.Push(outbound.Item{Msg: d.message(), SID: s.SID})
}

// Publish delivers pub to every matching plain subscription and to one member of each matching queue group. It returns how
// many receivers got it. The caller owes by.Flush.
func (a *Account) Publish(by *Publisher, pub *Pub) int {
	r := by.cache.Lookup(&a.subs, pub.Subject)
	d := delivery{Pub: *pub, n: len(r.Plain) + len(r.Queues)}
	got := 0
	for _, s := range r.Plain {
		if a.deliver(by, s, &d) {
			got++
		}
	}
	for i := range r.Queues {
		if a.deliverOne(by, r.Queues[i].Members, &d) {
			got++
		}
	}
	return got
}

// deliverOne gives the message to one member of a queue group: a random one, or the next that takes it.
func (a *Account) deliverOne(by *Publisher, members []*Sub, d *delivery) bool {
	n := len(members)
	start := 0
	if n > 1 {
		start = rand.IntN(n)
	}
	for i := range n {
		if a.deliver(by, members[(start+i)%n], d) {
			return true
		}
	}
	return false
}

// deliver pushes the message to the owner of s.
func (a *Account) deliver(by *Publisher, s *Sub, d *delivery) bool {
	if by.NoEcho && s.Owner == by.Self {
		return false
	}
	if g := s.guard.Load(); g != nil && !(*g)(s, d.Subject, d.Reply) {
		return false
	}
	ok, last := s.take()
	if !ok {
		return false
	}
	switch d.push(by, s) {
	case outbound.Owed:
		by.owe(s.Out)
	case outbound.Sealed:
		return false
	case outbound.Overflow:
		s.Owner.Overflowed()
		return false
	}
	if last {
		a.Unsubscribe(s)
		s.Owner.Expired(s)
	}
	return true
}
