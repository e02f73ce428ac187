package admission

import (
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Throttle bounds how many TLS handshakes a listener begins in a second (connection_rate_limit), and logs how many were
// refused. It is safe for use by any number of goroutines.
type Throttle struct {
	log   *slog.Logger // immutable
	start time.Time    // immutable

	mu      sync.Mutex // guards all below
	all     bucket
	refused int         // in this second
	timer   *time.Timer // runs while refused is not 0
}

// NewThrottle makes one that has seen nobody.
func NewThrottle(log *slog.Logger) *Throttle { return &Throttle{log: log, start: time.Now()} }

// Admit reports whether one more handshake fits into rate, which is per second; 0 means no limit.
func (t *Throttle) Admit(rate int) bool {
	if rate <= 0 {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	after, ok := t.all.take(rate, int64(time.Since(t.start)))
	if ok {
		t.all = after
		return true
	}
	if t.refused++; t.timer == nil {
		t.timer = time.AfterFunc(time.Second, t.secondOver)
	}
	return false
}

// secondOver is the timer's goroutine.
func (t *Throttle) secondOver() {
	t.mu.Lock()
	n := t.refused
	t.refused, t.timer = 0, nil
	t.mu.Unlock()
	t.log.Warn(fmt.Sprintf("Rejected %d connections due to TLS rate limiting", n))
}
