package kernel

import "bytes"

// maxLine is the longest control line.
const maxLine = 4 << 10

// operations handles the whole operations of b and gives back the bytes of one that is not whole.
func (s *Server) operations(c *conn, b []byte) (rest []byte, ok bool) {
	for len(b) > 0 {
		end := bytes.IndexByte(b, '\n')
		if end < 1 {
			return b, end < 0 && len(b) <= maxLine
		}
		line := b[:end]
		if line[end-1] == '\r' {
			line = line[:end-1]
		}
		if len(line) > 4 && line[0]|0x20 == 'p' && line[1]|0x20 == 'u' { // PUB
			used, ok := s.pub(line[4:], b, end+1)
			if !ok || used == 0 {
				return b, ok
			}
			b = b[used:]
			continue
		}
		if !s.control(c, line) {
			return nil, false
		}
		b = b[end+1:]
	}
	return nil, true
}

// pub publishes when the whole body is there, and says how many bytes of b the operation has; 0 when it is not whole.
// args is its line without PUB, body where its body begins.
func (s *Server) pub(args, b []byte, body int) (used int, ok bool) {
	space := bytes.LastIndexByte(args, ' ')
	if space < 1 {
		return 0, false
	}
	size := 0
	for _, digit := range args[space+1:] {
		if digit < '0' || digit > '9' || size > roomSize {
			return 0, false
		}
		size = size*10 + int(digit-'0')
	}
	used = body + size + len("\r\n")
	if len(b) < used {
		return 0, true
	}
	subject, reply := args[:space], []byte(nil)
	if at := bytes.IndexByte(subject, ' '); at > 0 {
		subject, reply = subject[:at], subject[at+1:]
	}
	s.publish(subject, reply, args[space+1:], b[body:used])
	return used, true
}

// control handles an operation without a body.
func (s *Server) control(c *conn, line []byte) bool {
	name, args, _ := bytes.Cut(line, []byte(" "))
	switch string(name) { // compiled without a copy
	case "PING":
		s.reply = append(s.reply, "PONG\r\n"...)
		return true
	case "PONG", "CONNECT":
		return true
	case "SUB":
		subject, sid, found := bytes.Cut(args, []byte(" "))
		if found && len(subject) > 0 && len(sid) > 0 && bytes.IndexByte(sid, ' ') < 0 {
			s.join(c, subject, sid)
			return true
		}
	case "UNSUB":
		s.unsubscribe(c, args)
		return true
	}
	return false
}
