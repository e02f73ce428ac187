//go:build unix

package transport

import (
	"net"
	"syscall"
	"time"
)

// Peek returns the first byte that the peer sends, without taking it, if it comes within the given time.
func (c *Conn) Peek(limit time.Duration) (first byte, ok bool) {
	s, ready := c.sock.(*readySocket)
	if !ready || c.sock.SetReadDeadline(time.Now().Add(limit)) != nil {
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
	c.sock.SetReadDeadline(time.Time{}) //nolint:errcheck // the next read tells
	return b[0], ok && err == nil
}

// peekUntil fills buf with what nc has received, without taking it, again and again until enough says so, the peer has
// ended or the read deadline is over. It reports false if nc cannot be looked into.
func peekUntil(nc net.Conn, buf []byte, enough func([]byte) bool) bool {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return false
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	rc.Read(func(fd uintptr) bool { //nolint:errcheck // enough knows how far it came
		n, _, err := syscall.Recvfrom(int(fd), buf, syscall.MSG_PEEK)
		switch {
		case err == syscall.EAGAIN || err == syscall.EINTR:
			return false
		case err != nil || n == 0:
			return true
		}
		return enough(buf[:n])
	})
	return true
}
