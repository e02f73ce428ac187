package subject

import (
	"slices"
	"sync/atomic"
)

// indexAbove is the length from which a set finds its members by hash: comparing 32 pointers takes about as long as one
// look-up in a map (BenchmarkSetFind).
const indexAbove = 32

// set is a list without duplicates. Up to a few members it is only the list.
type set[K comparable] struct {
	list  []K
	index map[K]int32
	// lent says that a Result shares list. Only what is behind the end of a lent list may be written.
	lent atomic.Bool
}

func (s *set[K]) find(k K) int {
	if s.index == nil {
		return slices.Index(s.list, k)
	}
	if i, ok := s.index[k]; ok {
		return int(i)
	}
	return -1
}

// add appends k, which is not in the set yet.
func (s *set[K]) add(k K) {
	s.list = append(s.list, k)
	switch {
	case s.index != nil:
		s.index[k] = int32(len(s.list) - 1)
	case len(s.list) > indexAbove:
		s.reindex()
	}
}

func (s *set[K]) reindex() {
	s.index = make(map[K]int32, len(s.list))
	for i, k := range s.list {
		s.index[k] = int32(i)
	}
}

// removeAt moves the last member to place i.
func (s *set[K]) removeAt(i int) {
	if s.lent.Load() {
		s.list = slices.Clone(s.list)
		s.lent.Store(false)
	}
	last := len(s.list) - 1
	k, moved := s.list[i], s.list[last]
	s.list[i] = moved
	clear(s.list[last:])
	s.list = s.list[:last]
	if s.index != nil {
		s.index[moved] = int32(i)
		delete(s.index, k)
	}
	// At a quarter of its room the list moves to half of it; the removals in between pay for the copy.
	if last > 0 && cap(s.list) > 2*indexAbove && last < cap(s.list)/4 {
		s.list = append(make([]K, 0, cap(s.list)/2), s.list...)
		s.index = nil
		if last > indexAbove {
			s.reindex()
		}
	}
}

// lend gives the list to a Result, which must not append in place.
func (s *set[K]) lend() []K {
	if !s.lent.Load() {
		s.lent.Store(true)
	}
	return s.list[:len(s.list):len(s.list)]
}

// groups is the queue groups of one subject: the name at place i of names is that of of[i].
type groups[V comparable] struct {
	names set[string]
	of    []*set[V]
}

// members is all who subscribe to one subject, when that is not just one plain subscription.
type members[V comparable] struct {
	plain  set[V]
	queues *groups[V]
}

func (m *members[V]) add(queue string, v V) bool {
	s := &m.plain
	if queue != "" {
		s = m.group(queue)
	}
	if s.find(v) >= 0 {
		return false
	}
	s.add(v)
	return true
}

// group is the members of a queue group, which it makes if there is none.
func (m *members[V]) group(queue string) *set[V] {
	if m.queues == nil {
		m.queues = &groups[V]{}
	}
	g := m.queues
	if i := g.names.find(queue); i >= 0 {
		return g.of[i]
	}
	g.names.add(queue)
	s := &set[V]{}
	g.of = append(g.of, s)
	return s
}

func (m *members[V]) remove(queue string, v V) bool {
	if queue == "" {
		i := m.plain.find(v)
		if i >= 0 {
			m.plain.removeAt(i)
		}
		return i >= 0
	}
	g := m.queues
	if g == nil {
		return false
	}
	at := g.names.find(queue)
	if at < 0 {
		return false
	}
	s := g.of[at]
	i := s.find(v)
	if i < 0 {
		return false
	}
	s.removeAt(i)
	if len(s.list) > 0 {
		return true
	}
	g.names.removeAt(at)
	last := len(g.of) - 1
	g.of[at], g.of[last] = g.of[last], nil
	g.of = g.of[:last]
	if last == 0 {
		m.queues = nil
	}
	return true
}

// entry is what stands at one subject. Nearly always that is one plain subscription, which costs no further memory.
type entry[V comparable] struct {
	one  V // the only member, while more is nil
	more *members[V]
}

// add reports whether v is new. Held says whether the entry has a member already.
func (e *entry[V]) add(held bool, queue string, v V) bool {
	if !held && queue == "" {
		e.one = v
		return true
	}
	if e.more == nil {
		if held && queue == "" && e.one == v {
			return false
		}
		m := &members[V]{}
		if held {
			m.plain.add(e.one)
		}
		*e = entry[V]{more: m}
	}
	return e.more.add(queue, v)
}

// remove reports whether v was there and whether a member is left.
func (e *entry[V]) remove(queue string, v V) (removed, held bool) {
	if e.more == nil {
		if queue != "" || e.one != v {
			return false, true
		}
		*e = entry[V]{}
		return true, false
	}
	removed = e.more.remove(queue, v)
	if e.more.queues != nil {
		return removed, true
	}
	switch plain := e.more.plain.list; len(plain) {
	case 0:
		*e = entry[V]{}
		return removed, false
	case 1:
		*e = entry[V]{one: plain[0]}
	}
	return removed, true
}

// each calls yield for the plain members until it returns false; then it returns false too.
func (e entry[V]) each(yield func(V) bool) bool {
	if e.more == nil {
		return yield(e.one)
	}
	for _, v := range e.more.plain.list {
		if !yield(v) {
			return false
		}
	}
	return true
}
