package inflate

import "encoding/binary"

// decode reads codes until the block ends, out is full, or something is wrong; then it reports false.
func (m *Message) decode() bool {
	for m.stage == inCodes && m.o < room {
		if m.pos > len(m.in)-margin && (!m.more() || m.pos > len(m.in)-margin) {
			return false
		}
		if !m.decodeSome() {
			return false
		}
	}
	return true
}

// decodeSome is decode while margin bytes can be read. A step of it is some literals, or a length and a distance; each begins
// with at least 56 bits at hand, and no check within.
func (m *Message) decodeSome() bool {
	in, pos, b, n := m.in, m.pos, m.bits, m.nbits
	out, o := m.out[:], m.o
	lit, dist := &m.codes.lit, &m.codes.dist
	ok := true
	for pos <= len(in)-margin && o < room {
		b |= word(in, pos) << (n & 63)
		pos += int(63-n) >> 3
		n |= 56
		e := lit[b&(1<<litBits-1)]
		if e >= entryLiteral { // two, and one more or a length: 3*litBits, or 2*litBits and 20 bits
			b, n = b>>(e&entryBits), n-uint(e&entryBits)
			out[o] = byte(e >> entryValue)
			o++
			if e = lit[b&(1<<litBits-1)]; e >= entryLiteral {
				b, n = b>>(e&entryBits), n-uint(e&entryBits)
				out[o] = byte(e >> entryValue)
				o++
				e = lit[b&(1<<litBits-1)]
			}
		}
		if e&entryLink != 0 && e < entryLiteral {
			b, n = b>>litBits, n-litBits
			e = lit[uint(e>>entryValue)+uint(b)&(1<<(e>>entryCode&15)-1)]
		}
		if e >= entryLiteral {
			b, n = b>>(e&entryBits), n-uint(e&entryBits)
			out[o] = byte(e >> entryValue)
			o++
			continue
		}
		if e&(entryBad|entryEnd) != 0 {
			b, n = b>>(e&entryBits), n-uint(e&entryBits)
			m.stage = atBlock
			ok = e&entryEnd != 0
			break
		}
		length := value(e, b)
		b, n = b>>(e&entryBits), n-uint(e&entryBits)

		b |= word(in, pos) << (n & 63)
		pos += int(63-n) >> 3
		n |= 56
		e = dist[b&(1<<distBits-1)]
		if e&entryLink != 0 {
			b, n = b>>distBits, n-distBits
			e = dist[uint(e>>entryValue)+uint(b)&(1<<(e>>entryCode&15)-1)]
		}
		from := o - value(e, b)
		if e&entryBad != 0 || from < m.base {
			ok = false
			break
		}
		b, n = b>>(e&entryBits), n-uint(e&entryBits)
		o = repeat(out, from, o, length)
	}
	m.pos, m.bits, m.nbits, m.o = pos, b, n, o
	return ok
}

// value is the length or distance of an entry: its first one, and the extra bits behind its code in b.
func value(e uint32, b uint64) int {
	return int(e>>entryValue) + int(b&(1<<(e&entryBits)-1)>>(e>>entryCode&15))
}

// word is eight bytes from b at i on. The bounds are written so that the compiler makes one check of them.
func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8 : i+8]) }

// repeat copies length bytes within out from one place to another behind it, and returns where they end. It works in words
// and may write some bytes more.
func repeat(out []byte, from, o, length int) int {
	end := o + length
	if o-from >= 8 {
		for ; o < end; o, from = o+8, from+8 {
			binary.LittleEndian.PutUint64(out[o:o+8:o+8], word(out, from))
		}
		return end
	}
	for ; o < end; o, from = o+1, from+1 { // a byte may be one that was written just before
		out[o] = out[from]
	}
	return end
}
