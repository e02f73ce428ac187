package msg

// Headroom is the number of bytes that a [Batch] keeps free in front of its first line, so that the largest WebSocket
// frame header (10 bytes without a mask key, RFC 6455 §5.2) fits there without moving anything.
const Headroom = 10

// CopyBelow is the body size in bytes below which a body is copied between the lines: one contiguous write is then cheaper
// than two more entries of a vector (BenchmarkBatch).
const CopyBelow = 256

// maxKeep is the largest buffer in bytes that a reset batch keeps.
const maxKeep = 64 << 10

// Cut is a borrowed body that stands at one place of a batch.
type Cut struct {
	At   int    // the body follows Batch.Buf[:At]
	Msg  *Msg   // whose body it is
	Body []byte // its bytes, CR LF included
}

// Batch is what one flush sends to one receiver, in order. The zero value is not ready: call [Batch.Reset] first.
type Batch struct {
	Buf     []byte // headroom, then lines and copied bodies
	Cuts    []Cut  // borrowed bodies, At rising
	Frames  []byte // WebSocket control frames, complete, that go ahead of all else
	Last    []byte // WebSocket close frame, complete, that goes behind all else
	Closing bool   // nothing is sent after this batch
	Plain   bool   // not to be compressed

	borrowed int
}

// Reset empties b and keeps its memory, unless that grew large.
func (b *Batch) Reset() {
	if cap(b.Buf) > maxKeep || b.Buf == nil {
		b.Buf = make([]byte, 0, 1024)
	}
	var room [Headroom]byte
	b.Buf = append(b.Buf[:0], room[:]...)
	clear(b.Cuts)
	b.Cuts = b.Cuts[:0]
	b.Frames = b.Frames[:0]
	b.Last = b.Last[:0]
	b.Closing, b.Plain = false, false
	b.borrowed = 0
}

// Len is the number of data bytes in b.
func (b *Batch) Len() int { return len(b.Buf) - Headroom + b.borrowed }

// Copy appends a body of m by copying it.
func (b *Batch) Copy(body []byte) { b.Buf = append(b.Buf, body...) }

// Borrow appends a body of m without copying it.
func (b *Batch) Borrow(m *Msg, body []byte) {
	b.Cuts = append(b.Cuts, Cut{At: len(b.Buf), Msg: m, Body: body})
	b.borrowed += len(body)
}

// Segments yields the data bytes of b in order, as few pieces as there are.
func (b *Batch) Segments(yield func(p []byte, m *Msg) bool) {
	at := Headroom
	for i := range b.Cuts {
		c := &b.Cuts[i]
		if c.At > at && !yield(b.Buf[at:c.At], nil) {
			return
		}
		if !yield(c.Body, c.Msg) {
			return
		}
		at = c.At
	}
	if at < len(b.Buf) {
		yield(b.Buf[at:], nil)
	}
}
