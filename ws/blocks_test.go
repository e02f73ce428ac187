package ws_test

import (
	"errors"
	"fmt"
)

// A decoder for DEFLATE that is slow and shares nothing with the ones in use. It is strict where they are not: a
// distance beyond the window is an error, as it is in zlib.

var errBadDeflate = errors.New("not DEFLATE")

// blockReader reads one message, with the window that the agreement allows.
type blockReader struct {
	in     []byte
	at     int // in bits
	out    []byte
	kept   int // bytes at the front of out that are from before the message
	window int
}

// strictInflate inflates a message after dict under a window of 1<<bits bytes.
func strictInflate(message, dict []byte, bits int) (raw []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errBadDeflate, p)
		}
	}()
	r := &blockReader{in: append(append([]byte{}, message...), 0, 0, 0xff, 0xff), window: 1 << bits}
	r.out = append(r.out, dict[max(0, len(dict)-r.window):]...)
	r.kept = len(r.out)
	for r.at+8 <= 8*len(r.in) {
		r.block()
	}
	return r.out[r.kept:], nil
}

func (r *blockReader) bits(n int) (v int) {
	for i := range n {
		v |= int(r.in[r.at/8]>>(r.at%8)&1) << i
		r.at++
	}
	return v
}

func (r *blockReader) block() {
	final, kind := r.bits(1), r.bits(2)
	switch kind {
	case 0:
		r.at = (r.at + 7) / 8 * 8
		n, not := r.bits(16), r.bits(16)
		if n != ^not&0xffff {
			panic("stored length")
		}
		r.out = append(r.out, r.in[r.at/8:r.at/8+n]...)
		r.at += 8 * n
	case 1:
		var lengths [288]int
		for i := range lengths {
			lengths[i] = 8
			if i >= 144 && i < 256 {
				lengths[i] = 9
			} else if i >= 256 && i < 280 {
				lengths[i] = 7
			}
		}
		distances := [30]int{}
		for i := range distances {
			distances[i] = 5
		}
		r.symbols(newCodes(lengths[:]), newCodes(distances[:]))
	case 2:
		r.symbols(r.tables())
	default:
		panic("reserved block")
	}
	if final == 1 {
		panic("a final block in the middle")
	}
}

// codes are canonical Huffman codes: how many there are of each length, and their symbols in order.
type codes struct {
	count   [16]int
	symbols []int
}

func newCodes(lengths []int) (c codes) {
	for n := 1; n <= 15; n++ {
		for symbol, l := range lengths {
			if l == n {
				c.count[n]++
				c.symbols = append(c.symbols, symbol)
			}
		}
	}
	return c
}

func (r *blockReader) symbol(c *codes) int {
	code, first, index := 0, 0, 0
	for n := 1; n <= 15; n++ {
		code |= r.bits(1)
		if i := code - first; i < c.count[n] {
			return c.symbols[index+i]
		}
		index += c.count[n]
		first = (first + c.count[n]) << 1
		code <<= 1
	}
	panic("no such code")
}

func (r *blockReader) tables() (literals, distances codes) {
	nlit, ndist, nlen := r.bits(5)+257, r.bits(5)+1, r.bits(4)+4
	var first [19]int
	for _, i := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:nlen] {
		first[i] = r.bits(3)
	}
	c := newCodes(first[:])
	var lengths []int
	for len(lengths) < nlit+ndist {
		value, times := 0, 1
		switch s := r.symbol(&c); s {
		case 16:
			value, times = lengths[len(lengths)-1], 3+r.bits(2)
		case 17:
			times = 3 + r.bits(3)
		case 18:
			times = 11 + r.bits(7)
		default:
			value = s
		}
		for range times {
			lengths = append(lengths, value)
		}
	}
	return newCodes(lengths[:nlit]), newCodes(lengths[nlit : nlit+ndist])
}

var (
	lengthBase    = []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra   = []int{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distanceBase  = []int{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distanceExtra = []int{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

func (r *blockReader) symbols(literals, distances codes) {
	for {
		s := r.symbol(&literals)
		if s < 256 {
			r.out = append(r.out, byte(s))
			continue
		}
		if s == 256 {
			return
		}
		n := lengthBase[s-257] + r.bits(lengthExtra[s-257])
		s = r.symbol(&distances)
		d := distanceBase[s] + r.bits(distanceExtra[s])
		if d > r.window || d > len(r.out) {
			panic(fmt.Sprintf("distance %d with a window of %d and %d bytes before", d, r.window, len(r.out)))
		}
		for range n {
			r.out = append(r.out, r.out[len(r.out)-d])
		}
	}
}
