package subject

import (
	"sync"
	"sync/atomic"
)

// Tree is a [Trie] that any number of goroutines may use: Insert and Remove take its lock to write, the others to read.
// The zero value is ready.
type Tree[V comparable] struct {
	generation atomic.Uint64
	// Every reader polls the generation at each message: the lock, which writers move, must not share its cache line.
	_ [56]byte

	mu      sync.RWMutex
	trie    Trie[V]
	inserts uint64
	removes uint64

	counters counters
	nobody   Result[V] // what a match without interest returns, so that it costs no memory
}

// Insert adds v to the subscribers of subject, in the queue group of that name unless it is "". What is there already is
// not added twice. The error is [ErrInvalid].
func (t *Tree[V]) Insert(subject, queue string, v V) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	added, err := t.trie.Insert(subject, queue, v)
	if added {
		t.inserts++
		t.generation.Add(1)
	}
	return err
}

// Remove takes v out and reports whether it was there.
func (t *Tree[V]) Remove(subject, queue string, v V) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	removed := t.trie.Remove(subject, queue, v)
	if removed {
		t.removes++
		t.generation.Add(1)
	}
	return removed
}

// Len is the number of members.
func (t *Tree[V]) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.trie.Len()
}

// Generation changes with every change of the tree. A result that was matched at the generation of now is still right.
func (t *Tree[V]) Generation() uint64 { return t.generation.Load() }

// Match is who gets a message to the literal subject; never nil. A list of one subject alone is shared and not copied.
func (t *Tree[V]) Match(subject []byte) *Result[V] {
	t.mu.RLock()
	r := t.trie.Match(subject)
	t.mu.RUnlock()
	if r == nil {
		r = &t.nobody
	}
	t.counters.matched(r.Fanout())
	return r
}

// HasInterest reports whether anybody gets a message to the literal subject. It allocates nothing and is not counted.
func (t *Tree[V]) HasInterest(subject []byte) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return Has(&t.trie, subject)
}
