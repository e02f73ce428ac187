package transport

import (
	"errors"
	"net"
	"time"
)

// errFull says that the socket takes no more bytes now.
var errFull = errors.New("transport: socket full")

// socket is a byte stream below WebSocket framing.
type socket interface {
	limited
	// serve calls step with every chunk until step or the socket fails. It waits for them without a buffer, or returns
	// ErrQuiet if wait says so. The buffer is small until trusted says so.
	serve(step func(p []byte) error, wait func() bool, trusted *bool) error
	// seal turns the vector of w into what goes on the wire, such as TLS records.
	seal(w *Wire) error
	// write sends the vector of w as far as it goes at once, errFull if something is left; or, if wait is set, all of it
	// before the connection's write deadline.
	write(w *Wire, wait bool) error
	// closeWrite tells the peer that nothing more comes.
	closeWrite()
}

// limited is what a net.Conn can do besides reading and writing.
type limited interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	// Close ends who waits.
	Close() error
}

// newSocket finds the best way to use nc.
func newSocket(nc net.Conn) socket {
	if s := newReadySocket(nc); s != nil {
		return s
	}
	return &blockingSocket{nc}
}

// blockingSocket uses a net.Conn whose readiness cannot be waited for.
type blockingSocket struct{ net.Conn }

// blockingRead is the size in bytes of the buffer that such a connection holds while it waits.
const blockingRead = 4 << 10

func (s *blockingSocket) serve(step func(p []byte) error, _ func() bool, _ *bool) error {
	buf := make([]byte, blockingRead)
	for {
		n, err := s.Read(buf)
		if n > 0 {
			if err := step(buf[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

func (s *blockingSocket) seal(w *Wire) error {
	w.out = w.vec
	return nil
}

func (s *blockingSocket) write(w *Wire, wait bool) error {
	if !wait {
		return errFull
	}
	for len(w.left()) > 0 {
		n, err := s.Write(w.left())
		w.advance(n)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *blockingSocket) closeWrite() { closeWrite(s.Conn) }

// closeWrite ends the sending half of nc, or all of it where that is not possible.
func closeWrite(nc net.Conn) {
	if h, ok := nc.(interface{ CloseWrite() error }); ok {
		h.CloseWrite() //nolint:errcheck // the peer sees it or is gone
		return
	}
	nc.Close() //nolint:errcheck // likewise
}

// Deadlines that have long expired, and that never do.
var (
	past  = time.Unix(1, 0)
	never time.Time
)
