package ws

import (
	"bytes"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// MaxStored is the most raw bytes that one stored block can hold (RFC 1951 §3.2.4).
const MaxStored = 1<<16 - 1

// storedHeader is the length of a stored block's header in bytes, where it begins on a byte.
const storedHeader = 5

// deflateLevel is the fastest one. Bodies are small and shared by many receivers, so time counts more than the last
// bytes saved; it is also what servers in this field use.
const deflateLevel = flate.BestSpeed

// AppendStoredHeader appends the 5-byte header of a stored DEFLATE block; the caller has to put exactly n raw bytes
// behind it. n is in 0 to [MaxStored]; anything else is a mistake of the caller, and panics.
func AppendStoredHeader(dst []byte, n int) []byte {
	if n < 0 || n > MaxStored {
		panic("ws: a stored block holds 0 to 65535 bytes")
	}
	// BFINAL 0, BTYPE 00, padding to the byte; then LEN and its complement (RFC 1951 §3.2.4).
	return append(dst, 0, byte(n), byte(n>>8), ^byte(n), ^byte(n>>8))
}

// AppendStored appends raw as stored blocks of at most [MaxStored] bytes; nothing for an empty raw.
func AppendStored(dst, raw []byte) []byte {
	for len(raw) > 0 {
		n := min(len(raw), MaxStored)
		dst = append(AppendStoredHeader(dst, n), raw[:n]...)
		raw = raw[n:]
	}
	return dst
}

// syncTail is the end of a sync flush: LEN and NLEN of an empty stored block (RFC 7692 §7.2.1).
var syncTail = []byte{0x00, 0x00, 0xff, 0xff}

// deflater is a compressor that appends to dst.
type deflater struct {
	w   *flate.Writer
	dst []byte
}

func (d *deflater) Write(p []byte) (int, error) {
	d.dst = append(d.dst, p...)
	return len(p), nil
}

func newDeflaterPool(newWriter func(io.Writer) (*flate.Writer, error)) *sync.Pool {
	return &sync.Pool{New: func() any {
		d := new(deflater)
		d.w, _ = newWriter(d) // an error is for an unknown level or window only
		return d
	}}
}

var deflaters = newDeflaterPool(func(w io.Writer) (*flate.Writer, error) { return flate.NewWriter(w, deflateLevel) })

// AppendDeflated appends raw, deflated from an empty window, with the sync flush at its end including 00 00 ff ff. So
// the result begins and ends on a byte, refers to nothing outside, and may stand anywhere among other parts of a
// message. Data that does not shrink grows by a few bytes; whoever minds compares the lengths and uses [AppendStored].
func AppendDeflated(dst, raw []byte) []byte {
	d := deflaters.Get().(*deflater)
	d.w.Reset(d)
	dst = d.append(dst, raw)
	deflaters.Put(d)
	return dst
}

// append deflates raw with what the compressor was set to.
func (d *deflater) append(dst, raw []byte) []byte {
	d.dst = dst
	_, err := d.w.Write(raw)
	if err == nil {
		err = d.w.Flush()
	}
	if err != nil { // the compressor gave up: stored blocks say the same
		d.dst = AppendStoredHeader(AppendStored(d.dst[:len(dst)], raw), 0)
	}
	dst, d.dst = d.dst, nil
	return dst
}

// FinishMessage makes the parts in dst the payload of one compressed message. If the last part came from
// [AppendDeflated], its 00 00 ff ff is removed (RFC 7692 §7.2.1); a stored block is left alone, for its raw bytes may
// end like that by chance, and the header byte of an empty stored block is added (RFC 7692 §7.2.3.6).
func FinishMessage(dst []byte, lastDeflated bool) []byte {
	if lastDeflated && bytes.HasSuffix(dst, syncTail) {
		return dst[:len(dst)-len(syncTail)]
	}
	return append(dst, 0x00)
}
