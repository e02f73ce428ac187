package transport

import (
	"syscall"
	"time"
)

// parkedAt is where a parked connection waits.
type parkedAt struct{ index, generation uint32 }

// rawSocket is a socket that the kernel can watch.
type rawSocket interface{ rawConn() syscall.RawConn }

// Park lets the goroutine of c end while the connection is silent: wake is called once, from another goroutine and without
// blocking it, when bytes arrive or after [Conn.Interrupt]. It reports false if c cannot be parked; the caller then serves
// on. Only the goroutine that serves calls it, after Serve has returned for an Interrupt.
func (c *Conn) Park(wake func()) bool {
	if c.nc.SetReadDeadline(time.Time{}) != nil {
		return false
	}
	s, ok := c.sock.(rawSocket)
	if !ok {
		return false
	}
	raw := s.rawConn()
	if raw == nil {
		return false
	}
	c.wake = wake
	return parkSocket(c, raw)
}

func (s *tlsSocket) rawConn() syscall.RawConn {
	if raw, ok := s.raw.(rawSocket); ok {
		return raw.rawConn()
	}
	return nil
}
