package conn

import (
	"errors"
	"os"
	"sync"
	"time"

	"weir/internal/outbound"
	"weir/internal/transport"
)

// flight is one flush under way: what was taken from the queue, and its wire form. It belongs to the holder of the flush
// flag.
type flight struct {
	taken outbound.Taken
	wire  *transport.Wire
}

var flights = sync.Pool{New: func() any { return new(flight) }}

func (f *flight) release() {
	f.taken.Release()
	f.wire.Put()
	f.wire = nil
	flights.Put(f)
}

// Flush sends what waits, as far as that goes without blocking. The caller holds the flush flag of c.Out and gives it up.
func (c *Conn) Flush() {
	defer c.recovered()
	f := flights.Get().(*flight)
	f.wire = transport.GetWire()
	if c.flush(f, 0, false) {
		go c.drain(f)
		return
	}
	f.release()
}

// drain is the writer goroutine of a connection whose socket is full. It ends when nothing waits any more.
func (c *Conn) drain(f *flight) {
	defer c.recovered()
	if err := c.Link.WriteAll(f.wire, c.reg.Config().WriteDeadline); err != nil {
		c.writeFailed(err)
	} else {
		c.flush(f, c.written(f), true)
	}
	f.release()
}

// flush takes and sends until the queue is empty. wrote is the cost of what was taken before and is in the socket now. It
// reports true if the socket is full and somebody must wait for it; with wait it waits itself.
func (c *Conn) flush(f *flight, wrote int64, wait bool) (full bool) {
	for c.Out.Take(&f.taken, wrote) {
		f.wire.Reset()
		c.encode(f)
		if err := c.Link.Frame(f.wire); err != nil {
			c.writeFailed(err)
			return false
		}
		done, err := c.Link.TryWrite(f.wire)
		if err == nil && !done {
			if !wait {
				return true
			}
			err = c.Link.WriteAll(f.wire, c.reg.Config().WriteDeadline)
		}
		if err != nil {
			c.writeFailed(err)
			return false
		}
		wrote = c.written(f)
	}
	return false
}

// encode puts what was taken into the batch.
func (c *Conn) encode(f *flight) {
	b := &f.wire.Batch
	b.Frames = append(b.Frames, f.taken.Frames...)
	var msgs, bytes int64
	for it := range f.taken.All {
		switch it.Kind {
		case outbound.Message:
			bytes += int64(c.visitor.Encode(f.wire, it))
			msgs++
		case outbound.Line:
			b.Buf = append(b.Buf, it.Text...)
		case outbound.Close:
			b.Last = append(b.Last, it.Text...)
			b.Closing = true
		}
	}
	if msgs > 0 {
		c.outMsgs.Add(msgs)
		c.outBytes.Add(bytes)
		c.lastWrite.Store(time.Now().UnixNano())
	}
}

// written notes that all of f is in the socket and returns its cost.
func (c *Conn) written(f *flight) int64 {
	if f.wire.Batch.Closing {
		c.ended.Load().done()
	}
	return f.taken.Cost
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
