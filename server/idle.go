package server

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// sweepEvery is how often conversations that have ended give up their goroutine, and memory is looked at.
	sweepEvery = time.Second
	// releaseAfter is how many bytes must have been used since memory was last given back to the system, besides half of what
	// is in use for good: so this costs no more than the collections that the runtime makes by itself.
	releaseAfter = 2 << 20
	// calm is how many bytes may be used in each of the last calmFor sweeps when memory is given back: nobody is about to need
	// it, and the goroutines that the wave has left behind have ended.
	calm    = 128 << 10
	calmFor = 2
	// moveCost is about how many bytes a connection leaves behind besides the heap when it parks or goes: a goroutine's stack.
	moveCost = 8 << 10
	// releaseEvery is how long it takes until memory is given back again.
	releaseEvery = 5 * time.Second
)

// sweep ends conversations that have fallen silent, and gives memory back once a wave of connections or of messages has
// passed, until the server stops. The runtime alone would keep the stacks and buffers of a wave for minutes, and half of them
// for ever.
func (s *Server) sweep() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	var u use
	u.look(0)
	var next time.Time
	calmed := 0
	for {
		select {
		case <-tick.C:
		case <-s.stopping:
			return
		}
		fresh := u.look(s.registry.ParkSilent() + int(s.registry.Gone()-u.gone))
		u.gone = s.registry.Gone()
		if calmed++; fresh > calm {
			calmed = 0
		}
		if u.spent < releaseAfter+u.live/2 || calmed < calmFor || time.Now().Before(next) {
			continue
		}
		runtime.GC() // what lies in pools is garbage for the next one only
		debug.FreeOSMemory()
		next = time.Now().Add(releaseEvery)
		u.look(0)
		u.spent = 0
	}
}

// use is what the server uses of memory.
type use struct {
	allocated uint64 // bytes since the start
	live      uint64 // bytes that were in use at the last collection
	spent     uint64 // bytes used since memory was given back
	gone      uint64 // connections that have closed
}

// look adds what was used since the last look, by so many connections that parked or went among others, and returns it.
func (u *use) look(moved int) (fresh uint64) {
	now := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(now)
	fresh = now[0].Value.Uint64() - u.allocated + uint64(moved)*moveCost
	u.allocated, u.live = now[0].Value.Uint64(), now[1].Value.Uint64()
	u.spent += fresh
	return fresh
}
