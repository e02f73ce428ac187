package outbound

import (
	"sync"

	"weir/internal/msg"
)

// Kind says what an [Item] is.
type Kind uint8

const (
	// Message is a message for the subscription whose sid is Text.
	Message Kind = iota
	// Line is a complete protocol line, CR LF included.
	Line
	// Frame is a complete WebSocket control frame. It overtakes everything that has not been taken yet.
	Frame
	// Close is the end: nothing is sent after it.
	Close
)

// lineCost is what a MSG line counts in pending bytes besides names and body: verb, lengths, spaces, CR LF.
const lineCost = 16

// Item is one thing to send.
type Item struct {
	Msg  *msg.Msg
	Text string
	Kind Kind
}

func (it *Item) cost() int64 {
	n := len(it.Text)
	if it.Msg != nil {
		n += it.Msg.Cost() + lineCost
	}
	return int64(n)
}

// Outcome is what became of a push.
type Outcome uint8

const (
	// Queued means that somebody else holds the flush flag and will send the item.
	Queued Outcome = iota
	// Owed means that the caller raised the flush flag and must call [Queue.Flush].
	Owed
	// Sealed means that the queue takes nothing more; the item was dropped.
	Sealed
	// Overflow means that the item did not fit: it was dropped and the queue is sealed now. One push sees it.
	Overflow
)

// Flusher sends what waits in a queue. Flush is called by the one goroutine that owes it; it never blocks.
type Flusher interface{ Flush() }

// Queue is the queue of one receiver. It must be set up by [Queue.Init] and not be copied afterwards.
type Queue struct {
	owner Flusher // immutable after Init

	mu      sync.Mutex // guards all below
	first   Item       // the oldest item, if count > 0 and head is nil
	head    *block     // all items, when there is more than one
	tail    *block
	count   int
	frames  []byte // control frames, which go first
	pending int64
	limit   int64
	busy    bool // the flush flag
	sealed  bool
}

// Init sets the owner and the limit of pending bytes; limit 0 means none.
func (q *Queue) Init(owner Flusher, limit int64) { q.owner, q.limit = owner, limit }

// Flush calls the owner. The caller got [Owed] from a push.
func (q *Queue) Flush() { q.owner.Flush() }

// Push appends it. It never blocks and calls nobody.
func (q *Queue) Push(it Item) Outcome {
	q.mu.Lock()
	if q.sealed {
		q.mu.Unlock()
		return Sealed
	}
	cost := it.cost()
	if q.limit > 0 && q.pending+cost > q.limit {
		q.sealed = true
		q.mu.Unlock()
		return Overflow
	}
	q.appendLocked(it)
	q.pending += cost
	owed := !q.busy
	q.busy = true
	q.mu.Unlock()
	if owed {
		return Owed
	}
	return Queued
}

// Finish appends last items and seals the queue in one step: nothing comes after them. It reports whether the caller owes
// a flush, and whether it was the one who sealed.
func (q *Queue) Finish(last ...Item) (owed, first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.sealed {
		return false, false
	}
	q.sealed = true
	for _, it := range last {
		q.appendLocked(it)
		q.pending += it.cost()
	}
	owed = !q.busy
	q.busy = true
	return owed, true
}

// Discard seals the queue and drops all that waits in it.
func (q *Queue) Discard() {
	q.mu.Lock()
	q.sealed = true
	head := q.head
	q.head, q.tail, q.count, q.first, q.frames = nil, nil, 0, Item{}, nil
	q.mu.Unlock()
	release(head)
}

// takeCost is about how much one [Queue.Take] hands out, in bytes: control frames that come meanwhile wait no longer than
// this much takes to write.
const takeCost = 1 << 20

// Take hands the waiting items to dst, those of about a megabyte at most, and reports whether there were any. Only the
// holder of the flush flag calls it. wrote is the cost of the items of the last Take, all written by now. When nothing
// waits the flag is lowered.
func (q *Queue) Take(dst *Taken, wrote int64) bool {
	dst.Release()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pending -= wrote
	if q.count == 0 && len(q.frames) == 0 {
		q.busy = false
		return false
	}
	dst.Frames, q.frames = q.frames, nil
	if q.pending <= takeCost {
		dst.first, dst.head, dst.count = q.first, q.head, q.count
		q.first, q.head, q.tail, q.count = Item{}, nil, nil, 0
		dst.Cost = q.pending
		return true
	}
	q.takeSomeLocked(dst)
	return true
}

// takeSomeLocked hands out items until they cost enough; at least one.
func (q *Queue) takeSomeLocked(dst *Taken) {
	dst.Cost = int64(len(dst.Frames))
	if q.head == nil {
		dst.first, dst.count = q.first, q.count
		if q.count > 0 {
			dst.Cost += q.first.cost()
		}
		q.first, q.count = Item{}, 0
		return
	}
	b := q.head
	part := newBlock()
	dst.head = part
	for dst.Cost < takeCost && part.n < blockItems && b.start < b.n {
		it := &b.items[b.start]
		part.items[part.n] = *it
		*it = Item{}
		part.n++
		b.start++
		dst.Cost += part.items[part.n-1].cost()
	}
	dst.count = part.n
	q.count -= part.n
	if b.start == b.n {
		q.head = b.next
		b.next = nil
		release(b)
	}
	if q.head == nil {
		q.tail = nil
	}
}

// Pending is the number of bytes that wait or are being written.
func (q *Queue) Pending() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pending
}

// appendLocked puts it behind all others.
func (q *Queue) appendLocked(it Item) {
	switch {
	case it.Kind == Frame:
		q.frames = append(q.frames, it.Text...)
		return
	case q.count == 0:
		q.first = it
	case q.head == nil:
		b := newBlock()
		b.items[0], b.items[1], b.n = q.first, it, 2
		q.first = Item{}
		q.head, q.tail = b, b
	default:
		if q.tail.n == blockItems {
			b := newBlock()
			q.tail.next, q.tail = b, b
		}
		q.tail.items[q.tail.n] = it
		q.tail.n++
	}
	q.count++
}
