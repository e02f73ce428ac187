package account_test

import (
	"fmt"
	"sync"
	"testing"

	"weir/internal/account"
	"weir/internal/outbound"
)

// visitor is a subscriber that records what reaches it.
type visitor struct {
	q       outbound.Queue
	mu      sync.Mutex // guards all below
	got     []string   // sid:payload
	names   bool       // record subjects instead
	full    bool       // record subject, reply, and body
	expired []string
	over    int
}

func newVisitor(limit int64) *visitor {
	v := new(visitor)
	v.q.Init(v, limit)
	return v
}

func (v *visitor) Flush(outbound.Scratch) outbound.Scratch {
	var t outbound.Taken
	var wrote int64
	for v.q.Take(&t, wrote) {
		wrote = t.Cost
		v.mu.Lock()
		for _, it := range t.All {
			switch {
			case v.names:
				v.got = append(v.got, string(it.Msg.Subject()))
			case v.full:
				v.got = append(v.got, fmt.Sprintf("%s %s %s%s", it.Msg.Subject(), it.Msg.Reply(), it.Msg.Header(), it.Msg.Payload()))
			default:
				v.got = append(v.got, it.SID+":"+string(it.Msg.Payload()))
			}
		}
		v.mu.Unlock()
	}
	return nil
}

func (v *visitor) Expired(s *account.Sub) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.expired = append(v.expired, s.SID)
}

func (v *visitor) Overflowed() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.over++
}

func (v *visitor) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.got)
}

func (v *visitor) sub(t testing.TB, a *account.Account, subject, queue, sid string) *account.Sub {
	t.Helper()
	s := &account.Sub{Subject: subject, Queue: queue, SID: sid, Owner: v, Out: &v.q}
	if err := a.Subscribe(s); err != nil {
		t.Fatal(err)
	}
	return s
}

// send publishes and flushes; it returns how many receivers there were.
func send(a *account.Account, p *account.Publisher, subject, payload string) int {
	n := a.Publish(p, &account.Pub{Subject: []byte(subject), Body: []byte(payload)})
	p.Flush()
	return n
}

func TestPublishReachesAllThatMatch(t *testing.T) {
	a, p := account.New("A"), new(account.Publisher)
	v, w := newVisitor(0), newVisitor(0)
	v.sub(t, a, "foo.bar", "", "1")
	v.sub(t, a, "foo.*", "", "2")
	w.sub(t, a, ">", "", "9")
	w.sub(t, a, "foo.baz", "", "8")
	if n := send(a, p, "foo.bar", "x"); n != 3 {
		t.Errorf("%d receivers, want 3", n)
	}
	if v.count() != 2 || w.count() != 1 {
		t.Errorf("got %q and %q", v.got, w.got)
	}
	if n := send(a, p, "nobody", "x"); n != 1 {
		t.Errorf("%d receivers of a subject that only > matches", n)
	}
}

func TestEveryMessageGoesToOneOfAGroup(t *testing.T) {
	a, p := account.New("A"), new(account.Publisher)
	var members []*visitor
	for range 5 {
		v := newVisitor(0)
		v.sub(t, a, "work", "g", "1")
		members = append(members, v)
	}
	plain := newVisitor(0)
	plain.sub(t, a, "work", "", "1")
	const n = 1000
	for range n {
		if got := send(a, p, "work", "x"); got != 2 {
			t.Fatalf("%d receivers, want a member and the plain one", got)
		}
	}
	total := 0
	for i, v := range members {
		if v.count() == 0 {
			t.Errorf("member %d got nothing", i)
		}
		total += v.count()
	}
	if total != n || plain.count() != n {
		t.Errorf("group got %d, plain %d, want %d", total, plain.count(), n)
	}
}

// A member that takes nothing more does not swallow the group's messages.
func TestGroupSkipsSealedMembers(t *testing.T) {
	a, p := account.New("A"), new(account.Publisher)
	dead, live := newVisitor(0), newVisitor(0)
	dead.sub(t, a, "work", "g", "1")
	live.sub(t, a, "work", "g", "1")
	dead.q.Discard()
	for range 100 {
		send(a, p, "work", "x")
	}
	if live.count() != 100 {
		t.Errorf("live member got %d of 100", live.count())
	}
}

func TestNoEcho(t *testing.T) {
	a := account.New("A")
	v, w := newVisitor(0), newVisitor(0)
	p := &account.Publisher{Self: v, NoEcho: true}
	v.sub(t, a, "foo", "", "1")
	v.sub(t, a, "foo", "g", "2")
	if n := send(a, p, "foo", "x"); n != 0 || v.count() != 0 {
		t.Errorf("own message came back: %d, %q", n, v.got)
	}
	w.sub(t, a, "foo", "g", "1")
	for range 20 {
		send(a, p, "foo", "x")
	}
	if w.count() != 20 {
		t.Errorf("the other member got %d of 20", w.count())
	}
}

func TestLimitExpiresOnce(t *testing.T) {
	a := account.New("A")
	v := newVisitor(0)
	s := v.sub(t, a, "foo", "", "1")
	if !s.Limit(50) {
		t.Fatal("a fresh subscription has already got 50 messages")
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			p := new(account.Publisher)
			for range 100 {
				send(a, p, "foo", "x")
			}
		})
	}
	wg.Wait()
	if v.count() != 50 || len(v.expired) != 1 {
		t.Errorf("got %d messages, %d expiries; want 50 and 1", v.count(), len(v.expired))
	}
	if a.Subs().Len() != 0 {
		t.Error("the subscription is still in the account")
	}
	if s.Limit(50) {
		t.Error("Limit(50) after 50 messages")
	}
}

func TestOverflowIsReportedOnce(t *testing.T) {
	a, p := account.New("A"), new(account.Publisher)
	slow, fast := newVisitor(200), newVisitor(0)
	slow.sub(t, a, "foo", "", "1")
	fast.sub(t, a, "foo", "", "1")
	for range 100 { // no flush in between: nothing leaves the queues
		a.Publish(p, &account.Pub{Subject: []byte("foo"), Body: []byte("0123456789")})
	}
	p.Flush()
	if slow.over != 1 {
		t.Errorf("%d overflows reported", slow.over)
	}
	if fast.count() != 100 {
		t.Errorf("the other receiver got %d of 100", fast.count())
	}
}

func TestUnsubscribedGetsNothing(t *testing.T) {
	a, p := account.New("A"), new(account.Publisher)
	v := newVisitor(0)
	s := v.sub(t, a, "foo", "", "1")
	send(a, p, "foo", "x") // fills the publisher's cache
	a.Unsubscribe(s)
	a.Unsubscribe(s)
	if n := send(a, p, "foo", "y"); n != 0 || v.count() != 1 {
		t.Errorf("%d receivers, %d messages after UNSUB", n, v.count())
	}
}

func TestRefusedSubjects(t *testing.T) {
	a, p := account.New("A"), new(account.Publisher)
	v := newVisitor(0)
	s := v.sub(t, a, ">", "", "1")
	s.Limit(1)
	guard := account.Guard(func(_ *account.Sub, subject, _ []byte) bool { return string(subject) != "secret" })
	s.SetGuard(&guard)
	if n := send(a, p, "secret", "x"); n != 0 {
		t.Errorf("%d receivers of a refused subject", n)
	}
	if n := send(a, p, "open", "x"); n != 1 { // what was refused does not count against the limit
		t.Errorf("%d receivers of another one", n)
	}
	s = v.sub(t, a, "secret", "", "2")
	s.SetGuard(&guard)
	s.SetGuard(nil)
	if n := send(a, p, "secret", "x"); n != 1 {
		t.Errorf("%d receivers without the guard", n)
	}
}

// A refused member of a queue group leaves the message to another one.
func TestRefusedInGroup(t *testing.T) {
	a, p := account.New("A"), new(account.Publisher)
	v, w := newVisitor(0), newVisitor(0)
	guard := account.Guard(func(*account.Sub, []byte, []byte) bool { return false })
	v.sub(t, a, "foo", "g", "1").SetGuard(&guard)
	w.sub(t, a, "foo", "g", "2")
	for range 20 {
		if n := send(a, p, "foo", "x"); n != 1 {
			t.Fatalf("%d receivers", n)
		}
	}
	if v.count() != 0 || w.count() != 20 {
		t.Errorf("the refused one got %d, the other one %d", v.count(), w.count())
	}
}

// A subscription that was removed while it came in does not stay.
func TestUnsubscribedBeforeSubscribed(t *testing.T) {
	a, v := account.New("A"), newVisitor(0)
	s := &account.Sub{Subject: "foo", SID: "1", Owner: v, Out: &v.q}
	a.Unsubscribe(s)
	if err := a.Subscribe(s); err != nil {
		t.Fatal(err)
	}
	if n := a.Subs().Len(); n != 0 {
		t.Errorf("%d subscriptions are left", n)
	}
}

func TestInvalidSubjectIsRefused(t *testing.T) {
	a, v := account.New("A"), newVisitor(0)
	for _, subject := range []string{"", "foo..bar", ".foo", "foo.", "foo.>.bar"} {
		if err := a.Subscribe(&account.Sub{Subject: subject, SID: "1", Owner: v, Out: &v.q}); err == nil {
			t.Errorf("%q was taken", subject)
		}
	}
}

// The wide flush loses nobody.
func TestWideFanOut(t *testing.T) {
	a, p := account.New("A"), new(account.Publisher)
	all := make([]*visitor, 1000)
	for i := range all {
		all[i] = newVisitor(0)
		all[i].sub(t, a, "feed", "", "1")
	}
	for i := range 10 {
		if n := send(a, p, "feed", fmt.Sprint(i)); n != len(all) {
			t.Fatalf("%d receivers", n)
		}
	}
	for i, v := range all {
		for j, text := range v.got {
			if text != fmt.Sprintf("1:%d", j) {
				t.Fatalf("visitor %d, message %d: %q", i, j, text)
			}
		}
		if len(v.got) != 10 {
			t.Fatalf("visitor %d got %d of 10", i, len(v.got))
		}
	}
}

// sink is a subscriber whose flush costs nothing.
type sink struct {
	q outbound.Queue
	t outbound.Taken
}

func (s *sink) Flush(outbound.Scratch) outbound.Scratch {
	var wrote int64
	for s.q.Take(&s.t, wrote) {
		wrote = s.t.Cost
	}
	return nil
}
func (s *sink) Expired(*account.Sub) {}
func (s *sink) Overflowed()          {}

func fanOut(tb testing.TB, n int) (*account.Account, *account.Publisher) {
	a := account.New("A")
	for range n {
		s := new(sink)
		s.q.Init(s, 0)
		s.q.AcceptCopies(false)
		if err := a.Subscribe(&account.Sub{Subject: "feed", SID: "1", Owner: s, Out: &s.q}); err != nil {
			tb.Fatal(err)
		}
	}
	return a, new(account.Publisher)
}

// A message costs two allocations, however many receivers it has.
func TestNoAllocationPerDelivery(t *testing.T) {
	a, p := fanOut(t, 200)
	pub := account.Pub{Subject: []byte("feed"), Body: make([]byte, 128)}
	run := func() {
		a.Publish(p, &pub)
		p.Flush()
	}
	run()
	if n := testing.AllocsPerRun(100, run); n > 2 {
		t.Errorf("%v allocations for 200 deliveries, want 2 for the message", n)
	}
}

// A message that one receiver gets costs none.
func TestNoAllocationForOneReceiver(t *testing.T) {
	a, p := fanOut(t, 1)
	p.Copies = true
	pub := account.Pub{Subject: []byte("feed"), Body: make([]byte, 128)}
	run := func() {
		a.Publish(p, &pub)
		p.Flush()
	}
	run()
	if n := testing.AllocsPerRun(100, run); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkPublishOne compares a message that is written into its receiver's queue at once with one that is made first.
func BenchmarkPublishOne(b *testing.B) {
	for _, size := range []int{16, 256, 4 << 10} {
		for _, copies := range []bool{true, false} {
			b.Run(fmt.Sprintf("size=%d/copies=%v", size, copies), func(b *testing.B) {
				a, p := fanOut(b, 1)
				p.Copies = copies
				pub := account.Pub{Subject: []byte("feed"), Body: make([]byte, size)}
				b.ReportAllocs()
				for b.Loop() {
					a.Publish(p, &pub)
					p.Flush()
				}
			})
		}
	}
}

// BenchmarkPublish leaves out encoding and the socket.
func BenchmarkPublish(b *testing.B) {
	for _, n := range []int{0, 1, 10, 1000, 10_000} {
		b.Run(fmt.Sprintf("receivers=%d", n), func(b *testing.B) {
			a, p := fanOut(b, n)
			pub := account.Pub{Subject: []byte("feed"), Body: make([]byte, 128)}
			b.ReportAllocs()
			for b.Loop() {
				a.Publish(p, &pub)
				p.Flush()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(max(n, 1)), "ns/delivery")
		})
	}
}
