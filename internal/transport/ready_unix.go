//go:build unix

package transport

import (
	"io"
	"net"
	"syscall"
)

// readySocket waits for readiness in the runtime's poller.
type readySocket struct {
	nc net.Conn
	rc syscall.RawConn
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
	return &readySocket{nc: nc, rc: rc}
}

func (s *readySocket) serve(step func(p []byte) error) error {
	var failed error
	err := s.rc.Read(func(fd uintptr) bool {
		buf := readBuffers.Get().(*[readSize]byte)
		defer readBuffers.Put(buf)
		for {
			// Reading goes on until the kernel says that it has no more: a short read may hide the end of the stream, whose
			// edge the poller has merged with that of the data.
			n, err := ignoringEINTR(syscall.Read, int(fd), buf[:])
			switch {
			case err == syscall.EAGAIN:
				return false
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

func (s *readySocket) rawConn() syscall.RawConn { return s.rc }

func (s *readySocket) seal(w *Wire) error {
	w.out = w.vec
	return nil
}

func (s *readySocket) write(w *Wire, wait bool) error {
	w.wait = wait
	if err := s.rc.Write(w.send); err != nil {
		return err
	}
	return w.err
}

func (s *readySocket) closeWrite() { closeWrite(s.nc) }

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
