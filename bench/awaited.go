package main

import (
	"fmt"
	"sync/atomic"

	"weir/bench/load"
)

// awaited counts messages that were published and have not come yet, of all clients of a loop together.
type awaited struct {
	missing atomic.Int64
	all     chan struct{} // gets a value when missing reaches 0
}

func noneAwaited() awaited { return awaited{all: make(chan struct{}, 1)} }

// expect must come before the messages are sent, and when none is missing.
func (a *awaited) expect(n int) { a.missing.Store(int64(n)) }

// got runs on the loop's thread.
func (a *awaited) got(_ *load.Client, n int) error {
	switch left := a.missing.Add(int64(-n)); {
	case left == 0:
		a.all <- struct{}{}
	case left < 0:
		return fmt.Errorf("%d more messages than were published", -left)
	}
	return nil
}
