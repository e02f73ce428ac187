package server

import (
	"runtime/debug"
	"time"
)

const (
	// sweepEvery is how often silent connections are asked to park.
	sweepEvery = time.Second
	// releaseAfter is how many connections must have parked or closed before their memory is given back to the system: a
	// goroutine's stack is about 4 KiB, so this is a megabyte.
	releaseAfter = 256
	// releaseShare bounds what giving back may cost: one part in so many of the time.
	releaseShare = 200
)

// sweep parks silent connections, and gives memory back once a wave of them has passed, until the server stops. The
// runtime alone would keep the stacks and buffers of a wave for minutes.
func (s *Server) sweep() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	wave, gone := 0, s.registry.Gone()
	next := time.Now()
	for {
		select {
		case <-tick.C:
		case <-s.stopping:
			return
		}
		parked, left := s.registry.ParkSilent(), s.registry.Gone()
		fresh := parked + int(left-gone)
		wave, gone = wave+fresh, left
		if wave < releaseAfter || fresh > wave/4 || time.Now().Before(next) {
			continue
		}
		wave = 0
		start := time.Now()
		debug.FreeOSMemory()
		next = time.Now().Add(releaseShare * time.Since(start))
	}
}
