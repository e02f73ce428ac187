package admission

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultFailedLogins is how many logins of one address may fail in a minute: a roomful of people with a wrong password, and
// far less than guessing needs.
const DefaultFailedLogins = 600

// loginWindow is the time in which the failures are counted.
const loginWindow = time.Minute

// Logins slows down who guesses passwords: an address whose logins failed too often is not heard until some time has passed.
// Addresses are those of [Limits]; loopback, Unix sockets and unknown ones have no limit. Its memory is bounded by
// maxRates, above which it forgets. A nil *Logins has no limit. It is safe for use by any number of goroutines.
type Logins struct {
	start time.Time    // immutable
	limit atomic.Int64 // failures in a minute; below 1 means no limit

	mu      sync.Mutex // guards all below
	fresh   map[source]bucket
	stale   map[source]bucket
	turned  int64
	refused uint64
}

// NewLogins makes one with the given limit: 0 means DefaultFailedLogins, -1 none.
func NewLogins(limit int) *Logins {
	l := &Logins{start: time.Now(), fresh: make(map[source]bucket)}
	l.SetLimit(limit)
	return l
}

// SetLimit replaces the limit.
func (l *Logins) SetLimit(limit int) {
	if limit == 0 {
		limit = DefaultFailedLogins
	}
	l.limit.Store(int64(limit))
}

// Hears reports whether a login from a is looked at.
func (l *Logins) Hears(a netip.Addr) bool {
	if l == nil {
		return true
	}
	s, rate := sourceOf(a), l.limit.Load()
	if s == (source{}) || rate < 1 {
		return true
	}
	now := int64(time.Since(l.start))
	l.mu.Lock()
	defer l.mu.Unlock()
	if over(l.bucketLocked(s), rate, now) {
		l.refused++
		return false
	}
	return true
}

// Failed counts a login from a that failed.
func (l *Logins) Failed(a netip.Addr) {
	if l == nil {
		return
	}
	s, rate := sourceOf(a), l.limit.Load()
	if s == (source{}) || rate < 1 {
		return
	}
	now := int64(time.Since(l.start))
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.fresh) >= maxRates || now-l.turned > int64(loginWindow) {
		l.fresh, l.stale, l.turned = make(map[source]bucket), l.fresh, now
	}
	l.fresh[s] = max(l.bucketLocked(s), bucket(now)) + bucket(int64(loginWindow)/rate)
}

// Refused is how many logins were not looked at.
func (l *Logins) Refused() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused
}

// bucketLocked is the bucket of s, which holds tokens for a minute.
func (l *Logins) bucketLocked(s source) bucket {
	if b, ok := l.fresh[s]; ok {
		return b
	}
	return l.stale[s]
}

// over reports whether b has not even one token left.
func over(b bucket, rate, now int64) bool {
	return int64(b)-now > int64(loginWindow)-int64(loginWindow)/rate
}
