package load

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"sync"
)

// inflater is what one message is inflated with. None belongs to a connection: no side keeps its window. It remembers the
// last message, because the receivers of a feed are often sent the same bytes.
type inflater struct {
	in     bytes.Reader
	out    io.ReadCloser
	packed []byte
	plain  bytes.Buffer
}

var inflaters = sync.Pool{New: func() any { return &inflater{out: flate.NewReader(nil)} }}

// end is what is put behind a message to make a whole stream of it: the four bytes that the sender left away (RFC 7692
// §7.2.2), and an empty final block.
var end = []byte{0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff}

// inflate hands the body of one compressed message to data.
func inflate(packed []byte, data func([]byte) error) error {
	z := inflaters.Get().(*inflater)
	defer inflaters.Put(z)
	if len(packed) > 0 && bytes.Equal(packed, z.packed) {
		return data(z.plain.Bytes())
	}
	z.packed = append(append(z.packed[:0], packed...), end...)
	z.in.Reset(z.packed)
	z.packed = z.packed[:len(packed)]
	z.plain.Reset()
	if err := z.out.(flate.Resetter).Reset(&z.in, nil); err != nil {
		return err
	}
	if _, err := z.plain.ReadFrom(z.out); err != nil {
		z.packed = z.packed[:0]
		return fmt.Errorf("a compressed message can not be inflated: %w", err)
	}
	return data(z.plain.Bytes())
}

// deflater is what one message is deflated with.
type deflater struct {
	out bytes.Buffer
	z   *flate.Writer
}

var deflaters = sync.Pool{New: func() any {
	z, _ := flate.NewWriter(nil, flate.BestSpeed) // the level is valid
	return &deflater{z: z}
}}

// appendPacked appends one compressed message from a client, in one frame.
func appendPacked(dst, body []byte) []byte {
	d := deflaters.Get().(*deflater)
	defer deflaters.Put(d)
	d.out.Reset()
	d.z.Reset(&d.out)
	_, _ = d.z.Write(body) // a bytes.Buffer takes all
	_ = d.z.Flush()
	return appendFrame(dst, bitFin|bitCompressed|opBinary, bytes.TrimSuffix(d.out.Bytes(), end[:4]))
}
