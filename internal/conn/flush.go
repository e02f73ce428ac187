package conn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"weir/internal/logline"
	"weir/internal/outbound"
	"weir/internal/transport"
)

// flight is the flushes of one goroutine, one at a time: what was taken from the queue, and its wire form. It belongs to the
// holder of the flush flag.
type flight struct {
	taken outbound.Taken
	wire  *transport.Wire
	cost  int64   // of what was taken, in pending bytes
	now   instant // of the first flush
	trace bool    // all that is sent is logged
	used  bool    // the wire is not empty

	// What the wire holds of the last flush, for receivers that get just the same: what it was, and for whom it was encoded.
	last        outbound.Taken
	form        transport.Form
	dialect     Dialect
	repeatable  bool
	msgs, bytes int64
}

var flights = sync.Pool{New: func() any { return &flight{wire: transport.GetWire()} }}

func (c *Conn) newFlight() *flight {
	f := flights.Get().(*flight)
	f.now = c.reg.now()
	f.trace = c.Log().Enabled(context.Background(), logline.LevelTrace)
	return f
}

// Release is part of outbound.Scratch.
func (f *flight) Release() {
	f.taken.Release()
	f.last.Release()
	f.repeatable, f.used = false, false
	f.wire.Clean()
	flights.Put(f)
}

// Flush sends what waits, as far as that goes without blocking. The caller holds the flush flag of c.Out and gives it up.
func (c *Conn) Flush(s outbound.Scratch) (next outbound.Scratch) {
	defer c.recovered()
	f, _ := s.(*flight)
	if f == nil {
		f = c.newFlight()
	}
	if c.flush(f, 0, false) {
		go c.drain(f)
		return nil
	}
	return f
}

// flushAlone is Flush for one queue.
func (c *Conn) flushAlone() {
	if s := c.Flush(nil); s != nil {
		s.Release()
	}
}

// drain is the writer goroutine of a connection whose socket is full. It ends when nothing waits any more.
func (c *Conn) drain(f *flight) {
	defer c.recovered()
	f.now = c.reg.now()
	if err := c.writeAll(f.wire); err != nil {
		c.writeFailed(err)
	} else {
		c.flush(f, c.written(f), true)
	}
	f.Release()
}

// flush takes and sends until the queue is empty. wrote is the cost of what was taken before and is in the socket now. It
// reports true if the socket is full and somebody must wait for it; with wait it waits itself.
func (c *Conn) flush(f *flight, wrote int64, wait bool) (full bool) {
	for c.Out.Take(&f.taken, wrote) {
		if err := c.frame(f); err != nil {
			c.writeFailed(err)
			return false
		}
		done, err := c.Link.TryWrite(f.wire)
		if err == nil && !done {
			if !wait {
				return true
			}
			err = c.writeAll(f.wire)
		}
		if err != nil {
			c.writeFailed(err)
			return false
		}
		wrote = c.written(f)
	}
	return false
}

// writeAll sends all of w. A peer that takes some bytes within the deadline, but too few, may be given another one.
func (c *Conn) writeAll(w *transport.Wire) error {
	for before := int64(0); ; before = w.Written() {
		limit := c.reg.Config().WriteDeadline
		err := c.Link.WriteAll(w, limit)
		if !errors.Is(err, os.ErrDeadlineExceeded) || c.Closing() || w.Written() == before || !c.reg.Config().RetryWrites() {
			return err
		}
		c.reg.stalls.Add(1)
		c.Log().Info(fmt.Sprintf("Slow Consumer Detected: WriteDeadline of %v exceeded", limit), "conn", c.Name())
	}
}

// frame gives the wire what was taken, in the form of c. Receivers that get just what the one before them got share the
// work.
func (c *Conn) frame(f *flight) error {
	f.cost = f.taken.Cost
	form, shares := c.Link.Form()
	dialect := Dialect(c.dialect.Load())
	if f.repeatable && shares && form == f.form && dialect == f.dialect && f.taken.Same(&f.last) {
		c.sent(f)
		return c.Link.Again(f.wire)
	}
	f.repeatable = shares && dialect != 0 && !f.trace && f.taken.Shared()
	f.form, f.dialect = form, dialect
	if f.used {
		f.wire.Reset()
	}
	f.used = true
	c.encode(f)
	c.sent(f)
	err := c.Link.Frame(f.wire)
	if f.repeatable {
		f.last, f.taken = f.taken, f.last
	}
	return err
}

// sent counts what was taken.
func (c *Conn) sent(f *flight) {
	if f.msgs > 0 {
		c.outMsgs.Add(f.msgs)
		c.outBytes.Add(f.bytes)
		c.lastWrite.Store(int64(f.now))
	}
}

// encode puts what was taken into the batch.
func (c *Conn) encode(f *flight) {
	b := &f.wire.Batch
	b.Frames = append(b.Frames, f.taken.Frames...)
	b.Last = append(b.Last, f.taken.Last...)
	b.Closing = f.taken.Closing
	f.msgs, f.bytes = f.taken.Msgs, f.taken.Bytes
	// Protocol lines are few, and short but for the INFO of a handshake, which costs more to deflate than all the rest of it.
	defer func() { b.Plain = f.msgs == 0 }()
	var whole bool
	if b.Buf, whole = f.taken.Swap(b.Buf); whole {
		return
	}
	for text, it := range f.taken.All {
		b.Buf = append(b.Buf, text...)
		if it != nil {
			f.bytes += int64(c.visitor.Encode(f.wire, it))
			f.msgs++
		}
	}
}

// written notes that all of f is in the socket and returns its cost.
func (c *Conn) written(f *flight) int64 {
	if f.wire.Batch.Closing {
		c.ended.Load().done()
	}
	return f.cost
}

// writeFailed ends the connection: the flush flag stays up, so nobody writes to the socket again.
func (c *Conn) writeFailed(err error) {
	r := WriteError
	if errors.Is(err, os.ErrDeadlineExceeded) {
		r = SlowConsumerWriteDeadline
	}
	c.Close(r, "")
	c.Out.Discard()
	c.ended.Load().done()
}

// recovered ends c after a panic while it was flushed by somebody else's goroutine.
func (c *Conn) recovered() {
	if p := recover(); p != nil {
		c.Out.Discard()
		c.panicked(p)
		c.ended.Load().done()
	}
}
