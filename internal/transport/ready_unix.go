//go:build unix

package transport

import (
	"io"
	"net"
	"syscall"
)

// readySocket waits for readiness in the runtime's poller.
type readySocket struct {
	net.Conn
	rc syscall.RawConn
}

// readyConn is what such a socket stands on; nil for another one.
func readyConn(s socket) net.Conn {
	if s, ok := s.(*readySocket); ok {
		return s.Conn
	}
	return nil
}

// newReadySocket returns nil if nc has no file descriptor.
func newReadySocket(nc net.Conn) socket {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	return &readySocket{nc, rc}
}

func (s *readySocket) serve(step func(p []byte) error, wait func() bool, trusted *bool) error {
	return serveReady(s.rc, step, wait, trusted)
}

// serveReady is serve for a socket in the runtime's poller.
func serveReady(rc syscall.RawConn, step func(p []byte) error, wait func() bool, trusted *bool) error {
	var failed error
	err := rc.Read(func(fd uintptr) bool {
		var b readBuffer
		defer b.release()
		for {
			buf := b.take(*trusted)
			// Reading goes on until the kernel says that it has no more: a short read may hide the end of the stream, whose
			// edge the poller has merged with that of the data.
			n, err := ignoringEINTR(syscall.Read, int(fd), buf)
			switch {
			case err == syscall.EAGAIN && wait():
				return false
			case err == syscall.EAGAIN:
				failed = ErrQuiet
				return true
			case err != nil:
				failed = err
				return true
			case n == 0:
				failed = io.EOF
				return true
			}
			if failed = step(buf[:n]); failed != nil {
				return true
			}
		}
	})
	if failed != nil {
		return failed
	}
	return err
}

func (s *readySocket) seal(w *Wire) error {
	w.out = w.vec
	return nil
}

func (s *readySocket) write(w *Wire, wait bool) error { return writeReady(s.rc, w, wait) }

// writeReady is write for a socket in the runtime's poller.
func writeReady(rc syscall.RawConn, w *Wire, wait bool) error {
	w.wait = wait
	if err := rc.Write(w.send); err != nil {
		return err
	}
	return w.err
}

func (s *readySocket) closeWrite() { closeWrite(s.Conn) }

// sendTo writes to fd until nothing is left or the socket is full; it reports false to be called again when the
// socket has room.
func (w *Wire) sendTo(fd uintptr) bool {
	for w.next < len(w.out) {
		n, err := writeVector(int(fd), w)
		if n > 0 {
			w.advance(n)
		}
		switch {
		case err == syscall.EAGAIN && w.wait:
			return false
		case err == syscall.EAGAIN:
			w.err = errFull
			return true
		case err != nil:
			w.err = err
			return true
		}
		if w.wait && w.progress() {
			w.err = errMore
			return true
		}
	}
	w.err = nil
	return true
}

func ignoringEINTR(call func(int, []byte) (int, error), fd int, p []byte) (int, error) {
	for {
		n, err := call(fd, p)
		if err != syscall.EINTR {
			return n, err
		}
	}
}
