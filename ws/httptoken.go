package ws

import "strings"

// isTokenByte reports whether c may stand in an HTTP token (RFC 7230 §3.2.6).
func isTokenByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return c != 0 && strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// isFieldValue reports whether s may stand as a header value: no control characters but the tab (RFC 7230 §3.2).
func isFieldValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// hasToken reports whether one of the comma lists in lines has the token, in any case.
func hasToken(lines []string, token string) bool {
	return lists(lines, func(t string) bool { return strings.EqualFold(t, token) })
}

// lists reports whether one of the comma lists in lines has an element that is wanted.
func lists(lines []string, wanted func(string) bool) bool {
	for _, line := range lines {
		for t := range strings.SplitSeq(line, ",") {
			if wanted(strings.Trim(t, " \t")) {
				return true
			}
		}
	}
	return false
}
