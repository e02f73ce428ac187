package load

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Opcodes, and bits of the first two bytes of a frame (RFC 6455 §5.2).
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa

	bitFin        = 0x80
	bitCompressed = 0x40 // RSV1, RFC 7692 §6
	bitMask       = 0x80
)

var errMaskedByServer = errors.New("a frame from the server is masked")

// frames hops over the frames that a server sends and hands on the payload of data frames. Pings are answered, pongs
// skipped, and a close is an error.
type frames struct {
	header     [10]byte // of a frame that the cut of the bytes went through
	have       int      // bytes in header
	left       uint64   // payload bytes still to come
	opcode     byte
	fin        bool
	compressed bool   // of the message, not of the frame: fragments inherit it
	packed     []byte // the compressed message so far
	ping       []byte // payload of the ping so far
	pongs      []byte // frames that answer the pings that came
}

// feed takes the next bytes of the stream. data gets payload as it comes; of a compressed message it gets the whole
// inflated body, in pieces, once the last fragment is there.
func (f *frames) feed(b []byte, data func([]byte) error) error {
	for len(b) > 0 {
		if f.left == 0 {
			n, err := f.feedHeader(b)
			if err != nil {
				return err
			}
			if b = b[n:]; f.have > 0 {
				return nil // the header goes on in the next chunk
			}
		}
		part := b[:min(uint64(len(b)), f.left)]
		b, f.left = b[len(part):], f.left-uint64(len(part))
		if err := f.feedPayload(part, data); err != nil {
			return err
		}
	}
	return nil
}

// feedHeader takes header bytes until the header is complete, which it shows by have being 0 again.
func (f *frames) feedHeader(b []byte) (used int, err error) {
	need := 2
	for {
		if f.have < need {
			n := copy(f.header[f.have:need], b[used:])
			f.have, used = f.have+n, used+n
		}
		if f.have < need {
			return used, nil
		}
		if f.header[1]&bitMask != 0 {
			return used, errMaskedByServer
		}
		length := f.header[1]
		switch {
		case length == 126 && need == 2:
			need = 4
			continue
		case length == 127 && need == 2:
			need = 10
			continue
		case length == 126:
			f.left = uint64(binary.BigEndian.Uint16(f.header[2:]))
		case length == 127:
			f.left = binary.BigEndian.Uint64(f.header[2:])
		default:
			f.left = uint64(length)
		}
		f.have = 0
		f.opcode, f.fin = f.header[0]&0x0f, f.header[0]&bitFin != 0
		if f.opcode == opText || f.opcode == opBinary {
			f.compressed = f.header[0]&bitCompressed != 0
		}
		return used, nil
	}
}

// feedPayload takes payload bytes of the current frame; left says whether more follow.
func (f *frames) feedPayload(part []byte, data func([]byte) error) error {
	switch {
	case f.opcode == opClose:
		return fmt.Errorf("the server closes the websocket: %q", part)
	case f.opcode == opPing:
		if f.ping = append(f.ping, part...); f.left == 0 {
			f.pongs = appendFrame(f.pongs, bitFin|opPong, f.ping) // RFC 6455 §5.5.3: with the same payload
			f.ping = f.ping[:0]
		}
		return nil
	case f.opcode > opBinary:
		return nil
	case !f.compressed:
		return data(part)
	}
	f.packed = append(f.packed, part...)
	if !f.fin || f.left > 0 {
		return nil
	}
	err := inflate(f.packed, data)
	f.packed = f.packed[:0]
	return err
}

// mask is the masking key of every frame the load sends. It costs the server what any key costs.
const mask = 0x5a3c_96e1

// appendFrame appends one frame from a client. first is its first byte: opcode and bits.
func appendFrame(dst []byte, first byte, body []byte) []byte {
	switch n := len(body); {
	case n < 126:
		dst = append(dst, first, bitMask|byte(n))
	case n < 1<<16:
		dst = append(dst, first, bitMask|126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	default:
		dst = append(dst, first, bitMask|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	dst = binary.LittleEndian.AppendUint32(dst, mask)
	at := len(dst)
	dst = append(dst, body...)
	masked := dst[at:]
	for len(masked) >= 8 {
		binary.LittleEndian.PutUint64(masked, binary.LittleEndian.Uint64(masked)^(mask<<32|mask))
		masked = masked[8:]
	}
	for i := range masked {
		masked[i] ^= byte(uint32(mask) >> (8 * (i % 4)))
	}
	return dst
}
