package benchmark_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"weir/internal/benchmark"
)

// record makes a histogram of some nanoseconds.
func record(ns ...int64) *benchmark.Histogram {
	h := new(benchmark.Histogram)
	for _, n := range ns {
		h.Record(time.Duration(n))
	}
	return h
}

// nearly reports whether a bucket's middle may stand for want: to 1/128, and what floats add.
func nearly(got, want float64) bool { return math.Abs(got-want) <= want/128*1.000001 }

func TestHistogramOfFew(t *testing.T) {
	if s := record().Summarize(); s != nil {
		t.Errorf("an empty histogram has %+v", s)
	}
	one := benchmark.Summary{Count: 1, Min: 1.5, Avg: 1.5, P50: 1.5, P90: 1.5, P99: 1.5, Max: 1.5}
	if s := record(1500).Summarize(); *s != one {
		t.Errorf("one value: %+v, want %+v", *s, one)
	}
	zero := benchmark.Summary{Count: 2}
	if s := record(0, -5).Summarize(); *s != zero {
		t.Errorf("zeros: %+v, want %+v", *s, zero)
	}
	year := int64(365 * 24 * time.Hour)
	if s := record(7, year).Summarize(); s.Min != 0.007 || s.Max != float64(year)/1e3 || s.P50 != 0.007 {
		t.Errorf("a year: %+v", *s)
	}
}

// TestHistogramAgainstSorting compares percentiles with those of the sorted values, over all magnitudes.
func TestHistogramAgainstSorting(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for bits := 1; bits <= 45; bits++ {
		h, values, sum := new(benchmark.Histogram), []float64(nil), 0.0
		for range 1000 {
			ns := random.Int64N(1 << bits)
			h.Record(time.Duration(ns))
			values, sum = append(values, float64(ns)/1e3), sum+float64(ns)/1e3
		}
		slices.Sort(values)
		s := h.Summarize()
		if s.Count != 1000 || s.Min != values[0] || s.Max != values[999] || math.Abs(s.Avg-sum/1000) > 1e-6*sum {
			t.Errorf("%d bits: %+v, want min %v, max %v, avg %v", bits, *s, values[0], values[999], sum/1000)
		}
		for _, p := range []struct{ got, want float64 }{{s.P50, values[499]}, {s.P90, values[899]}, {s.P99, values[989]}} {
			if !nearly(p.got, p.want) {
				t.Errorf("%d bits: percentile %v, want %v", bits, p.got, p.want)
			}
		}
	}
}

func TestHistogramIsShared(t *testing.T) {
	h := new(benchmark.Histogram)
	var wait sync.WaitGroup
	for g := range 4 {
		wait.Go(func() {
			for i := range 1000 {
				h.Record(time.Duration(g*1000 + i + 1))
			}
		})
	}
	wait.Wait()
	if s := h.Summarize(); s.Count != 4000 || s.Min != 0.001 || s.Max != 4 || s.Avg != 2.0005 {
		t.Errorf("got %+v", *s)
	}
}

func TestRecordAllocatesNothing(t *testing.T) {
	h := new(benchmark.Histogram)
	if n := testing.AllocsPerRun(100, func() { h.Record(time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRecord(b *testing.B) {
	h := new(benchmark.Histogram)
	b.ReportAllocs()
	for i := range b.N {
		h.Record(time.Duration(i & 0xfffff))
	}
}

func FuzzHistogram(f *testing.F) {
	for _, ns := range []int64{0, 1, 127, 128, 129, 1 << 20, 1<<46 - 1, 1 << 46, math.MaxInt64} {
		f.Add(ns)
	}
	f.Fuzz(func(t *testing.T, ns int64) {
		ns = max(0, ns)
		h := record(ns, 0, math.MaxInt64/4)
		s := h.Summarize()
		want := float64(min(ns, math.MaxInt64/4)) / 1e3
		if ns < 1<<46 && !nearly(s.P50, want) {
			t.Errorf("%d: p50 is %v, want %v", ns, s.P50, want)
		}
	})
}
