package transport

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"weir/internal/admission"
)

// readProxy takes the header from nc, and not a byte of what follows it. client is invalid if the header names none, because
// the proxy speaks for itself, or if there is none; own is the address whose limits hold, invalid for a proxy. What is served
// from now on is rest.
func readProxy(p *admission.ProxyProtocol, nc net.Conn, must bool) (client netip.AddrPort, own netip.Addr, rest net.Conn, err error) {
	limit := cmp.Or(p.Timeout, admission.DefaultProxyTimeout)
	if err := nc.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return client, own, nc, err
	}
	defer nc.SetReadDeadline(time.Time{}) //nolint:errcheck // the next read tells
	head, err := readProxyHeader(nc)
	rest = nc
	switch {
	case err == admission.ErrProxyHeaderMissing && !must:
		err = nil
		if len(head) > 0 {
			rest = &unread{Conn: nc, head: head}
		}
	case err == nil:
		client, err = admission.ParseProxyHeader(head)
	}
	own = client.Addr()
	if !client.IsValid() && !must {
		own = AddrPort(nc.RemoteAddr()).Addr()
	}
	return client, own, rest, err
}

// readProxyHeader reads a whole header. Where a socket can be looked into, nothing is taken from it unless it is one;
// elsewhere it is read byte by byte until its size is known, and after an error head is what was taken.
func readProxyHeader(nc net.Conn) (head []byte, err error) {
	head = make([]byte, admission.MaxProxyV1)
	seen, size := 0, 0
	enough := func(b []byte) bool {
		seen = len(b)
		size, err = admission.ProxyHeaderSize(b)
		return size > 0 || err != nil
	}
	if peekUntil(nc, head, enough) {
		head = head[:0]
	} else {
		head = readUntil(nc, head, enough)
	}
	switch {
	case err != nil:
		return head, err
	case seen == 0:
		return head, admission.ErrProxyHeaderSilence
	case size == 0:
		return head, admission.ErrProxyHeaderCut
	}
	done := len(head)
	head = append(make([]byte, 0, size), head...)[:size]
	if _, err = io.ReadFull(nc, head[done:]); err != nil {
		err = fmt.Errorf("%w: %w", admission.ErrProxyHeaderCut, err)
	}
	return head, err
}

// readUntil reads byte by byte into buf until enough says so, buf is full or nc has no more, and returns what it read.
func readUntil(nc net.Conn, buf []byte, enough func([]byte) bool) []byte {
	for n := range buf {
		if _, err := io.ReadFull(nc, buf[n:n+1]); err != nil {
			return buf[:n]
		}
		if enough(buf[:n+1]) {
			return buf[:n+1]
		}
	}
	return buf
}

// unread is a connection with bytes that were read and put back.
type unread struct {
	net.Conn
	head []byte
}

func (u *unread) Read(p []byte) (int, error) {
	if len(u.head) == 0 {
		return u.Conn.Read(p)
	}
	n := copy(p, u.head)
	u.head = u.head[n:]
	return n, nil
}

// CloseWrite is what closeWrite looks for.
func (u *unread) CloseWrite() error {
	closeWrite(u.Conn)
	return nil
}

// ReadProxyHeader reads the header that p expects of a connection that is not served yet, on a listener whose side speaks
// first. The guard of such a listener takes everyone from whom p may expect a header for a proxy, and has no ProxyProtocol.
// A peer that may leave the header out must still send something in time. The error is a [admission.Refusal] if the client
// that the header names may not come in.
func (c *Conn) ReadProxyHeader(p *admission.ProxyProtocol) error {
	may, must := p.Expects(c.client.Addr())
	if !may {
		return nil
	}
	nc := c.NetConn()
	client, own, rest, err := readProxy(p, nc, must)
	if err != nil {
		return err
	}
	if rest != nc {
		c.sock = newSocket(rest)
	}
	if client.IsValid() {
		c.SetClient(client, c.secure)
	}
	if why := c.pass.Bind(own); why != admission.Admitted {
		return why
	}
	return nil
}
