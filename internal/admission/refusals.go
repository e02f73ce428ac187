package admission

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	"weir/ws"
)

// refusalLines is how many refusals of one listener are logged each second.
const refusalLines = 10

// Refusals counts who was not let in through one listener, by reason, and logs the first of each second. It is safe for use
// by any number of goroutines.
type Refusals struct {
	log  *slog.Logger // immutable
	name string       // of the listener, immutable

	mu     sync.Mutex // guards all below
	counts map[string]uint64
	lines  int         // of this second, with those that were left out
	timer  *time.Timer // runs while a second does
}

// NewRefusals makes counters at zero for the listener with the given name, such as "websocket".
func NewRefusals(name string, log *slog.Logger) *Refusals {
	return &Refusals{log: log, name: name, counts: make(map[string]uint64)}
}

// Upgrade is for [Upgrader]: it notes a request that was refused.
func (r *Refusals) Upgrade(remote string, why *ws.UpgradeError) {
	r.note(slog.LevelInfo, why.Reason, remote, func() string {
		return fmt.Sprintf("%s upgrade refused: %d: %s", r.name, why.Status, why.Reason)
	})
}

// Connection is for [Guard]: it notes a connection that was refused.
func (r *Refusals) Connection(remote string, why error) {
	r.note(slog.LevelInfo, reasonOf(why), remote, func() string {
		return fmt.Sprintf("%s connection refused: %v", r.name, why)
	})
}

// tlsFailure is how net/http begins to tell of a failed TLS handshake.
const tlsFailure = "http: TLS handshake error from "

// Write is for the error log of net/http: p is one line of it.
func (r *Refusals) Write(p []byte) (int, error) {
	line, reason := strings.TrimSpace(string(p)), "HTTP error"
	if strings.HasPrefix(line, tlsFailure) {
		reason = "TLS handshake failed"
	}
	r.note(slog.LevelError, reason, "", func() string { return fmt.Sprintf("%s: %s", r.name, line) })
	return len(p), nil
}

// reasonOf is a text out of a small number of them.
func reasonOf(why error) string {
	for _, known := range []error{ErrProxyHeaderMissing, ErrProxyHeaderTooLong, ErrProxyHeaderFamily, ErrProxyHeaderInvalid} {
		if errors.Is(why, known) {
			return known.Error()
		}
	}
	if refusal, ok := why.(Refusal); ok {
		return refusal.String()
	}
	return "connection failed"
}

// note counts one refusal, and logs it if this second has a line left.
func (r *Refusals) note(level slog.Level, reason, remote string, text func() string) {
	r.mu.Lock()
	r.counts[reason]++
	if r.lines++; r.timer == nil {
		r.timer = time.AfterFunc(time.Second, r.secondOver)
	}
	left := r.lines <= refusalLines
	r.mu.Unlock()
	if !left {
		return
	}
	if remote == "" {
		r.log.Log(context.Background(), level, text())
		return
	}
	r.log.Log(context.Background(), level, text(), "conn", remote)
}

// secondOver is the timer's goroutine: it tells of the lines that were left out.
func (r *Refusals) secondOver() {
	r.mu.Lock()
	more := r.lines - refusalLines
	r.lines, r.timer = 0, nil
	r.mu.Unlock()
	if more > 0 {
		r.log.Info(fmt.Sprintf("%s: %d more refused within a second", r.name, more))
	}
}

// Counts is how many were refused since the start, by reason.
func (r *Refusals) Counts() map[string]uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.counts)
}
