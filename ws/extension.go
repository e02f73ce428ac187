package ws

import (
	"iter"
	"strings"
)

// DeflateExtension is the name of permessage-deflate (RFC 7692 §7).
const DeflateExtension = "permessage-deflate"

// deflateAnswer agrees to compression without context takeover in both directions. It is also what a client of this
// package offers.
const deflateAnswer = DeflateExtension + "; server_no_context_takeover; client_no_context_takeover"

// NegotiateDeflate chooses the first acceptable permessage-deflate offer from the values of all
// Sec-WebSocket-Extensions headers of a request and returns the value of the answering header. ok is false if there is
// none; then the answer has no such header.
//
// The answer always has server_no_context_takeover and client_no_context_takeover. An offer is declined, and the next
// one looked at, if it has an unknown, repeated or ill-formed parameter (RFC 7692 §7), or server_max_window_bits below
// 15: our compressor always uses 32 KiB, so we could not keep that promise (row C7). With 15 the promise is repeated,
// as RFC 7692 §7.1.2.1 asks. client_max_window_bits is a permission that we make no use of. The name counts only where
// names stand, not as a parameter of another extension. Of a header value that breaks the grammar of RFC 6455 §9.1,
// what stands before the break is used.
func NegotiateDeflate(offers []string) (answer string, ok bool) {
	for _, line := range offers {
		for ext := range extensions(line) {
			if !strings.EqualFold(ext.name, DeflateExtension) {
				continue
			}
			p, ok := parseDeflateParams(ext.params)
			switch {
			case !ok, p.has(serverWindowBits) && p.serverBits != maxWindowBits:
				continue
			case p.has(serverWindowBits):
				return deflateAnswer + "; server_max_window_bits=15", true
			}
			return deflateAnswer, true
		}
	}
	return "", false
}

// checkDeflateAnswer reports whether a server's Sec-WebSocket-Extensions values agree to compression. Anything that
// our offer did not ask for is an error, and the client has to give up (RFC 6455 §4.1, RFC 7692 §5.1).
func checkDeflateAnswer(lines []string, offered bool) (deflate bool, err error) {
	for _, line := range lines {
		for ext := range extensions(line) {
			if ext.malformed || deflate || !offered || !strings.EqualFold(ext.name, DeflateExtension) {
				return false, ErrResponseExtensions
			}
			p, ok := parseDeflateParams(ext.params)
			// We inflate each message from an empty window, and did not offer to make our own window smaller.
			if !ok || !p.has(serverNoTakeover) || p.has(clientWindowBits) ||
				p.has(serverWindowBits) && p.serverBits == 0 {
				return false, ErrResponseExtensions
			}
			deflate = true
		}
	}
	return deflate, nil
}

// deflateParam is one parameter of permessage-deflate (RFC 7692 §7.1), as a bit of a set.
type deflateParam uint8

const (
	serverNoTakeover deflateParam = 1 << iota
	clientNoTakeover
	serverWindowBits
	clientWindowBits
)

var deflateParamNames = map[string]deflateParam{
	"server_no_context_takeover": serverNoTakeover,
	"client_no_context_takeover": clientNoTakeover,
	"server_max_window_bits":     serverWindowBits,
	"client_max_window_bits":     clientWindowBits,
}

// maxWindowBits stands for a window of 32 KiB, all that DEFLATE has.
const maxWindowBits = 15

// deflateParams is what one offer or answer says.
type deflateParams struct {
	seen       deflateParam // the set of those that were there
	serverBits int          // the value of server_max_window_bits; 0 if it has none
}

func (p *deflateParams) has(param deflateParam) bool { return p.seen&param != 0 }

// parseDeflateParams checks each name and value on its own (RFC 7692 §7.1).
func parseDeflateParams(params []extensionParam) (p deflateParams, ok bool) {
	for _, ep := range params {
		param := deflateParamNames[strings.ToLower(ep.name)]
		if param == 0 || p.has(param) {
			return p, false
		}
		p.seen |= param
		if !ep.hasValue {
			continue
		}
		bits := windowBits(ep.value)
		if bits == 0 || param == serverNoTakeover || param == clientNoTakeover {
			return p, false
		}
		if param == serverWindowBits {
			p.serverBits = bits
		}
	}
	return p, true
}

// windowBits returns the number that s is: 8 to 15 without leading zeros (RFC 7692 §7.1.2), otherwise 0.
func windowBits(s string) int {
	switch {
	case len(s) == 1 && s[0] >= '8' && s[0] <= '9':
		return int(s[0] - '0')
	case len(s) == 2 && s[0] == '1' && s[1] >= '0' && s[1] <= '5':
		return 10 + int(s[1]-'0')
	}
	return 0
}

// extension is one element of a Sec-WebSocket-Extensions list (RFC 6455 §9.1).
type extension struct {
	name      string
	params    []extensionParam
	malformed bool // the list breaks the grammar here, and the rest of it is lost
}

type extensionParam struct {
	name, value string
	hasValue    bool
}

// extensions yields the elements of a header value; the last one is marked if the grammar is broken.
func extensions(line string) iter.Seq[extension] {
	return func(yield func(extension) bool) {
		s := scanner{line}
		for {
			for s.space(); s.accept(','); s.space() {
			}
			if s.left == "" {
				return
			}
			ext, ok := s.extension()
			if !ok {
				yield(extension{malformed: true})
				return
			}
			if !yield(ext) {
				return
			}
		}
	}
}

// scanner takes tokens from the front of a header value.
type scanner struct{ left string }

// extension takes one element and leaves the scanner at its comma or at the end.
func (s *scanner) extension() (ext extension, ok bool) {
	if ext.name = s.token(); ext.name == "" {
		return ext, false
	}
	for s.space(); s.accept(';'); s.space() {
		s.space()
		param := extensionParam{name: s.token()}
		if param.name == "" {
			return ext, false
		}
		if s.space(); s.accept('=') {
			s.space()
			if param.value, param.hasValue = s.value(); !param.hasValue {
				return ext, false
			}
		}
		ext.params = append(ext.params, param)
	}
	return ext, s.left == "" || s.left[0] == ','
}

func (s *scanner) space() { s.left = strings.TrimLeft(s.left, " \t") }

func (s *scanner) accept(c byte) bool {
	if s.left == "" || s.left[0] != c {
		return false
	}
	s.left = s.left[1:]
	return true
}

// token takes a token (RFC 7230 §3.2.6); empty if there is none.
func (s *scanner) token() string {
	n := 0
	for n < len(s.left) && isTokenByte(s.left[n]) {
		n++
	}
	t := s.left[:n]
	s.left = s.left[n:]
	return t
}

// value takes a token or a quoted string; ok is false if there is neither. What a quoted string holds has to be a token,
// too (RFC 6455 §9.1): if it is none, its value is empty, which no parameter allows.
func (s *scanner) value() (value string, ok bool) {
	if !s.accept('"') {
		value = s.token()
		return value, value != ""
	}
	var b []byte
	for s.left != "" {
		c := s.left[0]
		s.left = s.left[1:]
		switch {
		case c == '"':
			if value = string(b); !isToken(value) {
				value = ""
			}
			return value, true
		case c == '\\' && s.left != "":
			c = s.left[0]
			s.left = s.left[1:]
		}
		b = append(b, c)
	}
	return "", false // no closing quote
}
