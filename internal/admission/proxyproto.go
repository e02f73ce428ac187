package admission

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pires/go-proxyproto"
)

// Sizes of PROXY headers in bytes (PROXY protocol §2.1, §2.2).
const (
	MaxProxyV1   = 107
	proxyV2Fixed = 16 // signature, command, family, length of the rest
	maxProxyV2   = proxyV2Fixed + 4<<10
)

// proxyV1 is how a header of version 1 begins.
const proxyV1 = "PROXY "

// DefaultProxyTimeout bounds the wait for a PROXY header, the same as in nats-server.
const DefaultProxyTimeout = 5 * time.Second

// Why a PROXY header was not taken.
var (
	ErrProxyHeaderMissing = errors.New("PROXY header is missing")
	ErrProxyHeaderSilence = fmt.Errorf("%w: nothing was sent", ErrProxyHeaderMissing)
	ErrProxyHeaderTooLong = errors.New("PROXY header is too long")
	ErrProxyHeaderInvalid = errors.New("PROXY header is invalid")
	ErrProxyHeaderCut     = fmt.Errorf("%w: incomplete", ErrProxyHeaderInvalid)
	ErrProxyHeaderFamily  = errors.New("PROXY header is not for a stream")
)

// ProxyProtocol says who sends a PROXY header before anything else.
type ProxyProtocol struct {
	// From is whose connections begin with a header, always; the connections of all others never do. Without it, a
	// header is taken from anybody and may be left out, as with nats-server's proxy_protocol. It is asked anew for each.
	From func() *Proxies
	// Timeout bounds the wait for the header; 0 means DefaultProxyTimeout.
	Timeout time.Duration
}

// Expects reports whether a connection from a may begin with a header, and whether it must.
func (p *ProxyProtocol) Expects(a netip.Addr) (may, must bool) {
	switch {
	case p == nil:
		return false, false
	case p.From == nil:
		return true, false
	}
	must = p.From().Trusts(a)
	return must, must
}

// ProxyHeaderSize is the size of the header that b begins with; 0 if more of it has to be seen.
func ProxyHeaderSize(b []byte) (int, error) {
	switch {
	case bytes.HasPrefix(b, proxyproto.SIGV2):
		if len(b) < proxyV2Fixed {
			return 0, nil
		}
		size := proxyV2Fixed + int(binary.BigEndian.Uint16(b[proxyV2Fixed-2:]))
		if size > maxProxyV2 {
			return 0, ErrProxyHeaderTooLong
		}
		return size, nil
	case bytes.HasPrefix(b, []byte(proxyV1)):
		b = b[:min(len(b), MaxProxyV1)]
		end := bytes.IndexByte(b, '\n') + 1
		if end == 0 && len(b) == MaxProxyV1 {
			return 0, ErrProxyHeaderTooLong
		}
		return end, nil
	case bytes.HasPrefix(proxyproto.SIGV2, b), bytes.HasPrefix([]byte(proxyV1), b):
		return 0, nil
	}
	return 0, ErrProxyHeaderMissing
}

// ParseProxyHeader reads a whole header. The client is invalid if it names none.
func ParseProxyHeader(head []byte) (client netip.AddrPort, err error) {
	const command, family = 12, 13
	if len(head) >= proxyV2Fixed && head[command] == byte(proxyproto.PROXY) && head[family] == byte(proxyproto.UNSPEC) {
		return client, nil // the proxy knows no address; §2.2 leaves it to us to go on
	}
	rest := bytes.NewReader(head)
	r := bufio.NewReaderSize(rest, MaxProxyV1)
	h, err := proxyproto.Read(r)
	switch {
	case err != nil:
		return client, fmt.Errorf("%w: %w", ErrProxyHeaderInvalid, err)
	case r.Buffered() > 0 || rest.Len() > 0:
		return client, ErrProxyHeaderInvalid
	case h.Command.IsLocal() || h.TransportProtocol.IsUnspec():
		return client, nil // LOCAL and UNKNOWN: such as a health check
	case !h.TransportProtocol.IsStream():
		return client, ErrProxyHeaderFamily
	}
	if a, ok := h.SourceAddr.(*net.TCPAddr); ok {
		p := a.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port()), nil
	}
	return client, nil // a Unix socket has no address
}
