package ws

import (
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
)

// UpgradePolicy is what a server demands of a request and offers in return. The zero value admits any origin and
// offers nothing. It must not be changed while it is in use; swap it for another.
type UpgradePolicy struct {
	// SameOrigin admits a browser only if its page has the scheme, host and port of the request itself. The scheme
	// is https exactly if this very connection has TLS.
	SameOrigin bool
	// OriginRequired refuses a request without an origin: only browsers get in, and who claims to be one.
	OriginRequired bool
	// LoopbackOrigins admits a browser only if its page was served by this machine, from any port: for a server that has
	// no login and relies on nobody else reaching it, which the pages of other sites in a local browser can.
	LoopbackOrigins bool
	// AllowedOrigins admits a browser only if the origin of its page is in the set; empty admits all. Together with
	// SameOrigin, both have to hold.
	AllowedOrigins Origins
	// Compression agrees to permessage-deflate where it is offered acceptably, see [DeflatePolicy.Negotiate]. Deflate
	// says to what; its zero value agrees to compression without context takeover and with 32 KiB windows.
	Compression bool
	Deflate     DeflatePolicy
	// AllowNoMasking agrees to unmasked frames from a client that asks with [NoMaskingHeader].
	AllowNoMasking bool
	// Protocols are the subprotocols that the server speaks. The first of them that the client offers is agreed to (RFC 6455
	// §4.2.2); without such an offer none is named, and the client has to do without.
	Protocols []string
	// Headers are added to the 101 response in this order, see [SortHeaders]. Check them with Validate.
	Headers []HeaderField
}

// HeaderField is one header of an HTTP message, as written.
type HeaderField struct{ Name, Value string }

// SortHeaders returns the fields of m sorted by name, so that the response has the same bytes each time.
func SortHeaders(m map[string]string) []HeaderField {
	fields := make([]HeaderField, 0, len(m))
	for name, value := range m {
		fields = append(fields, HeaderField{name, value})
	}
	slices.SortFunc(fields, func(a, b HeaderField) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

// Validate reports the first header that can not be sent: one that belongs to the handshake or to HTTP itself (Host,
// Content-Length, Connection, Upgrade, [NoMaskingHeader], all of Sec-WebSocket-), a name that is not a token, or a
// value with control characters; then the first subprotocol that is not a token, and what [DeflatePolicy.Validate] finds.
func (p *UpgradePolicy) Validate() error {
	for _, f := range p.Headers {
		switch {
		case !isToken(f.Name):
			return fmt.Errorf("header name %q: not an HTTP token", f.Name)
		case reservedHeader(f.Name):
			return fmt.Errorf("header %q: reserved for the handshake", f.Name)
		case !isFieldValue(f.Value):
			return fmt.Errorf("header %q: control character in value", f.Name)
		}
	}
	for _, name := range p.Protocols {
		if !isToken(name) {
			return fmt.Errorf("subprotocol %q: not an HTTP token", name)
		}
	}
	return p.Deflate.Validate()
}

// protocol is the subprotocol to agree to; empty for none. Their names are compared as they are (RFC 6455 §1.9).
func (p *UpgradePolicy) protocol(offers []string) string {
	for _, name := range p.Protocols {
		if lists(offers, func(offered string) bool { return offered == name }) {
			return name
		}
	}
	return ""
}

// Subprotocols are those that a request offers, in its order (RFC 6455 §4.1). What is no token is left out.
func Subprotocols(h http.Header) iter.Seq[string] {
	return func(yield func(string) bool) {
		lists(h["Sec-Websocket-Protocol"], func(offered string) bool { return isToken(offered) && !yield(offered) })
	}
}

// reservedHeader reports whether only the handshake itself may set the header.
func reservedHeader(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "host", "content-length", "connection", "upgrade", "nats-no-masking":
		return true
	}
	return strings.HasPrefix(name, "sec-websocket-")
}
