package account

import (
	"sync/atomic"

	"weir/internal/outbound"
)

// Subscriber is a visitor that owns subscriptions.
type Subscriber interface {
	// Expired says that s got its last message and left the account. It may be called from any goroutine.
	Expired(s *Sub)
	// Overflowed says that more bytes wait for the visitor than it may have; it must be closed as a slow consumer.
	Overflowed()
}

// Guard is asked before each message whether the subscription may get it, by whoever publishes and before the subscriber
// can see the message. It must not keep the slices.
type Guard func(s *Sub, subject, reply []byte) bool

// Sub is one subscription. All but its guard and its counters is immutable once it is in an account.
type Sub struct {
	Subject string
	Queue   string // queue group; empty for a plain subscription
	SID     string
	Owner   Subscriber
	Out     *outbound.Queue

	special *special // nil for a visitor's own

	guard     atomic.Pointer[Guard]
	max       atomic.Int64 // messages until it expires; 0 means no limit
	delivered atomic.Int64
	gone      atomic.Bool
}

// Own reports whether it is a visitor's: others are made for imports.
func (s *Sub) Own() bool { return s.special == nil }

// SetGuard puts g before all messages from now on; nil lets them all through.
func (s *Sub) SetGuard(g *Guard) { s.guard.Store(g) }

// Delivered is the number of messages that the subscription got; one made for an import counts with that of the visitor.
func (s *Sub) Delivered() int64 {
	if s.special != nil && s.special.of != nil {
		s = s.special.of
	}
	return s.delivered.Load()
}

// Max is the number of messages after which the subscription expires; 0 means never.
func (s *Sub) Max() int64 { return s.max.Load() }

// Limit lets the subscription expire after max messages in all; it reports false if it already got that many.
func (s *Sub) Limit(max int64) bool {
	s.max.Store(max)
	return s.delivered.Load() < max
}

// take counts up to n deliveries. It returns how many messages may be delivered, and whether the last of them is the last of
// all.
func (s *Sub) take(n int) (may int, last bool) {
	if s.gone.Load() {
		return 0, false
	}
	now, max := s.delivered.Add(int64(n)), s.max.Load()
	if max == 0 || now < max {
		return n, false
	}
	over := min(now-max, int64(n))
	if over > 0 {
		s.delivered.Add(-over)
	}
	return n - int(over), over < int64(n)
}
