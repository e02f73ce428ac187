package benchmark

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A bucket holds values that agree in their highest bits: up to 128 each value has its own, above that a power of two is
// divided into 64. So a bucket is never wider than 1/64 of its values, and its middle never further off than 1/128.
const (
	halfBuckets = 64
	maxBits     = 46 // 2^46 ns are 19 hours; what takes longer counts as that
	buckets     = (maxBits-7)*halfBuckets + 2*halfBuckets
)

// Histogram counts times in buckets. Any number of goroutines may record at once. The zero value is empty; it is 21 KB, and
// must not be copied.
type Histogram struct {
	counts [buckets]atomic.Int64
	sum    atomic.Int64 // ns
	least  atomic.Int64 // ns, and 1; 0 means that there is none
	most   atomic.Int64 // ns
}

// bucket is the place of a value, 0 or above.
func bucket(ns int64) int {
	if ns < 2*halfBuckets {
		return int(ns)
	}
	shift := bits.Len64(uint64(ns)) - 7
	return shift*halfBuckets + int(ns>>shift)
}

// middle is the value that stands for a bucket.
func middle(bucket int) int64 {
	if bucket < 2*halfBuckets {
		return int64(bucket)
	}
	shift := bucket/halfBuckets - 1
	return int64(bucket%halfBuckets+halfBuckets)<<shift + int64(1)<<shift/2
}

// Record counts one time. One below 0 counts as 0.
func (h *Histogram) Record(d time.Duration) {
	ns := max(0, int64(d))
	h.counts[bucket(min(ns, 1<<maxBits-1))].Add(1)
	h.sum.Add(ns)
	for least := h.least.Load(); least == 0 || ns+1 < least; least = h.least.Load() {
		if h.least.CompareAndSwap(least, ns+1) {
			break
		}
	}
	for most := h.most.Load(); ns > most; most = h.most.Load() {
		if h.most.CompareAndSwap(most, ns) {
			break
		}
	}
}

// shards are histograms that connections share by turns, so that cores do not wait for each other's counters.
type shards [8]Histogram

// of is the histogram of the connection with this number.
func (s *shards) of(conn int) *Histogram { return &s[conn%len(s)] }

func (s *shards) summary() *Summary {
	parts := make([]*Histogram, len(s))
	for i := range s {
		parts[i] = &s[i]
	}
	return summarize(parts...)
}

// Summary is what a table shows of many times, in microseconds.
type Summary struct {
	Count int64   `json:"count"`
	Min   float64 `json:"min"`
	Avg   float64 `json:"avg"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Summarize gives the figures of a histogram in which nobody records any more; nil if it is empty.
func (h *Histogram) Summarize() *Summary { return summarize(h) }

func summarize(parts ...*Histogram) *Summary {
	var counts [buckets]int64
	var s Summary
	var sum, least, most int64
	for _, h := range parts {
		for i := range h.counts {
			n := h.counts[i].Load()
			counts[i] += n
			s.Count += n
		}
		sum += h.sum.Load()
		most = max(most, h.most.Load())
		if l := h.least.Load(); l > 0 && (least == 0 || l < least) {
			least = l
		}
	}
	if s.Count == 0 {
		return nil
	}
	least--
	percentile := func(percent int64) float64 {
		rank := (s.Count*percent + 99) / 100
		for i, n := range counts {
			if rank -= n; rank <= 0 {
				return micros(min(max(middle(i), least), most))
			}
		}
		return micros(most)
	}
	s.Min, s.Max, s.Avg = micros(least), micros(most), micros(sum)/float64(s.Count)
	s.P50, s.P90, s.P99 = percentile(50), percentile(90), percentile(99)
	return &s
}

func micros(ns int64) float64 { return float64(ns) / 1e3 }
