package ws

import (
	"encoding/binary"
	"math/bits"
	"sync"
)

// Short messages are deflated by our own code: against a dictionary, in one block with the fixed Huffman codes
// (RFC 1951 §3.2.6). A general compressor spends more bytes on its code tables than such a message has, or does not look
// into the dictionary at all for one.

// maxShort is the longest message in bytes that is deflated that way: there, a message with code tables of its own is as
// small, and from 1 KiB on smaller by a fifth (BenchmarkTakeover).
const maxShort = 512

const (
	minMatch = 4   // bytes; a match of 4 costs at most 25 bits, and 4 literals at least 32
	maxMatch = 258 // bytes (RFC 1951 §3.2.5)
	// A match is looked up in a table of places by the hash of its first 4 bytes. Short texts have a smaller table: it is emptied
	// for each.
	matchTableBits = 13
	shortTableBits = 10
	shortText      = 1 << shortTableBits
	// In a dictionary above denseDict bytes only each fourth place is in the table. A match that has one of those in it is
	// found all the same, so all of 7 bytes and more are, in a quarter of the time.
	denseDict  = 4 << 10
	sparseStep = 4
)

// matcher is the memory that one call needs.
type matcher struct {
	table [1 << matchTableBits]uint16 // of 1 + the place in text that had the hash last
	text  [1<<maxWindowBits + maxShort]byte
}

var matchers = sync.Pool{New: func() any { return new(matcher) }}

// MaxBrief is the longest message in bytes for [AppendBrief].
const MaxBrief = shortText

// AppendBrief is [AppendDeflated] for a short message that is sent once, of up to MaxBrief bytes: in a fraction of the time
// and with the fixed codes, which up to 512 bytes is no larger, and at 1 KiB by a sixth (BenchmarkBrief). Longer ones
// are deflated as usual.
func AppendBrief(dst, raw []byte) []byte {
	if len(raw) == 0 || len(raw) > MaxBrief {
		return AppendDeflated(dst, raw)
	}
	return appendFixed(dst, raw, nil, maxWindowBits)
}

// appendFixed appends raw as AppendDeflatedWith does. raw has at most maxShort bytes, dict at most 1<<maxWindowBits.
func appendFixed(dst, raw, dict []byte, windowBits int) []byte {
	m := matchers.Get().(*matcher)
	out := bitAppender{dst: dst}
	out.add(0b010, 3) // BFINAL 0, BTYPE 01 (RFC 1951 §3.2.3)
	m.encode(&out, raw, dict, 1<<windowBits)
	matchers.Put(m)
	out.literal(endOfBlock)
	out.add(0, 3) // an empty stored block: its header, the rest of the byte, and its length
	out.align()
	if len(out.dst)-len(dst) > len(raw)+storedHeader {
		return AppendStoredHeader(AppendStored(out.dst[:len(dst)], raw), 0)
	}
	return append(out.dst, syncTail...)
}

// encode looks for a match at each byte of raw and takes the first; the bytes between matches are literals.
func (m *matcher) encode(out *bitAppender, raw, dict []byte, window int) {
	text := m.text[:copy(m.text[:], dict)+len(raw)]
	copy(text[len(dict):], raw)
	shift := m.index(text, len(dict))
	done := len(dict) // what is encoded
	for at := done; at+minMatch <= len(text); {
		hash := hash4(text[at:], shift)
		from := int(m.table[hash]) - 1
		m.table[hash] = uint16(at + 1)
		if from < 0 || at-from > window || load4(text[from:]) != load4(text[at:]) {
			at++
			continue
		}
		n := minMatch
		for n < maxMatch && at+n < len(text) && text[from+n] == text[at+n] {
			n++
		}
		for from > 0 && at > done && n < maxMatch && text[from-1] == text[at-1] {
			from, at, n = from-1, at-1, n+1
		}
		for _, c := range text[done:at] {
			out.literal(int(c))
		}
		out.match(n, at-from)
		at += n
		done = at
	}
	for _, c := range text[done:] {
		out.literal(int(c))
	}
}

// index puts the places of the dictionary into the table, the later ones over the earlier, and returns how hashes are cut to
// the table's size.
func (m *matcher) index(text []byte, dict int) (shift int) {
	shift = hashBits - matchTableBits
	if len(text) <= shortText {
		shift = hashBits - shortTableBits
	}
	clear(m.table[:1<<(hashBits-shift)])
	step := 1
	if dict > denseDict {
		step = sparseStep
	}
	for i := 0; i < dict && i+minMatch <= len(text); i += step {
		m.table[hash4(text[i:], shift)] = uint16(i + 1)
	}
	return shift
}

func load4(p []byte) uint32 { return binary.LittleEndian.Uint32(p) }

const hashBits = 32

func hash4(p []byte, shift int) uint32 { return load4(p) * 0x9e3779b1 >> shift } // 2^32 over the golden ratio

// bitAppender writes DEFLATE's bit order: the low bit of a byte first (RFC 1951 §3.1.1).
type bitAppender struct {
	dst  []byte
	bits uint64
	n    uint // valid bits, below 32 between calls
}

// add appends the low n bits of v, at most 32.
func (b *bitAppender) add(v uint32, n uint) {
	b.bits |= uint64(v) << b.n
	if b.n += n; b.n >= 32 {
		b.dst = binary.LittleEndian.AppendUint32(b.dst, uint32(b.bits))
		b.bits >>= 32
		b.n -= 32
	}
}

// align fills up the byte with zeros.
func (b *bitAppender) align() {
	for ; b.n > 0; b.n -= min(b.n, 8) {
		b.dst = append(b.dst, byte(b.bits))
		b.bits >>= 8
	}
}

const endOfBlock = 256

// fixedCode is a Huffman code, its bits in the order in which they are written.
type fixedCode struct {
	code uint16
	len  uint8
}

// fixedLiterals are the codes of RFC 1951 §3.2.6 for literals, the end of the block and lengths.
var fixedLiterals = func() (codes [286]fixedCode) {
	for i := range codes {
		code, n := 0, 0
		switch {
		case i < 144:
			code, n = 0x30+i, 8
		case i < 256:
			code, n = 0x190+i-144, 9
		case i < 280:
			code, n = i-256, 7
		default:
			code, n = 0xc0+i-280, 8
		}
		codes[i] = fixedCode{bits.Reverse16(uint16(code)) >> (16 - n), uint8(n)}
	}
	return codes
}()

// literal appends a byte, or one of the codes from 256 on.
func (b *bitAppender) literal(c int) {
	code := fixedLiterals[c]
	b.add(uint32(code.code), uint(code.len))
}

// match appends a length of 3 to 258 bytes and a distance of 1 to 32768 (RFC 1951 §3.2.5).
func (b *bitAppender) match(length, distance int) {
	switch l := uint(length - 3); {
	case length == maxMatch:
		b.literal(285)
	case l < 8:
		b.literal(257 + int(l))
	default: // four codes for each power of two
		extra := uint(bits.Len(l)) - 3
		b.literal(257 + int(4*extra+l>>extra))
		b.add(uint32(l&(1<<extra-1)), extra)
	}
	d, extra := uint(distance-1), uint(0)
	code := d
	if d >= 4 { // two codes for each power of two
		extra = uint(bits.Len(d)) - 2
		code = 2*extra + d>>extra
	}
	b.add(uint32(bits.Reverse8(uint8(code))>>3), 5)
	b.add(uint32(d&(1<<extra-1)), extra)
}
