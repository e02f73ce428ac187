package proto

import "bytes"

// readPlain reads the object of a CONNECT as nearly every client writes it: names as they are spelt here, strings of
// printable ASCII without escapes, small numbers. It reports false of anything else, which is encoding/json's to judge; c
// may have changed then.
func (c *Connect) readPlain(line []byte) bool {
	s := plainScanner{line}
	if !s.accept('{') {
		return false
	}
	if s.accept('}') {
		return s.end()
	}
	for {
		name, ok := s.text()
		if !ok || !s.accept(':') || !c.readField(name, &s) {
			return false
		}
		if !s.accept(',') {
			return s.accept('}') && s.end()
		}
	}
}

// readField reads the value of a field that clients send.
func (c *Connect) readField(name []byte, s *plainScanner) bool {
	switch string(name) {
	case "echo":
		return s.flag(&c.Echo)
	case "verbose":
		return s.flag(&c.Verbose)
	case "pedantic":
		return s.flag(&c.Pedantic)
	case "tls_required":
		return s.flag(&c.TLSRequired)
	case "headers":
		return s.flag(&c.Headers)
	case "no_responders":
		return s.flag(&c.NoResponders)
	case "protocol":
		return s.digit(&c.Protocol)
	case "name":
		return s.word(&c.Name)
	case "lang":
		return s.word(&c.Lang)
	case "version":
		return s.word(&c.Version)
	case "user":
		return s.word(&c.User)
	case "pass":
		return s.word(&c.Pass)
	case "auth_token":
		return s.word(&c.Token)
	case "nkey":
		return s.word(&c.NKey)
	case "sig":
		return s.word(&c.Sig)
	case "jwt":
		return s.word(&c.JWT)
	}
	return false
}

// plainScanner takes tokens of JSON (RFC 8259) from the front of what is left.
type plainScanner struct{ left []byte }

// space skips white space (RFC 8259 §2).
func (s *plainScanner) space() {
	for len(s.left) > 0 && (s.left[0] == ' ' || s.left[0] == '\t' || s.left[0] == '\r' || s.left[0] == '\n') {
		s.left = s.left[1:]
	}
}

func (s *plainScanner) end() bool {
	s.space()
	return len(s.left) == 0
}

func (s *plainScanner) accept(c byte) bool {
	s.space()
	if len(s.left) == 0 || s.left[0] != c {
		return false
	}
	s.left = s.left[1:]
	return true
}

// text takes a string without escapes.
func (s *plainScanner) text() ([]byte, bool) {
	if !s.accept('"') {
		return nil, false
	}
	for i, c := range s.left {
		switch {
		case c == '"':
			t := s.left[:i]
			s.left = s.left[i+1:]
			return t, true
		case c < ' ' || c >= 0x7f || c == '\\':
			return nil, false
		}
	}
	return nil, false
}

func (s *plainScanner) word(dst *string) bool {
	t, ok := s.text()
	*dst = string(t)
	return ok
}

func (s *plainScanner) flag(dst *bool) bool {
	s.space()
	if rest, ok := bytes.CutPrefix(s.left, []byte("true")); ok {
		*dst, s.left = true, rest
		return true
	}
	rest, ok := bytes.CutPrefix(s.left, []byte("false"))
	*dst, s.left = false, rest
	return ok
}

// digit takes a number of one digit; a second one, a fraction or an exponent is left over.
func (s *plainScanner) digit(dst *int) bool {
	s.space()
	if len(s.left) == 0 || s.left[0] < '0' || s.left[0] > '9' {
		return false
	}
	*dst, s.left = int(s.left[0]-'0'), s.left[1:]
	return true
}
