package kernel

import "encoding/binary"

// Opcodes, and bits of the first two bytes of a frame (RFC 6455 §5.2).
const (
	opBinary = 0x2
	opClose  = 0x8
	opPing   = 0x9
	opPong   = 0xa

	bitFin    = 0x80
	bitPacked = 0x40 // RSV1, RFC 7692 §6
	bitMask   = 0x80
)

// headRoom is room for the header of a frame that is not masked, which has at most ten bytes.
const headRoom = 16

// frames takes the whole frames of b and gives back the bytes of one that is not whole.
func (s *Server) frames(c *conn, b []byte) (rest []byte, ok bool) {
	for len(b) >= 6 {
		if b[1]&bitMask == 0 {
			return nil, false // RFC 6455 §5.1
		}
		size, at := int(b[1]&^bitMask), 6
		switch {
		case size == 126:
			size, at = int(binary.BigEndian.Uint16(b[2:])), 8
		case size == 127 && len(b) < 14:
			return b, true
		case size == 127:
			if binary.BigEndian.Uint64(b[2:]) > roomSize {
				return nil, false
			}
			size, at = int(binary.BigEndian.Uint64(b[2:])), 14
		}
		if len(b) < at+size {
			return b, true
		}
		payload := b[at : at+size]
		unmask(payload, b[at-4:])
		if !s.frame(c, b[0], payload) {
			return nil, false
		}
		b = b[at+size:]
	}
	return b, true
}

// frame handles one frame. Compressed messages of several frames are refused: the load sends none.
func (s *Server) frame(c *conn, first byte, payload []byte) bool {
	switch op := first & 0x0f; {
	case op == opClose:
		return false
	case op == opPing:
		s.plain = append(appendHeader(s.plain[:0], bitFin|opPong, len(payload)), payload...)
		return s.send(c, s.plain)
	case op > opBinary:
		return op == opPong
	case first&bitPacked == 0:
		return s.piece(c, payload)
	case c.mode != modePacked || first&bitFin == 0:
		return false
	}
	var err error
	if s.plain, err = s.inflate.message(s.plain[:0], payload); err != nil {
		return false
	}
	return s.piece(c, s.plain)
}

// piece handles the payload of a frame. An operation may go on in the next one.
func (s *Server) piece(c *conn, b []byte) bool {
	if len(c.part) > 0 {
		c.part = append(c.part, b...)
		b = c.part
	}
	rest, ok := s.operations(c, b)
	switch {
	case len(rest) > roomSize:
		return false
	case len(rest) > 0:
		c.part = append(c.part[:0], rest...)
	default:
		c.part = nil
	}
	return ok
}

// unmask takes the mask away, 32 bytes at a time (RFC 6455 §5.3). key has four bytes or more.
func unmask(b, key []byte) {
	word := uint64(binary.LittleEndian.Uint32(key))
	word |= word << 32
	for len(b) >= 32 {
		p := b[:32]
		binary.LittleEndian.PutUint64(p[0:], binary.LittleEndian.Uint64(p[0:])^word)
		binary.LittleEndian.PutUint64(p[8:], binary.LittleEndian.Uint64(p[8:])^word)
		binary.LittleEndian.PutUint64(p[16:], binary.LittleEndian.Uint64(p[16:])^word)
		binary.LittleEndian.PutUint64(p[24:], binary.LittleEndian.Uint64(p[24:])^word)
		b = b[32:]
	}
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^word)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(word >> (8 * i))
	}
}

// appendHeader appends the header of a frame of n bytes. first is its first byte.
func appendHeader(dst []byte, first byte, n int) []byte {
	switch {
	case n < 126:
		return append(dst, first, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, first, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, first, 127), uint64(n))
	}
}
