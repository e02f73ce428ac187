package proto

import (
	"bytes"
	"strings"
)

// headerVersion begins every header block:
//
//	NATS/1.0[ code[ description]] CRLF
//	Key: Value CRLF …
//	CRLF
//
// Keys are compared letter by letter, as ADR-4 of the NATS project says: a header is not MIME.
const headerVersion = "NATS/1.0"

// ValidHeader reports whether a header block begins with its version and ends with an empty line. The reference does not
// check: a client may HPUB any bytes and they are delivered. Use it before a header is read, not to refuse a message.
func ValidHeader(header []byte) bool {
	rest, ok := bytes.CutPrefix(header, []byte(headerVersion))
	if !ok || !bytes.HasSuffix(rest, []byte("\r\n\r\n")) {
		return false
	}
	return rest[0] == ' ' || rest[0] == '\r'
}

// Get returns the value of the first line of a header block that begins with key and a colon, without the spaces in front
// of it; nil if there is none, not nil if it is empty.
func Get(header []byte, key string) []byte {
	for {
		end := bytes.Index(header, []byte(CRLF))
		if end < 0 {
			return nil
		}
		header = header[end+len(CRLF):] // the first line is the version
		if len(header) <= len(key) || header[len(key)] != ':' || string(header[:len(key)]) != key {
			continue
		}
		value := header[len(key)+1:]
		if end := bytes.Index(value, []byte(CRLF)); end >= 0 {
			value = value[:end:end]
		}
		for len(value) > 0 && value[0] == ' ' {
			value = value[1:]
		}
		return value
	}
}

// Status returns the code and the description in the first line of a header block; 0 and nil if it has none. A code is
// three digits.
func Status(header []byte) (code int, description []byte) {
	line, ok := bytes.CutPrefix(header, []byte(headerVersion+" "))
	if !ok {
		return 0, nil
	}
	if end := bytes.IndexByte(line, '\r'); end >= 0 {
		line = line[:end:end]
	}
	digits, description, _ := bytes.Cut(line, []byte(" "))
	if len(digits) != 3 {
		return 0, nil
	}
	code, ok = parseSize(digits)
	if !ok {
		return 0, nil
	}
	return code, bytes.TrimSpace(description)
}

// AppendHeader appends one line to a header block that is being made. Neither key nor value may hold a line end.
func AppendHeader(dst []byte, key string, value []byte) []byte {
	dst = append(dst, key...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, CRLF...)
}

// SetHeader appends header with the value of key replaced, or added; an empty header becomes one. Neither key nor value may
// hold a line end. Every line goes that some reader may take for the key: in any case, behind a lone LF, with spaces around.
func SetHeader(dst, header []byte, key string, value []byte) []byte {
	if !bytes.HasPrefix(header, []byte(headerVersion)) {
		dst = append(dst, headerVersion+CRLF...)
	}
	for len(header) > 0 {
		line := header
		if i := bytes.IndexByte(header, '\n'); i >= 0 {
			line = header[:i+1]
		}
		header = header[len(line):]
		name, _, _ := bytes.Cut(line, []byte(":"))
		if text := bytes.TrimRight(line, CRLF); len(text) > 0 && !strings.EqualFold(string(bytes.TrimSpace(name)), key) {
			dst = append(append(dst, text...), CRLF...)
		}
	}
	return append(AppendHeader(dst, key, value), CRLF...)
}

// AppendStatus appends a whole header block that is a status: NATS/1.0 code [description] and an empty line. The code has
// three digits, such as 408.
func AppendStatus(dst []byte, code int, description string) []byte {
	dst = appendStatusLine(dst, code, description)
	return append(dst, CRLF...)
}

func appendStatusLine(dst []byte, code int, description string) []byte {
	dst = append(dst, headerVersion+" "...)
	dst = AppendInt(dst, code)
	if description != "" {
		dst = append(dst, ' ')
		dst = append(dst, description...)
	}
	return append(dst, CRLF...)
}

// noRespondersLen is the length of the header block of AppendNoResponders without the subject.
const noRespondersLen = len("NATS/1.0 503\r\nNats-Subject: \r\n\r\n")

// AppendNoResponders appends the whole message that tells a requester that nobody listens: an HMSG to its reply subject
// whose header is the status 503 and the subject it asked, as nats-server 2.15 has it. It has no payload.
//
// The reference sends it when a PUB with a reply reached nobody, CONNECT had no_responders, and the client itself has a
// plain subscription (no queue group) for the reply; sid is that one's.
func AppendNoResponders(dst, reply, sid, subject []byte) []byte {
	size := noRespondersLen + len(subject)
	dst = AppendMsgLine(dst, reply, sid, nil, size, size)
	dst = appendStatusLine(dst, 503, "")
	dst = AppendHeader(dst, "Nats-Subject", subject)
	return append(dst, CRLF+CRLF...)
}
