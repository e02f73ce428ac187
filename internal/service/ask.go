package service

import (
	"errors"
	"sync"
	"time"

	"weir/internal/account"
)

// Errors of [Service.Ask].
var (
	// ErrNobody says that nobody listens to the request.
	ErrNobody = errors.New("no responders available for request")
	// ErrTimeout says that no answer came in time.
	ErrTimeout = errors.New("no answer in time")
	// ErrClosed says that the service was closed.
	ErrClosed = errors.New("service closed")
)

// inbox is where answers come to from one account: there is one subscription for all of them.
type inbox struct {
	prefix string
	open   sync.Once
	err    error // of open
}

// Ask publishes a request in an account and waits for its first answer; what comes later is dropped. body begins with a header
// of so many bytes. It must not be called by a handler of the same service, whose goroutine takes the answers.
func (s *Service) Ask(in *account.Account, subject string, body []byte, header int, timeout time.Duration) (*Message, error) {
	reply, answer, err := s.expect(in)
	if err != nil {
		return nil, err
	}
	defer s.expectNot(reply)
	pub := account.Pub{Subject: []byte(subject), Reply: []byte(reply), Body: body, HeaderLen: header}
	if in.Send(&pub) == 0 {
		return nil, ErrNobody
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case m := <-answer:
		return m, nil
	case <-timer.C:
		return nil, ErrTimeout
	case <-s.closed:
		return nil, ErrClosed
	}
}

// Rest waits, but not longer than the service is open. The error is ErrClosed.
func (s *Service) Rest(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.closed:
		return ErrClosed
	}
}

// expect makes a reply subject, and the channel that its answer comes by.
func (s *Service) expect(in *account.Account) (reply string, answer chan *Message, err error) {
	s.mu.Lock()
	i := s.inboxes[in]
	if i == nil {
		i = &inbox{prefix: inboxPrefix + account.NewName(8) + "."}
		s.inboxes[in] = i
	}
	reply, answer = i.prefix+account.NewName(22), make(chan *Message, 1)
	s.waiting[reply] = answer
	s.mu.Unlock()
	i.open.Do(func() { i.err = s.Handle(in, i.prefix+"*", s.answered) })
	return reply, answer, i.err
}

// inboxPrefix begins the subjects that answers for the server go to (nats-server's).
const inboxPrefix = "$SYS._INBOX."

func (s *Service) expectNot(reply string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, reply)
}

// answered hands an answer to who waits for it.
func (s *Service) answered(m *Message) {
	s.mu.Lock()
	c := s.waiting[m.Subject]
	delete(s.waiting, m.Subject)
	s.mu.Unlock()
	if c != nil {
		c <- m // it has room for one, and only one comes
	}
}
