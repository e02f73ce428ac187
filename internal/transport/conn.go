package transport

import (
	"net"
	"sync/atomic"
	"time"
)

// Sink takes what a connection reads. All calls come from the goroutine that called [Conn.Serve].
type Sink interface {
	// Data is given the next bytes of the NATS stream, borrowed for the call. An error ends Serve.
	Data(p []byte) error
	// Frame is given a complete control frame to send, such as a pong.
	Frame(frame string) error
	// ChunkEnd says that all of one read has been handed over: the time to flush.
	ChunkEnd()
}

// Conn is one connection. Its fields are set before Serve and immutable afterwards, but for what Serve owns.
type Conn struct {
	nc   net.Conn
	sock socket
	ws   *webSocket // nil without WebSocket framing

	// Set before the connection parks, read by whoever wakes it.
	wake func()
	slot parkedAt

	parked atomic.Bool // no goroutine serves; the first to lower it calls wake
}

// NewConn wraps a connected stream: *net.TCPConn, *TLSConn, or any net.Conn.
func NewConn(nc net.Conn) *Conn { return &Conn{nc: nc, sock: newSocket(nc)} }

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// NetConn is the connection below.
func (c *Conn) NetConn() net.Conn { return c.nc }

// IsWebSocket reports whether WebSocket framing is in use.
func (c *Conn) IsWebSocket() bool { return c.ws != nil }

// Compresses reports whether permessage-deflate was negotiated.
func (c *Conn) Compresses() bool { return c.ws != nil && c.ws.deflate }

// TLS is the TLS layer; nil without one.
func (c *Conn) TLS() *TLSConn {
	t, _ := c.nc.(*TLSConn)
	return t
}

// StartTLS puts TLS, its handshake done, below the NATS stream of a connection that is not being served.
func (c *Conn) StartTLS(t *TLSConn) { c.nc, c.sock = t, newSocket(t) }

// Serve reads until the connection ends and returns why: io.EOF when the peer ended it, a *ws.ProtocolError or
// [PeerClosed] on a WebSocket, the sink's error, or the socket's; os.ErrDeadlineExceeded after [Conn.Interrupt].
func (c *Conn) Serve(sink Sink) error {
	if c.ws != nil {
		return c.sock.serve(func(p []byte) error {
			err := c.ws.read(p, sink)
			sink.ChunkEnd()
			return err
		})
	}
	return c.sock.serve(func(p []byte) error {
		err := sink.Data(p)
		sink.ChunkEnd()
		return err
	})
}

// Interrupt makes Serve return, or wakes a parked connection. It does not block.
func (c *Conn) Interrupt() {
	c.nc.SetReadDeadline(past) //nolint:errcheck // fails only on a closed connection
	if c.parked.CompareAndSwap(true, false) {
		c.vacate() // before wake: afterwards the slot may be another one
		c.wake()
	}
}

// CloseWrite tells the peer that nothing more comes.
func (c *Conn) CloseWrite() { c.sock.closeWrite() }

// lingerBytes is how much unread input a closing connection throws away before it gives up being polite.
const lingerBytes = 4 << 20

// Linger reads and forgets input until the peer closes, at most for the given time: a socket that is closed with unread
// input resets the connection, and the peer may lose what was sent last (RFC 6455 §7.1.1, RFC 9112 §9.6).
func (c *Conn) Linger(limit time.Duration) {
	if c.nc.SetReadDeadline(time.Now().Add(limit)) != nil {
		return
	}
	left := lingerBytes
	c.sock.serve(func(p []byte) error { //nolint:errcheck // any end will do
		if left -= len(p); left < 0 {
			return errFull
		}
		return nil
	})
}

// AbortWrites makes a write that waits for a full socket fail. It does not block.
func (c *Conn) AbortWrites() { c.nc.SetWriteDeadline(past) } //nolint:errcheck // fails only on a closed connection

// Close releases the socket. It waits for Serve and for writes under way.
func (c *Conn) Close() error {
	if t := c.TLS(); t != nil {
		return t.inner.Conn.Close() // no close_notify here: it could block
	}
	return c.nc.Close()
}
