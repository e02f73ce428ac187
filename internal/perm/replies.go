package perm

import (
	"math"
	"sync"
	"time"
)

// The bound of what one [Replies] remembers; beyond it the oldest request can no longer be answered. A request costs its
// reply subject and about replyCost bytes, so this is about 90,000 requests that nobody answered.
const (
	maxReplyBytes = 16 << 20
	replyCost     = 128
)

// Replies is the subjects that one connection may publish to because it was asked to answer there. A nil Replies allows
// nothing. It is safe for use by several goroutines: who delivers a request calls Expect before the client can see the
// request, and the client's own goroutine calls Use.
type Replies struct {
	set *Set
	*requests
}

// requests are those that may be answered.
type requests struct {
	mu     sync.Mutex
	open   map[string]*request
	oldest *request
	newest *request
	bytes  int
}

// request is one reply subject. They are chained in the order in which they expire.
type request struct {
	reply        string
	left         int // answers, if their number is bounded
	deadline     time.Time
	older, newer *request
}

// NewReplies is for a new connection of the user. It is nil if the user has no permission to answer.
func (s *Set) NewReplies() *Replies {
	if s == nil || s.responses == nil {
		return nil
	}
	return &Replies{set: s, requests: new(requests)}
}

// KeepReplies is [Set.NewReplies] for a connection whose permissions become s: what r allows stays allowed if both bound
// answers alike.
func (s *Set) KeepReplies(r *Replies) *Replies {
	n := s.NewReplies()
	if n != nil && r != nil && *n.set.responses == *r.set.responses {
		n.requests = r.requests
	}
	return n
}

// Expect allows answers to reply from now on. A second request with the same reply subject allows as many again.
func (r *Replies) Expect(reply []byte, now time.Time) {
	if r == nil || len(reply) == 0 || r.set.CanPublish(reply) {
		return
	}
	limit := r.set.responses
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expireLocked(now)
	q := r.open[string(reply)]
	if q == nil {
		q = &request{reply: string(reply)}
		if r.open == nil {
			r.open = make(map[string]*request)
		}
		r.open[q.reply] = q
		r.bytes += len(reply) + replyCost
	} else {
		r.unchainLocked(q)
	}
	if limit.MaxMsgs > 0 {
		q.left = min(q.left, math.MaxInt-limit.MaxMsgs) + limit.MaxMsgs
	}
	q.deadline = now.Add(limit.TTL)
	r.chainLocked(q)
	for r.bytes > maxReplyBytes && r.oldest != q {
		r.dropLocked(r.oldest)
	}
}

// Use reports whether the client may publish to name as an answer, and counts it.
func (r *Replies) Use(name []byte, now time.Time) bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expireLocked(now)
	q := r.open[string(name)]
	if q == nil {
		return false
	}
	if r.set.responses.MaxMsgs > 0 {
		if q.left--; q.left == 0 {
			r.dropLocked(q)
		}
	}
	return true
}

// Len is the number of reply subjects that are open.
func (r *Replies) Len() int {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.open)
}

func (r *Replies) expireLocked(now time.Time) {
	for r.set.responses.TTL > 0 && r.oldest != nil && now.After(r.oldest.deadline) {
		r.dropLocked(r.oldest)
	}
}

func (r *Replies) dropLocked(q *request) {
	r.unchainLocked(q)
	delete(r.open, q.reply)
	r.bytes -= len(q.reply) + replyCost
	if len(r.open) == 0 {
		r.open = nil
	}
}

func (r *Replies) chainLocked(q *request) {
	q.older, q.newer = r.newest, nil
	if r.newest == nil {
		r.oldest = q
	} else {
		r.newest.newer = q
	}
	r.newest = q
}

func (r *Replies) unchainLocked(q *request) {
	if q.older == nil {
		r.oldest = q.newer
	} else {
		q.older.newer = q.newer
	}
	if q.newer == nil {
		r.newest = q.older
	} else {
		q.newer.older = q.older
	}
}
