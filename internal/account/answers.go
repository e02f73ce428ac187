package account

import (
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/subject"
)

// answers is what an account's services have to answer, and what it waits for itself.
type answers struct {
	mu     sync.Mutex // guards all below; inside it nothing
	prefix string     // "_R_.", eight characters and a dot; empty until the first request
	await  map[string]*answer
	sweep  *time.Timer // set while await is not empty

	asked   map[string]*answer // the first of those that lead to a reply subject of this account
	waiting atomic.Int64       // how many such there are
}

// answer leads back one service's answers to a request. What stands first is immutable.
type answer struct {
	by    *serviceImport
	of    *Account // whose service it is
	key   string   // reply subject there
	into  *Account // who asked
	reply string   // where to
	watch *sample  // nil if nobody measures

	until time.Time // under of.answers.mu

	// Under into.answers.mu: the list of those with the same reply.
	next, prev *answer
	listed     bool
}

// answer takes an answer of a service of a back to who asked. Like the reference it never says that nobody was there.
func (a *Account) answer(by *Publisher, d *delivery) int {
	w := a.answers.find(string(d.Subject), len(d.Body) == 0)
	if w == nil {
		return 1
	}
	if w.watch != nil {
		a.report(w.watch.done(by))
	}
	pub := d.Pub
	pub.Owned = false
	pub.Subject = by.mapped(w.into.routes.Load(), []byte(w.reply))
	if len(d.Reply) > 0 { // the service wants an answer to its answer
		back := &serviceImport{to: w.into, export: w.by.export}
		pub.Reply = []byte(w.into.expect(&answer{by: back, into: a, reply: string(d.Reply)}))
	}
	if w.into.publish(by, &pub, &hop{by: w.by, prev: d.hops}, nil) == 0 {
		a.forget(w.key) // nobody waits any more
	}
	return 1
}

// expect makes a reply subject that leads to w.
func (a *Account) expect(w *answer) string {
	q := &a.answers
	q.mu.Lock()
	var first string
	if q.prefix == "" {
		q.prefix = replyPrefix + NewName(8) + "."
		first = q.prefix
	}
	w.of, w.key = a, q.prefix+NewName(20)
	q.mu.Unlock()
	if first != "" {
		a.subs.Insert(first+">", "", &Sub{Subject: first + ">", special: &special{responses: a}}) //nolint:errcheck // it is valid
	}
	w.into.answers.list(w)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.await == nil {
		q.await = make(map[string]*answer)
	}
	q.await[w.key] = w
	w.until = time.Now().Add(w.by.export.threshold())
	if q.sweep == nil {
		q.sweep = time.AfterFunc(w.by.export.threshold(), a.expire)
	}
	return w.key
}

// forget takes an answer that will not come out of the list; nil if it is not there.
func (a *Account) forget(key string) *answer {
	q := &a.answers
	q.mu.Lock()
	w := q.await[key]
	delete(q.await, key)
	q.mu.Unlock()
	if w != nil {
		w.into.answers.unlist(w)
	}
	return w
}

// find is whom an answer is for. empty says that it is without a body, which ends a stream.
func (q *answers) find(key string, empty bool) *answer {
	q.mu.Lock()
	w := q.await[key]
	last := w != nil && (empty || w.by.export.Response == Singleton)
	switch {
	case last:
		delete(q.await, key)
	case w != nil:
		w.until = time.Now().Add(w.by.export.threshold())
	}
	q.mu.Unlock()
	if last {
		w.into.answers.unlist(w)
	}
	return w
}

// expire forgets the answers that take too long. It runs in a timer's goroutine.
func (a *Account) expire() {
	q := &a.answers
	now := time.Now()
	var late []*answer
	q.mu.Lock()
	next := time.Duration(0)
	for key, w := range q.await {
		left := w.until.Sub(now)
		if left <= 0 {
			delete(q.await, key)
			late = append(late, w)
		} else if next == 0 || left < next {
			next = left
		}
	}
	if q.sweep = nil; next > 0 {
		q.sweep = time.AfterFunc(next, a.expire)
	}
	q.mu.Unlock()
	for _, w := range late {
		w.into.answers.unlist(w)
		if w.watch != nil {
			a.report(w.watch.failed(504, "Service Timeout"))
		}
	}
}

// list notes that this account waits for w.
func (q *answers) list(w *answer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.asked == nil {
		q.asked = make(map[string]*answer)
	}
	if w.next = q.asked[w.reply]; w.next != nil {
		w.next.prev = w
	}
	q.asked[w.reply], w.listed = w, true
	q.waiting.Add(1)
}

// unlist notes that this account does not wait for w any more. Doing it twice is harmless.
func (q *answers) unlist(w *answer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !w.listed {
		return
	}
	switch {
	case w.prev != nil:
		w.prev.next = w.next
	case w.next != nil:
		q.asked[w.reply] = w.next
	default:
		delete(q.asked, w.reply)
	}
	if w.next != nil {
		w.next.prev = w.prev
	}
	w.next, w.prev, w.listed = nil, nil, false
	q.waiting.Add(-1)
}

// lookUpTo is among how many awaited replies those that match a wildcard are looked for when nobody listens to that any
// more; of more than that they are left to time out. A literal one is found in any case.
const lookUpTo = 64

// lost forgets the answers that only subscriptions to pattern waited for, one of which has gone.
func (a *Account) lost(pattern string) {
	for _, reply := range a.answers.repliesTo(pattern) {
		if a.subs.HasInterest([]byte(reply)) {
			continue
		}
		a.answers.mu.Lock()
		var all []*answer
		for w := a.answers.asked[reply]; w != nil; w = w.next {
			all = append(all, w)
		}
		a.answers.mu.Unlock()
		for _, w := range all {
			if w.of.forget(w.key) != nil && w.watch != nil {
				w.of.report(w.watch.failed(408, "Request Timeout"))
			}
		}
	}
}

// repliesTo are the replies that the account waits for and pattern matches.
func (q *answers) repliesTo(pattern string) (replies []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !subject.HasWildcard(pattern) {
		if q.asked[pattern] != nil {
			replies = append(replies, pattern)
		}
		return replies
	}
	if len(q.asked) > lookUpTo {
		return nil
	}
	for reply := range q.asked {
		if subject.Match(pattern, []byte(reply)) {
			replies = append(replies, reply)
		}
	}
	return replies
}

// Awaited is how many answers of the account's services are still to come.
func (a *Account) Awaited() int {
	a.answers.mu.Lock()
	defer a.answers.mu.Unlock()
	return len(a.answers.await)
}

// Pending is an answer that is still to come.
type Pending struct {
	// Key is the subject that the service answers to; the answer goes to the subject To in the account For.
	Key, For, To string
	// Share says that the service knows who asks, Latency where the sample goes; nil if nobody measures.
	Share   bool
	Latency *Latency
}

// Pending are the answers of the account's services that are still to come, in no order.
func (a *Account) Pending() []Pending {
	a.answers.mu.Lock()
	defer a.answers.mu.Unlock()
	all := make([]Pending, 0, len(a.answers.await))
	for key, w := range a.answers.await {
		p := Pending{Key: key, For: w.into.name, To: w.reply, Share: w.by.share}
		if w.watch != nil {
			p.Latency = w.by.export.Latency
		}
		all = append(all, p)
	}
	return all
}

// replyPrefix begins the reply subjects that lead answers back (the reference's; visitors may not publish there).
const replyPrefix = "_R_."

// NewName is a random name of n letters and digits, which takes 128 bits at 22.
func NewName(n int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var b strings.Builder
	for range n {
		b.WriteByte(digits[rand.IntN(len(digits))])
	}
	return b.String()
}
