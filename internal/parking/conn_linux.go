package parking

import (
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Conn is a connection that has just been accepted, as a net.Conn. It is in no poller until somebody has to wait for it; then it is
// in the runtime's, until [Take] or Close.
type Conn struct {
	*Socket
	peer net.Addr

	hold sync.Mutex      // guards held
	held syscall.RawConn // nil until somebody waits
}

// poller puts the connection into the runtime's poller.
func (c *Conn) poller() (syscall.RawConn, error) {
	c.hold.Lock()
	defer c.hold.Unlock()
	if c.held == nil {
		rc, err := c.Wait()
		if err != nil {
			return nil, err
		}
		c.held = rc
	}
	return c.held, nil
}

// release takes it out again.
func (c *Conn) release() {
	c.hold.Lock()
	defer c.hold.Unlock()
	if c.held != nil {
		c.held = nil
		c.Done()
	}
}

// Read is part of net.Conn.
func (c *Conn) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	if n, err = c.readNow(p); err == syscall.EAGAIN {
		err = c.await(syscall.RawConn.Read, func(fd uintptr) (bool, error) {
			var failed error
			n, failed = read(int(fd), p)
			return failed != syscall.EAGAIN, failed
		})
	}
	if err == nil && n == 0 {
		err = io.EOF
	}
	return n, err
}

// read is package syscall's and not receive, so that the race detector knows what has come before.
func read(fd int, p []byte) (int, error) {
	for {
		if n, err := syscall.Read(fd, p); err != syscall.EINTR {
			return max(n, 0), err
		}
	}
}

// readNow is for who may not be the one who closes.
func (s *Socket) readNow(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.fd < 0:
		return 0, net.ErrClosed
	case s.polled != nil && !s.polled.readBy.IsZero() && !s.polled.readBy.After(time.Now()):
		return 0, os.ErrDeadlineExceeded
	}
	return read(int(s.fd), p)
}

// await has step called until it reports that it is done, each time when side, Read or Write of the poller, says that it may be.
func (c *Conn) await(side func(syscall.RawConn, func(uintptr) bool) error, step func(fd uintptr) (bool, error)) error {
	rc, err := c.poller()
	if err != nil {
		return err
	}
	bad := side(rc, func(fd uintptr) (done bool) {
		done, err = step(fd)
		return done
	})
	switch {
	case bad == nil:
		return err
	case c.isClosed():
		return net.ErrClosed
	}
	return bad
}

func (s *Socket) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fd < 0
}

// Write is part of net.Conn.
func (c *Conn) Write(p []byte) (n int, err error) {
	step := func(fd uintptr) (done bool, err error) {
		for n < len(p) && err == nil {
			var wrote int
			wrote, err = syscall.Write(int(fd), p[n:])
			n += max(wrote, 0)
			if err == syscall.EINTR {
				err = nil
			}
		}
		return err != syscall.EAGAIN, err
	}
	if bad := c.Use(func(fd uintptr) bool {
		_, err = step(fd)
		return true
	}); bad != nil {
		return 0, bad
	}
	if err == syscall.EAGAIN {
		err = c.await(syscall.RawConn.Write, step)
	}
	return n, err
}

// Close is part of net.Conn.
func (c *Conn) Close() error {
	defer c.release()
	return c.Socket.Close()
}

// CloseWrite tells the peer that nothing more comes.
func (c *Conn) CloseWrite() error {
	c.Socket.CloseWrite()
	return nil
}

// SetDeadline is part of net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// RemoteAddr is part of net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.peer }

// LocalAddr is part of net.Conn.
func (c *Conn) LocalAddr() net.Addr {
	var own syscall.Sockaddr
	c.Use(func(fd uintptr) bool { //nolint:errcheck // then there is none
		own, _ = syscall.Getsockname(int(fd))
		return true
	})
	return address(own)
}

// SyscallConn is for who waits for the socket: its Read and Write put the connection into the runtime's poller.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return lazy{c}, nil }

// lazy is the descriptor of a Conn that need not be in the poller.
type lazy struct{ c *Conn }

func (l lazy) Control(f func(fd uintptr)) error {
	return l.c.Use(func(fd uintptr) bool {
		f(fd)
		return true
	})
}

func (l lazy) Read(f func(fd uintptr) (done bool)) error {
	rc, err := l.c.poller()
	if err != nil {
		return err
	}
	return rc.Read(f)
}

func (l lazy) Write(f func(fd uintptr) (done bool)) error {
	rc, err := l.c.poller()
	if err != nil {
		return err
	}
	return rc.Write(f)
}

// address is a as package net has it. One of TCP without an address is valid, but says nothing.
func address(a syscall.Sockaddr) net.Addr {
	switch a := a.(type) {
	case *syscall.SockaddrInet4:
		return &net.TCPAddr{IP: a.Addr[:], Port: a.Port}
	case *syscall.SockaddrInet6:
		return &net.TCPAddr{IP: a.Addr[:], Port: a.Port, Zone: zone(a.ZoneId)}
	case *syscall.SockaddrUnix:
		return &net.UnixAddr{Net: "unix", Name: a.Name}
	}
	return &net.TCPAddr{}
}

// zone is the name of a link, or its number if it has none any more.
func zone(index uint32) string {
	if index == 0 {
		return ""
	}
	if link, err := net.InterfaceByIndex(int(index)); err == nil {
		return link.Name
	}
	return strconv.FormatUint(uint64(index), 10)
}
