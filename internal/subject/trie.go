package subject

import "errors"

// ErrInvalid refuses a subject that is not [Valid].
var ErrInvalid = errors.New("invalid subject")

// Trie is a set of (subject, queue group, V). The zero value is ready and holds no memory. It has no lock: it may be read
// by many goroutines as long as nobody changes it.
//
// It keeps the strings that it is given and does not copy them.
type Trie[V comparable] struct {
	literals table[entry[V]]
	wild     node[V]
	count    int
}

// Len is the number of members.
func (t *Trie[V]) Len() int { return t.count }

// Insert adds v to the subscribers of subject, in the queue group of that name unless it is "". It reports whether v is
// new there. The error is ErrInvalid; then nothing has changed.
func (t *Trie[V]) Insert(subject, queue string, v V) (bool, error) {
	if !Valid(subject) {
		return false, ErrInvalid
	}
	var added bool
	if HasWildcard(subject) {
		added = t.wild.insert(subject, queue, v)
	} else {
		e, held := t.literals.m[subject]
		if added = e.add(held, queue, v); added {
			t.literals.put(subject, e)
		}
	}
	if added {
		t.count++
	}
	return added, nil
}

// Remove takes v out and reports whether it was there.
func (t *Trie[V]) Remove(subject, queue string, v V) bool {
	var removed bool
	if HasWildcard(subject) {
		removed = t.wild.remove(subject, queue, v)
	} else if e, ok := t.literals.m[subject]; ok {
		var held bool
		removed, held = e.remove(queue, v)
		switch {
		case !held:
			t.literals.remove(subject)
		case removed:
			t.literals.m[subject] = e
		}
	}
	if removed {
		t.count--
	}
	return removed
}

// Match is who gets a message to the literal subject, or nil for nobody.
func (t *Trie[V]) Match(subject []byte) *Result[V] {
	var c collector[V]
	search(t, subject, false, func(e entry[V]) bool {
		c.take(e)
		return true
	})
	return c.result
}

// Has reports whether anybody gets a message to the literal subject.
func Has[V comparable, S Text](t *Trie[V], subject S) bool {
	return !search(t, subject, false, func(entry[V]) bool { return false })
}

// Covered reports whether a member's subject matches every subject that the pattern matches.
func Covered[V comparable, S Text](t *Trie[V], pattern S) bool {
	return !search(t, pattern, true, func(entry[V]) bool { return false })
}

// Each calls yield for every plain member that gets a message to the literal subject, until yield returns false.
func Each[V comparable, S Text](t *Trie[V], subject S, yield func(V) bool) {
	search(t, subject, false, func(e entry[V]) bool { return e.each(yield) })
}

// EachCovering calls yield for every plain member whose subject matches every subject that the pattern matches, until
// yield returns false.
func EachCovering[V comparable, S Text](t *Trie[V], pattern S, yield func(V) bool) {
	search(t, pattern, true, func(e entry[V]) bool { return e.each(yield) })
}

// search visits the entries that match subject: the literal one by its hash, the others by their tokens.
func search[V comparable, S Text](t *Trie[V], subject S, covers bool, visit func(entry[V]) bool) bool {
	if e, ok := t.literals.m[string(subject)]; ok && !visit(e) {
		return false
	}
	// A subject with an empty token reaches nobody, not even `>`.
	if t.wild.empty() || !tokensFull(subject) {
		return true
	}
	return walk(&t.wild, subject, covers, visit)
}
