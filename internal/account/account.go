package account

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/subject"
)

// Global is the name of the account of everybody who is not put into another one.
const Global = "$G"

// Account is the subject space of one tenant. It is safe for use by any number of goroutines.
type Account struct {
	name   string
	subs   subject.Tree[*Sub]
	routes atomic.Pointer[routes]
	limits atomic.Pointer[Limits]
	since  atomic.Int64 // when routes were set, Unix nanoseconds
	system systemRoutes

	clients atomic.Int64 // connections

	mu      sync.Mutex // guards all below; inside it only the lock of an exporter's tree is taken
	shadows map[*Sub][]*Sub

	answers answers
	traffic traffic
}

// New makes an empty account.
func New(name string) *Account {
	a := &Account{name: name}
	a.routes.Store(noRoutes)
	a.limits.Store(new(Limits))
	a.since.Store(time.Now().UnixNano())
	return a
}

// Config is what the account was made of, with its imports from the system account, and since when it is that.
func (a *Account) Config() (Config, time.Time) {
	r := a.routes.Load()
	c := r.of
	c.Name, c.Limits = a.name, a.Limits()
	c.Imports = append(slices.Clip(c.Imports), a.system.imported()...)
	return c, time.Unix(0, a.since.Load())
}

// Name is the account's name.
func (a *Account) Name() string { return a.name }

// Subs is the tree of all subscriptions, with those that imports need.
func (a *Account) Subs() *subject.Tree[*Sub] { return &a.subs }

// Subscribe adds s. The error says that its subject is not valid.
func (a *Account) Subscribe(s *Sub) error {
	err := a.subs.Insert(s.Subject, s.Queue, s)
	if err == nil && len(a.routes.Load().streams) > 0 { // after Insert: Apply walks the tree after it has stored the routes
		a.shadow(s)
	}
	if s.gone.Load() { // another goroutine removed it before it was in
		a.remove(s)
	}
	return err
}

// Unsubscribe removes s; no publish that starts afterwards reaches it. Removing it twice is harmless.
func (a *Account) Unsubscribe(s *Sub) {
	if s.gone.CompareAndSwap(false, true) {
		a.remove(s)
	}
}

func (a *Account) remove(s *Sub) {
	a.subs.Remove(s.Subject, s.Queue, s)
	if len(a.routes.Load().streams) > 0 {
		a.unshadow(s)
	}
	if a.answers.waiting.Load() > 0 {
		a.lost(s.Subject)
	}
}

// Pub is one message to publish. Its slices are borrowed for the call.
type Pub struct {
	Subject, Reply, Body []byte
	HeaderLen            int
	// Owned offers the body to keep. Publish lowers it unless nobody wants the message.
	Owned bool
	// Again says that the publisher's last message went to the same subject.
	Again bool
	// Later lets the message wait, with its slices, for others to the same subject, until [Publisher.EndRun]. It has no reply.
	Later bool
}
