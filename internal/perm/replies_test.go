package perm_test

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/internal/perm"
)

func answering(t testing.TB, r perm.Responses, publish perm.Rule) (*perm.Set, *perm.Replies) {
	t.Helper()
	s := compile(t, perm.Config{Publish: publish, Responses: &r})
	return s, s.NewReplies()
}

// use asks n times and checks that only the first allowed are granted.
func use(t *testing.T, r *perm.Replies, name string, now time.Time, n, allowed int) {
	t.Helper()
	for i := range n {
		if got := r.Use([]byte(name), now); got != (i < allowed) {
			t.Fatalf("answer %d of %d to %s: %v", i+1, allowed, name, got)
		}
	}
}

func TestRepliesCount(t *testing.T) {
	now := time.Unix(0, 0)
	for _, c := range []struct{ max, allowed int }{{0, 1}, {1, 1}, {3, 3}, {-1, 10}, {math.MaxInt, 10}} {
		s, r := answering(t, perm.Responses{MaxMsgs: c.max}, perm.Rule{})
		if s.CanPublish([]byte("inbox.x")) {
			t.Error("Responses must take away what is not allowed by name")
		}
		use(t, r, "inbox.x", now, 1, 0)
		r.Expect([]byte("inbox.x"), now)
		use(t, r, "inbox.y", now, 1, 0)
		use(t, r, "inbox.x", now, 10, c.allowed)
		// A second request allows as many again, also on top of what the first left.
		r.Expect([]byte("inbox.z"), now)
		r.Expect([]byte("inbox.z"), now)
		use(t, r, "inbox.z", now, 10, min(10, 2*c.allowed))
	}
}

func TestRepliesTime(t *testing.T) {
	start := time.Unix(0, 0)
	for _, c := range []struct {
		ttl, after time.Duration
		allowed    int
	}{
		{0, perm.DefaultTTL, 1},
		{0, perm.DefaultTTL + 1, 0},
		{time.Second, time.Second, 1},
		{time.Second, time.Second + 1, 0},
		{-1, 1000 * time.Hour, 1},
	} {
		_, r := answering(t, perm.Responses{TTL: c.ttl}, perm.Rule{})
		r.Expect([]byte("a"), start)
		use(t, r, "a", start.Add(c.after), 2, c.allowed)
		if r.Len() != 0 {
			t.Errorf("%d are kept", r.Len())
		}
	}
	// Asking again makes a request young; the others expire around it.
	_, r := answering(t, perm.Responses{TTL: time.Second}, perm.Rule{})
	for _, s := range []string{"a", "b", "c"} {
		r.Expect([]byte(s), start)
	}
	r.Expect([]byte("b"), start.Add(time.Second))
	r.Expect([]byte("a"), start.Add(time.Second))
	now := start.Add(2 * time.Second)
	use(t, r, "c", now, 1, 0)
	use(t, r, "a", now, 3, 2)
	use(t, r, "b", now, 3, 2)
}

// TestRepliesAndDeny: an answer goes where a deny entry forbids it, as in nats-server.
func TestRepliesAndDeny(t *testing.T) {
	now := time.Unix(0, 0)
	s, r := answering(t, perm.Responses{}, perm.Rule{Allow: []string{"foo"}, Deny: []string{"inbox.deny"}})
	r.Expect([]byte("inbox.deny"), now)
	r.Expect([]byte("foo"), now)
	r.Expect(nil, now)
	if s.CanPublish([]byte("inbox.deny")) || !s.CanPublish([]byte("foo")) || r.Len() != 1 {
		t.Errorf("%d are kept, want only the one that is not allowed anyway", r.Len())
	}
	use(t, r, "inbox.deny", now, 2, 1)
}

func TestRepliesAreBounded(t *testing.T) {
	now := time.Unix(0, 0)
	_, r := answering(t, perm.Responses{TTL: -1}, perm.Rule{})
	reply := func(i int) []byte { return fmt.Appendf(nil, "%d.%s", i, strings.Repeat("x", 4000)) }
	const n = 20_000
	for i := range n {
		r.Expect(reply(i), now)
	}
	if kept := r.Len(); kept < 3000 || kept > 4500 {
		t.Errorf("%d requests of 4 KB are kept, 16 MiB are allowed", kept)
	}
	if r.Use(reply(0), now) || !r.Use(reply(n-1), now) {
		t.Error("the oldest must go, not the newest")
	}
}

func TestNilReplies(t *testing.T) {
	r := compile(t, perm.Config{Publish: perm.Rule{Allow: []string{"foo"}}}).NewReplies()
	r.Expect([]byte("a"), time.Unix(0, 0))
	if r != nil || r.Use([]byte("a"), time.Unix(0, 0)) || r.Len() != 0 {
		t.Error("a user without Responses may answer")
	}
}

func TestRepliesConcurrent(t *testing.T) {
	_, r := answering(t, perm.Responses{TTL: time.Second}, perm.Rule{})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 2000 {
				name := fmt.Appendf(nil, "inbox.%d.%d", g, i)
				r.Expect(name, time.Unix(0, 0))
				if !r.Use(name, time.Unix(0, 0)) {
					t.Errorf("%s is refused", name)
				}
			}
		})
	}
	wg.Wait()
	if r.Len() != 0 {
		t.Errorf("%d are kept", r.Len())
	}
}

func BenchmarkReplies(b *testing.B) {
	_, r := answering(b, perm.Responses{}, perm.Rule{})
	now, name := time.Unix(0, 0), []byte("_INBOX.K4Fk1b0X9QZL2v0100000.x7Gh2a9B")
	b.ReportAllocs()
	for b.Loop() {
		r.Expect(name, now)
		r.Use(name, now)
	}
}

// What was asked stays open under other permissions, if they bound answers alike.
func TestKeepReplies(t *testing.T) {
	now := time.Unix(0, 0)
	_, r := answering(t, perm.Responses{MaxMsgs: 2}, perm.Rule{})
	r.Expect([]byte("inbox.x"), now)
	same := compile(t, perm.Config{Publish: perm.Rule{Allow: []string{"a"}}, Responses: &perm.Responses{MaxMsgs: 2}})
	more := compile(t, perm.Config{Responses: &perm.Responses{MaxMsgs: 3}})
	use(t, more.KeepReplies(r), "inbox.x", now, 1, 0)
	use(t, same.KeepReplies(nil), "inbox.x", now, 1, 0)
	use(t, same.KeepReplies(r), "inbox.x", now, 3, 2)
	if compile(t, perm.Config{}).KeepReplies(r) != nil {
		t.Error("kept without permission to answer")
	}
}
