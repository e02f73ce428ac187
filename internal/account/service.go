package account

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"weir/internal/proto"
)

// A request to a service of another account goes on there under a reply subject of that account, which leads the answers
// back. One subscription for each account takes them all.

// hop is a service that a message came through.
type hop struct {
	by   *serviceImport
	prev *hop
}

// through reports whether the message came through the export before: then it goes round in a circle.
func (h *hop) through(e *Export) bool {
	for ; h != nil; h = h.prev {
		if h.by.export == e {
			return true
		}
	}
	return false
}

// replyPrefix begins the reply subjects that lead answers back (the reference's; visitors may not publish there).
const replyPrefix = "_R_."

// answers is what an account's services have to answer.
type answers struct {
	mu     sync.Mutex // guards all below; inside it nothing
	prefix string     // "_R_.", eight characters and a dot; empty until the first request
	await  map[string]*answer
	sweep  *time.Timer // set while await is not empty
}

// answer leads back one service's answers to a request. All but its time is immutable.
type answer struct {
	by    *serviceImport
	into  *Account // who asked
	reply string   // where to
	until time.Time
	watch *sample // nil if nobody measures
}

// request takes a message to the service.
func (a *Account) request(by *Publisher, im *serviceImport, d *delivery) int {
	if d.hops.through(im.export) {
		return 0
	}
	pub := d.Pub
	pub.Owned = false // others may get the body as well
	switch {
	case im.fixed != nil:
		pub.Subject = im.fixed
	case im.transform != nil:
		at := len(by.names)
		by.names = im.transform.Append(by.names, d.Subject)
		pub.Subject = by.names[at:]
	}
	watch := im.sample(by, d)
	key := ""
	switch {
	case len(d.Reply) > 0:
		key = im.to.expect(&answer{by: im, into: a, reply: string(d.Reply), watch: watch})
		pub.Reply = []byte(key)
	case watch != nil:
		im.to.report(watch.badRequest())
		watch = nil
	}
	pub.tell(by, im, d)
	got := im.to.publish(by, &pub, &hop{im, d.hops}, nil)
	if got == 0 && key != "" {
		if w := im.to.forget(key); w != nil && w.watch != nil {
			im.to.report(w.watch.failed(503, "Service Unavailable"))
		}
	}
	return got
}

// answer takes an answer of a service of a back to who asked.
func (a *Account) answer(by *Publisher, d *delivery) int {
	empty := len(d.Body) == 0
	w := a.answers.find(string(d.Subject), empty)
	if w == nil {
		return 0
	}
	if w.watch != nil {
		a.report(w.watch.done(by))
	}
	pub := d.Pub
	pub.Owned = false
	pub.Subject = []byte(w.reply)
	if len(d.Reply) > 0 { // the service wants an answer to its answer
		back := &serviceImport{to: w.into, export: w.by.export}
		pub.Reply = []byte(w.into.expect(&answer{by: back, into: a, reply: string(d.Reply)}))
	}
	return w.into.publish(by, &pub, d.hops, nil)
}

// expect makes a reply subject that leads to w.
func (a *Account) expect(w *answer) string {
	w.until = time.Now().Add(w.by.export.threshold())
	q := &a.answers
	q.mu.Lock()
	var first string
	if q.prefix == "" {
		q.prefix = replyPrefix + NewName(8) + "."
		first = q.prefix
	}
	key := q.prefix + NewName(20)
	if q.await == nil {
		q.await = make(map[string]*answer)
	}
	q.await[key] = w
	if q.sweep == nil {
		q.sweep = time.AfterFunc(w.by.export.threshold(), a.expire)
	}
	q.mu.Unlock()
	if first != "" {
		a.subs.Insert(first+">", "", &Sub{Subject: first + ">", special: &special{responses: a}}) //nolint:errcheck // it is valid
	}
	return key
}

// forget takes an answer that will not come out of the list.
func (a *Account) forget(key string) *answer {
	q := &a.answers
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.await[key]
	delete(q.await, key)
	return w
}

// find is whom an answer is for. empty says that it is without a body, which ends a stream.
func (q *answers) find(key string, empty bool) *answer {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.await[key]
	switch {
	case w == nil:
		return nil
	case w.by.export.Response == Singleton || empty:
		delete(q.await, key)
	default:
		w.until = time.Now().Add(w.by.export.threshold())
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
		switch {
		case w.watch == nil:
		case w.into.subs.HasInterest([]byte(w.reply)):
			a.report(w.watch.failed(504, "Service Timeout"))
		default:
			a.report(w.watch.failed(408, "Request Timeout"))
		}
	}
}

// Awaited is how many answers of the account's services are still to come.
func (a *Account) Awaited() int {
	a.answers.mu.Lock()
	defer a.answers.mu.Unlock()
	return len(a.answers.await)
}

// NewName is a random name of n letters and digits, which takes 128 bits at 22.
func NewName(n int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var b strings.Builder
	for range n {
		b.WriteByte(digits[rand.IntN(len(digits))])
	}
	return b.String()
}

// RequestInfo is the header that tells a service who asks.
const RequestInfo = "Nats-Request-Info"

// tell puts who asks into the header.
func (p *Pub) tell(by *Publisher, im *serviceImport, d *delivery) {
	if by.Who == nil {
		return
	}
	who := by.Who(im.share || d.hops != nil && d.hops.by.share)
	if d.hops != nil {
		who.Service = d.hops.by.to.name
	}
	value, err := json.Marshal(&who)
	if err != nil {
		return
	}
	body := make([]byte, 0, len(p.Body)+len(RequestInfo)+len(value)+32)
	body = proto.SetHeader(body, p.Body[:p.HeaderLen], RequestInfo, value)
	n := len(body)
	p.Body, p.HeaderLen = append(body, p.Body[p.HeaderLen:]...), n
}
