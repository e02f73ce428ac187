package subject

import "sync/atomic"

// Stats is what /subsz tells of a tree and of the caches that read it.
type Stats struct {
	Subs    int    // members now
	Inserts uint64 // since the start
	Removes uint64

	Matches   uint64 // look-ups, those that a cache answered among them
	CacheHits uint64 // a cache reports its hits when it misses and at every 1,024th
	Cached    int    // results in all caches

	// Fanouts is the sum of the receivers of all matches that no cache answered, Widest the largest of them.
	Fanouts uint64
	Widest  int
}

// CacheHitRate is the share of matches that a cache answered, 0 to 1.
func (s Stats) CacheHitRate() float64 {
	if s.Matches == 0 {
		return 0
	}
	return float64(s.CacheHits) / float64(s.Matches)
}

// AverageFanout is the number of receivers of an uncached match.
func (s Stats) AverageFanout() float64 {
	if s.Matches == s.CacheHits {
		return 0
	}
	return float64(s.Fanouts) / float64(s.Matches-s.CacheHits)
}

// Add is the statistics of two trees together.
func (s Stats) Add(o Stats) Stats {
	s.Subs += o.Subs
	s.Inserts += o.Inserts
	s.Removes += o.Removes
	s.Matches += o.Matches
	s.CacheHits += o.CacheHits
	s.Cached += o.Cached
	s.Fanouts += o.Fanouts
	s.Widest = max(s.Widest, o.Widest)
	return s
}

// Stats is a snapshot. The numbers are of nearly the same moment.
func (t *Tree[V]) Stats() Stats {
	c := &t.counters
	s := Stats{CacheHits: c.hits.Load(), Cached: int(c.cached.Load()), Widest: int(c.widest.Load())}
	s.Matches = s.CacheHits + c.matches.Load()
	s.Fanouts = c.fanouts.Load()
	t.mu.RLock()
	defer t.mu.RUnlock()
	s.Subs, s.Inserts, s.Removes = t.trie.Len(), t.inserts, t.removes
	return s
}

// counters is written by readers of the tree, none of them on the path of a cache hit.
type counters struct {
	matches, fanouts, hits atomic.Uint64
	cached, widest         atomic.Int64
}

func (c *counters) matched(fanout int) {
	c.matches.Add(1)
	c.fanouts.Add(uint64(fanout))
	for w := c.widest.Load(); int64(fanout) > w; w = c.widest.Load() {
		if c.widest.CompareAndSwap(w, int64(fanout)) {
			return
		}
	}
}
