package outbound_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
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

func (s *sender) Flush() {
	var t outbound.Taken
	var wrote int64
	for s.q.Take(&t, wrote) {
		wrote = t.Cost
		s.mu.Lock()
		for it := range t.All {
			s.got = append(s.got, it.Text)
		}
		s.mu.Unlock()
	}
}

func line(text string) outbound.Item { return outbound.Item{Kind: outbound.Line, Text: text} }

func TestOnlyTheFirstPushOwesAFlush(t *testing.T) {
	s := newSender(0)
	if o := s.q.Push(line("a")); o != outbound.Owed {
		t.Fatalf("first push: %v", o)
	}
	for range 100 {
		if o := s.q.Push(line("b")); o != outbound.Queued {
			t.Fatalf("later push: %v", o)
		}
	}
	s.q.Flush()
	if len(s.got) != 101 || s.got[0] != "a" {
		t.Fatalf("got %d items, first %q", len(s.got), s.got[0])
	}
	if p := s.q.Pending(); p != 0 {
		t.Errorf("pending %d after the flush", p)
	}
	if o := s.q.Push(line("c")); o != outbound.Owed {
		t.Errorf("push after the flush: %v", o)
	}
}

func TestOverflowIsSeenOnce(t *testing.T) {
	s := newSender(100)
	m := msg.New([]byte("foo"), nil, make([]byte, 60), 0)
	item := outbound.Item{Msg: m, Text: "1"}
	want := []outbound.Outcome{outbound.Owed, outbound.Overflow, outbound.Sealed, outbound.Sealed}
	for i, w := range want {
		if o := s.q.Push(item); o != w {
			t.Errorf("push %d: got %v, want %v", i, o, w)
		}
	}
}

func TestPendingCountsUntilWritten(t *testing.T) {
	s := newSender(0)
	s.q.Push(line("12345"))
	var taken outbound.Taken
	if !s.q.Take(&taken, 0) || taken.Cost != 5 {
		t.Fatalf("took cost %d", taken.Cost)
	}
	s.q.Push(line("678"))
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
	s.q.Push(line("a"))
	if owed, first := s.q.Finish(line("b"), line("end")); owed || !first {
		t.Errorf("finish: owed %v, first %v", owed, first)
	}
	if owed, first := s.q.Finish(line("other")); owed || first {
		t.Errorf("second finish: owed %v, first %v", owed, first)
	}
	if o := s.q.Push(line("late")); o != outbound.Sealed {
		t.Errorf("push after the end: %v", o)
	}
	s.q.Flush()
	if want := []string{"a", "b", "end"}; !slices.Equal(s.got, want) {
		t.Errorf("got %q, want %q", s.got, want)
	}
}

func TestDiscardDropsAll(t *testing.T) {
	s := newSender(0)
	for i := range 200 {
		s.q.Push(line(fmt.Sprint(i)))
	}
	s.q.Discard()
	s.q.Flush()
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
				if s.q.Push(line(fmt.Sprintf("%d:%d", p, i))) == outbound.Owed {
					s.q.Flush()
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
		q.Push(outbound.Item{Msg: m, Text: fmt.Sprint(i)})
	}
	var taken outbound.Taken
	var wrote int64
	next, takes := 0, 0
	for q.Take(&taken, wrote) {
		wrote = taken.Cost
		if takes++; takes == 3 {
			q.Push(outbound.Item{Kind: outbound.Frame, Text: "pong"})
		}
		if got := string(taken.Frames); (takes == 4) != (got == "pong") {
			t.Errorf("take %d has frames %q", takes, got)
		}
		if taken.Cost > 1_500_000 {
			t.Errorf("take %d costs %d", takes, taken.Cost)
		}
		for it := range taken.All {
			if it.Text != fmt.Sprint(next) {
				t.Fatalf("got item %s, want %d", it.Text, next)
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
		large := msg.New([]byte("foo"), nil, make([]byte, 400_000), 0)
		var model, got []string
		var taken outbound.Taken
		var wrote, pending int64
		for i := range int(steps) {
			if rng.IntN(3) > 0 {
				text := fmt.Sprint(i)
				it := line(text)
				if rng.IntN(4) == 0 {
					it = outbound.Item{Msg: large, Text: text}
				}
				before := q.Pending()
				q.Push(it)
				model = append(model, text)
				pending += q.Pending() - before
				continue
			}
			q.Take(&taken, wrote)
			pending -= wrote
			wrote = taken.Cost
			for it := range taken.All {
				got = append(got, it.Text)
			}
			if p := q.Pending(); p != pending {
				t.Fatalf("pending %d, want %d", p, pending)
			}
		}
		if !slices.Equal(got, model[:len(got)]) {
			t.Fatalf("order: got %q, want %q", got, model)
		}
	})
}

func TestPushAndTakeDoNotAllocate(t *testing.T) {
	s := newSender(0)
	m := msg.New([]byte("foo"), nil, []byte("hello"), 0)
	var taken outbound.Taken
	run := func() {
		for range 40 {
			s.q.Push(outbound.Item{Msg: m, Text: "1"})
		}
		s.q.Take(&taken, 0)
		s.q.Take(&taken, taken.Cost)
	}
	run()
	if n := testing.AllocsPerRun(1000, run); n >= 1 {
		t.Errorf("%v allocations for 40 pushes and a take", n)
	}
}

func BenchmarkPushTake(b *testing.B) {
	s := newSender(0)
	m := msg.New([]byte("foo"), nil, []byte("hello"), 0)
	var taken outbound.Taken
	b.ReportAllocs()
	for b.Loop() {
		s.q.Push(outbound.Item{Msg: m, Text: "1"})
		s.q.Take(&taken, 0)
		s.q.Take(&taken, taken.Cost)
	}
}
