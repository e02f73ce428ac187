package outbound

import "sync"

// blockItems is how many items a block holds: 32 of 32 bytes are one page-friendly kilobyte.
const blockItems = 32

// block is a piece of a queue that holds more than one item.
type block struct {
	next  *block
	start int // of the items that have not been taken
	n     int
	items [blockItems]Item
}

var blocks = sync.Pool{New: func() any { return new(block) }}

func newBlock() *block { return blocks.Get().(*block) }

// release gives a chain of blocks back to the pool.
func release(b *block) {
	for b != nil {
		next := b.next
		clear(b.items[:b.n])
		b.next, b.start, b.n = nil, 0, 0
		blocks.Put(b)
		b = next
	}
}

// Taken is what one [Queue.Take] got. It belongs to the holder of the flush flag.
type Taken struct {
	// Cost is what the items count in pending bytes, to be given back to the next Take.
	Cost int64
	// Frames is the control frames, which go ahead of the items.
	Frames []byte

	first Item
	head  *block
	count int
}

// Len is the number of items.
func (t *Taken) Len() int { return t.count }

// All yields the items in order.
func (t *Taken) All(yield func(*Item) bool) {
	if t.head == nil {
		if t.count > 0 {
			yield(&t.first)
		}
		return
	}
	for b := t.head; b != nil; b = b.next {
		for i := b.start; i < b.n; i++ {
			if !yield(&b.items[i]) {
				return
			}
		}
	}
}

// Release forgets the items and gives their blocks back.
func (t *Taken) Release() {
	release(t.head)
	t.head, t.count, t.Cost, t.first, t.Frames = nil, 0, 0, Item{}, nil
}
