package inflate

import (
	"encoding/binary"
	"errors"
	"io"
)

// ErrCorrupt says that a message is not valid DEFLATE data.
var ErrCorrupt = errors.New("inflate: corrupt message")

const (
	// Window is how far a distance can reach back, in bytes.
	Window = 32 << 10
	// room is what the buffer takes before what it holds must be handed on.
	room = 2 * Window

	maxMatch = 258
	// over is what one step of decode may add to a buffer that has a byte of room: two literals and a match.
	over = 2 + maxMatch
	// slack is what it may write: also the rest of the match's last word.
	slack = over + 8
	// margin is what one step of decode may read: two words.
	margin = 16
)

// MaxPiece is the largest piece in bytes that Next returns.
const MaxPiece = room + over

// tail is what the sender of a message removed (RFC 7692 §7.2.2), and an empty final block, so that the end is an end.
const tail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

// syncTail is the length of what was removed.
const syncTail = 4

// stage is what comes next in a message.
type stage uint8

const (
	atBlock  stage = iota // the header of a block
	inStored              // the bytes of a stored block
	inCodes               // the codes of a compressed block
	atEnd                 // nothing: the last block has ended
)

// Message inflates one message after another. The zero value is ready for [Message.Begin].
type Message struct {
	in    []byte // the message, or end
	valid int    // bytes of in that are meant
	pos   int    // of the next byte in in that is not in bits
	bits  uint64 // bits that come next, the first the lowest; above nbits as many as may be, or none
	nbits uint

	src   int  // length of the message
	ended bool // in is end
	begun int  // bytes of the message before in
	keeps bool // streams after the first may refer to what was before them

	stage stage
	final bool   // the block is the last of its stream
	left  int    // of a stored block
	codes *codes // of a compressed block

	out  [room + slack]byte
	o    int // end of what is in out
	base int // how far back in out a distance may reach

	own codes
	end [margin + len(tail) + 2*margin]byte // the last bytes of the message and tail, with zeros behind them
}

// Begin takes up a message, which must not change until Next has returned an error. dict is up to 32 KiB before it that its
// distances may refer to. takeover says that this holds for every DEFLATE stream in it: a message may have several, each
// ended by a final block.
func (m *Message) Begin(src, dict []byte, takeover bool) {
	m.in, m.valid, m.pos, m.bits, m.nbits = src, len(src), 0, 0, 0
	m.src, m.ended, m.begun, m.keeps = len(src), false, 0, takeover
	m.stage, m.base = atBlock, 0
	m.o = copy(m.out[:Window], dict)
}

// Release forgets the message.
func (m *Message) Release() { m.in = nil }

// Next returns the next piece of the inflated message, which must not be changed and is valid until the next call. The last
// one comes with io.EOF, and may be empty. ErrCorrupt is final, and comes without what may be wrong.
func (m *Message) Next() (piece []byte, err error) {
	if m.o >= room {
		keep := m.out[m.o-Window : m.o]
		m.base = max(0, m.base-(m.o-Window))
		m.o = copy(m.out[:], keep)
	}
	start := m.o
	for m.o < room && m.stage != atEnd {
		ok := false
		switch m.stage {
		case atBlock:
			ok = m.readBlock()
		case inStored:
			ok = m.copyStored()
		case inCodes:
			ok = m.decode()
		}
		if !ok || m.overrun() {
			return nil, ErrCorrupt
		}
		if m.stage == atBlock && m.final {
			if ok := m.endStream(); !ok {
				return nil, ErrCorrupt
			}
		}
	}
	if m.stage == atEnd {
		err = io.EOF
	}
	return m.out[start:m.o:m.o], err
}

// read is how many bytes of the message and its tail have been begun.
func (m *Message) read() int { return m.begun + m.pos - int(m.nbits>>3) }

// overrun reports whether more has been read than there is.
func (m *Message) overrun() bool { return m.ended && m.pos-int(m.nbits>>3) > m.valid }

// endStream judges the end of a DEFLATE stream by its place: inside the message another one has to follow.
func (m *Message) endStream() bool {
	m.final = false
	switch at := m.read() - m.src; {
	case at == 0, at == syncTail, at == len(tail): // a final block of the sender's, the same without its end, ours
		m.stage = atEnd
	case at > 0:
		return false
	default:
		m.align()
		if !m.keeps {
			m.base = m.o
		}
	}
	return true
}

// align drops the rest of a byte, and gives whole bytes back.
func (m *Message) align() {
	m.pos -= int(m.nbits >> 3)
	m.bits, m.nbits = 0, 0
}

// more goes over to the end of the message, when less than margin bytes are left. It reports false if that is where we are.
func (m *Message) more() bool {
	if m.ended {
		return false
	}
	m.pos -= int(m.nbits >> 3)
	m.nbits &= 7
	m.bits &= 1<<m.nbits - 1
	n := copy(m.end[:margin+8], m.in[m.pos:])
	clear(m.end[n+copy(m.end[n:], tail):])
	m.begun, m.ended = m.pos, true
	m.in, m.valid, m.pos = m.end[:], n+len(tail), 0
	return true
}

// need fills bits with as many as a word has room for, at least 56.
func (m *Message) need() bool {
	if m.pos > len(m.in)-8 && (!m.more() || m.pos > len(m.in)-8) {
		return false
	}
	m.bits |= binary.LittleEndian.Uint64(m.in[m.pos:]) << m.nbits
	m.pos += int(63-m.nbits) >> 3
	m.nbits |= 56
	return true
}

// take gives the next n bits, which are there.
func (m *Message) take(n uint) int {
	v := int(m.bits & (1<<n - 1))
	m.bits >>= n
	m.nbits -= n
	return v
}

// readBlock reads the header of a block, and the codes of one that brings them (RFC 1951 §3.2.3).
func (m *Message) readBlock() bool {
	if !m.need() {
		return false
	}
	m.final = m.take(1) == 1
	switch m.take(2) {
	case 0:
		return m.readStored()
	case 1:
		m.codes, m.stage = fixedCodes, inCodes
		return true
	case 2:
		m.codes, m.stage = &m.own, inCodes
		return m.readCodes()
	}
	return false
}

// readStored reads the length of a stored block (RFC 1951 §3.2.4).
func (m *Message) readStored() bool {
	m.align()
	if m.valid-m.pos < 4 && (!m.more() || m.valid-m.pos < 4) {
		return false
	}
	n, not := binary.LittleEndian.Uint16(m.in[m.pos:]), binary.LittleEndian.Uint16(m.in[m.pos+2:])
	m.pos += 4
	m.left, m.stage = int(n), inStored
	return n == ^not
}

func (m *Message) copyStored() bool {
	for m.left > 0 && m.o < room {
		if m.pos == m.valid && !m.more() {
			return false
		}
		n := copy(m.out[m.o:room], m.in[m.pos:min(m.pos+m.left, m.valid)])
		m.o, m.pos, m.left = m.o+n, m.pos+n, m.left-n
	}
	if m.left == 0 {
		m.stage = atBlock
	}
	return true
}

// codeOrder is the order in which the lengths of the codes for lengths are sent (RFC 1951 §3.2.7).
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCodes reads the codes of a block (RFC 1951 §3.2.7).
func (m *Message) readCodes() bool {
	nlit, ndist, n := m.take(5)+257, m.take(5)+1, m.take(4)+4
	if nlit > 286 || ndist > 30 {
		return false
	}
	var lens [maxLit + maxDist]uint8
	for _, s := range codeOrder[:n] {
		if m.nbits < 3 && !m.need() {
			return false
		}
		lens[s] = uint8(m.take(3))
	}
	table := m.own.dist[:orderSize] // until its own time comes
	if !makeTable(table, orderBits, lens[:len(codeOrder)], orderMeaning[:]) {
		return false
	}
	clear(lens[:len(codeOrder)])
	for i := 0; i < nlit+ndist; {
		if m.nbits < orderBits+7 && !m.need() {
			return false
		}
		e := table[m.bits&(orderSize-1)]
		if e&entryBad != 0 {
			return false
		}
		m.take(uint(e & entryBits))
		value, times := uint8(e>>entryValue), 1
		switch value {
		case 16:
			if i == 0 {
				return false
			}
			value, times = lens[i-1], 3+m.take(2)
		case 17:
			value, times = 0, 3+m.take(3)
		case 18:
			value, times = 0, 11+m.take(7)
		}
		if i+times > nlit+ndist {
			return false
		}
		for range times {
			lens[i] = value
			i++
		}
	}
	return makeTable(m.own.lit[:], litBits, lens[:nlit], litMeaning[:]) &&
		makeTable(m.own.dist[:], distBits, lens[nlit:nlit+ndist], distMeaning[:])
}
