package head

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
)

// Verdict is what is known of a head.
type Verdict uint8

const (
	// More means that the head has no end yet.
	More Verdict = iota
	// Upgrade means that it is complete and asks for an upgrade, though to what is not looked at.
	Upgrade
	// Other means that it is, or may be, something else.
	Other
)

// maxFields is how many header fields a head may have.
const maxFields = 64

// Reader reads one head. The zero value is ready.
type Reader struct {
	// Request is the request once the verdict is Upgrade, as net/http reads it; it is valid until Reset.
	Request http.Request

	at     int // where the next line begins
	target span
	fields [maxFields]field
	n      int // of fields

	url    url.URL
	values [maxFields]string // for Request.Header, which so needs no memory of its own for each
}

// span is a part of the bytes.
type span struct{ from, to int }

// field is a header field.
type field struct{ name, value span }

// Reset makes r ready for another head.
func (r *Reader) Reset() {
	header := r.Request.Header
	clear(header)
	clear(r.values[:r.n])
	r.Request, r.url = http.Request{Header: header}, url.URL{}
	r.at, r.n = 0, 0
}

// Read looks at b, which begins with all bytes of earlier calls. With Upgrade, size is that of the head. Of b it changes
// nothing but the case of letters in field names, which mean the same in any (RFC 9110 §5.1).
func (r *Reader) Read(b []byte) (v Verdict, size int) {
	for {
		n := bytes.IndexByte(b[r.at:], '\n')
		if n < 0 {
			return More, 0
		}
		from, to := r.at, r.at+n-1
		if n == 0 || b[to] != '\r' {
			return Other, 0 // RFC 9112 §2.2 allows to take a lone LF; the clients that send it are not ours
		}
		r.at += n + 1
		ok := false
		switch {
		case from == 0:
			ok = r.requestLine(b[:to])
		case from == to:
			if !r.complete(string(b[:r.at])) {
				return Other, 0
			}
			return Upgrade, r.at
		default:
			ok = r.field(b, from, to)
		}
		if !ok {
			return Other, 0
		}
	}
}

const (
	method  = "GET "
	version = " HTTP/1.1"
)

// requestLine takes the first line (RFC 9112 §3).
func (r *Reader) requestLine(line []byte) bool {
	if len(line) < len(method)+len("/")+len(version) || string(line[:len(method)]) != method || line[len(method)] != '/' {
		return false
	}
	r.target = span{len(method), len(line) - len(version)}
	for _, c := range line[r.target.from:r.target.to] {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return string(line[r.target.to:]) == version
}

// field takes a line "name: value" (RFC 9112 §5), and makes the name canonical.
func (r *Reader) field(b []byte, from, to int) bool {
	colon := bytes.IndexByte(b[from:to], ':')
	if colon <= 0 || r.n == maxFields {
		return false
	}
	name, value := span{from, from + colon}, span{from + colon + 1, to}
	upper := true
	for i, c := range b[name.from:name.to] {
		switch {
		case !isToken(c):
			return false
		case upper && c >= 'a' && c <= 'z':
			b[name.from+i] = c - 'a' + 'A'
		case !upper && c >= 'A' && c <= 'Z':
			b[name.from+i] = c - 'A' + 'a'
		}
		upper = c == '-'
	}
	for _, c := range b[value.from:value.to] {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	for value.from < value.to && isSpace(b[value.from]) {
		value.from++
	}
	for value.from < value.to && isSpace(b[value.to-1]) {
		value.to--
	}
	r.fields[r.n] = field{name, value}
	r.n++
	return true
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// isToken reports whether c may stand in a field name (RFC 9110 §5.6.2).
func isToken(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' ||
		c != 0 && strings.IndexByte("!#$%&'*+.^_`|~", c) >= 0
}

// complete makes the request of a whole head.
func (r *Reader) complete(text string) bool {
	q := &r.Request
	q.RequestURI = text[r.target.from:r.target.to]
	if !r.parseTarget(q.RequestURI) {
		return false
	}
	q.Method, q.Proto, q.ProtoMajor, q.ProtoMinor = http.MethodGet, "HTTP/1.1", 1, 1
	q.Body = http.NoBody
	if q.Header == nil {
		q.Header = make(http.Header, maxFields/4)
	}
	for i, f := range r.fields[:r.n] {
		name, value := text[f.name.from:f.name.to], text[f.value.from:f.value.to]
		switch name {
		case "Content-Length", "Transfer-Encoding", "Trailer", "Expect": // a body, or the talk about one
			return false
		case "Host":
			if q.Host != "" || !isHost(value) {
				return false
			}
			q.Host = value
			continue
		}
		if before := q.Header[name]; before != nil {
			q.Header[name] = append(before, value)
			continue
		}
		r.values[i] = value
		q.Header[name] = r.values[i : i+1 : i+1]
	}
	return q.Host != "" && q.Header.Get("Upgrade") != ""
}

// parseTarget reads a path and a query.
func (r *Reader) parseTarget(target string) bool {
	r.Request.URL = &r.url
	if target == "/" {
		r.url.Path = target
		return true
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return false
	}
	r.url = *u
	return true
}

// isHost reports whether s is an ordinary Host: a name or an address, and maybe a port (RFC 9110 §7.2).
func isHost(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~:[]%", c) >= 0) {
			return false
		}
	}
	return s != ""
}
