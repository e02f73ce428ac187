package ws

// Window is one direction of a connection that compresses: the end of what was sent, which the next message may refer to
// (RFC 7692 §7.1.1). It is no compressor; it keeps the bytes and nothing else, and grows to their number when they come.
// Without context takeover it keeps nothing.
//
// A sender and a receiver that pass the same messages through a Window each stay in step. The zero Window is a direction
// of 15 bits without takeover. It belongs to one goroutine at a time.
type Window struct {
	buf      []byte
	bits     uint8
	takeover bool
}

// NewWindow returns the window for what was agreed on.
func (d DeflateDirection) NewWindow() Window {
	return Window{bits: uint8(boundBits(d.WindowBits)), takeover: d.Takeover}
}

// firstWindow is the first allocation for a window, in bytes. It is doubled up to the window's size.
const firstWindow = 256

// Bytes returns what the window holds, the latest byte last: the dictionary for the next message. It is valid until the
// window changes.
func (w *Window) Bytes() []byte { return w.buf }

// Reset forgets all messages, and gives back the memory.
func (w *Window) Reset() { w.buf = nil }

// Append remembers bytes that have gone in this direction. It is for a sender that composes a message itself, of stored
// blocks and of bodies deflated from an empty window; the other methods do it on their own.
func (w *Window) Append(raw []byte) {
	if !w.takeover {
		return
	}
	size := 1 << w.bits
	raw = lastBytes(raw, size)
	if over := len(w.buf) + len(raw) - size; over > 0 {
		w.buf = w.buf[:copy(w.buf, w.buf[over:])]
	}
	if need := len(w.buf) + len(raw); need > cap(w.buf) {
		grown := make([]byte, len(w.buf), min(size, max(firstWindow, need, 2*cap(w.buf))))
		copy(grown, w.buf)
		w.buf = grown
	}
	w.buf = append(w.buf, raw...)
}

// AppendDeflated appends raw as [AppendDeflatedWith] does, with what the window holds, and remembers raw. The result is
// a part of a message that has to be sent, and in this order.
func (w *Window) AppendDeflated(dst, raw []byte, level int) []byte {
	dst = AppendDeflatedWith(dst, raw, w.buf, int(w.bits), level)
	w.Append(raw)
	return dst
}

// AppendMessage appends a whole text or binary message as one frame: compressed if raw has at least p.Threshold bytes
// and becomes smaller, and plain otherwise (RFC 7692 §6). Only what is sent compressed is remembered, so the first messages
// may grow by 6 bytes for that. A client gives its mask.
func (w *Window) AppendMessage(dst []byte, op Opcode, raw []byte, p DeflatePolicy, mask *[4]byte) []byte {
	var room [MaxHeader]byte
	start := len(dst)
	payload, compressed := raw, false
	if len(raw) >= p.Threshold {
		dst = append(dst, room[:]...)
		dst = AppendDeflatedWith(dst, raw, w.buf, int(w.bits), p.Level)
		dst = FinishMessage(dst, true)
		if packed := dst[start+MaxHeader:]; len(packed) < len(raw)+w.slack(len(raw)) {
			payload, compressed = packed, true
			w.Append(raw)
		}
	}
	dst = AppendHeader(dst[:start], true, compressed, op, len(payload), mask)
	head := len(dst)
	dst = append(dst, payload...) // a compressed one moves down to its header
	if mask != nil {
		Mask(dst[head:], *mask, 0)
	}
	return dst
}

// A window pays when it has something to refer to, and short messages do not shrink before. So until it holds filled
// bytes, or half of its size, a message of primer bytes and more may grow by what a stored block adds.
const (
	filled = 1 << 10
	primer = 32
)

// slack is the growth in bytes at which a message of n bytes is sent plain.
func (w *Window) slack(n int) int {
	if !w.takeover || n < primer || len(w.buf) >= min(filled, 1<<w.bits/2) {
		return 0
	}
	return storedHeader + 2 // the byte that FinishMessage leaves, and one to be at the limit
}

// Inflate is [Inflate] for a message that may refer to those before it, and remembers what it becomes. After an error the
// window is out of step, and the connection has to end.
func (w *Window) Inflate(src []byte, limit InflateLimit, yield func(p []byte) error) (n int64, err error) {
	return inflated(src, w, limit, yield)
}
