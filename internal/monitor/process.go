package monitor

import (
	"bytes"
	"math"
	"os"
	"runtime/metrics"
	"strconv"
	"sync"
	"time"
)

// cpuMeter measures the CPU time of the process between requests, so that nothing runs while nobody asks.
type cpuMeter struct {
	mu    sync.Mutex // guards all below
	at    time.Time
	spent time.Duration
	last  float64
}

func (c *cpuMeter) start() { c.at, c.spent = time.Now(), cpuTime() }

// percent is the CPU time since it was measured last, in percent of one core with one decimal. Asked again within a second
// it gives the same answer.
func (c *cpuMeter) percent() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	elapsed := now.Sub(c.at)
	if elapsed < time.Second {
		return c.last
	}
	spent := cpuTime()
	c.last = math.Round(1000*float64(spent-c.spent)/float64(elapsed)) / 10
	c.at, c.spent = now, spent
	return c.last
}

// residentMemory is the memory of the process in bytes, as the system counts it; where it does not tell, as the Go runtime
// does.
func residentMemory() int64 {
	if text, err := os.ReadFile("/proc/self/statm"); err == nil { // proc(5): size resident shared …, in pages
		if fields := bytes.Fields(text); len(fields) > 1 {
			if pages, err := strconv.ParseInt(string(fields[1]), 10, 64); err == nil {
				return pages * int64(os.Getpagesize())
			}
		}
	}
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64())
}
