package transport

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"time"
)

// TLSConn is a TLS connection that can be used without blocking. Until [Conn] takes it over it is an ordinary net.Conn.
type TLSConn struct {
	*tls.Conn
	inner *tlsInner
}

// ServerTLS puts the server side of TLS on nc, which must be a TCP connection or another net.Conn.
func ServerTLS(nc net.Conn, config *tls.Config) *TLSConn {
	inner := &tlsInner{Conn: nc}
	return &TLSConn{Conn: tls.Server(inner, config), inner: inner}
}

// HandshakeWithin does the handshake within the given time; 0 means no limit.
func (t *TLSConn) HandshakeWithin(limit time.Duration) error {
	ctx := context.Background()
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	return t.HandshakeContext(ctx)
}

// tlsInner is what the TLS layer takes for its network. During the handshake it is one. Afterwards it hands over the bytes
// that the serving goroutine has read, and keeps the records that the TLS layer writes until the flusher takes them; then
// deadlines mean nothing to it.
type tlsInner struct {
	net.Conn        // nil once Conn.Detach has taken the socket out of it
	detached bool   // immutable once the connection is served
	in       []byte // ciphertext of the current chunk; belongs to the serving goroutine

	outMu sync.Mutex // guards out
	out   []byte     // records that wait to be sent
}

func (i *tlsInner) Read(p []byte) (int, error) {
	if !i.detached {
		return i.Conn.Read(p)
	}
	if len(i.in) == 0 {
		return 0, wouldBlock{}
	}
	n := copy(p, i.in)
	i.in = i.in[n:]
	return n, nil
}

func (i *tlsInner) Write(p []byte) (int, error) {
	if !i.detached {
		return i.Conn.Write(p)
	}
	i.outMu.Lock()
	defer i.outMu.Unlock()
	i.out = append(i.out, p...)
	return len(p), nil
}

func (i *tlsInner) SetWriteDeadline(t time.Time) error {
	if i.detached {
		return nil
	}
	return i.Conn.SetWriteDeadline(t)
}

// take hands over the records that wait.
func (i *tlsInner) take() []byte {
	i.outMu.Lock()
	defer i.outMu.Unlock()
	out := i.out
	i.out = nil
	return out
}

// wouldBlock is the temporary error on which crypto/tls keeps its state and can be called again.
type wouldBlock struct{}

func (wouldBlock) Error() string   { return "transport: would block" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

// tlsSocket is TLS over a socket that need not block.
type tlsSocket struct {
	socket // below TLS; writes what is sealed already
	t      *TLSConn
}

func newTLSSocket(t *TLSConn) *tlsSocket {
	t.inner.detached = true
	return &tlsSocket{newSocket(t.inner.Conn), t}
}

func (s *tlsSocket) serve(step func(p []byte) error, wait func() bool, trusted *bool) error {
	// The handshake may have read records beyond its own end.
	if err := s.drain(step, trusted); err != nil {
		return err
	}
	return s.socket.serve(func(p []byte) error {
		s.t.inner.in = p
		err := s.drain(step, trusted)
		s.t.inner.in = nil
		return err
	}, wait, trusted)
}

// drain decrypts all that is there.
func (s *tlsSocket) drain(step func(p []byte) error, trusted *bool) error {
	var b readBuffer
	defer b.release()
	for {
		buf := b.take(*trusted)
		n, err := s.t.Conn.Read(buf)
		if n > 0 {
			if err := step(buf[:n]); err != nil {
				return err
			}
		}
		if _, ok := err.(wouldBlock); ok {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// seal encrypts the vector: pieces are gathered first, so that a flush makes as few records as its size allows (16 KiB
// each, RFC 8446 §5.1) and not one per piece.
func (s *tlsSocket) seal(w *Wire) error {
	w.gather()
	for _, p := range w.vec {
		if _, err := s.t.Conn.Write(p); err != nil {
			return err
		}
	}
	w.records(s.t.inner.take())
	return nil
}

// records makes out what is to be written.
func (w *Wire) records(out []byte) {
	if w.out = nil; len(out) > 0 {
		w.sealed[0] = out
		w.out = w.sealed[:]
	}
}

func (s *tlsSocket) closeWrite() {
	s.t.Conn.CloseWrite() //nolint:errcheck // a courtesy
	w := GetWire()
	defer w.Put()
	if w.records(s.t.inner.take()); w.out != nil {
		s.socket.write(w, false) //nolint:errcheck // a courtesy
	}
	s.socket.closeWrite()
}

// Describe names the protocol version, such as "1.3", and the cipher suite.
func (t *TLSConn) Describe() (version, cipher string) {
	s := t.ConnectionState()
	version = tls.VersionName(s.Version)
	return strings.TrimPrefix(version, "TLS "), tls.CipherSuiteName(s.CipherSuite)
}
