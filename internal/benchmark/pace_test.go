package benchmark

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// waits calls wait n times and returns the results in milliseconds.
func waits(t *testing.T, p *pace, n int) (at []int64) {
	t.Helper()
	for range n {
		ns, ok := p.wait(t.Context())
		if !ok {
			t.Fatal("not ok")
		}
		at = append(at, ns/int64(time.Millisecond))
	}
	return at
}

func equal(t *testing.T, what string, got []int64, want ...int64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d, want %d", what, got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: %d, want %d", what, got, want)
			return
		}
	}
}

func TestPaceDividesARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := clock{time.Now()}
		first, second := newPace(k, 10, 0, 2), newPace(k, 10, 1, 2)
		equal(t, "first", waits(t, first, 3), 0, 200, 400)
		if first.ready() {
			t.Error("one is ready before it is due")
		}
		equal(t, "second", waits(t, second, 4), 100, 300, 500, 700)
	})
}

// TestPaceCountsWhatHoldsItUp: a load that is held up has its messages due when they were due.
func TestPaceCountsWhatHoldsItUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(clock{time.Now()}, 10, 0, 1)
		equal(t, "before", waits(t, p, 2), 0, 100)
		time.Sleep(350 * time.Millisecond) // the server takes nothing
		if !p.ready() {
			t.Error("none is ready")
		}
		equal(t, "behind", waits(t, p, 4), 200, 300, 400, 500)
	})
}

// TestPaceLeavesOutTheTimer: what was due while the timer was late counts from its ring.
func TestPaceLeavesOutTheTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(clock{time.Now()}, 10, 0, 1)
		equal(t, "first", waits(t, p, 1), 0)
		p.woke = int64(250 * time.Millisecond) // as if the sleep until 100 ms had lasted so long
		time.Sleep(250 * time.Millisecond)
		equal(t, "late", waits(t, p, 3), 250, 250, 300)
	})
}

func TestPaceWithoutRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(clock{time.Now()}, 0, 0, 1)
		equal(t, "at once", waits(t, p, 2), 0, 0)
		time.Sleep(time.Second)
		equal(t, "at once", waits(t, p, 1), 1000)
		if !p.ready() {
			t.Error("none is ready")
		}
	})
}

func TestPaceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(clock{time.Now()}, 1, 0, 1)
		equal(t, "first", waits(t, p, 1), 0)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		for range 2 { // asleep, and ended before
			if at, ok := p.wait(ctx); ok {
				t.Errorf("due at %d", at)
			}
		}
	})
}
