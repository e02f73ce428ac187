package ws

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// Sizes of RFC 6455 §5.2 and §5.5, in bytes.
const (
	// MaxHeader is the longest frame header: 2 bytes, 8 of length, 4 of masking key.
	MaxHeader = 14
	// MaxControlPayload is the most that a control frame may carry.
	MaxControlPayload = 125
	// MaxCloseText is what remains of it for the text of a close frame.
	MaxCloseText = MaxControlPayload - 2
)

// The two fixed bytes of a header (RFC 6455 §5.2).
const (
	finBit     = 0x80
	rsv1Bit    = 0x40
	rsv2Bit    = 0x20
	rsv3Bit    = 0x10
	opcodeBits = 0x0f
	maskBit    = 0x80
	lengthBits = 0x7f
	length16   = 126 // the length follows in 2 bytes
	length64   = 127 // the length follows in 8 bytes
)

// AppendHeader appends the header of a frame with n ≥ 0 bytes of payload, in the shortest form. rsv1 marks the first
// frame of a compressed message. A client gives its mask and afterwards has to [Mask] the payload with it, a server
// gives nil. With room for [MaxHeader] bytes in dst nothing is allocated.
func AppendHeader(dst []byte, fin, rsv1 bool, op Opcode, n int, mask *[4]byte) []byte {
	b0, b1 := byte(op)&opcodeBits, byte(0)
	if fin {
		b0 |= finBit
	}
	if rsv1 {
		b0 |= rsv1Bit
	}
	if mask != nil {
		b1 = maskBit
	}
	switch {
	case n < length16:
		dst = append(dst, b0, b1|byte(n))
	case n <= 0xffff:
		dst = append(dst, b0, b1|length16, byte(n>>8), byte(n))
	default:
		dst = append(dst, b0, b1|length64)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	if mask != nil {
		dst = append(dst, mask[:]...)
	}
	return dst
}

// AppendControl appends a whole control frame: OpPing, OpPong or OpClose. A payload over [MaxControlPayload] bytes is
// cut to that. A client gives its mask; the payload is copied and stays as it is.
func AppendControl(dst []byte, op Opcode, payload []byte, mask *[4]byte) []byte {
	payload = payload[:min(len(payload), MaxControlPayload)]
	dst = AppendHeader(dst, true, false, op, len(payload), mask)
	dst = append(dst, payload...)
	if mask != nil {
		Mask(dst[len(dst)-len(payload):], *mask, 0)
	}
	return dst
}

// AppendClose appends a whole close frame. A text over [MaxCloseText] bytes is cut to 120 bytes, or less where that
// would divide a character, and "..." is added; bytes that are not UTF-8 are replaced (RFC 6455 §5.5.1). A code that is
// not [CloseCode.Sendable], such as [CloseNoStatus], gives an empty close frame (RFC 6455 §7.4.1).
func AppendClose(dst []byte, code CloseCode, text string, mask *[4]byte) []byte {
	var payload [MaxControlPayload]byte
	if !code.Sendable() {
		return AppendControl(dst, OpClose, nil, mask)
	}
	b := binary.BigEndian.AppendUint16(payload[:0], uint16(code))
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if len(text) > MaxCloseText {
		end := MaxCloseText - len("...")
		for !utf8.RuneStart(text[end]) {
			end--
		}
		b = append(append(b, text[:end]...), "..."...)
	} else {
		b = append(b, text...)
	}
	return AppendControl(dst, OpClose, b, mask)
}
