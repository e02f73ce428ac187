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

	vec   [][]byte // what is left to write
	pack  []byte   // composed compressed body, or gathered plain text for TLS
	raw   []byte   // gathered plain bytes, for windows of their own
	heads []byte   // frame headers
	sent  int      // bytes written since the deadline was set
	total int64    // bytes written in all

	wait bool // block while the socket is full
	err  error
	send func(fd uintptr) bool // sendTo, bound once
	vector
}

// maxKeep is the largest scratch in bytes that goes back to the pool.
const maxKeep = 256 << 10

var wires = sync.Pool{New: func() any {
	w := new(Wire)
	w.send = w.sendTo
	return w
}}

// GetWire takes an empty wire from the pool.
func GetWire() *Wire {
	w := wires.Get().(*Wire)
	w.Reset()
	return w
}

// Reset empties w for the next batch.
func (w *Wire) Reset() {
	w.Batch.Reset()
	clear(w.vec)
	w.vec = w.vec[:0]
	w.heads = w.heads[:0]
	w.err = nil
	w.sent, w.total = 0, 0
}

// Put gives w back.
func (w *Wire) Put() {
	w.Reset()
	if cap(w.pack) > maxKeep {
		w.pack = nil
	}
	if cap(w.raw) > maxKeep {
		w.raw = nil
	}
	wires.Put(w)
}

// Written is the number of bytes that went to the socket since the last Reset.
func (w *Wire) Written() int64 { return w.total }

// advance drops the first n bytes of the vector.
func (w *Wire) advance(n int) {
	w.sent += n
	w.total += int64(n)
	done := 0
	for done < len(w.vec) && n >= len(w.vec[done]) {
		n -= len(w.vec[done])
		done++
	}
	w.vec = w.vec[done:]
	if n > 0 {
		w.vec[0] = w.vec[0][n:]
	}
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
	w.pack = w.pack[:0]
	for _, p := range w.vec {
		w.pack = append(w.pack, p...)
	}
	w.vec = append(w.vec[:0], w.pack)
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
	defer c.nc.SetWriteDeadline(time.Time{}) //nolint:errcheck // fails only on a closed connection
	for {
		if err := c.nc.SetWriteDeadline(time.Now().Add(limit)); err != nil {
			return err
		}
		if err := c.sock.write(w, true); err != errMore {
			return err
		}
	}
}
