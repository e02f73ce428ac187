package outbound

import (
	"sync"

	"weir/internal/msg"
)

// Item is a shared message that waits for the subscription SID of one receiver.
type Item struct {
	Msg *msg.Msg
	SID string
}

// lineCost is what a MSG line counts in pending bytes besides names and body: verb, lengths, spaces, CR LF.
const lineCost = 16

func (it *Item) cost() int64 { return int64(len(it.SID) + it.Msg.Cost() + lineCost) }

// Sizes of a segment.
const (
	// segmentItems is how many items it holds: 32 of 24 bytes and their places fit into a kilobyte.
	segmentItems = 32
	// segmentText is how many bytes of text it takes until the next one begins.
	segmentText = 16 << 10
	// segmentCost is the same for all that is in it: what one [Queue.Take] hands out is made of whole segments.
	segmentCost = 256 << 10
	// keepText is the largest text buffer in bytes that goes back to the pool.
	keepText = 64 << 10
)

// segment is a piece of a queue: text that is ready for the wire, and shared messages at their places in it.
type segment struct {
	next *segment
	text []byte // behind [msg.Headroom] free bytes
	cost int64

	msgs, bytes int64 // messages that are in text, and their headers and payloads in bytes

	n     int
	items [segmentItems]Item
	at    [segmentItems]int32 // the item follows text[:at]
}

var segments = sync.Pool{New: func() any {
	return &segment{text: make([]byte, msg.Headroom, 1<<10)}
}}

func newSegment() *segment { return segments.Get().(*segment) }

func (s *segment) append(it Item) {
	s.items[s.n], s.at[s.n] = it, int32(len(s.text))
	s.n++
	s.cost += it.cost()
}

// roomy reports whether one more item, or some more text, may go into s.
func (s *segment) roomy() bool {
	return s.n < segmentItems && len(s.text) < segmentText && s.cost < segmentCost
}

// same reports whether s holds what o holds.
func (s *segment) same(o *segment) bool {
	if s.n != o.n || string(s.text) != string(o.text) {
		return false
	}
	for i := range s.items[:s.n] {
		if s.items[i] != o.items[i] || s.at[i] != o.at[i] {
			return false
		}
	}
	return true
}

// release gives a chain of segments back to the pool.
func release(s *segment) {
	for s != nil {
		next := s.next
		clear(s.items[:s.n])
		s.next, s.n, s.cost, s.msgs, s.bytes = nil, 0, 0, 0, 0
		if s.text = s.text[:msg.Headroom]; cap(s.text) <= keepText {
			segments.Put(s)
		}
		s = next
	}
}
