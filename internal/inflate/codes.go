package inflate

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// An entry of a code table says what the bits at hand mean (RFC 1951 §3.2.5):
//
//	bits 0-5    how many bits the code takes, with the extra bits behind it
//	bits 8-11   how many of them are the code; of a link: how many bits choose in the second table
//	bits 12-14  exceptions: see below
//	bits 16-30  the literal; the first length or distance of the code; of a link: where the second table begins
//	bit 31      a literal
const (
	entryLiteral = 1 << 31
	entryBad     = 1 << 12 // nothing has this code, or it means nothing
	entryEnd     = 1 << 13 // the end of the block
	entryLink    = 1 << 14 // the code is longer than the table's index

	oneBit     = 1<<entryCode | 1 // what one bit of code adds to a meaning
	entryBits  = 0x3f
	entryValue = 16
	entryCode  = 8
)

// The bits by which the tables are entered, and how large the tables can get with the second ones behind them: zlib's enough.c
// counts that for all complete codes of at most 15 bits (TestTablesAreLargeEnough looks for worse ones). 10 bits for literals
// make a message of 1 KiB no faster.
const (
	litBits   = 9
	distBits  = 8
	orderBits = 7
	litSize   = 852 // of 286 codes
	distSize  = 402 // of 32 codes
	orderSize = 1 << orderBits
)

const (
	maxCode   = 15 // bits of a code
	endOfData = 256
	maxLit    = 288
	maxDist   = 32
)

// codes is what a block is read with.
type codes struct {
	lit  [litSize]uint32
	dist [distSize]uint32
}

// Meanings of the codes, without their lengths.
var (
	litMeaning   = litMeanings()
	distMeaning  = distMeanings()
	orderMeaning = orderMeanings()
	fixedCodes   = makeFixed()
)

func litMeanings() (m [maxLit]uint32) {
	for i := range endOfData {
		m[i] = entryLiteral | uint32(i)<<entryValue
	}
	m[endOfData] = entryEnd
	length := 3
	for i := endOfData + 1; i < 285; i++ {
		extra := max(0, (i-endOfData-1)/4-1)
		m[i] = uint32(length)<<entryValue | uint32(extra)
		length += 1 << extra
	}
	m[285] = maxMatch << entryValue
	m[286], m[287] = entryBad, entryBad
	return m
}

func distMeanings() (m [maxDist]uint32) {
	distance := 1
	for i := range 30 {
		extra := max(0, i/2-1)
		m[i] = uint32(distance)<<entryValue | uint32(extra)
		distance += 1 << extra
	}
	m[30], m[31] = entryBad, entryBad
	return m
}

func orderMeanings() (m [19]uint32) {
	for i := range m {
		m[i] = uint32(i) << entryValue
	}
	return m
}

// makeFixed makes the codes of blocks that bring none (RFC 1951 §3.2.6).
func makeFixed() *codes {
	var lens [maxLit + maxDist]uint8
	for i := range lens {
		switch {
		case i < 144:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		case i < 280:
			lens[i] = 7
		case i < maxLit:
			lens[i] = 8
		default:
			lens[i] = 5
		}
	}
	c := new(codes)
	makeTable(c.lit[:], litBits, lens[:maxLit], litMeaning[:])
	makeTable(c.dist[:], distBits, lens[maxLit:], distMeaning[:])
	return c
}

// makeTable fills table, which is entered by index bits, with the codes of the given lengths. It reports false for lengths
// that make no complete code; none at all, and a single one of one bit, are taken (as zlib does).
func makeTable(table []uint32, index int, lens []uint8, meaning []uint32) bool {
	// Most symbols have no code, and come in runs: they are passed over by the word.
	var count, at [maxCode + 1]int
	var list, order [maxLit]uint16
	used := 0
	for i := 0; i < len(lens); i += 8 {
		if i+8 <= len(lens) && binary.LittleEndian.Uint64(lens[i:]) == 0 {
			continue
		}
		for j, n := range lens[i:min(i+8, len(lens))] {
			if n > 0 {
				list[used%maxLit] = uint16(i + j)
				used++
				count[n&maxCode]++
			}
		}
	}
	left := 1
	for n := 1; n <= maxCode; n++ {
		if left = left<<1 - count[n]; left < 0 {
			return false
		}
	}
	if left > 0 {
		return makeSingle(table[:1<<index], used, lens, meaning)
	}

	// The symbols in the order of their codes: by length, and then by number.
	for n := 1; n < maxCode; n++ {
		at[n+1] = at[n] + count[n]
	}
	for _, s := range list[:used] {
		n := lens[s] & maxCode
		order[at[n]%maxLit] = s
		at[n]++
	}
	symbols := order[:used]

	code := 0 // of the next symbol, its first bit the highest
	for n := 1; n <= index; n++ {
		// A table for n bits is the one for n-1 twice, and the codes of n bits. A complete code leaves nothing open.
		copy(table[1<<(n-1):1<<n], table)
		for _, s := range symbols[:count[n]] {
			table[backwards(code, n)] = meaning[s] + uint32(n)*oneBit
			code++
		}
		symbols = symbols[count[n]:]
		code <<= 1
	}
	makeLinks(table, index, code, &count, symbols, meaning)
	return true
}

// makeSingle is makeTable for a code that is not complete.
func makeSingle(table []uint32, used int, lens []uint8, meaning []uint32) bool {
	for i := range table {
		table[i] = entryBad
	}
	if used == 0 {
		return true
	}
	s := bytes.IndexByte(lens, 1)
	if used > 1 || s < 0 {
		return false
	}
	for i := 0; i < len(table); i += 2 {
		table[i] = meaning[s] + oneBit
	}
	return true
}

// makeLinks makes the second tables, for codes of more than index bits. code is the first of them, with index+1 bits.
func makeLinks(table []uint32, index, code int, count *[maxCode + 1]int, symbols []uint16, meaning []uint32) {
	free := 1 << index // where the next table begins
	var second []uint32
	for n, last := index+1, -1; len(symbols) > 0; n++ {
		for i, s := range symbols[:count[n]] {
			first := backwards(code>>(n-index), index)
			if first != last {
				last = first
				// As many bits as it takes until the codes that begin so are complete.
				more := n - index
				for left := 1<<more - (count[n] - i); left > 0; {
					more++
					left = left<<1 - count[index+more]
				}
				second = table[free : free+1<<more]
				table[first] = entryLink | uint32(free)<<entryValue | uint32(more)<<entryCode | uint32(index)
				free += 1 << more
			}
			for j := backwards(code, n) >> index; j < len(second); j += 1 << (n - index) {
				second[j] = meaning[s] + uint32(n-index)*oneBit
			}
			code++
		}
		symbols = symbols[count[n]:]
		code <<= 1
	}
}

// backwards turns a code of n bits round: DEFLATE sends the first bit of a code first (RFC 1951 §3.1.1).
func backwards(code, n int) int { return int(bits.Reverse16(uint16(code)) >> (16 - n)) }
