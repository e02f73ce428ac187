package subject

// pageOf is the number of members that are collected under one hold of the lock: with 100 to 400 ns for each
// (BenchmarkAll) less than half a millisecond.
const pageOf = 1024

// All calls yield for every member until it returns false. It holds the lock for about a thousand members at a time and
// never while it calls yield, which may change the tree. What is in the tree all the while comes exactly once; what comes or
// goes meanwhile may be missed, or come after it went. The order is any.
func (t *Tree[V]) All(yield func(subject, queue string, v V) bool) {
	p := pager[V]{tree: t, yield: yield}
	t.mu.RLock()
	defer t.mu.RUnlock()
	// Others may change the map while the page is flushed, never during a step of the iteration: that is under the lock.
	for subject, e := range t.trie.literals.m {
		if !p.take(subject, e) {
			return
		}
	}
	if p.walk(&t.trie.wild, make([]byte, 0, 256)) {
		p.flush()
	}
}

// run is the members of one subject and queue group: one, or a list.
type run[V comparable] struct {
	subject, queue string
	one            V
	members        []V
}

// pager collects a page under the read lock of the tree and hands it out without the lock.
type pager[V comparable] struct {
	tree  *Tree[V]
	yield func(subject, queue string, v V) bool
	runs  []run[V]
	count int
}

// take collects an entry. All of its members are taken at once: no cursor into a list survives a removal.
func (p *pager[V]) take(subject string, e entry[V]) bool {
	if e.more == nil {
		p.runs = append(p.runs, run[V]{subject: subject, one: e.one})
		p.count++
	} else {
		p.lend(subject, "", &e.more.plain)
		if g := e.more.queues; g != nil {
			for i, name := range g.names.list {
				p.lend(subject, name, g.of[i])
			}
		}
	}
	return p.count < pageOf || p.flush()
}

func (p *pager[V]) lend(subject, queue string, s *set[V]) {
	if len(s.list) > 0 {
		p.runs = append(p.runs, run[V]{subject: subject, queue: queue, members: s.lend()})
		p.count += len(s.list)
	}
}

// flush hands the page out. It gives up the lock and takes it again.
func (p *pager[V]) flush() bool {
	p.tree.mu.RUnlock()
	defer p.tree.mu.RLock()
	for _, r := range p.runs {
		if r.members == nil && !p.yield(r.subject, r.queue, r.one) {
			return false
		}
		for _, v := range r.members {
			if !p.yield(r.subject, r.queue, v) {
				return false
			}
		}
	}
	clear(p.runs)
	p.runs, p.count = p.runs[:0], 0
	return true
}

// walk takes the subjects with wildcards, at and behind n; path is the tokens to n. A node that is pruned meanwhile had no
// member that stayed, and one that stays is never moved.
func (p *pager[V]) walk(n *node[V], path []byte) bool {
	if n.held && !p.take(string(path), n.here) {
		return false
	}
	if len(path) > 0 {
		path = append(path, '.')
	}
	if n.star != nil && !p.walk(n.star, append(path, '*')) {
		return false
	}
	if n.tail != nil && !p.walk(n.tail, append(path, '>')) {
		return false
	}
	if n.kids == nil {
		return true
	}
	var few [fewKids]kid[V]
	listed := copy(few[:], n.kids.list) // the list changes in place
	many := n.kids.many.m
	for _, k := range few[:listed] {
		if !p.walk(k.node, append(path, k.token...)) {
			return false
		}
	}
	for token, kid := range many {
		if !p.walk(kid, append(path, token...)) {
			return false
		}
	}
	return true
}
