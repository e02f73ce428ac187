package subject_test

import (
	"fmt"
	"strings"
	"testing"

	"weir/internal/subject"
)

func TestCacheFollowsTree(t *testing.T) {
	var tree, other subject.Tree[int]
	var cache subject.Cache[int]
	look := func(tree *subject.Tree[int], want int) {
		t.Helper()
		for range 2 {
			if got := cache.Lookup(tree, []byte("foo.bar")).Fanout(); got != want {
				t.Fatalf("fan-out %d, want %d", got, want)
			}
		}
	}
	look(&tree, 0)
	_ = tree.Insert("foo.*", "", 1)
	look(&tree, 1)
	_ = tree.Insert("foo.bar", "q", 1)
	look(&tree, 2)
	look(&other, 0)
	look(&tree, 2)
	tree.Remove("foo.*", "", 1)
	look(&tree, 1)
	cache.Release()
	look(&tree, 1)
	if tree.Stats().Cached != 1 || other.Stats().Cached != 0 {
		t.Errorf("%d and %d results cached, want 1 and 0", tree.Stats().Cached, other.Stats().Cached)
	}
}

func TestCacheIsBounded(t *testing.T) {
	var tree subject.Tree[int]
	for i := range 5000 {
		if i < 4000 {
			_ = tree.Insert("wide", "", i)
		}
		_ = tree.Insert("wider", "", i)
	}
	_ = tree.Insert("one.>", "q", 1)
	var cache subject.Cache[int]
	kept := func(want int) {
		t.Helper()
		if cache.Len() != want || tree.Stats().Cached != want {
			t.Fatalf("%d results kept, %d counted, want %d", cache.Len(), tree.Stats().Cached, want)
		}
	}
	cache.Lookup(&tree, []byte("wider"))
	cache.Lookup(&tree, []byte("one."+strings.Repeat("x", 300)))
	kept(0)
	for i := range 100_000 {
		cache.Lookup(&tree, fmt.Appendf(nil, "one.%d", i))
		if cache.Len() > 1024 {
			t.Fatalf("%d results kept", cache.Len())
		}
	}
	if n := cache.Len(); n < 800 || n != tree.Stats().Cached {
		t.Fatalf("%d results kept, %d counted", n, tree.Stats().Cached)
	}
	// A wide result makes room for itself once it is asked for again and again.
	for range 4 {
		cache.Lookup(&tree, []byte("wide"))
	}
	if n := cache.Len(); n < 50 || n > 97 {
		t.Fatalf("%d results kept beside one of 4,000 members, of 4,096 in all", n)
	}
	_ = tree.Insert("foo", "", 1)
	cache.Lookup(&tree, []byte("foo"))
	kept(1)
	cache.Release()
	kept(0)
}

func TestCacheKeepsWhatRepeats(t *testing.T) {
	var tree subject.Tree[int]
	_ = tree.Insert(">", "", 1)
	var cache subject.Cache[int]
	round := func() uint64 {
		before := tree.Stats()
		for i := range 1000 {
			cache.Lookup(&tree, fmt.Appendf(nil, "subject.%d", i))
		}
		cache.Lookup(&tree, []byte(strings.Repeat("long", 100))) // a miss reports the hits
		return tree.Stats().CacheHits - before.CacheHits
	}
	for range 40 {
		round()
	}
	if hits := round(); hits < 900 {
		t.Errorf("%d hits of 1,000 in the fortieth round", hits)
	}
}

// What was looked up last stands until the tree changes, and each time that it does is a hit.
func TestCacheStands(t *testing.T) {
	var tree, other subject.Tree[int]
	var cache subject.Cache[int]
	if cache.Stands(&tree) {
		t.Error("nothing stands")
	}
	cache.Lookup(&tree, []byte("foo"))
	if !cache.Stands(&tree) || cache.Stands(&other) {
		t.Error("a result does not stand, or in another tree")
	}
	_ = tree.Insert("bar", "", 1)
	if cache.Stands(&tree) {
		t.Error("a result stands after a change")
	}
	cache.Lookup(&tree, []byte("foo"))
	for range 9 {
		cache.Stands(&tree)
	}
	cache.Release()
	if n := tree.Stats().CacheHits; n != 10 {
		t.Errorf("%d hits, want 10", n)
	}
}

// The subject that was kept last is found without the map, as long as it is kept.
func TestCacheNewest(t *testing.T) {
	var tree subject.Tree[int]
	var cache subject.Cache[int]
	_ = tree.Insert("foo.*", "", 1)
	for i := range 3000 { // more than are kept
		name := fmt.Appendf(nil, "foo.%d", i)
		for range 2 {
			if cache.Lookup(&tree, name).Fanout() != 1 || cache.Lookup(&tree, []byte("bar")).Fanout() != 0 {
				t.Fatalf("wrong receivers at %s", name)
			}
		}
	}
	cache.Lookup(&tree, []byte("foo.x"))
	_ = tree.Insert("foo.x", "", 2)
	if n := cache.Lookup(&tree, []byte("foo.x")).Fanout(); n != 2 {
		t.Errorf("%d receivers after a change, want 2", n)
	}
	cache.Release()
	if n := cache.Lookup(&tree, []byte("foo.x")).Fanout(); n != 2 || tree.Stats().Cached != 1 {
		t.Errorf("%d receivers, %d results cached", n, tree.Stats().Cached)
	}
}

// Hits that nobody asked for count like others, and are reported in time.
func TestCacheAgain(t *testing.T) {
	var tree subject.Tree[int]
	var cache subject.Cache[int]
	cache.Lookup(&tree, []byte("foo"))
	cache.Again(2000)
	if n := tree.Stats().CacheHits; n != 2000 {
		t.Errorf("%d hits, want 2000", n)
	}
}

func TestNoAllocations(t *testing.T) {
	var tree subject.Tree[*int]
	var cache subject.Cache[*int]
	for i := range 100 {
		_ = tree.Insert("foo.bar.baz", "", &i)
		_ = tree.Insert("foo.*.baz", "q", &i)
	}
	long := []byte("foo.a-token-that-fits-into-no-small-buffer-of-the-stack.baz")
	for name, f := range map[string]func(){
		"hit":         func() { cache.Lookup(&tree, long) },
		"no interest": func() { tree.Match([]byte("bar")) },
		"HasInterest": func() {
			if !tree.HasInterest(long) {
				t.Error("no interest")
			}
		},
		"Valid":       func() { subject.Valid(long) },
		"HasWildcard": func() { subject.HasWildcard(long) },
		"Match":       func() { subject.Match("foo.*.baz", long) },
		"Subset":      func() { subject.Subset(long, "foo.*.baz") },
		"Overlap":     func() { subject.Overlap("foo.*.baz", long) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() { tree.Match([]byte("foo.bar.baz")) }); n > 2 {
		t.Errorf("a match of a plain list and a queue group: %v allocations", n)
	}
}
