package kernel

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
)

// trailer is what is put behind a message to make a whole stream of it: the four bytes that the sender left away (RFC 7692
// §7.2.2), and an empty final block.
const (
	trailer     = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"
	trailerSize = len(trailer)
)

// inflater is the one decompressor: no connection keeps its window.
type inflater struct {
	in  bytes.Reader
	out io.ReadCloser
}

func newInflater() inflater { return inflater{out: flate.NewReader(new(bytes.Reader))} }

var errTooLarge = errors.New("an inflated message is larger than the buffer")

// message appends the inflated payload of a frame to dst. The bytes behind the payload are borrowed for the trailer, so
// that the payload is not copied.
func (z *inflater) message(dst, payload []byte) ([]byte, error) {
	whole := payload[:len(payload)+trailerSize]
	var kept [trailerSize]byte
	copy(kept[:], whole[len(payload):])
	copy(whole[len(payload):], trailer)
	defer copy(whole[len(payload):], kept[:])
	z.in.Reset(whole)
	if err := z.out.(flate.Resetter).Reset(&z.in, nil); err != nil {
		return dst, err
	}
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		n, err := z.out.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, err
		case len(dst) > roomSize:
			return dst, errTooLarge
		}
	}
}

// deflater is the one compressor.
type deflater struct {
	out *sink
	z   *flate.Writer
}

// sink collects what is written.
type sink struct{ b []byte }

func (s *sink) Write(b []byte) (int, error) {
	s.b = append(s.b, b...)
	return len(b), nil
}

func newDeflater() deflater {
	out := new(sink)
	z, _ := flate.NewWriter(out, flate.BestSpeed) // the level is valid
	return deflater{out: out, z: z}
}

// message appends the compressed form of a message to dst: flushed, and without the last four bytes (RFC 7692 §7.2.1).
func (d deflater) message(dst, body []byte) []byte {
	d.out.b = dst
	d.z.Reset(d.out)
	_, _ = d.z.Write(body) // the sink takes all
	_ = d.z.Flush()
	return bytes.TrimSuffix(d.out.b, []byte(trailer[:4]))
}
