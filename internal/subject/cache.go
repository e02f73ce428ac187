package subject

// The bounds of one cache. A cache that is full of short subjects with one subscriber each takes about 132 KiB
// (BenchmarkCacheMemory); that of a page that publishes to a dozen subjects takes 1.5 KiB.
const (
	maxCached  = 1024 // results
	maxMembers = 4096 // members that they list together; a wider result is looked up each time
	maxSubject = 256  // bytes; a longer subject is looked up each time
	// Above sureUpTo results only one miss in oneIn is kept: replies go to a new subject each, which never hits.
	sureUpTo = 64
	oneIn    = 4
	// report is the number of hits after which they are added to the tree's counter.
	report = 1024
)

// Cache remembers what a [Tree] answered, for one goroutine. It needs no lock: a result holds as long as the tree's
// generation stays. The zero value is ready and holds no memory; call Release before it is dropped, so that the tree's
// statistics stay right.
type Cache[V comparable] struct {
	tree       *Tree[V]
	generation uint64
	results    map[string]*Result[V]
	newest     string // the subject that was kept last, and its result: many publishers have but one
	result     *Result[V]
	members    int // that results lists
	misses     uint
	hits       uint64 // not yet reported
}

// Lookup is [Tree.Match]. A hit allocates nothing.
func (c *Cache[V]) Lookup(t *Tree[V], subject []byte) *Result[V] {
	if c.current(t) {
		if c.result != nil && c.newest == string(subject) {
			c.hit()
			return c.result
		}
		if r, ok := c.results[string(subject)]; ok {
			c.hit()
			return r
		}
	}
	return c.miss(t, subject)
}

// Stands reports whether what the last [Cache.Lookup] returned is still right, if it was one in t. That counts as a hit.
func (c *Cache[V]) Stands(t *Tree[V]) bool {
	if !c.current(t) {
		return false
	}
	c.hit()
	return true
}

// Again counts so many hits more: what was looked up last was taken for right without being asked about.
func (c *Cache[V]) Again(n int) {
	if c.hits += uint64(n); c.hits >= report {
		c.report()
	}
}

func (c *Cache[V]) current(t *Tree[V]) bool {
	return c.tree == t && c.generation == t.generation.Load()
}

func (c *Cache[V]) hit() {
	if c.hits++; c.hits >= report {
		c.report()
	}
}

// Len is the number of results that are kept.
func (c *Cache[V]) Len() int { return len(c.results) }

// Release forgets everything and gives the memory back.
func (c *Cache[V]) Release() {
	if c.tree != nil {
		c.forget()
	}
	*c = Cache[V]{}
}

func (c *Cache[V]) miss(t *Tree[V], subject []byte) *Result[V] {
	// The generation is read before the tree: a change in between makes the result look older than it is, never newer.
	generation := t.generation.Load()
	if c.tree != nil && (c.tree != t || c.generation != generation) {
		c.forget()
	}
	c.tree, c.generation = t, generation
	c.report()
	r := t.Match(subject)
	c.keep(subject, r)
	return r
}

func (c *Cache[V]) report() {
	if c.hits > 0 {
		c.tree.counters.hits.Add(c.hits)
		c.hits = 0
	}
}

func (c *Cache[V]) keep(subject []byte, r *Result[V]) {
	c.misses++
	n := r.size()
	if len(subject) > maxSubject || n > maxMembers || len(c.results) >= sureUpTo && c.misses%oneIn != 0 {
		return
	}
	room := maxCached
	if len(c.results) == maxCached {
		room -= maxCached / 8
	}
	if room < maxCached || c.members+n > maxMembers {
		c.evict(room, maxMembers-n)
	}
	if c.results == nil {
		c.results = make(map[string]*Result[V])
	}
	c.newest, c.result = string(subject), r
	c.results[c.newest] = r
	c.members += n
	c.tree.counters.cached.Add(1)
}

// evict drops results, whichever come first, until no more than so many results with so many members are left. That costs
// no bookkeeping on a hit, and what is in use comes back.
func (c *Cache[V]) evict(results, members int) {
	for subject, r := range c.results {
		if len(c.results) <= results && c.members <= members {
			return
		}
		delete(c.results, subject)
		if subject == c.newest {
			c.newest, c.result = "", nil
		}
		c.members -= r.size()
		c.tree.counters.cached.Add(-1)
	}
}

// forget drops all results. The room of many is given back, so that a busy tree does not cost the clearing of it each time.
func (c *Cache[V]) forget() {
	c.report()
	c.tree.counters.cached.Add(-int64(len(c.results)))
	if len(c.results) > sureUpTo {
		c.results = nil
	}
	clear(c.results)
	c.newest, c.result = "", nil
	c.members = 0
}
