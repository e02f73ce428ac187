package outbound

import (
	"sync"

	"weir/internal/proto"
)

// Outcome is what became of a push.
type Outcome uint8

const (
	// Queued means that somebody else holds the flush flag and will send what was pushed.
	Queued Outcome = iota
	// Owed means that the caller raised the flush flag and must call [Queue.Flush].
	Owed
	// Sealed means that the queue takes nothing more; what was pushed was dropped.
	Sealed
	// Overflow means that it did not fit: it was dropped and the queue is sealed now. One push sees it.
	Overflow
	// Refused means that the queue does not take messages in this form.
	Refused
)

// Scratch is what flushes of one goroutine hand on from one queue to the next: memory, and what is the same for several
// receivers.
type Scratch interface {
	// Release is called once after the last flush.
	Release()
}

// Flusher sends what waits in a queue. Flush is called by the one goroutine that owes it; it never blocks. s is what the
// goroutine's last flush returned; nil at first, and whenever there is nothing to hand on.
type Flusher interface{ Flush(s Scratch) Scratch }

// Queue is the queue of one receiver. It must be set up by [Queue.Init] and not be copied afterwards.
type Queue struct {
	owner Flusher // immutable after Init

	mu      sync.Mutex // guards all below
	first   Item       // the only thing that waits, if it has a message
	head    *segment   // all that waits, when it is more
	tail    *segment
	urgent  *urgent // nil mostly
	pending int64
	limit   int64
	busy    bool // the flush flag
	sealed  bool
	copies  bool // takes messages as text
	headers bool // with headers, too
}

// urgent is what does not go with the stream.
type urgent struct {
	frames  []byte // control frames, which go first
	last    string // what goes behind all else
	closing bool
}

// Init sets the owner and the limit of pending bytes; limit 0 means none.
func (q *Queue) Init(owner Flusher, limit int64) { q.owner, q.limit = owner, limit }

// SetLimit changes the limit for what is pushed from now on.
func (q *Queue) SetLimit(limit int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.limit = limit
}

// AcceptCopies lets [Queue.PushCopy] write messages in the form of the client protocol; headers says whether the receiver
// knows HMSG.
func (q *Queue) AcceptCopies(headers bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.copies, q.headers = true, headers
}

// Flush calls the owner. The caller got [Owed] from a push. See [Flusher] for s.
func (q *Queue) Flush(s Scratch) Scratch { return q.owner.Flush(s) }

// Push appends a shared message. It never blocks and calls nobody.
func (q *Queue) Push(it Item) Outcome {
	q.mu.Lock()
	cost := it.cost()
	if o := q.admitLocked(cost); o != Queued {
		q.mu.Unlock()
		return o
	}
	q.itemLocked(it)
	return q.pushedLocked(cost)
}

// PushCopy appends a message that nobody else gets, as MSG (with a header of header bytes: HMSG) line and body. The slices
// are borrowed for the call.
func (q *Queue) PushCopy(sid string, subject, reply, body []byte, header int) Outcome {
	q.mu.Lock()
	if !q.copies || header > 0 && !q.headers {
		q.mu.Unlock()
		return Refused
	}
	cost := int64(len(sid) + len(subject) + len(reply) + len(body) + lineCost)
	if o := q.admitLocked(cost); o != Queued {
		q.mu.Unlock()
		return o
	}
	s := q.segmentLocked()
	s.text = proto.AppendMsgLine(s.text, subject, sid, reply, header, len(body))
	s.message(body, cost)
	return q.pushedLocked(cost)
}

// Text is a message as [Queue.PushTexts] takes it: header and payload, and how many bytes of them are header.
type Text struct {
	Body   []byte
	Header int
}

// PushTexts is PushCopy for messages to one subject, without a reply. It takes all of them, or refuses them where one of them
// would not be taken.
func (q *Queue) PushTexts(sid string, subject []byte, texts []Text) Outcome {
	cost := int64(len(sid)+len(subject)+lineCost) * int64(len(texts))
	headers := false
	for i := range texts {
		cost += int64(len(texts[i].Body))
		headers = headers || texts[i].Header > 0
	}
	q.mu.Lock()
	if !q.copies || headers && !q.headers || !q.fitsLocked(cost) {
		q.mu.Unlock()
		return Refused
	}
	for len(texts) > 0 {
		s := q.segmentLocked()
		n := s.write(sid, subject, texts)
		texts = texts[n:]
	}
	return q.pushedLocked(cost)
}

// PushRun is Push for a run. It takes all of it, or refuses it where one of its messages would not be taken.
func (q *Queue) PushRun(r *Run, sid string) Outcome {
	it := Item{r.msgs[0], r, sid}
	cost := it.cost()
	q.mu.Lock()
	if !q.fitsLocked(cost) {
		q.mu.Unlock()
		return Refused
	}
	q.itemLocked(it)
	return q.pushedLocked(cost)
}

// PushLine appends a whole protocol line, CR LF included.
func (q *Queue) PushLine(line string) Outcome {
	q.mu.Lock()
	cost := int64(len(line))
	if o := q.admitLocked(cost); o != Queued {
		q.mu.Unlock()
		return o
	}
	q.lineLocked(line)
	return q.pushedLocked(cost)
}

// PushFrame sends a complete WebSocket control frame. It overtakes everything that has not been taken yet.
func (q *Queue) PushFrame(frame string) Outcome {
	q.mu.Lock()
	cost := int64(len(frame))
	if o := q.admitLocked(cost); o != Queued {
		q.mu.Unlock()
		return o
	}
	u := q.urgentLocked()
	u.frames = append(u.frames, frame...)
	return q.pushedLocked(cost)
}

// Finish appends a last line and what goes behind all else, such as a close frame, and seals the queue in one step: nothing
// comes after them. It reports whether the caller owes a flush, and whether it was the one who sealed.
func (q *Queue) Finish(line, last string) (owed, first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.sealed {
		return false, false
	}
	q.sealed = true
	if line != "" {
		q.lineLocked(line)
	}
	u := q.urgentLocked()
	u.last, u.closing = last, true
	q.pending += int64(len(line) + len(last))
	owed = !q.busy
	q.busy = true
	return owed, true
}

// Seal seals the queue if nothing waits in it and nobody flushes it, and reports whether it did.
func (q *Queue) Seal() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.sealed || q.busy {
		return false
	}
	q.sealed = true
	return true
}

// Discard seals the queue and drops all that waits in it.
func (q *Queue) Discard() {
	q.mu.Lock()
	q.sealed = true
	head := q.head
	q.first, q.head, q.tail, q.urgent = Item{}, nil, nil, nil
	q.mu.Unlock()
	release(head)
}

// takeCost is about how much one [Queue.Take] hands out, in bytes: control frames that come meanwhile wait no longer than
// this much takes to write.
const takeCost = 1 << 20

// Take hands what waits to dst, about a megabyte at most, and reports whether there was anything. Only the holder of the
// flush flag calls it. wrote is the cost of the last Take, all written by now. When nothing waits the flag is lowered.
func (q *Queue) Take(dst *Taken, wrote int64) bool {
	dst.Release()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pending -= wrote
	u := q.urgent
	if u != nil {
		dst.Frames, u.frames = u.frames, nil
		dst.Cost = int64(len(dst.Frames))
		if !u.closing {
			q.urgent = nil
		}
	}
	switch {
	case q.first.Msg != nil:
		dst.first, q.first = q.first, Item{}
		dst.Cost += dst.first.cost()
	case q.head != nil:
		q.takeSegmentsLocked(dst)
	case u == nil:
		q.busy = false
		return false
	}
	if u != nil && u.closing && q.head == nil {
		dst.Last, dst.Closing = u.last, true
		dst.Cost += int64(len(u.last))
		q.urgent = nil
	}
	return true
}

// takeSegmentsLocked hands out segments until they cost enough; at least one if there is any.
func (q *Queue) takeSegmentsLocked(dst *Taken) {
	dst.head = q.head
	for s := q.head; s != nil; s = q.head {
		dst.Cost += s.cost
		dst.Msgs += s.msgs
		dst.Bytes += s.bytes
		q.head = s.next
		if dst.Cost >= takeCost {
			s.next = nil
		}
		if s.next == nil {
			break
		}
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

// admitLocked reports Queued if something of that cost may be appended.
func (q *Queue) admitLocked(cost int64) Outcome {
	switch {
	case q.fitsLocked(cost):
		return Queued
	case q.sealed:
		return Sealed
	}
	q.sealed = true
	return Overflow
}

// fitsLocked reports whether something of that cost may be appended. It never seals.
func (q *Queue) fitsLocked(cost int64) bool {
	return !q.sealed && (q.limit <= 0 || q.pending+cost <= q.limit)
}

// pushedLocked counts what was appended, unlocks, and reports whether the caller owes the flush.
func (q *Queue) pushedLocked(cost int64) Outcome {
	q.pending += cost
	owed := !q.busy
	q.busy = true
	q.mu.Unlock()
	if owed {
		return Owed
	}
	return Queued
}

func (q *Queue) itemLocked(it Item) {
	if q.head == nil && q.first.Msg == nil {
		q.first = it
	} else {
		q.segmentLocked().append(it)
	}
}

func (q *Queue) lineLocked(line string) {
	s := q.segmentLocked()
	s.text = append(s.text, line...)
	s.cost += int64(len(line))
}

// segmentLocked is the segment to which the next thing is appended.
func (q *Queue) segmentLocked() *segment {
	if q.tail != nil && q.tail.roomy() {
		return q.tail
	}
	s := newSegment()
	if q.tail != nil {
		q.tail.next = s
	} else {
		q.head = s
	}
	q.tail = s
	if q.first.Msg != nil {
		s.append(q.first)
		q.first = Item{}
	}
	return s
}

func (q *Queue) urgentLocked() *urgent {
	if q.urgent == nil {
		q.urgent = new(urgent)
	}
	return q.urgent
}
