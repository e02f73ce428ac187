package subject_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"weir/internal/subject"
)

// member is what the oracle lists.
type member struct {
	subject, queue string
	v              int
}

// oracle is a naive tree: a list of everything.
type oracle []member

func (o *oracle) insert(m member) bool {
	if slices.Contains(*o, m) {
		return false
	}
	*o = append(*o, m)
	return true
}

func (o *oracle) remove(m member) bool {
	i := slices.Index(*o, m)
	if i < 0 {
		return false
	}
	*o = slices.Delete(*o, i, i+1)
	return true
}

// match is the sorted members for a literal subject by queue group; "" is plain.
func (o oracle) match(literal string) map[string][]int {
	got := map[string][]int{}
	for _, m := range o {
		if naiveMatch(m.subject, literal) {
			got[m.queue] = append(got[m.queue], m.v)
		}
	}
	for _, vs := range got {
		slices.Sort(vs)
	}
	return got
}

// flatten brings a result into the form of the oracle.
func flatten(t *testing.T, r *subject.Result[int]) map[string][]int {
	t.Helper()
	got := map[string][]int{}
	if len(r.Plain) > 0 {
		got[""] = slices.Sorted(slices.Values(r.Plain))
	}
	for _, q := range r.Queues {
		if _, twice := got[q.Name]; twice || len(q.Members) == 0 {
			t.Fatalf("queue group %q is listed twice or empty", q.Name)
		}
		got[q.Name] = slices.Sorted(slices.Values(q.Members))
	}
	return got
}

func compare(t *testing.T, tree *subject.Tree[int], o oracle, literal string) {
	t.Helper()
	want := o.match(literal)
	if got := flatten(t, tree.Match([]byte(literal))); !reflect.DeepEqual(got, want) {
		t.Fatalf("Match(%q) = %v, want %v in %v", literal, got, want, o)
	}
	if got := tree.HasInterest([]byte(literal)); got != (len(want) > 0) {
		t.Fatalf("HasInterest(%q) = %v, want %v", literal, got, want)
	}
}

func entries(tree *subject.Tree[int]) map[member]int {
	got := map[member]int{}
	tree.All(func(s, q string, v int) bool {
		got[member{s, q, v}]++
		return true
	})
	return got
}

// mustBeEmpty checks that a tree from which all is removed keeps nothing.
func mustBeEmpty(t *testing.T, tree *subject.Tree[int]) {
	t.Helper()
	if tree.Len() != 0 || len(entries(tree)) != 0 || !subject.Bare(tree) {
		t.Fatalf("the tree is not empty: %d members, bare %v", tree.Len(), subject.Bare(tree))
	}
}

func TestTreeMatchesOracle(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	tokens := []string{"a", "b", "c", "dd", "*", ">", "e*"}
	for round := range 30 {
		var tree subject.Tree[int]
		var o oracle
		for range 50 + 30*round {
			m := member{subject: tokens[rng.IntN(len(tokens))], v: rng.IntN(40)}
			for rng.IntN(3) > 0 && !strings.HasSuffix(m.subject, ">") {
				m.subject += "." + tokens[rng.IntN(len(tokens))]
			}
			if rng.IntN(3) == 0 {
				m.queue = fmt.Sprint("q", rng.IntN(30))
			}
			if rng.IntN(4) == 0 && len(o) > 0 {
				m = o[rng.IntN(len(o))]
			}
			apply(t, &tree, &o, m, rng.IntN(5) < 2)
		}
		for _, l := range words([]string{"a", "b", "dd", "e*", "x"}, 3) {
			compare(t, &tree, o, l)
		}
		all := entries(&tree)
		if len(all) != len(o) {
			t.Fatalf("All has %d members, want %d", len(all), len(o))
		}
		rng.Shuffle(len(o), func(i, j int) { o[i], o[j] = o[j], o[i] })
		for _, m := range o {
			if all[m] != 1 {
				t.Fatalf("All has %v %d times", m, all[m])
			}
			if !tree.Remove(m.subject, m.queue, m.v) {
				t.Fatalf("%v is not there to remove", m)
			}
		}
		mustBeEmpty(t, &tree)
	}
}

// apply does one change to both and checks the counters.
func apply(t *testing.T, tree *subject.Tree[int], o *oracle, m member, remove bool) {
	t.Helper()
	generation := tree.Generation()
	var changed bool
	if remove {
		changed = o.remove(m)
		if got := tree.Remove(m.subject, m.queue, m.v); got != changed {
			t.Fatalf("Remove(%v) = %v", m, got)
		}
	} else {
		changed = o.insert(m)
		if err := tree.Insert(m.subject, m.queue, m.v); err != nil {
			t.Fatalf("Insert(%v): %v", m, err)
		}
	}
	if moved := tree.Generation() != generation; moved != changed {
		t.Fatalf("%v changed: %v, generation moved: %v", m, changed, moved)
	}
	if tree.Len() != len(*o) {
		t.Fatalf("Len() = %d, want %d", tree.Len(), len(*o))
	}
}

// FuzzTree reads operations off the input: a byte that says what, then a subject up to the next space.
func FuzzTree(f *testing.F) {
	f.Add([]byte("iab.c ia*.c iq>  mab.c ra*.c mab.c"))
	f.Add([]byte("ia> ia>> ra> ia.. ia.>.b iba.b.*.c rba.b.*.c"))
	f.Add([]byte("iaa ibb iccc idd iee iff igg ihh iii rii maa.b ia*.a ia*.b ra*.a"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var tree subject.Tree[int]
		var o oracle
		for _, op := range strings.Split(string(in), " ") {
			if len(op) < 2 || len(op) > 100 {
				continue
			}
			m := member{subject: op[2:], v: int(op[1] % 8)}
			if op[1] >= 'm' {
				m.queue = string(op[1])
			}
			switch {
			case op[0] == 'm':
				compare(t, &tree, o, op[1:])
			case subject.Valid(m.subject):
				apply(t, &tree, &o, m, op[0] == 'r')
			default:
				if err := tree.Insert(m.subject, m.queue, m.v); !errors.Is(err, subject.ErrInvalid) {
					t.Fatalf("Insert(%q): %v", m.subject, err)
				}
			}
		}
		for i := range o {
			compare(t, &tree, o, o[i].subject)
		}
		if got := entries(&tree); len(got) != len(o) {
			t.Fatalf("All has %d members, want %d", len(got), len(o))
		}
		for _, m := range o {
			if !tree.Remove(m.subject, m.queue, m.v) {
				t.Fatalf("%v is not there to remove", m)
			}
		}
		mustBeEmpty(t, &tree)
	})
}

func TestInvalidSubjectLeavesNothing(t *testing.T) {
	var tree subject.Tree[int]
	for _, s := range []string{"", ".", "a..b", "a.", ".a", "a.>.b", "a b", "a.*.", "*.b\r"} {
		if err := tree.Insert(s, "", 1); !errors.Is(err, subject.ErrInvalid) {
			t.Errorf("Insert(%q): %v", s, err)
		}
		if tree.Remove(s, "", 1) {
			t.Errorf("Remove(%q) found something", s)
		}
	}
	mustBeEmpty(t, &tree)
}

func TestQueueGroupsOfOneNameAreMerged(t *testing.T) {
	for _, groups := range []int{1, 3, 100} {
		var tree subject.Tree[int]
		var o oracle
		for i := range groups {
			for v, s := range []string{"foo.bar", "foo.*", ">", "foo.bar"} {
				m := member{s, fmt.Sprint("q", i), v}
				o.insert(m)
				if err := tree.Insert(m.subject, m.queue, m.v); err != nil {
					t.Fatal(err)
				}
			}
		}
		compare(t, &tree, o, "foo.bar")
		if r := tree.Match([]byte("foo.bar")); len(r.Queues) != groups || r.Fanout() != groups || len(r.Queues[0].Members) != 4 {
			t.Fatalf("%d groups of %d members", len(r.Queues), len(r.Queues[0].Members))
		}
	}
}

// TestResultNeverChanges holds results while the lists that they share grow, shrink and are emptied.
func TestResultNeverChanges(t *testing.T) {
	for _, queue := range []string{"", "workers"} {
		var tree subject.Tree[int]
		type held struct {
			r    *subject.Result[int]
			want map[string][]int
		}
		var results []held
		var o oracle
		rng := rand.New(rand.NewPCG(3, 4))
		for i := range 3000 {
			grow := i < 1000 && rng.IntN(4) > 0
			m := member{"wide", queue, i}
			if !grow && len(o) > 0 {
				m = o[rng.IntN(len(o))]
			}
			apply(t, &tree, &o, m, !grow)
			if i%7 == 0 {
				results = append(results, held{tree.Match([]byte("wide")), o.match("wide")})
			}
		}
		for _, h := range results {
			if got := flatten(t, h.r); !reflect.DeepEqual(got, h.want) {
				t.Fatalf("a result changed to %v, was %v", got, h.want)
			}
		}
	}
}

// TestMassRemove removes many members that all share a subject, a queue group, or a subject with a group each. No removal may
// scan a list of others, so each list must be indexed while it is long, and the index must go with it.
func TestMassRemove(t *testing.T) {
	const n = 20_000
	for name, queue := range map[string]func(int) string{
		"plain":  func(int) string { return "" },
		"queue":  func(int) string { return "q" },
		"queues": func(i int) string { return fmt.Sprint("q", i) },
	} {
		for _, s := range []string{"foo", "*"} {
			t.Run(name+" "+s, func(t *testing.T) {
				var tree subject.Tree[int]
				for i := range n {
					if err := tree.Insert(s, queue(i), i); err != nil {
						t.Fatal(err)
					}
				}
				for i := range n {
					if scan := subject.LongestScan(&tree, s); scan > 32 {
						t.Fatalf("a removal among %d looks through %d", n-i, scan)
					}
					if !tree.Remove(s, queue(i), i) {
						t.Fatal(i, "is not there")
					}
				}
				mustBeEmpty(t, &tree)
			})
		}
	}
}

func TestTreeShrinks(t *testing.T) {
	const n = 50_000
	for _, form := range []string{"room.%d", "_INBOX.%d.*"} {
		var tree subject.Tree[int]
		for i := range n {
			if err := tree.Insert(fmt.Sprintf(form, i), "", i); err != nil {
				t.Fatal(err)
			}
		}
		for i := range n - 10 {
			tree.Remove(fmt.Sprintf(form, i), "", i)
		}
		if room := subject.Room(&tree); room > n/8 {
			t.Errorf("%s: ten subscriptions stand in tables of %d", form, room)
		}
		if got := entries(&tree); len(got) != 10 {
			t.Errorf("%s: %d are left", form, len(got))
		}
	}
}

// TestAllWhileChanging walks while others come and go: what stays must come exactly once.
func TestAllWhileChanging(t *testing.T) {
	for _, form := range []string{"stay.%d", "stay.%d.*", "%d.stay.>", "wide"} {
		var tree subject.Tree[int]
		insert := func(i int) {
			s := form
			if strings.Contains(form, "%") {
				s = fmt.Sprintf(form, i)
			}
			if err := tree.Insert(s, "", i); err != nil {
				t.Fatal(err)
			}
		}
		remove := func(i int) {
			s := form
			if strings.Contains(form, "%") {
				s = fmt.Sprintf(form, i)
			}
			tree.Remove(s, "", i)
		}
		const n = 30_000
		for i := range n {
			insert(i)
		}
		seen := make([]int, n)
		calls := 0
		tree.All(func(_, _ string, v int) bool {
			if v%100 == 0 && v < n {
				seen[v]++
			}
			// yield is called without the lock, so it may change the tree: remove nearly all, then add as many.
			if calls++; calls < n && calls%100 != 0 {
				remove(calls)
				insert(n + calls)
			}
			return calls < 10*n
		})
		for v := 0; v < n; v += 100 {
			if seen[v] != 1 {
				t.Fatalf("%s: %d came %d times", form, v, seen[v])
			}
		}
	}
}

func TestAllStops(t *testing.T) {
	var tree subject.Tree[int]
	for i := range 5000 {
		_ = tree.Insert("foo", "", i)
		_ = tree.Insert(fmt.Sprint("foo.*.", i), "q", i)
	}
	for _, stop := range []int{1, 1024, 7000} {
		n := 0
		tree.All(func(string, string, int) bool {
			n++
			return n < stop
		})
		if n != stop {
			t.Errorf("asked to stop after %d, stopped after %d", stop, n)
		}
	}
	if err := tree.Insert("bar", "", 1); err != nil { // hangs if a lock was kept
		t.Fatal(err)
	}
}

func TestStats(t *testing.T) {
	var tree subject.Tree[int]
	var cache subject.Cache[int]
	for i := range 10 {
		_ = tree.Insert("foo", "", i)
		_ = tree.Insert("foo", "", i)
		_ = tree.Insert("foo", "q", i)
	}
	_ = tree.Insert("bar", "", 1)
	tree.Remove("bar", "", 1)
	tree.Remove("bar", "", 1)
	for range 3 {
		cache.Lookup(&tree, []byte("foo"))
	}
	cache.Lookup(&tree, []byte("none"))
	s := tree.Stats()
	want := subject.Stats{Subs: 20, Inserts: 21, Removes: 1, Matches: 4, CacheHits: 2, Cached: 2, Fanouts: 11, Widest: 11}
	if s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
	if s.CacheHitRate() != 0.5 || s.AverageFanout() != 5.5 {
		t.Errorf("hit rate %v, fan-out %v", s.CacheHitRate(), s.AverageFanout())
	}
	cache.Release()
	if s := tree.Stats(); s.Cached != 0 {
		t.Errorf("%d results cached after Release", s.Cached)
	}
	if sum := s.Add(s); sum.Subs != 40 || sum.Widest != 11 || sum.CacheHitRate() != 0.5 {
		t.Errorf("the sum is %+v", sum)
	}
	if rate := (subject.Stats{}).CacheHitRate() + (subject.Stats{}).AverageFanout(); rate != 0 {
		t.Errorf("an unused tree has rates of %v", rate)
	}
}

// TestConcurrent has writers and readers at once. Each writer knows what is its own; what never leaves must always match.
func TestConcurrent(t *testing.T) {
	var tree subject.Tree[int]
	for _, s := range []string{"foo.bar", "foo.*", ">"} {
		for v := range 40 {
			if err := tree.Insert(s, "", -1-v); err != nil {
				t.Fatal(err)
			}
		}
	}
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	for w := range 3 {
		writers.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 5))
			subjects := []string{"foo.bar", "foo.*", "foo.baz", ">", fmt.Sprint("own.", w)}
			for range 1500 {
				s, v := subjects[rng.IntN(len(subjects))], w*1000+rng.IntN(60)
				if rng.IntN(2) == 0 {
					_ = tree.Insert(s, "", v)
				} else {
					tree.Remove(s, "", v)
				}
			}
			for _, s := range subjects {
				for v := range 60 {
					tree.Remove(s, "", w*1000+v)
				}
			}
		})
	}
	for range 3 {
		readers.Go(func() {
			var cache subject.Cache[int]
			for {
				constant := 0
				for _, v := range cache.Lookup(&tree, []byte("foo.bar")).Plain {
					if v < 0 {
						constant++
					}
				}
				if constant != 120 {
					t.Errorf("%d of 120 constant members matched", constant)
					return
				}
				tree.All(func(string, string, int) bool { return true })
				tree.Stats()
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	for _, s := range []string{"foo.bar", "foo.*", ">"} {
		for v := range 40 {
			tree.Remove(s, "", -1-v)
		}
	}
	mustBeEmpty(t, &tree)
}
