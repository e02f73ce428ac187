package subject

// Bare reports whether t holds no node, no table and no entry.
func Bare[V comparable](t *Tree[V]) bool {
	return t.trie.literals.m == nil && t.trie.wild.empty() && t.trie.count == 0
}

// Room is the number of entries for which the tables of t once made room.
func Room[V comparable](t *Tree[V]) int { return t.trie.literals.peak + room(&t.trie.wild) }

func room[V comparable](n *node[V]) int {
	if n == nil || n.kids == nil {
		return 0
	}
	sum := n.kids.many.peak
	for _, k := range n.kids.list {
		sum += room(k.node)
	}
	for _, k := range n.kids.many.m {
		sum += room(k)
	}
	return sum
}

// LongestScan is the length of the longest list that a removal at a subject of one token may look through.
func LongestScan[V comparable](t *Tree[V], subject string) int {
	e := t.trie.literals.m[subject]
	if subject == "*" {
		e = t.trie.wild.star.here
	}
	if e.more == nil {
		return 1
	}
	longest := e.more.plain.scan()
	if g := e.more.queues; g != nil {
		longest = max(longest, g.names.scan(), g.of[0].scan())
	}
	return longest
}

func (s *set[K]) scan() int {
	if s.index != nil {
		return 1
	}
	return len(s.list)
}
