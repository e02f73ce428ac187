package admission

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// The headers by which proxies tell whom they speak for.
const (
	xForwardedFor   = "X-Forwarded-For"
	xForwardedProto = "X-Forwarded-Proto"
	xForwardedHost  = "X-Forwarded-Host"
	xRealIP         = "X-Real-Ip"
	forwarded       = "Forwarded" // RFC 7239
)

// unixPeer is how a peer on a Unix socket is written, in logs and in lists of trusted proxies.
const unixPeer = "unix"

// maxHops is how many proxies a request is followed through.
const maxHops = 32

// Proxies are the peers that are trusted to tell whom they speak for. It is immutable; nil trusts nobody. Peers on a Unix
// socket have the zero address.
type Proxies struct {
	nets   []netip.Prefix
	unix   bool
	header string // canonical; empty for the first of those above that a request has
}

// ParseProxies takes networks ("10.0.0.0/8"), addresses, and "unix" for peers on Unix sockets. header is the one in which
// the proxies tell the client's address: X-Forwarded-For, Forwarded, or another that holds nothing else, such as X-Real-IP.
// If it is empty, the first of these three that a request has counts; then the proxies must set it in every request, since
// what they let through unchanged comes from the client.
func ParseProxies(list []string, header string) (*Proxies, error) {
	p := &Proxies{header: http.CanonicalHeaderKey(header)}
	for _, text := range list {
		if text == unixPeer {
			p.unix = true
			continue
		}
		n, err := netip.ParsePrefix(text)
		if a, bad := netip.ParseAddr(text); bad == nil && a.Zone() == "" {
			n, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("trusted proxy %q is no network, no address and not \"unix\"", text)
		}
		if a := n.Addr(); a.Is4In6() && n.Bits() >= 96 {
			n = netip.PrefixFrom(a.Unmap(), n.Bits()-96)
		}
		p.nets = append(p.nets, n.Masked())
	}
	return p, nil
}

// Trusts reports whether a is one of the proxies.
func (p *Proxies) Trusts(a netip.Addr) bool {
	if p == nil {
		return false
	}
	if !a.IsValid() {
		return p.unix
	}
	a = a.Unmap().WithZone("")
	for _, n := range p.nets {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// Client is who sent the request that peer handed in: the first hop, counted from peer, that is not one of the proxies. A
// hop that is no address ends the search, and the proxy that told of it is the client. Port 0 is an unknown port.
func (p *Proxies) Client(peer netip.AddrPort, h http.Header) netip.AddrPort {
	client, _, _ := p.trace(peer, h)
	return client
}

// trace follows a request to its client. element is what the client's hop was read from, depth how many hops that took.
func (p *Proxies) trace(peer netip.AddrPort, h http.Header) (client netip.AddrPort, element string, depth int) {
	client = peer
	if !p.Trusts(peer.Addr()) {
		return client, "", 0
	}
	name := p.headerOf(h)
	hops := elements{lines: h[name]}
	if name != xForwardedFor && name != forwarded && len(hops.lines) != 1 {
		return client, "", 0 // more than one is more than the proxy wrote
	}
	for range maxHops {
		hop, ok := hops.next()
		if !ok {
			break
		}
		node := hop
		if name == forwarded {
			node = pair(hop, "for")
		} else if hop == "" {
			continue // an empty element of a list means nothing (RFC 9110 §5.6.1.2)
		}
		a, ok := parseNode(node)
		if !ok {
			break
		}
		client, element, depth = a, hop, depth+1
		if !p.Trusts(a.Addr()) {
			break
		}
	}
	return client, element, depth
}

// headerOf is the header of h that tells the client's address.
func (p *Proxies) headerOf(h http.Header) string {
	if p.header != "" {
		return p.header
	}
	for _, name := range []string{xForwardedFor, forwarded} {
		if len(h[name]) > 0 {
			return name
		}
	}
	return xRealIP
}

// Original is the request as the client sent it to the first of the proxies: Host is the one that the client named, and TLS
// is set exactly if the client used TLS. It is r itself where peer is not trusted. named says that peer, or who stands in front of
// it, tells the host.
func (p *Proxies) Original(peer netip.AddrPort, r *http.Request) (original *http.Request, named bool) {
	if !p.Trusts(peer.Addr()) {
		return r, false
	}
	_, element, depth := p.trace(peer, r.Header)
	proto, host := nth(r.Header[xForwardedProto], depth), nth(r.Header[xForwardedHost], depth)
	if p.headerOf(r.Header) == forwarded {
		proto, host = pair(element, "proto"), pair(element, "host")
	}
	o := *r
	switch strings.ToLower(proto) {
	case "https", "wss":
		o.TLS = &tls.ConnectionState{}
	case "http", "ws":
		o.TLS = nil
	}
	if named = isHost(host); named {
		o.Host = host
	}
	return &o, named
}

// elements goes through comma lists from their end. Each proxy adds to the end, so what a trusted one has written is read
// before, and apart from, anything that a client may have put in front of it, such as an open quote.
type elements struct {
	lines []string
	rest  string
}

func (e *elements) next() (element string, ok bool) {
	for e.rest == "" {
		if len(e.lines) == 0 {
			return "", false
		}
		last := len(e.lines) - 1
		e.lines, e.rest = e.lines[:last], e.lines[last]
	}
	i := strings.LastIndexByte(e.rest, ',')
	element, e.rest = e.rest[i+1:], e.rest[:max(i, 0)]
	return strings.Trim(element, " \t"), true
}

// nth is the element of a list that belongs to the hop at the given depth. Some proxies add to the list, others replace it
// and leave one element.
func nth(lines []string, depth int) (element string) {
	list := elements{lines: lines}
	for range max(depth, 1) {
		e, ok := list.next()
		if !ok {
			break
		}
		element = e
	}
	return element
}

// pair is the value of a name in an element of Forwarded (RFC 7239 §4), without quotes; empty if it is missing or twice
// there.
func pair(element, name string) string {
	value, found := "", false
	for part := range strings.SplitSeq(element, ";") {
		n, v, _ := strings.Cut(part, "=")
		if !strings.EqualFold(strings.Trim(n, " \t"), name) {
			continue
		}
		if found {
			return ""
		}
		value, found = strings.Trim(v, " \t"), true
	}
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	return value
}

// parseNode reads "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]", "[2001:db8::1]:80" and "2001:db8::1". An obfuscated port
// ("_x", RFC 7239 §6.3) counts as unknown; "unknown" and an obfuscated name are no address.
func parseNode(s string) (netip.AddrPort, bool) {
	host, port, hasPort := s, "", false
	if inner, after, ok := strings.Cut(strings.TrimPrefix(s, "["), "]"); ok && strings.HasPrefix(s, "[") {
		host = inner
		if port, hasPort = strings.CutPrefix(after, ":"); !hasPort && after != "" || !strings.Contains(inner, ":") {
			return netip.AddrPort{}, false
		}
	} else if strings.Count(s, ":") == 1 {
		host, port, hasPort = strings.Cut(s, ":")
	}
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" || a.IsUnspecified() {
		return netip.AddrPort{}, false
	}
	n := uint64(0)
	if hasPort && !strings.HasPrefix(port, "_") {
		if n, err = strconv.ParseUint(port, 10, 16); err != nil {
			return netip.AddrPort{}, false
		}
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), true
}

// maxHost is the length of the longest host with a port (RFC 1035 §2.3.4).
const maxHost = 255 + len(":65535")

// isHost reports whether s can be a Host header.
func isHost(s string) bool {
	return s != "" && len(s) <= maxHost && !strings.ContainsFunc(s, func(c rune) bool {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		return !letter && !strings.ContainsRune("-._:[]", c)
	})
}
