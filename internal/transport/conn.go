package transport

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"weir/internal/admission"
)

// Sink takes what a connection reads. All calls come from the goroutine that called [Conn.Serve].
type Sink interface {
	// Data is given the next bytes of the NATS stream, borrowed for the call. An error ends Serve.
	Data(p []byte) error
	// Frame is given a complete control frame to send, such as a pong.
	Frame(frame string) error
	// ChunkEnd says that all of one read has been handed over: the time to flush.
	ChunkEnd()
	// Wait is asked when there is nothing to read: whether Serve waits for more, or returns ErrQuiet so that the connection
	// can park. Where it could not park, Serve does not ask.
	Wait() bool
}

// ErrQuiet is how Serve ends when there is nothing to read and the sink does not want to wait.
var ErrQuiet = errors.New("transport: nothing to read")

// Conn is one connection. Its fields are set before Serve and immutable afterwards, but for what Serve owns.
type Conn struct {
	sock socket
	ws   *webSocket // nil without WebSocket framing

	client netip.AddrPort // who is at the other end, or for whom a proxy speaks; invalid if that is not TCP
	peer   string         // the name of a proxy that did not tell the port of the client, or of who has no address
	secure bool           // the client's own connection is encrypted

	// Owned by the goroutine that serves, and by whoever closes afterwards.
	allowance int32           // bytes that the peer may send before it is trusted; 0 means no limit
	trusted   bool            // see Trust
	pass      *admission.Pass // nil if there is no gate or nothing is held of it
	turn      *Turn           // that serves; nil for a goroutine of its own
}

// NewConn wraps a connected stream: *net.TCPConn, *TLSConn, or any net.Conn. What a [Guard] knows of it is taken over.
func NewConn(nc net.Conn) *Conn {
	c := &Conn{}
	if t, ok := nc.(*TLSConn); ok {
		t.inner.Conn = c.unwrap(t.inner.Conn)
		c.sock, c.secure = newTLSSocket(t), true
	} else {
		c.sock = newSocket(c.unwrap(nc))
	}
	return c
}

// unwrap takes the guard's layer off, and finds out who is at the other end.
func (c *Conn) unwrap(nc net.Conn) net.Conn {
	if g, ok := nc.(*guarded); ok {
		nc = g.Conn
		c.pass, c.allowance = g.pass, narrow(g.pass.PreAuthBytes())
		if g.client != nil {
			c.know(nc)
			c.SetClient(g.client.AddrPort(), false)
			return nc
		}
	}
	c.know(nc)
	return nc
}

// know finds out who is at the other end.
func (c *Conn) know(nc net.Conn) {
	a := peerAddr(nc)
	if c.client = AddrPort(a); !c.client.IsValid() {
		c.peer = a.String()
	}
}

// Client is the client's address: the peer's, or what a trusted proxy has told; then port 0 is unknown. It is invalid for a
// peer that has none, as on a Unix socket.
func (c *Conn) Client() netip.AddrPort { return c.client }

// SetClient says who the client is, unless that is unknown, and whether its own connection is encrypted, before the connection
// is served.
func (c *Conn) SetClient(client netip.AddrPort, secure bool) {
	if client.IsValid() && client != c.client {
		if c.peer == "" && client.Port() == 0 {
			c.peer = c.client.String()
		}
		c.client = netip.AddrPortFrom(client.Addr().Unmap(), client.Port())
	}
	c.secure = secure
}

// ClientName is what log lines call a client: its address and port or, if a proxy did not tell the port, its address and that
// of the proxy, as in "192.0.2.1/127.0.0.1:50542".
func ClientName(client netip.AddrPort, peer string) string {
	switch {
	case !client.IsValid():
		return peer
	case client.Port() != 0:
		return client.String()
	case client.Addr().Is6():
		return fmt.Sprintf("[%s]/%s", client.Addr(), peer)
	}
	return fmt.Sprintf("%s/%s", client.Addr(), peer)
}

// PeerName is what log lines call the client, see [ClientName]. A peer on a Unix socket is "unix".
func (c *Conn) PeerName() string { return ClientName(c.client, c.peer) }

// Secure reports whether the client's own connection is encrypted, by us or by a trusted proxy.
func (c *Conn) Secure() bool { return c.secure }

// NetConn is the connection below, before [Conn.Detach] and without TLS.
func (c *Conn) NetConn() net.Conn {
	if s, ok := c.sock.(*blockingSocket); ok {
		return s.Conn
	}
	return readyConn(c.sock)
}

// IsWebSocket reports whether WebSocket framing is in use.
func (c *Conn) IsWebSocket() bool { return c.ws != nil }

// Compresses reports whether permessage-deflate was negotiated.
func (c *Conn) Compresses() bool { return c.ws != nil && c.ws.deflate }

// TLS is the TLS layer; nil without one.
func (c *Conn) TLS() *TLSConn {
	if s, ok := c.sock.(*tlsSocket); ok {
		return s.t
	}
	return nil
}

// StartTLS puts TLS, its handshake done, below the NATS stream of a connection that is not being served.
func (c *Conn) StartTLS(t *TLSConn) { c.sock, c.secure = newTLSSocket(t), true }

// Serve reads until the connection ends and returns why: io.EOF when the peer ended it, a *ws.ProtocolError or
// [PeerClosed] on a WebSocket, [ErrPreAuthBytes], the sink's error, or the socket's; os.ErrDeadlineExceeded after
// [Conn.Interrupt]; [ErrQuiet], after which it may be called again.
func (c *Conn) Serve(sink Sink) error {
	if early := c.ws.takeEarly(); len(early) > 0 {
		if err := c.take(early, sink); err != nil {
			return err
		}
	}
	read := 0
	return c.sock.serve(func(p []byte) error {
		if read += len(p); read >= readSize {
			c.Leave() // there is more to do than to answer
		}
		return c.take(p, sink)
	}, sink.Wait, &c.trusted)
}

// take hands on what was read together, in pieces of what the peer may send still.
func (c *Conn) take(p []byte, sink Sink) error {
	for c.allowance > 0 && len(p) > int(c.allowance) { // a budget is no larger because the bytes came together
		within := p[:c.allowance]
		p = p[c.allowance:]
		if err := c.chunk(within, sink); err != nil {
			return err
		}
	}
	return c.chunk(p, sink)
}

// chunk hands on a piece.
func (c *Conn) chunk(p []byte, sink Sink) (err error) {
	spent := len(p)
	if c.ws != nil {
		if c.ws.deflate && len(p)+c.ws.collected() > brieflyPacked {
			c.Leave()
		}
		err = c.ws.read(p, sink)
		spent += c.ws.settle()
	} else {
		err = sink.Data(p)
	}
	sink.ChunkEnd()
	if err == nil && c.allowance > 0 {
		err = c.spend(spent)
	}
	return err
}

// ErrPreAuthBytes says that a peer sent too much before it authenticated.
var ErrPreAuthBytes = errors.New("transport: too many bytes before authentication")

// spend takes n bytes of what the peer may send. A chunk that ends with a trusted peer was free.
func (c *Conn) spend(n int) error {
	if c.allowance -= narrow(n); c.allowance <= 0 {
		c.allowance = 1 // nothing is left, but it is a limit still
		return ErrPreAuthBytes
	}
	return nil
}

// Trust lifts the limits for peers that are not authenticated. Only the goroutine that serves calls it.
func (c *Conn) Trust() {
	c.allowance, c.trusted = 0, true
	if c.ws != nil {
		c.ws.trusted = true
	}
	if !c.pass.Establish() {
		c.pass = nil
	}
}

// Interrupt makes Serve return, wakes a parked connection, or interrupts a conversation. It does not block.
func (c *Conn) Interrupt() {
	if !c.unpark() {
		c.sock.SetReadDeadline(past) //nolint:errcheck // fails only on a closed connection
	}
}

// CloseWrite tells the peer that nothing more comes.
func (c *Conn) CloseWrite() { c.sock.closeWrite() }

// lingerBytes is how much unread input a closing connection throws away before it gives up being polite.
const lingerBytes = 4 << 20

// Linger reads and forgets input until the peer closes, at most for the given time: a socket that is closed with unread
// input resets the connection, and the peer may lose what was sent last (RFC 6455 §7.1.1, RFC 9112 §9.6).
func (c *Conn) Linger(limit time.Duration) {
	if c.sock.SetReadDeadline(time.Now().Add(limit)) != nil {
		return
	}
	left := lingerBytes
	c.sock.serve(func(p []byte) error { //nolint:errcheck // any end will do
		if left -= len(p); left < 0 {
			return errFull
		}
		return nil
	}, func() bool { return true }, &c.trusted)
}

// AbortWrites makes a write that waits for a full socket fail. It does not block.
func (c *Conn) AbortWrites() { c.sock.SetWriteDeadline(past) } //nolint:errcheck // fails only on a closed connection

// Close releases the socket. It waits for Serve and for writes under way. TLS gets no close_notify here: it could block.
func (c *Conn) Close() error {
	c.pass.Leave()
	return c.sock.Close()
}
