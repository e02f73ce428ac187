package outbound_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"weir/internal/msg"
	"weir/internal/outbound"
)

// sender is a Flusher that records what it takes.
type sender struct {
	q   outbound.Queue
	mu  sync.Mutex // guards got
	got []string
}

func newSender(limit int64) *sender {
	s := new(sender)
	s.q.Init(s, limit)
	return s
}

func (s *sender) Flush(outbound.Scratch) outbound.Scratch {
	var t outbound.Taken
	var wrote int64
	for s.q.Take(&t, wrote) {
		wrote = t.Cost
		s.mu.Lock()
		s.got = append(s.got, parts(&t)...)
		s.mu.Unlock()
	}
	return nil
}

// parts is what was taken, each line and each sid of a message as one string.
func parts(t *outbound.Taken) (all []string) {
	if len(t.Frames) > 0 {
		all = append(all, string(t.Frames))
	}
	for text, it := range t.All {
		for line := range strings.Lines(string(text)) {
			all = append(all, strings.TrimSuffix(line, "\n"))
		}
		if it != nil {
			all = append(all, it.SID)
		}
	}
	if t.Closing {
		all = append(all, t.Last)
	}
	return all
}

func TestOnlyTheFirstPushOwesAFlush(t *testing.T) {
	s := newSender(0)
	if o := s.q.PushLine("a\n"); o != outbound.Owed {
		t.Fatalf("first push: %v", o)
	}
	for range 100 {
		if o := s.q.PushLine("b\n"); o != outbound.Queued {
			t.Fatalf("later push: %v", o)
		}
	}
	s.q.Flush(nil)
	if len(s.got) != 101 || s.got[0] != "a" {
		t.Fatalf("got %d lines: %q", len(s.got), s.got)
	}
	if p := s.q.Pending(); p != 0 {
		t.Errorf("pending %d after the flush", p)
	}
	if o := s.q.PushLine("c\n"); o != outbound.Owed {
		t.Errorf("push after the flush: %v", o)
	}
}

func TestOverflowIsSeenOnce(t *testing.T) {
	s := newSender(100)
	m := msg.New([]byte("foo"), nil, make([]byte, 60), 0)
	item := outbound.Item{Msg: m, SID: "1"}
	want := []outbound.Outcome{outbound.Owed, outbound.Overflow, outbound.Sealed, outbound.Sealed}
	for i, w := range want {
		if o := s.q.Push(item); o != w {
			t.Errorf("push %d: got %v, want %v", i, o, w)
		}
	}
}

func TestPendingCountsUntilWritten(t *testing.T) {
	s := newSender(0)
	s.q.PushLine("12345")
	var taken outbound.Taken
	if !s.q.Take(&taken, 0) || taken.Cost != 5 {
		t.Fatalf("took cost %d", taken.Cost)
	}
	s.q.PushLine("678")
	if p := s.q.Pending(); p != 8 {
		t.Errorf("pending %d while the first is being written, want 8", p)
	}
	if !s.q.Take(&taken, 5) || taken.Cost != 3 {
		t.Errorf("second take: cost %d", taken.Cost)
	}
	if s.q.Take(&taken, 3) {
		t.Error("took from an empty queue")
	}
}

func TestFinishIsLastAndFirstWins(t *testing.T) {
	s := newSender(0)
	s.q.PushLine("a\n")
	if owed, first := s.q.Finish("b\n", "end"); owed || !first {
		t.Errorf("finish: owed %v, first %v", owed, first)
	}
	if owed, first := s.q.Finish("", "other"); owed || first {
		t.Errorf("second finish: owed %v, first %v", owed, first)
	}
	if o := s.q.PushLine("late"); o != outbound.Sealed {
		t.Errorf("push after the end: %v", o)
	}
	s.q.Flush(nil)
	if want := []string{"a", "b", "end"}; !slices.Equal(s.got, want) {
		t.Errorf("got %q, want %q", s.got, want)
	}
}

// Only a queue in which nothing waits, and which nobody flushes, can be sealed without a last word.
func TestSeal(t *testing.T) {
	s := newSender(0)
	if s.q.PushLine("a\n") != outbound.Owed || s.q.Seal() {
		t.Error("sealed while a line waited")
	}
	var taken outbound.Taken
	if !s.q.Take(&taken, 0) || s.q.Seal() {
		t.Error("sealed while a line was written")
	}
	if s.q.Take(&taken, taken.Cost) || !s.q.Seal() || s.q.Seal() {
		t.Error("not sealed once when nothing was left to do")
	}
	if o := s.q.PushLine("b\n"); o != outbound.Sealed {
		t.Errorf("a push afterwards: %v", o)
	}
	if owed, first := s.q.Finish("c\n", "d"); owed || first {
		t.Error("it can be finished once more")
	}
}

func TestDiscardDropsAll(t *testing.T) {
	s := newSender(0)
	for i := range 200 {
		s.q.PushLine(fmt.Sprintln(i))
	}
	s.q.Discard()
	s.q.Flush(nil)
	if len(s.got) != 0 {
		t.Errorf("got %d items after Discard", len(s.got))
	}
}

// Any interleaving of pushes and takes keeps each publisher's order and loses nothing.
func TestConcurrentPublishersKeepTheirOrder(t *testing.T) {
	const publishers, each = 8, 2000
	s := newSender(0)
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := range each {
				if s.q.PushLine(fmt.Sprintf("%d:%d\n", p, i)) == outbound.Owed {
					s.q.Flush(nil)
				}
			}
		})
	}
	wg.Wait()
	next := make([]int, publishers)
	for _, text := range s.got {
		var p, i int
		fmt.Sscanf(text, "%d:%d", &p, &i)
		if i != next[p] {
			t.Fatalf("publisher %d: got %d, want %d", p, i, next[p])
		}
		next[p]++
	}
	for p, n := range next {
		if n != each {
			t.Errorf("publisher %d: %d of %d arrived", p, n, each)
		}
	}
	if n := s.q.Pending(); n != 0 {
		t.Errorf("pending %d at the end", n)
	}
}

// Large messages are handed out about a megabyte at a time, and a control frame that comes meanwhile is in the next hand.
func TestFramesOvertakeLargeMessages(t *testing.T) {
	var q outbound.Queue
	q.Init(newSender(0), 0)
	m := msg.New([]byte("foo"), nil, make([]byte, 300_000), 0)
	for i := range 70 {
		q.Push(outbound.Item{Msg: m, SID: fmt.Sprint(i)})
	}
	var taken outbound.Taken
	var wrote int64
	next, takes := 0, 0
	for q.Take(&taken, wrote) {
		wrote = taken.Cost
		if takes++; takes == 3 {
			q.PushFrame("pong")
		}
		if got := string(taken.Frames); (takes == 4) != (got == "pong") {
			t.Errorf("take %d has frames %q", takes, got)
		}
		if taken.Cost > 1_500_000 {
			t.Errorf("take %d costs %d", takes, taken.Cost)
		}
		for _, it := range taken.All {
			if it.SID != fmt.Sprint(next) {
				t.Fatalf("got item %s, want %d", it.SID, next)
			}
			next++
		}
	}
	if next != 70 || q.Pending() != 0 {
		t.Errorf("%d items, pending %d", next, q.Pending())
	}
}

// FuzzQueue plays pushes and takes against a plain list.
func FuzzQueue(f *testing.F) {
	f.Add(uint64(1), uint16(50))
	f.Add(uint64(7), uint16(500))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint16) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var q outbound.Queue
		q.Init(newSender(0), 0)
		q.AcceptCopies(false)
		small := msg.New([]byte("foo"), nil, []byte("hello"), 0)
		large := msg.New([]byte("foo"), nil, make([]byte, 400_000), 0)
		var model, got []string
		var taken outbound.Taken
		var wrote, pending, copies int64
		for i := range int(steps) {
			text, before := fmt.Sprint(i), q.Pending()
			switch rng.IntN(6) {
			case 0, 1:
				q.Push(outbound.Item{Msg: small, SID: text})
				model = append(model, text)
			case 2:
				q.Push(outbound.Item{Msg: large, SID: text})
				model = append(model, text)
			case 3:
				q.PushLine(text + "\n")
				model = append(model, text)
			case 4:
				q.PushCopy(text, []byte("bar"), nil, []byte("body"), 0)
				model = append(model, "MSG bar "+text+" 4\r", "body\r")
			default:
				q.Take(&taken, wrote)
				before -= wrote
				wrote = taken.Cost
				copies += taken.Msgs
				got = append(got, parts(&taken)...)
				if p := q.Pending(); p != before {
					t.Fatalf("pending %d after a take, want %d", p, before)
				}
				pending = before
				continue
			}
			if pending = q.Pending(); pending <= before {
				t.Fatalf("pending went from %d to %d by a push", before, pending)
			}
		}
		if !slices.Equal(got, model[:len(got)]) {
			t.Fatalf("order: got %q, want %q", got, model)
		}
		if n := strings.Count(strings.Join(got, ""), "MSG"); int64(n) != copies {
			t.Errorf("%d copies counted of %d", copies, n)
		}
	})
}

// A message that one receiver gets is written at once, in the form that the receiver knows.
func TestPushCopy(t *testing.T) {
	for _, c := range []struct {
		accepts, headers bool
		reply            string
		header           int
		want             string
		outcome          outbound.Outcome
	}{
		{false, false, "", 0, "", outbound.Refused},
		{true, false, "", 0, "MSG foo 7 5\r\nhello\r\n", outbound.Owed},
		{true, false, "bar", 0, "MSG foo 7 bar 5\r\nhello\r\n", outbound.Owed},
		{true, false, "", 2, "", outbound.Refused},
		{true, true, "bar", 2, "HMSG foo 7 bar 2 5\r\nhello\r\n", outbound.Owed},
	} {
		var q outbound.Queue
		q.Init(newSender(0), 0)
		if c.accepts {
			q.AcceptCopies(c.headers)
		}
		if o := q.PushCopy("7", []byte("foo"), []byte(c.reply), []byte("hello"), c.header); o != c.outcome {
			t.Errorf("%+v: outcome %v", c, o)
			continue
		}
		if c.want == "" {
			continue
		}
		var taken outbound.Taken
		q.Take(&taken, 0)
		text, ok := taken.Swap(make([]byte, 0, 64))
		if got := string(text[msg.Headroom:]); !ok || got != c.want || taken.Msgs != 1 || taken.Bytes != 5 {
			t.Errorf("%+v: got %q, %d messages of %d bytes", c, got, taken.Msgs, taken.Bytes)
		}
	}
}

// Receivers that get the same can be told from those that do not.
func TestSame(t *testing.T) {
	a, b := msg.New([]byte("foo"), nil, []byte("a"), 0), msg.New([]byte("foo"), nil, []byte("a"), 0)
	a.Expect(3)
	b.Expect(3)
	many := func(q *outbound.Queue) {
		for range 100 {
			q.Push(outbound.Item{Msg: a, SID: "1"})
		}
	}
	fills := map[string]func(q *outbound.Queue){
		"a":          func(q *outbound.Queue) { q.Push(outbound.Item{Msg: a, SID: "1"}) },
		"b":          func(q *outbound.Queue) { q.Push(outbound.Item{Msg: b, SID: "1"}) },
		"other sid":  func(q *outbound.Queue) { q.Push(outbound.Item{Msg: a, SID: "2"}) },
		"many":       many,
		"many, line": func(q *outbound.Queue) { many(q); q.PushLine("PONG\r\n") },
		"line, many": func(q *outbound.Queue) { q.PushLine("PONG\r\n"); many(q) },
	}
	take := func(fill func(*outbound.Queue)) *outbound.Taken {
		var q outbound.Queue
		q.Init(newSender(0), 0)
		fill(&q)
		taken := new(outbound.Taken)
		q.Take(taken, 0)
		return taken
	}
	for x, fillX := range fills {
		for y, fillY := range fills {
			if same := take(fillX).Same(take(fillY)); same != (x == y) {
				t.Errorf("%s and %s: same %v", x, y, same)
			}
		}
		if !take(fillX).Shared() {
			t.Errorf("%s is not shared", x)
		}
	}
	for name, more := range map[string]func(q *outbound.Queue){
		"frame": func(q *outbound.Queue) { q.PushFrame("ping") },
		"end":   func(q *outbound.Queue) { q.Finish("", "close") },
	} {
		with := take(func(q *outbound.Queue) { fills["a"](q); more(q) })
		if with.Shared() || with.Same(with) {
			t.Errorf("with a %s it counts as the same", name)
		}
	}
}

func TestPushAndTakeDoNotAllocate(t *testing.T) {
	s := newSender(0)
	s.q.AcceptCopies(false)
	m := msg.New([]byte("foo"), nil, []byte("hello"), 0)
	var taken outbound.Taken
	run := func() {
		for range 40 {
			s.q.Push(outbound.Item{Msg: m, SID: "1"})
			s.q.PushCopy("1", m.Subject(), nil, m.Payload(), 0)
		}
		s.q.Take(&taken, 0)
		s.q.Take(&taken, taken.Cost)
	}
	run()
	// Under the race detector a pool forgets a quarter of what it is given; an allocation per push would be 80.
	if n := testing.AllocsPerRun(1000, run); n > 8 {
		t.Errorf("%v allocations for 80 pushes and a take", n)
	}
}

func BenchmarkPushTake(b *testing.B) {
	s := newSender(0)
	m := msg.New([]byte("foo"), nil, []byte("hello"), 0)
	var taken outbound.Taken
	b.ReportAllocs()
	for b.Loop() {
		s.q.Push(outbound.Item{Msg: m, SID: "1"})
		s.q.Take(&taken, 0)
		s.q.Take(&taken, taken.Cost)
	}
}

func BenchmarkPushCopy(b *testing.B) {
	s := newSender(0)
	s.q.AcceptCopies(false)
	subject, body := []byte("foo.bar"), make([]byte, 64)
	var taken outbound.Taken
	b.ReportAllocs()
	for b.Loop() {
		s.q.PushCopy("1", subject, nil, body, 0)
		s.q.Take(&taken, 0)
		s.q.Take(&taken, taken.Cost)
	}
}
