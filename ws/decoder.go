package ws

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// Role is the side of the connection that we play. It decides about masking (RFC 6455 §5.1).
type Role uint8

// A Server requires masked frames; a Client refuses them.
const (
	Server Role = iota
	Client
)

// DecoderOptions are what the handshake agreed on.
type DecoderOptions struct {
	// Deflate makes RSV1 on the first frame of a message legal.
	Deflate bool
	// NoMasking lets a Server accept unmasked frames. A frame that is masked all the same is unmasked (row C6).
	// It means nothing to a Client.
	NoMasking bool
	// MaxFragments is the number of frames that one compressed message may have; 0 means no limit. Uncompressed
	// messages are not limited: no piece of them has to be kept.
	MaxFragments uint32
}

// Decoder reads the frames of one connection. Make it with [NewDecoder]; it may be copied before its first use only.
type Decoder struct {
	// what was agreed on
	maxFragments uint32
	role         Role
	deflate      bool
	noMasking    bool

	// the header being read: bytes of it that earlier chunks had
	headLen uint8
	head    [MaxHeader]byte

	// the frame being read, if inFrame
	remain  uint64 // payload bytes that are still to come
	control *controlPayload
	key     [4]byte
	pos     uint8 // of the next payload byte in key
	masked  bool
	inFrame bool
	fin     bool
	opcode  Opcode

	// the message being read, if message is not zero
	message    Opcode
	compressed bool
	fragments  uint32

	// the end
	closed bool
	fail   *ProtocolError
}

// controlPayload collects the payload of a control frame that a chunk cuts. It exists only meanwhile.
type controlPayload struct {
	n uint8
	b [MaxControlPayload]byte
}

// NewDecoder returns a Decoder for the given role.
func NewDecoder(role Role, opt DecoderOptions) Decoder {
	return Decoder{role: role, deflate: opt.Deflate, noMasking: opt.NoMasking, maxFragments: opt.MaxFragments}
}

// Next takes bytes from the front of p and returns what they mean and the bytes not yet taken; call it again with
// those until the event's Kind is [EventNone] and rest is empty. It changes p: payload is unmasked where it lies.
//
// Payload is given out as it arrives, without waiting for the rest of its frame. Wherever the stream is cut into
// chunks, the events are the same but for the places where Data payload is divided.
//
// A non-nil err is a *[ProtocolError]; it is final, and every later call returns it again. After a close event the rest
// of the stream is dropped (RFC 6455 §5.5.1).
func (d *Decoder) Next(p []byte) (ev Event, rest []byte, err error) {
	if d.fail != nil {
		return Event{}, nil, d.fail
	}
	for !d.closed && len(p) > 0 {
		if !d.inFrame {
			var bad *ProtocolError
			if p, bad = d.readHeader(p); bad != nil {
				return d.refuse(bad)
			}
			if !d.inFrame {
				break
			}
		}
		if d.opcode.IsControl() {
			ev, rest, bad := d.readControl(p)
			if bad != nil {
				return d.refuse(bad)
			}
			return ev, rest, nil
		}
		n := int(min(uint64(len(p)), d.remain))
		if ev, ok := d.readData(p[:n:n]); ok {
			return ev, p[n:], nil
		}
	}
	return Event{}, nil, nil
}

// Idle reports whether the next byte begins a message: nothing is kept of what came before, and a new Decoder would read on
// just as well.
func (d *Decoder) Idle() bool {
	return d.headLen == 0 && !d.inFrame && d.message == 0 && !d.closed && d.fail == nil
}

func (d *Decoder) refuse(bad *ProtocolError) (Event, []byte, error) {
	d.fail = bad
	d.control = nil
	return Event{}, nil, bad
}

// readHeader takes the header of the next frame from p, or keeps what there is of it.
func (d *Decoder) readHeader(p []byte) ([]byte, *ProtocolError) {
	kept, h := int(d.headLen), p
	if kept > 0 {
		n := copy(d.head[kept:], p)
		h = d.head[:kept+n]
	}
	need := 2
	if len(h) >= need {
		if bad := d.checkHeader(h[0], h[1]); bad != nil {
			return nil, bad
		}
		need = headerLen(h[1])
	}
	if len(h) < need {
		copy(d.head[:], h)
		d.headLen = uint8(len(h))
		return nil, nil
	}
	d.headLen = 0
	if bad := d.openFrame(h[:need]); bad != nil {
		return nil, bad
	}
	return p[need-kept:], nil
}

// headerLen returns the length of a header whose second byte is b.
func headerLen(b byte) int {
	n := 2
	switch b & lengthBits {
	case length16:
		n += 2
	case length64:
		n += 8
	}
	if b&maskBit != 0 {
		n += 4
	}
	return n
}

// checkHeader applies the rules about the first two bytes of a header, in their order.
func (d *Decoder) checkHeader(b0, b1 byte) *ProtocolError {
	op, fin, rsv1, masked := Opcode(b0&opcodeBits), b0&finBit != 0, b0&rsv1Bit != 0, b1&maskBit != 0
	switch {
	case b0&(rsv2Bit|rsv3Bit) != 0:
		return ErrReservedBits
	case rsv1 && !d.deflate:
		return ErrNotNegotiated
	case d.role == Server && !masked && !d.noMasking:
		return ErrMaskMissing
	case d.role == Client && masked:
		return ErrMaskUnexpected
	}
	switch op {
	case OpClose, OpPing, OpPong:
		switch {
		case b1&lengthBits > MaxControlPayload:
			return ErrControlTooLong
		case !fin:
			return ErrControlFragmented
		case rsv1:
			return ErrControlCompressed
		}
	case OpText, OpBinary:
		if d.message != 0 {
			return ErrMessageOpen
		}
	case OpContinuation:
		if d.message == 0 || rsv1 {
			return ErrContinuation
		}
	default:
		return ErrUnknownOpcode.with(int(op))
	}
	return nil
}

// openFrame starts the frame whose whole header is h.
func (d *Decoder) openFrame(h []byte) *ProtocolError {
	length, ext := uint64(h[1]&lengthBits), h[2:]
	switch length {
	case length16:
		length, ext = uint64(binary.BigEndian.Uint16(ext)), ext[2:]
	case length64:
		length, ext = binary.BigEndian.Uint64(ext), ext[8:]
		if length > math.MaxInt64 {
			return ErrPayloadLength
		}
	}
	d.remain, d.pos = length, 0
	d.masked = h[1]&maskBit != 0
	if d.masked {
		d.key = [4]byte(ext)
	}
	d.opcode, d.fin, d.inFrame = Opcode(h[0]&opcodeBits), h[0]&finBit != 0, true
	switch d.opcode {
	case OpText, OpBinary:
		d.message, d.compressed, d.fragments = d.opcode, h[0]&rsv1Bit != 0, 1
	case OpContinuation:
		d.fragments++
		if d.compressed && d.maxFragments > 0 && d.fragments > d.maxFragments {
			return ErrTooManyFragments
		}
	}
	return nil
}

// readPayload unmasks the next bytes of the frame and counts them off.
func (d *Decoder) readPayload(piece []byte) {
	if d.masked {
		d.pos = uint8(Mask(piece, d.key, int(d.pos)))
	}
	d.remain -= uint64(len(piece))
	d.inFrame = d.remain > 0
}

// readData turns piece into an event. There is none for an empty piece, unless it ends the message (row C5).
func (d *Decoder) readData(piece []byte) (Event, bool) {
	d.readPayload(piece)
	ev := Event{Kind: EventData, Opcode: d.message, Compressed: d.compressed, Payload: piece}
	if !d.inFrame && d.fin {
		d.message, d.compressed = 0, false
		ev.End = true
	}
	return ev, ev.End || len(piece) > 0
}

// readControl returns the control frame if p has the rest of it, and otherwise keeps what p has.
func (d *Decoder) readControl(p []byte) (Event, []byte, *ProtocolError) {
	n := int(min(uint64(len(p)), d.remain))
	payload, rest := p[:n:n], p[n:]
	d.readPayload(payload)
	if n > 0 && (d.inFrame || d.control != nil) {
		if d.control == nil {
			d.control = new(controlPayload)
		}
		d.control.n += uint8(copy(d.control.b[d.control.n:], payload))
	}
	if d.inFrame {
		return Event{}, nil, nil
	}
	if d.control != nil {
		payload = d.control.b[:d.control.n]
		d.control = nil
	}
	ev := Event{Opcode: d.opcode, Payload: payload}
	switch d.opcode {
	case OpPing:
		ev.Kind = EventPing
	case OpPong:
		ev.Kind = EventPong
	case OpClose:
		d.closed = true
		return closeEvent(ev)
	}
	return ev, rest, nil
}

// closeEvent completes ev from the payload of a close frame (RFC 6455 §5.5.1).
func closeEvent(ev Event) (Event, []byte, *ProtocolError) {
	ev.Kind, ev.Code = EventClose, CloseNoStatus
	switch len(ev.Payload) {
	case 0:
		return ev, nil, nil
	case 1:
		return Event{}, nil, ErrCloseLength
	}
	ev.Code = CloseCode(binary.BigEndian.Uint16(ev.Payload))
	if !ev.Code.Sendable() {
		return Event{}, nil, ErrCloseCode.with(int(ev.Code))
	}
	if !utf8.Valid(ev.Payload[2:]) {
		return Event{}, nil, ErrCloseText
	}
	ev.Reason = string(ev.Payload[2:])
	return ev, nil, nil
}
