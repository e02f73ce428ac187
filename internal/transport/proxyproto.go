package transport

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"weir/internal/admission"
)

// readProxy takes the header from nc, and not a byte of what follows it. client is invalid if the header names none, because
// the proxy speaks for itself, or if there is none; own is the address whose limits hold, invalid for a proxy.
func readProxy(p *admission.ProxyProtocol, nc net.Conn, must bool) (client netip.AddrPort, own netip.Addr, err error) {
	limit := cmp.Or(p.Timeout, admission.DefaultProxyTimeout)
	if err := nc.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return client, own, err
	}
	defer nc.SetReadDeadline(time.Time{}) //nolint:errcheck // the next read tells
	head, err := readProxyHeader(nc)
	switch {
	case errors.Is(err, admission.ErrProxyHeaderMissing) && len(head) == 0 && !must:
		err = nil
	case err == nil:
		client, err = admission.ParseProxyHeader(head)
	}
	own = client.Addr()
	if !client.IsValid() && !must {
		own = AddrPort(nc.RemoteAddr()).Addr()
	}
	return client, own, err
}

// readProxyHeader reads a whole header. Where a socket can be looked into, nothing is taken from it unless it is one;
// elsewhere it is read byte by byte until its size is known.
func readProxyHeader(nc net.Conn) (head []byte, err error) {
	head = make([]byte, admission.MaxProxyV1)
	size := 0
	if peekUntil(nc, head, func(b []byte) bool {
		size, err = admission.ProxyHeaderSize(b)
		return size > 0 || err != nil
	}) {
		head = head[:0]
	} else {
		head, size, err = readProxyStart(nc, head)
	}
	switch {
	case err != nil:
		return head, err
	case size == 0:
		return head, admission.ErrProxyHeaderMissing
	}
	done := len(head)
	head = append(make([]byte, 0, size), head...)[:size]
	if _, err = io.ReadFull(nc, head[done:]); err != nil {
		err = fmt.Errorf("%w: %w", admission.ErrProxyHeaderInvalid, err)
	}
	return head, err
}

// readProxyStart reads into buf until the size of the header is known.
func readProxyStart(nc net.Conn, buf []byte) (head []byte, size int, err error) {
	for n := range buf {
		if _, err := io.ReadFull(nc, buf[n:n+1]); err != nil {
			return buf[:n], 0, fmt.Errorf("%w: %w", admission.ErrProxyHeaderMissing, err)
		}
		if size, err := admission.ProxyHeaderSize(buf[:n+1]); size > 0 || err != nil {
			return buf[:n+1], size, err
		}
	}
	return buf, 0, admission.ErrProxyHeaderTooLong
}

// ReadProxyHeader reads the header that p expects of a connection that is not served yet, on a listener whose side speaks
// first. The guard of such a listener takes everyone from whom p may expect a header for a proxy, and has no ProxyProtocol.
// The error is a [admission.Refusal] if the client that the header names may not come in.
func (c *Conn) ReadProxyHeader(p *admission.ProxyProtocol) error {
	may, must := p.Expects(c.client.Addr())
	if !may {
		return nil
	}
	client, own, err := readProxy(p, c.NetConn(), must)
	if err != nil {
		return err
	}
	if client.IsValid() {
		c.SetClient(client, c.secure)
	}
	if why := c.pass.Bind(own); why != admission.Admitted {
		return why
	}
	return nil
}
