package ws

import "strconv"

// Opcode says how the payload of a frame is to be read (RFC 6455 §5.2). It has four bits.
type Opcode uint8

// The opcodes of RFC 6455 §11.8. All others are reserved, and receiving one is [ErrUnknownOpcode].
const (
	OpContinuation Opcode = 0x0
	OpText         Opcode = 0x1
	OpBinary       Opcode = 0x2
	OpClose        Opcode = 0x8
	OpPing         Opcode = 0x9
	OpPong         Opcode = 0xA
)

// IsControl reports whether op is close, ping or pong (RFC 6455 §5.5). The reserved opcodes 0xB to 0xF are not.
func (op Opcode) IsControl() bool { return op >= OpClose && op <= OpPong }

// String returns the RFC's word for op, or its number.
func (op Opcode) String() string {
	switch op {
	case OpContinuation:
		return "continuation"
	case OpText:
		return "text"
	case OpBinary:
		return "binary"
	case OpClose:
		return "close"
	case OpPing:
		return "ping"
	case OpPong:
		return "pong"
	}
	return "opcode " + strconv.Itoa(int(op))
}
