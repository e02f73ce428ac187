package kernel

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
)

// maxHead is the size of the largest request for an upgrade.
const maxHead = 8 << 10

const (
	websocketGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" // RFC 6455 §1.3
	switching     = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
	agreed        = "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"
)

// upgrade answers the request once it is whole, with INFO behind the answer in the same write. It gives back what is
// behind the request.
func (s *Server) upgrade(c *conn, b []byte) (rest []byte, ok bool) {
	at := bytes.Index(b, []byte("\r\n\r\n"))
	if at < 0 {
		return b, len(b) <= maxHead
	}
	head, rest := b[:at+2], b[at+4:]
	key := header(head, "sec-websocket-key")
	if !bytes.HasPrefix(head, []byte("GET ")) || len(key) == 0 || len(key) > 64 {
		return nil, false
	}
	c.mode = modeFrames
	if bytes.Contains(header(head, "sec-websocket-extensions"), []byte("permessage-deflate")) {
		c.mode = modePacked
	}
	var challenge [64 + len(websocketGUID)]byte
	sum := sha1.Sum(append(append(challenge[:0], key...), websocketGUID...))
	answer := append(s.plain[:0], switching...)
	answer = base64.StdEncoding.AppendEncode(answer, sum[:])
	if c.mode == modePacked {
		answer = append(answer, agreed...)
	}
	answer = append(answer, "\r\n\r\n"...)
	answer = appendHeader(answer, bitFin|opBinary, len(info))
	answer = append(answer, info...)
	s.plain = answer
	return rest, s.send(c, answer)
}

// header gives the value of the first header line of that name, which must be lower case.
func header(head []byte, name string) []byte {
	for len(head) > 0 {
		line := head
		if end := bytes.IndexByte(head, '\n'); end >= 0 {
			line, head = head[:end], head[end+1:]
		} else {
			head = nil
		}
		if len(line) > len(name) && line[len(name)] == ':' && sameFold(line[:len(name)], name) {
			return bytes.TrimSpace(line[len(name)+1:])
		}
	}
	return nil
}

// sameFold compares with a lower-case ASCII name.
func sameFold(b []byte, name string) bool {
	for i := range b {
		if c := b[i]; c != name[i] && (c < 'A' || c > 'Z' || c|0x20 != name[i]) {
			return false
		}
	}
	return true
}
