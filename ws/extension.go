package ws

import (
	"iter"
	"strings"
)

// DeflateExtension is the name of permessage-deflate (RFC 7692 §7).
const DeflateExtension = "permessage-deflate"

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

// offeredParams is what one offer or answer says.
type offeredParams struct {
	seen       deflateParam // the set of those that were there
	serverBits int          // the value of server_max_window_bits; 0 if it has none
	clientBits int          // the value of client_max_window_bits; 0 if it has none
}

func (p *offeredParams) has(param deflateParam) bool { return p.seen&param != 0 }

// parseDeflateParams checks each name and value on its own (RFC 7692 §7.1).
func parseDeflateParams(params []extensionParam) (p offeredParams, ok bool) {
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
		switch {
		case bits == 0:
			return p, false
		case param == serverWindowBits:
			p.serverBits = bits
		case param == clientWindowBits:
			p.clientBits = bits
		default: // the flags have no value
			return p, false
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
