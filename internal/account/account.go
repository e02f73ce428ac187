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

func (p *Pub) message() *msg.Msg {
	if p.Owned {
		return msg.Adopt(p.Subject, p.Reply, p.Body, p.HeaderLen)
	}
	return msg.New(p.Subject, p.Reply, p.Body, p.HeaderLen)
}

// Publish delivers pub to every matching plain subscription and to one member of each matching queue group. It returns how
// many receivers got it. The caller owes by.Flush.
func (a *Account) Publish(by *Publisher, pub *Pub) int {
	r := by.cache.Lookup(&a.subs, pub.Subject)
	n := len(r.Plain) + len(r.Queues)
	if n == 0 {
		return 0
	}
	m := pub.message()
	m.Expect(n)
	got := 0
	for _, s := range r.Plain {
		if a.deliver(by, s, m) {
			got++
		}
	}
	for i := range r.Queues {
		if a.deliverOne(by, r.Queues[i].Members, m) {
			got++
		}
	}
	return got
}

// deliverOne gives m to one member of a queue group: a random one, or the next that takes it.
func (a *Account) deliverOne(by *Publisher, members []*Sub, m *msg.Msg) bool {
	n := len(members)
	start := 0
	if n > 1 {
		start = rand.IntN(n)
	}
	for i := range n {
		if a.deliver(by, members[(start+i)%n], m) {
			return true
		}
	}
	return false
}

// deliver pushes m to the owner of s.
func (a *Account) deliver(by *Publisher, s *Sub, m *msg.Msg) bool {
	if by.NoEcho && s.Owner == by.Self {
		return false
	}
	if g := s.guard.Load(); g != nil && !(*g)(s, m) {
		return false
	}
	ok, last := s.take()
	if !ok {
		return false
	}
	switch s.Out.Push(outbound.Item{Msg: m, Text: s.SID}) {
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
