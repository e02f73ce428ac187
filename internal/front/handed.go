package front

import (
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/transport"
)

// handed is a connection of which some bytes have been read already.
type handed struct {
	net.Conn
	front    []byte    // those bytes; owned by who reads
	until    time.Time // end of the handshake; zero means no limit
	answered atomic.Bool
}

func (h *handed) Read(p []byte) (int, error) {
	if len(h.front) == 0 {
		return h.Conn.Read(p)
	}
	n := copy(p, h.front)
	h.front = h.front[n:]
	return n, nil
}

// Write ends the handshake: the peer has an answer.
func (h *handed) Write(p []byte) (int, error) {
	h.answered.Store(true)
	return h.Conn.Write(p)
}

// SetReadDeadline sets no later one than what is left of the handshake, as long as that goes on.
func (h *handed) SetReadDeadline(t time.Time) error {
	if !h.until.IsZero() && !h.answered.Load() && (t.IsZero() || t.After(h.until)) {
		t = h.until
	}
	return h.Conn.SetReadDeadline(t)
}

// CloseWrite is what net/http looks for, so that its last answer is not lost in a reset.
func (h *handed) CloseWrite() error {
	if half, ok := h.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// handedTLS is the same with TLS, of which net/http tells in the request.
type handedTLS struct {
	*handed
	t *transport.TLSConn
}

func (h *handedTLS) ConnectionState() tls.ConnectionState { return h.t.ConnectionState() }

// desk is the listener of net/http: its connections are those that were handed over.
type desk struct {
	addr  net.Addr
	conns chan net.Conn
	once  sync.Once
	done  chan struct{} // closed when the desk is
}

func (d *desk) hand(nc net.Conn) {
	select {
	case d.conns <- nc:
	case <-d.done:
		nc.Close() //nolint:errcheck // nobody will serve it
	}
}

func (d *desk) Accept() (net.Conn, error) {
	select {
	case nc := <-d.conns:
		return nc, nil
	case <-d.done:
		return nil, net.ErrClosed
	}
}

func (d *desk) Close() error {
	d.once.Do(func() { close(d.done) })
	return nil
}

func (d *desk) Addr() net.Addr { return d.addr }

// fromHTTP is the connection that a [Server] has handed to net/http. early reports bytes that net/http has not read.
func fromHTTP(nc net.Conn) (_ net.Conn, early bool) {
	switch h := nc.(type) {
	case *handed:
		return h.Conn, len(h.front) > 0
	case *handedTLS:
		return h.Conn, len(h.front) > 0
	}
	return nc, false
}
