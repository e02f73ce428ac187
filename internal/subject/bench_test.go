package subject_test

import (
	"fmt"
	"runtime"
	"testing"

	"weir/internal/subject"
)

// million is the size at which a tree must still be cheap.
const million = 1_000_000

var forms = []struct{ name, form string }{
	{"literal", "chat.room.%d.user.%d"},
	{"inbox", "_INBOX.K4Fk1b0X9QZL2v%07d.*"},
	{"tail", "device.%d.events.>"},
}

func subjects(form string, n int) []string {
	s := make([]string, n)
	for i := range s {
		if form == "chat.room.%d.user.%d" {
			s[i] = fmt.Sprintf(form, i/100, i)
		} else {
			s[i] = fmt.Sprintf(form, i)
		}
	}
	return s
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestMemoryOfSubscriptions holds the cost of a subscription down; the subject itself belongs to the caller.
func TestMemoryOfSubscriptions(t *testing.T) {
	const n = 50_000
	for i, limit := range []uint64{90, 220, 270} {
		all := subjects(forms[i].form, n)
		vs := make([]int, n)
		before := heap()
		var tree subject.Tree[*int]
		for i, s := range all {
			_ = tree.Insert(s, "", &vs[i])
		}
		cost := (heap() - before) / n
		t.Logf("%s: %d bytes", forms[i].name, cost)
		if cost > limit {
			t.Errorf("%s: a subscription costs %d bytes, more than %d", forms[i].name, cost, limit)
		}
		runtime.KeepAlive(&tree)
	}
}

// BenchmarkInsertRemove is one Insert and one Remove of a million, as they come and go.
func BenchmarkInsertRemove(b *testing.B) {
	for _, f := range forms {
		b.Run(f.name, func(b *testing.B) {
			all := subjects(f.form, million)
			b.ReportAllocs()
			for b.Loop() {
				before := heap()
				var tree subject.Tree[*string]
				for i := range all {
					_ = tree.Insert(all[i], "", &all[i])
				}
				b.StopTimer()
				b.ReportMetric(float64(heap()-before)/million, "B/sub")
				b.StartTimer()
				for i := range all {
					tree.Remove(all[i], "", &all[i])
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/million/2, "ns/change")
		})
	}
}

// BenchmarkMatch is a look-up without a cache among a million subscriptions.
func BenchmarkMatch(b *testing.B) {
	var tree subject.Tree[*string]
	for _, f := range forms {
		all := subjects(f.form, million/len(forms))
		for i := range all {
			_ = tree.Insert(all[i], "", &all[i])
		}
	}
	for _, s := range []string{"chat.room.1000.user.100000", "_INBOX.K4Fk1b0X9QZL2v0100000.x7Gh2a9B", "device.7.events.door.open", "nobody.is.here"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tree.Match([]byte(s))
			}
		})
	}
}

func BenchmarkCacheHit(b *testing.B) {
	var tree subject.Tree[*int]
	var cache subject.Cache[*int]
	for i := range 100 {
		_ = tree.Insert("chat.room.*", "", &i)
		cache.Lookup(&tree, fmt.Appendf(nil, "chat.room.%d", i))
	}
	s := []byte("chat.room.7")
	b.ReportAllocs()
	for b.Loop() {
		cache.Lookup(&tree, s)
	}
}

// BenchmarkCacheMiss is the flood of replies: a subject that comes once.
func BenchmarkCacheMiss(b *testing.B) {
	var tree subject.Tree[*int]
	var cache subject.Cache[*int]
	_ = tree.Insert("_INBOX.K4Fk1b0X9QZL2v0100000.*", "", new(int))
	s := []byte("_INBOX.K4Fk1b0X9QZL2v0100000.00000000")
	b.ReportAllocs()
	for b.Loop() {
		for i := len(s) - 1; ; i-- {
			if s[i]++; s[i] <= '9' {
				break
			}
			s[i] = '0'
		}
		cache.Lookup(&tree, s)
	}
}

// BenchmarkCacheMemory is what a cache holds after look-ups of so many subjects.
func BenchmarkCacheMemory(b *testing.B) {
	var tree subject.Tree[*int]
	_ = tree.Insert("chat.>", "", new(int))
	for _, n := range []int{1, 12, 5000} {
		all := make([][]byte, n)
		for i := range all {
			all[i] = fmt.Appendf(nil, "chat.room.%d.user.%d", i/100, i)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				before := heap()
				var cache subject.Cache[*int]
				for _, s := range all {
					cache.Lookup(&tree, s)
				}
				b.ReportMetric(float64(heap()-before), "B/cache")
				runtime.KeepAlive(&cache)
			}
		})
	}
}

// BenchmarkAll is one member of a walk over many.
func BenchmarkAll(b *testing.B) {
	const n = 100_000
	for _, f := range forms {
		var tree subject.Tree[*string]
		all := subjects(f.form, n)
		for i := range all {
			_ = tree.Insert(all[i], "", &all[i])
		}
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				tree.All(func(string, string, *string) bool { return true })
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/member")
		})
	}
}

// BenchmarkWide is a look-up of a subject with 10,000 subscribers, of which one comes or goes each time.
func BenchmarkWide(b *testing.B) {
	var tree subject.Tree[int]
	for i := range 10_000 {
		_ = tree.Insert("wide", "", i)
	}
	for _, leaves := range []bool{false, true} {
		b.Run(fmt.Sprintf("leaves=%v", leaves), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if leaves {
					tree.Remove("wide", "", 5000)
					_ = tree.Insert("wide", "", 5000)
				}
				tree.Match([]byte("wide"))
			}
		})
	}
}

// BenchmarkSetFind is a change in a list of about the length at which it gets an index.
func BenchmarkSetFind(b *testing.B) {
	for _, n := range []int{2, 31, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var tree subject.Tree[*int]
			vs := make([]int, n)
			for i := range vs {
				_ = tree.Insert("foo", "", &vs[i])
			}
			b.ReportAllocs()
			for b.Loop() {
				tree.Remove("foo", "", &vs[n/2])
				_ = tree.Insert("foo", "", &vs[n/2])
			}
		})
	}
}

func BenchmarkValid(b *testing.B) {
	s := []byte("chat.room.1000.user.100000")
	b.ReportAllocs()
	for b.Loop() {
		subject.Valid(s)
	}
}
