//go:build unix

package transport

import (
	"syscall"
	"time"
)

// Peek returns the first byte that the peer sends, without taking it, if it comes within the given time.
func (c *Conn) Peek(limit time.Duration) (first byte, ok bool) {
	s, ready := c.sock.(*readySocket)
	if !ready || c.nc.SetReadDeadline(time.Now().Add(limit)) != nil {
		return 0, false
	}
	var b [1]byte
	err := s.rc.Read(func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		if err == syscall.EAGAIN || err == syscall.EINTR {
			return false
		}
		ok = err == nil && n == 1
		return true
	})
	c.nc.SetReadDeadline(time.Time{}) //nolint:errcheck // the next read tells
	return b[0], ok && err == nil
}
