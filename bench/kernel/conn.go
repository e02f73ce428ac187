package kernel

import (
	"runtime/debug"
	"syscall"
	"unsafe"
)

// mode is what the bytes of a connection are.
type mode uint8

const (
	modeClient  mode = iota // operations
	modeRequest             // the request for an upgrade
	modeFrames              // WebSocket
	modePacked              // WebSocket with permessage-deflate
)

// conn is one connection. While it is idle it owns nothing but its interests.
type conn struct {
	fd     int32
	mode   mode
	full   bool        // the socket takes no more: epoll says when it does
	doomed bool        // is in Server.doomed
	rest   []byte      // raw bytes of an unfinished frame, operation or request
	part   []byte      // of an operation that goes on in the next frame
	out    []byte      // what the socket has not taken
	joined []*interest // one for each SUB
}

// maxPending is how many bytes may wait for one socket, as in the servers that this one is compared with.
const maxPending = 64 << 20

// crowd is how many connections must have been there for their memory to be given back when the last has left.
const crowd = 1000

// info is the first line of the server.
const info = `INFO {"server_id":"KERNEL","server_name":"kernel","version":"0.0.0","proto":1,"headers":false,"max_payload":1048576}` + "\r\n"

func (s *Server) accept(listener int, m mode) {
	for {
		fd, _, errno := syscall.RawSyscall6(syscall.SYS_ACCEPT4, uintptr(listener), 0, 0, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0, 0)
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 { // EAGAIN, or no file is left: the next event tries again
			return
		}
		c := &conn{fd: int32(fd), mode: m}
		if n := int(fd) + 1 - len(s.conns); n > 0 {
			s.conns = append(s.conns, make([]*conn, n)...)
		}
		s.conns[fd] = c
		s.open++
		s.peak = max(s.peak, s.open)
		if s.watch(syscall.EPOLL_CTL_ADD, c.fd, syscall.EPOLLIN) != nil || m == modeClient && !s.send(c, []byte(info)) {
			s.drop(c)
		}
	}
}

// drop closes the socket and forgets the connection. epoll forgets a closed socket by itself.
func (s *Server) drop(c *conn) {
	if s.conns[c.fd] != c {
		return
	}
	for _, i := range c.joined {
		s.leave(c, i)
	}
	s.conns[c.fd] = nil
	_ = syscall.Close(int(c.fd))
	if s.open--; s.open == 0 && s.peak >= crowd {
		s.conns, s.interests, s.peak = nil, map[string]*interest{}, 0
		debug.FreeOSMemory()
	}
}

// doom has a connection dropped when the chunk at hand is done. Until then it is sent nothing.
func (s *Server) doom(c *conn) {
	if !c.doomed {
		c.doomed = true
		s.doomed = append(s.doomed, c)
	}
}

// readable reads one chunk and handles it. It is false when the connection has ended.
func (s *Server) readable(c *conn) bool {
	at := copy(s.in, c.rest)
	room := s.in[at:min(at+readSize, len(s.in)-trailerSize)]
	if len(room) == 0 {
		return false // something larger than the buffer
	}
	n, errno := rawRead(c.fd, room)
	switch {
	case errno == syscall.EAGAIN || errno == syscall.EINTR:
		return true
	case errno != 0 || n == 0:
		return false
	}
	rest, ok := s.chunk(c, s.in[:at+n])
	if len(rest) > 0 {
		c.rest = append(c.rest[:0], rest...)
	} else if c.rest != nil {
		c.rest = nil
	}
	if len(s.reply) > 0 {
		s.flush() // a PONG stays behind the messages that were published before its PING
		ok = s.sendOps(c, s.reply) && ok
		s.reply = s.reply[:0]
	}
	return ok
}

// chunk handles the bytes that have come and gives back those that something is still missing of.
func (s *Server) chunk(c *conn, b []byte) (rest []byte, ok bool) {
	if c.mode == modeClient {
		return s.operations(c, b)
	}
	if c.mode == modeRequest {
		b, ok = s.upgrade(c, b)
		if !ok || c.mode == modeRequest {
			return b, ok
		}
	}
	return s.frames(c, b)
}

// send writes bytes as they are. What the socket does not take waits. It is false when the connection has ended.
func (s *Server) send(c *conn, b []byte) bool {
	if !c.full {
		n, errno := rawWrite(c.fd, b)
		if n == len(b) {
			return true
		}
		if errno != 0 && errno != syscall.EAGAIN && errno != syscall.EINTR {
			return false
		}
		b, c.full = b[n:], true
		if s.watch(syscall.EPOLL_CTL_MOD, c.fd, syscall.EPOLLIN|syscall.EPOLLOUT) != nil {
			return false
		}
	}
	c.out = append(c.out, b...)
	return len(c.out) <= maxPending
}

// drain writes what waits. It is false when the connection has ended.
func (s *Server) drain(c *conn) bool {
	n, errno := rawWrite(c.fd, c.out)
	if errno != 0 && errno != syscall.EAGAIN && errno != syscall.EINTR {
		return false
	}
	if c.out = c.out[n:]; len(c.out) > 0 {
		return true
	}
	c.out, c.full = nil, false
	return s.watch(syscall.EPOLL_CTL_MOD, c.fd, syscall.EPOLLIN) == nil
}

// rawRead and rawWrite do not tell the Go scheduler: the sockets never block, and there is nobody else to run.

func rawRead(fd int32, b []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return max(int(n), 0), errno
}

func rawWrite(fd int32, b []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return max(int(n), 0), errno
}
