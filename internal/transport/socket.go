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
	// serve calls step with every chunk until step or the socket fails; it parks without a buffer.
	serve(step func(p []byte) error) error
	// seal turns the vector of w into what goes on the wire, such as TLS records.
	seal(w *Wire) error
	// write sends the vector of w as far as it goes at once, errFull if something is left; or, if wait is set, all of it
	// before the connection's write deadline.
	write(w *Wire, wait bool) error
	// closeWrite tells the peer that nothing more comes.
	closeWrite()
}

// newSocket finds the best way to use nc.
func newSocket(nc net.Conn) socket {
	if t, ok := nc.(*TLSConn); ok {
		return newTLSSocket(t)
	}
	if s := newReadySocket(nc); s != nil {
		return s
	}
	return &blockingSocket{nc: nc}
}

// blockingSocket uses a net.Conn whose readiness cannot be waited for.
type blockingSocket struct{ nc net.Conn }

// blockingRead is the size in bytes of the buffer that such a connection holds while it waits.
const blockingRead = 4 << 10

func (s *blockingSocket) serve(step func(p []byte) error) error {
	buf := make([]byte, blockingRead)
	for {
		n, err := s.nc.Read(buf)
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
		n, err := s.nc.Write(w.left())
		w.advance(n)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *blockingSocket) closeWrite() { closeWrite(s.nc) }

// closeWrite ends the sending half of nc, or all of it where that is not possible.
func closeWrite(nc net.Conn) {
	if h, ok := nc.(interface{ CloseWrite() error }); ok {
		h.CloseWrite() //nolint:errcheck // the peer sees it or is gone
		return
	}
	nc.Close() //nolint:errcheck // likewise
}

// past is a deadline that has long expired.
var past = time.Unix(1, 0)
