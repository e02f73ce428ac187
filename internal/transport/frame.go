package transport

import (
	"weir/internal/msg"
	"weir/ws"
)

// packShared is the size in bytes from which a body that several receivers share is compressed on its own.
const packShared = 64

// packRun is the size in bytes from which a run of unshared bytes is compressed; below it Huffman codes cost more than they
// save.
const packRun = 96

// Borrows reports whether a body should be borrowed by the batch and not copied: large ones always, and those whose
// compressed form this receiver can share.
func (c *Conn) Borrows(m *msg.Msg) bool {
	n := m.Len()
	return n >= msg.CopyBelow || n >= packShared && m.Shared() && c.Compresses() && c.ws.windows == nil
}

// Frame turns the batch of w into what goes on the wire: WebSocket frames, compressed where that was agreed and pays, and
// TLS records.
func (c *Conn) Frame(w *Wire) error {
	b := &w.Batch
	if c.ws != nil && c.ws.answer != nil {
		w.vec = append(w.vec, *c.ws.answer)
		c.ws.answer = nil
	}
	if len(b.Frames) > 0 {
		w.vec = append(w.vec, b.Frames)
	}
	if n := b.Len(); n > 0 {
		switch {
		case c.ws == nil:
			w.segments()
		case c.ws.deflate && !b.Plain && n > int(c.ws.threshold) && w.compose(c.ws):
		case n <= int(c.ws.maxFrame):
			w.oneFrame(n)
		default:
			w.manyFrames(n, int(c.ws.maxFrame))
		}
	}
	if len(b.Last) > 0 {
		w.vec = append(w.vec, b.Last)
	}
	return c.sock.seal(w)
}

// segments puts the data on the vector as it is.
func (w *Wire) segments() {
	w.Batch.Segments(func(p []byte, _ *msg.Msg) bool {
		w.vec = append(w.vec, p)
		return true
	})
}

// oneFrame puts the data on the vector as one binary message. Its header goes into the headroom of the batch, in front of
// the first line, so that a small flush stays one contiguous piece.
func (w *Wire) oneFrame(n int) {
	first := len(w.vec)
	w.segments()
	buf := w.Batch.Buf
	var room [ws.MaxHeader]byte
	head := ws.AppendHeader(room[:0], true, false, ws.OpBinary, n, nil)
	at := msg.Headroom - len(head)
	copy(buf[at:], head)
	w.vec[first] = buf[at : msg.Headroom+len(w.vec[first])]
}

// manyFrames puts the data on the vector as binary messages of at most maxFrame bytes.
func (w *Wire) manyFrames(n, maxFrame int) {
	left := 0 // bytes until the current frame is full
	w.heads = make([]byte, 0, (n/maxFrame+1)*ws.MaxHeader)
	w.Batch.Segments(func(p []byte, _ *msg.Msg) bool {
		for len(p) > 0 {
			if left == 0 {
				left = min(n, maxFrame)
				at := len(w.heads)
				w.heads = ws.AppendHeader(w.heads, true, false, ws.OpBinary, left, nil)
				w.vec = append(w.vec, w.heads[at:])
			}
			k := min(left, len(p))
			w.vec = append(w.vec, p[:k])
			p, left, n = p[k:], left-k, n-k
		}
		return true
	})
}

// compose puts the data on the vector as one compressed message (RFC 7692 §7.2.1). Bodies that several receivers share
// contribute their one compressed form; what is in front of them goes along as a stored block. It reports false, and
// leaves the vector alone, if the result would not be smaller. The message is never fragmented: some browsers cannot read
// that.
func (w *Wire) compose(s *webSocket) bool {
	if s.windows != nil {
		return w.composeIn(s)
	}
	if w.hastes() {
		w.gatherRaw()
		w.pack = deflateRun(w.pack, w.raw, s)
		w.whole, w.hasty = true, true
		return w.compressed(0)
	}
	var room [msg.Headroom]byte
	out := append(w.pack[:0], room[:]...)
	deflated := false
	deflate, pack := ws.AppendBrief, packBody
	if s.level > 1 {
		deflate = func(dst, raw []byte) []byte { return ws.AppendDeflatedWith(dst, raw, nil, fullWindow, int(s.level)) }
		pack = func(dst, raw []byte) []byte { return smaller(deflate(dst, raw), raw) }
	}
	w.Batch.Segments(func(p []byte, m *msg.Msg) bool {
		if m != nil && m.Shared() && len(p) >= packShared && len(p) == len(m.Wire()) {
			if packed := m.Packed(pack); len(packed) > 0 {
				out, deflated = append(out, packed...), true
				return true
			}
			out, deflated = ws.AppendStored(out, p), false
			return true
		}
		if len(p) >= packRun && (m == nil || !m.Shared()) {
			out, deflated = deflate(out, p), true
			return true
		}
		out, deflated = ws.AppendStored(out, p), false
		return true
	})
	w.pack = ws.FinishMessage(out, deflated)
	return w.compressed(0)
}

// primeBelow is how much a window holds until it pays; so long a message may grow by primeSlack bytes to get into it.
const (
	primeBelow = 1 << 10
	primeSlack = 16
)

// composeIn is compose for a connection with windows of its own: the whole flush is deflated as one, referring to what was
// sent before where that was agreed. Only what is sent compressed is remembered, so that the peer stays in step.
func (w *Wire) composeIn(s *webSocket) bool {
	w.gatherRaw()
	raw := w.raw
	var room [msg.Headroom]byte
	out := append(w.pack[:0], room[:]...)
	out = ws.AppendDeflatedWith(out, raw, s.windows.out.Bytes(), s.windows.bits, max(int(s.level), 1))
	w.pack = ws.FinishMessage(out, true)
	slack := 0
	if s.windows.takeover && len(s.windows.out.Bytes()) < primeBelow {
		slack = primeSlack
	}
	if !w.compressed(slack) {
		return false
	}
	s.windows.out.Append(raw)
	return true
}

// compressed puts the composed message, which stands in pack behind its headroom, on the vector if it is smaller than what
// it holds and some slack.
func (w *Wire) compressed(slack int) bool {
	out := w.pack
	n := len(out) - msg.Headroom
	if n >= w.Batch.Len()+slack {
		return false
	}
	var room [ws.MaxHeader]byte
	head := ws.AppendHeader(room[:0], true, true, ws.OpBinary, n, nil)
	at := msg.Headroom - len(head)
	copy(out[at:], head)
	w.vec = append(w.vec, out[at:])
	return true
}

// packBody is the compressed form of a shared body; empty if compression does not pay.
func packBody(dst, raw []byte) []byte {
	return smaller(ws.AppendDeflated(dst, raw), raw)
}

// smaller is packed, or nothing if that is not smaller than raw.
func smaller(packed, raw []byte) []byte {
	if len(packed) >= len(raw) {
		return nil
	}
	return packed
}

// When the same goes to several receivers, work that makes each write cheaper or smaller pays.
const (
	// settleAt is for how many further receivers a batch of small messages is compressed anew, in one run.
	settleAt = 3
	// settleMean is how large in bytes the messages of such a batch are at most, on average: with larger ones a run is
	// not smaller than its parts.
	settleMean = 4 << 10
	// hasteFrom is from how many receivers on that is done for the first of them already: they have most often the same sids. If
	// they have not, one run was in vain.
	hasteFrom = 128
	// settleBelow is how large a batch may be in bytes to be copied into one piece or compressed anew.
	settleBelow = 64 << 10
)

// Again makes w, which was framed for a connection of the same [Form] and may have been written, ready to be written to c.
func (c *Conn) Again(w *Wire) error {
	w.again++
	w.hasty = false
	n := w.Batch.Len()
	if n <= settleBelow {
		if w.again == settleAt && !w.whole && c.Compresses() && n <= settleMean*max(len(w.Batch.Cuts), 1) {
			w.recompose(c.ws)
		}
		w.gather()
	}
	w.rewind()
	return c.sock.seal(w)
}

// recompose replaces the vector by the batch deflated in one run, if that is smaller.
func (w *Wire) recompose(s *webSocket) {
	size := 0
	for _, p := range w.vec {
		size += len(p)
	}
	w.gatherRaw()
	w.spare = deflateRun(w.spare, w.raw, s)
	if n := len(w.spare) - msg.Headroom; n >= w.Batch.Len() || n+ws.MaxHeader >= size {
		return
	}
	w.pack, w.spare = w.spare, w.pack
	clear(w.vec)
	w.vec = w.vec[:0]
	w.compressed(0)
}

// hastes reports whether the batch should be deflated in one run before anybody else is known to get the same.
func (w *Wire) hastes() bool {
	b := &w.Batch
	if n := b.Len(); w.hasty || len(b.Cuts) < 2 || n > settleBelow || n > settleMean*len(b.Cuts) {
		return false
	}
	for i := range b.Cuts {
		if b.Cuts[i].Msg.Receives() < hasteFrom {
			return false
		}
	}
	return true
}

// deflateRun is raw as one compressed message in the memory of out, behind headroom.
func deflateRun(out, raw []byte, s *webSocket) []byte {
	var room [msg.Headroom]byte
	out = ws.AppendDeflatedWith(append(out[:0], room[:]...), raw, nil, fullWindow, max(int(s.level), 1))
	return ws.FinishMessage(out, true)
}

// gatherRaw copies the data of the batch into one piece.
func (w *Wire) gatherRaw() {
	w.raw = w.raw[:0]
	w.Batch.Segments(func(p []byte, _ *msg.Msg) bool {
		w.raw = append(w.raw, p...)
		return true
	})
}

// Form is how a connection turns a batch into bytes, before they are encrypted. Two connections with equal forms turn the
// same batch into the same bytes.
type Form struct {
	ws, deflate         bool
	level               int8
	threshold, maxFrame int32
}

// Form reports false if the bytes depend on what the connection was sent before.
func (c *Conn) Form() (Form, bool) {
	s := c.ws
	if s == nil {
		return Form{}, true
	}
	return Form{true, s.deflate, s.level, s.threshold, s.maxFrame}, s.windows == nil && s.answer == nil
}
