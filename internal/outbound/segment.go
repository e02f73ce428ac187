package outbound

import (
	"sync"

	"weir/internal/msg"
	"weir/internal/proto"
)

// Item is a shared message that waits for the subscription SID of one receiver, or a run of them.
type Item struct {
	Msg *msg.Msg // the first one of run, if that is not nil
	run *Run
	SID string
}

// Run is shared messages that go to the same receivers one behind the other. It never changes.
type Run struct {
	msgs []*msg.Msg
	cost int64
}

// NewRun makes a run of two messages or more. It keeps the slice.
func NewRun(msgs []*msg.Msg) *Run {
	r := &Run{msgs: msgs}
	for _, m := range msgs {
		r.cost += int64(m.Cost() + lineCost)
	}
	return r
}

// lineCost is what a MSG line counts in pending bytes besides names and body: verb, lengths, spaces, CR LF.
const lineCost = 16

func (it *Item) cost() int64 {
	if it.run != nil {
		return int64(len(it.SID)*len(it.run.msgs)) + it.run.cost
	}
	return int64(len(it.SID) + it.Msg.Cost() + lineCost)
}

// Sizes of a segment.
const (
	// segmentItems is how many items it holds: 24 of 32 bytes and their places fit into a kilobyte.
	segmentItems = 24
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

// write appends messages as text while there is room, and returns how many.
func (s *segment) write(sid string, subject []byte, texts []Text) (n int) {
	line, header, size := [2]int{}, -1, 0 // of the last message
	for ; n < len(texts) && s.roomy(); n++ {
		t := &texts[n]
		if t.Header == header && len(t.Body) == size {
			s.text = append(s.text, s.text[line[0]:line[1]]...)
		} else {
			line[0] = len(s.text)
			s.text = proto.AppendMsgLine(s.text, subject, sid, nil, t.Header, len(t.Body))
			line[1] = len(s.text)
			header, size = t.Header, len(t.Body)
		}
		s.message(t.Body, int64(len(sid)+len(subject)+len(t.Body)+lineCost))
	}
	return n
}

// message appends the rest of a message whose line is there.
func (s *segment) message(body []byte, cost int64) {
	s.text = append(append(s.text, body...), proto.CRLF...)
	s.cost += cost
	s.msgs++
	s.bytes += int64(len(body))
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
