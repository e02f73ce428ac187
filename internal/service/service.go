package service

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"

	"weir/internal/account"
	"weir/internal/outbound"
)

// DefaultBacklog is how many bytes of messages, names and headers included, may wait for a service: some thousands of
// requests without a body.
const DefaultBacklog = 1 << 20

// Message is one message for a handler, which may keep its slices and must not change them.
type Message struct {
	Account        *account.Account // in which it was published
	Subject, Reply string           // Reply is empty where nobody waits for an answer
	Header, Body   []byte
}

// Respond publishes an answer, if somebody waits for one, from any goroutine. body begins with a header of so many bytes.
func (m *Message) Respond(body []byte, header int) {
	if m.Reply != "" {
		m.Account.Send(&account.Pub{Subject: []byte(m.Reply), Body: body, HeaderLen: header})
	}
}

// Handler is called for one message at a time.
type Handler func(m *Message)

// Service is one subscriber. It is safe for use by any number of goroutines.
type Service struct {
	// Immutable after New.
	log     *slog.Logger
	backlog int64
	guard   account.Guard
	closed  chan struct{}
	close   sync.Once // of closed

	out     outbound.Queue
	dropped atomic.Int64
	panics  atomic.Int64

	mu      sync.Mutex // guards all below
	subs    map[string]*subscription
	next    int
	inboxes map[*account.Account]*inbox
	waiting map[string]chan *Message // for answers, by reply subject
}

// subscription is what a handler listens to.
type subscription struct {
	sub    *account.Sub
	in     *account.Account
	handle Handler
}

// New makes a service for which up to backlog bytes may wait; 0 means [DefaultBacklog].
func New(backlog int64, log *slog.Logger) *Service {
	s := &Service{
		log: log, backlog: backlog, subs: make(map[string]*subscription),
		inboxes: make(map[*account.Account]*inbox), waiting: make(map[string]chan *Message),
		closed: make(chan struct{}),
	}
	if backlog <= 0 {
		s.backlog = DefaultBacklog
	}
	s.guard = s.admit
	s.out.Init(s, 0) // admit bounds it: a full queue would be closed for good
	return s
}

// Handle calls h for the messages of an account's subject, which may have wildcards. The error says that the subject is not
// valid.
func (s *Service) Handle(in *account.Account, subject string, h Handler) error {
	s.mu.Lock()
	s.next++
	x := &subscription{in: in, handle: h, sub: &account.Sub{Subject: subject, SID: strconv.Itoa(s.next), Owner: s, Out: &s.out}}
	x.sub.SetGuard(&s.guard)
	s.subs[x.sub.SID] = x
	s.mu.Unlock()
	err := in.Subscribe(x.sub)
	if err != nil {
		s.forget(x.sub.SID)
	}
	return err
}

// Close ends all subscriptions, and who waits for an answer gets none. What waits is dropped.
func (s *Service) Close() {
	s.close.Do(func() { close(s.closed) })
	s.mu.Lock()
	all := s.subs
	s.subs = make(map[string]*subscription)
	s.mu.Unlock()
	for _, x := range all {
		x.in.Unsubscribe(x.sub)
	}
	s.out.Discard()
}

// Dropped is how many messages came while too much waited.
func (s *Service) Dropped() int64 { return s.dropped.Load() }

// Panics is how many handlers panicked.
func (s *Service) Panics() int64 { return s.panics.Load() }

// admit is the guard of all subscriptions. It runs in the goroutine of who publishes.
func (s *Service) admit(*account.Sub, []byte, []byte) bool {
	if s.out.Pending() <= s.backlog {
		return true
	}
	s.dropped.Add(1)
	return false
}

// Flush is part of outbound.Flusher. The goroutine that it starts holds the flush flag, so that there is one at most.
func (s *Service) Flush(scratch outbound.Scratch) outbound.Scratch {
	go s.work()
	return scratch
}

// work handles what waits until nothing does.
func (s *Service) work() {
	var t outbound.Taken
	var done int64
	for s.out.Take(&t, done) {
		done = t.Cost
		for _, it := range t.All {
			if it != nil {
				s.dispatch(it)
			}
		}
	}
}

// dispatch calls the handler of one message.
func (s *Service) dispatch(it *outbound.Item) {
	s.mu.Lock()
	x := s.subs[it.SID]
	s.mu.Unlock()
	if x == nil {
		return
	}
	m := &Message{
		Account: x.in, Subject: string(it.Msg.Subject()), Reply: string(it.Msg.Reply()),
		Header: it.Msg.Header(), Body: it.Msg.Payload(),
	}
	defer func() {
		if p := recover(); p != nil {
			s.panics.Add(1)
			s.log.Error(fmt.Sprintf("panic: %v\n%s", p, debug.Stack()), "subject", m.Subject)
		}
	}()
	x.handle(m)
}

// Expired is part of account.Subscriber.
func (s *Service) Expired(sub *account.Sub) { s.forget(sub.SID) }

// Overflowed is part of account.Subscriber. It is never called: the queue has no limit of its own.
func (s *Service) Overflowed() {}

func (s *Service) forget(sid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.subs, sid)
}
