package account_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"weir/internal/account"
)

// burst publishes the messages 0 to n-1, which may wait. With more, all but the first go the short way.
func burst(a *account.Account, p *account.Publisher, subject string, n int, more bool) {
	for i := range n {
		body := fmt.Append(nil, i)
		if more && i > 0 && p.Runs() && p.More(body) {
			continue
		}
		a.Publish(p, &account.Pub{Subject: []byte(subject), Body: body, Again: i > 0, Later: true})
	}
}

// Messages that waited for each other reach everybody who would have got them one by one, in the same order.
func TestRuns(t *testing.T) {
	const five = "1:0 1:1 1:2 1:3 1:4"
	others := func(n int) func(t *testing.T, a *account.Account, p *account.Publisher, v *visitor) {
		return func(t *testing.T, a *account.Account, _ *account.Publisher, v *visitor) {
			v.sub(t, a, "foo", "", "1")
			for range n {
				newVisitor(0).sub(t, a, "foo", "", "1")
			}
		}
	}
	for _, row := range []struct {
		name  string
		limit int64
		set   func(t *testing.T, a *account.Account, p *account.Publisher, v *visitor)
		want  string
	}{
		{"one receiver", 0, others(0), five},
		{"three", 0, others(2), five},
		{"many", 0, others(30), five},
		{"two subscriptions of one visitor", 0, func(t *testing.T, a *account.Account, _ *account.Publisher, v *visitor) {
			v.sub(t, a, "foo", "", "1")
			v.sub(t, a, "*", "", "2")
		}, "1:0 2:0 1:1 2:1 1:2 2:2 1:3 2:3 1:4 2:4"},
		{"two among many", 0, func(t *testing.T, a *account.Account, p *account.Publisher, v *visitor) {
			others(30)(t, a, p, v)
			v.sub(t, a, "*", "", "2")
		}, "1:0 2:0 1:1 2:1 1:2 2:2 1:3 2:3 1:4 2:4"},
		{"a limit", 0, func(t *testing.T, a *account.Account, _ *account.Publisher, v *visitor) {
			v.sub(t, a, "foo", "", "1").Limit(3)
			newVisitor(0).sub(t, a, "foo", "", "1")
		}, "1:0 1:1 1:2"},
		{"a limit of all", 0, func(t *testing.T, a *account.Account, _ *account.Publisher, v *visitor) {
			v.sub(t, a, "foo", "", "1").Limit(5)
		}, five},
		{"a guard", 0, func(t *testing.T, a *account.Account, p *account.Publisher, v *visitor) {
			n := 0
			var odd account.Guard = func(*account.Sub, []byte, []byte) bool { n++; return n%2 == 0 }
			v.sub(t, a, "foo", "", "1").SetGuard(&odd)
			newVisitor(0).sub(t, a, "foo", "", "1")
		}, "1:1 1:3"},
		{"too much", 70, others(1), "1:0 1:1 1:2"},
		{"no echo", 0, func(t *testing.T, a *account.Account, p *account.Publisher, v *visitor) {
			p.Self, p.NoEcho = v, true
			v.sub(t, a, "foo", "", "1")
			newVisitor(0).sub(t, a, "foo", "", "1")
		}, ""},
		{"a queue group", 0, func(t *testing.T, a *account.Account, _ *account.Publisher, v *visitor) {
			v.sub(t, a, "foo", "q", "1")
		}, five},
		{"gone meanwhile", 0, func(t *testing.T, a *account.Account, _ *account.Publisher, v *visitor) {
			v.q.Seal()
			others(1)(t, a, nil, v)
		}, ""},
	} {
		for _, way := range []string{"together", "the short way", "one by one", "as text"} {
			t.Run(row.name+", "+way, func(t *testing.T) {
				a, p, v := account.New("A"), new(account.Publisher), newVisitor(row.limit)
				row.set(t, a, p, v)
				if way == "one by one" {
					for i := range 5 {
						a.Publish(p, &account.Pub{Subject: []byte("foo"), Body: fmt.Append(nil, i), Again: i > 0})
					}
				} else {
					p.Copies = way == "as text" // which nobody here takes
					burst(a, p, "foo", 5, way == "the short way")
				}
				p.Flush()
				if got := strings.Join(v.got, " "); got != row.want {
					t.Errorf("got %q, want %q", got, row.want)
				}
				if want := min(1, max(0, int(row.limit))); v.over != want {
					t.Errorf("%d overflows, want %d", v.over, want)
				}
				if limited := strings.HasPrefix(row.name, "a limit"); limited != (len(v.expired) == 1) {
					t.Errorf("expired: %q", v.expired)
				}
			})
		}
	}
}

// A run ends where something else comes: another subject, a message that may not wait, a line, a new subscriber, and a full one.
func TestRunsEnd(t *testing.T) {
	a, p, v, w := account.New("A"), new(account.Publisher), newVisitor(0), newVisitor(0)
	v.sub(t, a, ">", "", "1")
	burst(a, p, "foo", 2, true)
	burst(a, p, "bar", 2, true)
	a.Publish(p, &account.Pub{Subject: []byte("bar"), Reply: []byte("r"), Body: []byte("now"), Again: true})
	burst(a, p, "bar", 2, false)
	if p.PushLine(&v.q, "line\n"); v.q.Pending() == 0 {
		t.Error("nothing waits")
	}
	burst(a, p, "bar", 1, false)
	w.sub(t, a, "bar", "", "9")
	a.Publish(p, &account.Pub{Subject: []byte("bar"), Body: []byte("late"), Again: true, Later: true})
	burst(a, p, "many", 200, true)
	burst(a, p, "large", 2, false)
	a.Publish(p, &account.Pub{Subject: []byte("large"), Body: make([]byte, 5000), Again: true, Later: true})
	p.Flush()
	want := []string{"1:0", "1:1", "1:0", "1:1", "1:now", "1:0", "1:1", "1:0", "1:late"}
	for i := range 200 {
		want = append(want, fmt.Sprint("1:", i))
	}
	want = append(want, "1:0", "1:1", "1:"+string(make([]byte, 5000)))
	if !slices.Equal(v.got, want) {
		t.Errorf("got %q", v.got)
	}
	if !slices.Equal(w.got, []string{"9:late"}) {
		t.Errorf("the new one got %q", w.got)
	}
	const n = 2 + 2 + 1 + 2 + 1 + 2 + 200 + 3
	if kept := a.Kept(); kept.OutMsgs != n || kept.OutBytes != 7+3+2*4+490+2+5000 {
		t.Errorf("counted: %+v, want %d messages", kept, n)
	}
}

// What nobody wants leaves nothing behind, and each message counts as a look into the cache.
func TestRunForNobody(t *testing.T) {
	a, p := account.New("A"), new(account.Publisher)
	burst(a, p, "foo", 100, true)
	p.Flush()
	p.Release()
	if s := a.Subs().Stats(); s.CacheHits != 99 {
		t.Errorf("%d hits, want 99", s.CacheHits)
	}
}

// A message of a run costs no more allocations than one by itself, and one that a single receiver gets none.
func TestNoAllocationPerDeliveryOfRuns(t *testing.T) {
	for _, row := range []struct {
		receivers int
		most      float64
	}{{1, 0}, {200, 2*16 + 2}} {
		a, p := fanOut(t, row.receivers)
		p.Copies = true
		pub := account.Pub{Subject: []byte("feed"), Body: make([]byte, 16), Later: true}
		run := func() {
			pub.Again = false
			a.Publish(p, &pub)
			for range 15 {
				p.More(pub.Body)
			}
			p.Flush()
		}
		run()
		if n := testing.AllocsPerRun(100, run); n > row.most {
			t.Errorf("%v allocations for 16 messages to %d receivers, want %v", n, row.receivers, row.most)
		}
	}
}

// BenchmarkRun is BenchmarkPublish for 16 messages in a row.
func BenchmarkRun(b *testing.B) {
	for _, n := range []int{1, 10, 1000} {
		for _, later := range []bool{false, true} {
			b.Run(fmt.Sprintf("receivers=%d/together=%v", n, later), func(b *testing.B) {
				a, p := fanOut(b, n)
				p.Copies = true
				pub := account.Pub{Subject: []byte("feed"), Body: make([]byte, 128), Later: later}
				b.ReportAllocs()
				for b.Loop() {
					for i := range 16 {
						pub.Again = i > 0
						a.Publish(p, &pub)
					}
					p.Flush()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(16*n), "ns/delivery")
			})
		}
	}
}
