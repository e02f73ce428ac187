package load

import (
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// config is what all WSS clients share. They do not look at the certificate, which was made a moment ago and would cost
// the load and not the server. TLS 1.3 and X25519 with nothing else offered keep the handshake as cheap as it may be;
// no session is kept, so that each is a whole one.
var config = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519}}

// secure is crypto/tls over a socket that somebody else reads.
type secure struct {
	*tls.Conn
	socket *socket
}

// startTLS does the handshake. The socket is read by the TLS layer until the answer to the upgrade has come, and by the
// loop, or by await, afterwards.
func (c *Client) startTLS() error {
	s := &socket{fd: c.fd}
	c.secure = &secure{Conn: tls.Client(s, config), socket: s}
	return c.secure.Handshake()
}

// decrypt takes records as they came from the socket.
func (c *Client) decrypt(b []byte) error {
	s := c.secure
	s.socket.fed, s.socket.in = true, b
	plain := buffers.Get().(*[readSize]byte)
	defer buffers.Put(plain)
	for {
		n, err := s.Read(plain[:])
		if err := c.feed(plain[:n]); err != nil {
			return err
		}
		if errors.As(err, new(hungry)) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// socket is what the TLS layer takes for its network.
type socket struct {
	fd  int
	fed bool   // in has all there is, and the socket is not read
	in  []byte // what the loop has read
}

// Read answers as a socket that would block when all that came is used up; the TLS layer goes on from there at the
// next call, because the error says that it is temporary.
func (s *socket) Read(p []byte) (int, error) {
	if !s.fed {
		return Receive(s.fd, p)
	}
	if len(s.in) == 0 {
		return 0, hungry{}
	}
	n := copy(p, s.in)
	s.in = s.in[n:]
	return n, nil
}

func (s *socket) Write(p []byte) (int, error) {
	if err := Transmit(s.fd, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// The socket's owner closes it, and sets its timeouts.
func (s *socket) Close() error                     { return nil }
func (s *socket) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *socket) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (s *socket) SetDeadline(time.Time) error      { return nil }
func (s *socket) SetReadDeadline(time.Time) error  { return nil }
func (s *socket) SetWriteDeadline(time.Time) error { return nil }

// hungry is a net.Error: there are no more bytes now.
type hungry struct{}

func (hungry) Error() string   { return "no more bytes now" }
func (hungry) Timeout() bool   { return true }
func (hungry) Temporary() bool { return true }
