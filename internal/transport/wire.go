package transport

import (
	"errors"
	"sync"
	"time"

	"weir/internal/msg"
)

// progressStep is how many bytes must go out within one write deadline: a slow link that takes this much is not stuck.
const progressStep = 1 << 20

// errMore says that a waiting write made a step and wants its deadline renewed.
var errMore = errors.New("transport: more to write")

// Wire is one flush on its way to one socket. It comes from [GetWire], belongs to the holder of the receiver's flush flag,
// and goes back with [Wire.Put].
type Wire struct {
	// Batch is what to send. The caller fills it, then calls Conn.Frame.
	Batch msg.Batch

	vec   [][]byte // what the batch is framed to
	out   [][]byte // what to write: vec, or the records that it is sealed in
	next  int      // the first piece of out that is not written
	off   int      // how many bytes of it are
	pack  []byte   // composed compressed message
	spare []byte   // another one, while the vector lies in pack
	flat  []byte   // gathered bytes
	raw   []byte   // gathered plain bytes to compress
	heads []byte   // frame headers

	sealed [1][]byte // the records

	again int   // for how many further receivers it was used
	whole bool  // it was deflated in one run for the first of them
	hasty bool  // likewise, the last time that it was, and nobody else got that
	sent  int   // bytes written since the deadline was set
	total int64 // bytes written in all

	wait bool // block while the socket is full
	err  error
	send func(fd uintptr) bool // sendTo, bound once
	vector
	lender
}

// maxKeep is the largest scratch in bytes that goes back to the pool.
const maxKeep = 256 << 10

var wires = sync.Pool{New: func() any {
	w := new(Wire)
	w.send = w.sendTo
	w.Reset()
	return w
}}

// GetWire takes an empty wire from the pool.
func GetWire() *Wire { return wires.Get().(*Wire) }

// Reset empties w for the next batch.
func (w *Wire) Reset() {
	w.recall()
	w.Batch.Reset()
	clear(w.vec)
	w.vec, w.out = w.vec[:0], nil
	if w.sealed[0] != nil {
		w.sealed[0] = nil
	}
	w.heads = w.heads[:0]
	w.again, w.whole = 0, false
	w.rewind()
}

// rewind goes back to the first byte.
func (w *Wire) rewind() {
	w.next, w.off = 0, 0
	w.err = nil
	w.sent, w.total = 0, 0
}

// Put gives w back.
func (w *Wire) Put() {
	w.Clean()
	wires.Put(w)
}

// Clean empties w for another goroutine, and gives up memory that is large.
func (w *Wire) Clean() {
	w.Reset()
	w.hasty = false
	for _, scratch := range []*[]byte{&w.pack, &w.raw, &w.flat, &w.spare} {
		if cap(*scratch) > maxKeep {
			*scratch = nil
		}
	}
}

// Written is the number of bytes that went to the socket since the last Reset.
func (w *Wire) Written() int64 { return w.total }

// advance notes that the next n bytes are written.
func (w *Wire) advance(n int) {
	w.sent += n
	w.total += int64(n)
	n += w.off
	for w.next < len(w.out) && n >= len(w.out[w.next]) {
		n -= len(w.out[w.next])
		w.next++
	}
	w.off = n
}

// left is what is not written of the next piece; nil if all of w is written.
func (w *Wire) left() []byte {
	if w.next == len(w.out) {
		return nil
	}
	return w.out[w.next][w.off:]
}

// progress reports that a step's worth of bytes went out since it last did so.
func (w *Wire) progress() bool {
	if w.sent < progressStep {
		return false
	}
	w.sent = 0
	return true
}

// gather copies the vector into one piece.
func (w *Wire) gather() {
	if len(w.vec) < 2 {
		return
	}
	w.flat = w.flat[:0]
	for _, p := range w.vec {
		w.flat = append(w.flat, p...)
	}
	clear(w.vec)
	w.vec = append(w.vec[:0], w.flat)
}

// TryWrite sends w as far as the socket takes it without blocking. It reports false if something is left.
func (c *Conn) TryWrite(w *Wire) (bool, error) {
	err := c.sock.write(w, false)
	if err == errFull {
		return false, nil
	}
	return err == nil, err
}

// WriteAll sends all of w and may block. Each megabyte must go out within limit, else the error is a timeout.
func (c *Conn) WriteAll(w *Wire, limit time.Duration) error {
	defer c.sock.SetWriteDeadline(time.Time{}) //nolint:errcheck // fails only on a closed connection
	for {
		if err := c.sock.SetWriteDeadline(time.Now().Add(limit)); err != nil {
			return err
		}
		if err := c.sock.write(w, true); err != errMore {
			return err
		}
	}
}
