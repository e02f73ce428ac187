package wire

import (
	"bytes"
	"compress/flate"
	"io"
	"strings"
	"sync"
)

// A compressor of the standard library is a megabyte, and some tests send every byte as a message of its own.
var (
	deflaters = sync.Pool{New: func() any {
		w, err := flate.NewWriter(nil, flate.BestSpeed)
		if err != nil {
			panic(err) // the level is a constant
		}
		return w
	}}
	inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}
)

// Deflate compresses b as one message without its last four bytes, RFC 7692 §7.2.1.
func Deflate(b []byte) []byte {
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	_, _ = w.Write(b) // a bytes.Buffer takes everything
	_ = w.Flush()
	return bytes.TrimSuffix(out.Bytes(), []byte{0, 0, 0xff, 0xff})
}

// Inflate undoes [Deflate], RFC 7692 §7.2.2.
func Inflate(b []byte) ([]byte, error) {
	r := inflaters.Get().(io.ReadCloser)
	defer inflaters.Put(r)
	tail := "\x00\x00\xff\xff\x01\x00\x00\xff\xff" // what was cut off, and an empty final block for the reader's sake
	if err := r.(flate.Resetter).Reset(io.MultiReader(bytes.NewReader(b), strings.NewReader(tail)), nil); err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
