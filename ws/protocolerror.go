package ws

import "strconv"

// ProtocolError is a frame that the peer should not have sent. Code and Text are what our close frame has to say.
// The rows below are all there are; [errors.Is] finds the row also where Text carries a number.
type ProtocolError struct {
	Code CloseCode
	Text string
	row  *ProtocolError // the row that this error repeats with a number; nil for the row itself
}

// Error returns the code and the text.
func (e *ProtocolError) Error() string { return "websocket " + e.Code.String() + ": " + e.Text }

// Is reports whether target is the row that e belongs to.
func (e *ProtocolError) Is(target error) bool { return e.row != nil && target == error(e.row) }

func (e *ProtocolError) with(n int) *ProtocolError {
	return &ProtocolError{Code: e.Code, Text: e.Text + " " + strconv.Itoa(n), row: e}
}

// Frame headers, in the order in which the rules are applied.
var (
	// ErrReservedBits: RSV2 or RSV3 is set; no extension defines them (RFC 6455 §5.2).
	ErrReservedBits = &ProtocolError{Code: CloseProtocolError, Text: "RSV2 and RSV3 must be clear"}
	// ErrNotNegotiated: RSV1 is set, but permessage-deflate was not agreed on (RFC 7692 §6).
	ErrNotNegotiated = &ProtocolError{Code: CloseProtocolError, Text: "compressed frame received without negotiated permessage-deflate"}
	// ErrMaskMissing: a client sent an unmasked frame (RFC 6455 §5.1).
	ErrMaskMissing = &ProtocolError{Code: CloseProtocolError, Text: "mask bit missing"}
	// ErrMaskUnexpected: a server sent a masked frame (RFC 6455 §5.1; row C6).
	ErrMaskUnexpected = &ProtocolError{Code: CloseProtocolError, Text: "frame from server must not be masked"}
	// ErrControlTooLong: a control frame announces more than 125 bytes (RFC 6455 §5.5).
	ErrControlTooLong = &ProtocolError{Code: CloseProtocolError, Text: "control frame length bigger than maximum allowed of 125 bytes"}
	// ErrControlFragmented: a control frame without FIN (RFC 6455 §5.5).
	ErrControlFragmented = &ProtocolError{Code: CloseProtocolError, Text: "control frame does not have final bit set"}
	// ErrControlCompressed: a control frame with RSV1 (RFC 7692 §6.1).
	ErrControlCompressed = &ProtocolError{Code: CloseProtocolError, Text: "control frame must not be compressed"}
	// ErrMessageOpen: a text or binary frame in the middle of a fragmented message (RFC 6455 §5.4).
	ErrMessageOpen = &ProtocolError{Code: CloseProtocolError, Text: "new message started before final frame for previous message was received"}
	// ErrContinuation: a continuation with nothing to continue (RFC 6455 §5.4), or with RSV1 (RFC 7692 §6.1).
	ErrContinuation = &ProtocolError{Code: CloseProtocolError, Text: "invalid continuation frame"}
	// ErrUnknownOpcode: a reserved opcode (RFC 6455 §5.2). The text goes on with its number.
	ErrUnknownOpcode = &ProtocolError{Code: CloseProtocolError, Text: "unknown opcode"}
	// ErrPayloadLength: a 64-bit length with its top bit set (RFC 6455 §5.2).
	ErrPayloadLength = &ProtocolError{Code: CloseProtocolError, Text: "invalid 64-bit payload length"}
	// ErrTooManyFragments: a compressed message in more frames than [DecoderOptions] allows.
	ErrTooManyFragments = &ProtocolError{Code: ClosePolicyViolation, Text: "too many fragments in one compressed message"}
)

// Close frames (RFC 6455 §5.5.1).
var (
	// ErrCloseLength: a payload of one byte can not hold a status code.
	ErrCloseLength = &ProtocolError{Code: CloseProtocolError, Text: "close frame payload cannot be 1 byte"}
	// ErrCloseCode: a code that is not [CloseCode.Sendable]. The text goes on with its number.
	ErrCloseCode = &ProtocolError{Code: CloseProtocolError, Text: "invalid close status code"}
	// ErrCloseText: the text is not UTF-8.
	ErrCloseText = &ProtocolError{Code: CloseInvalidPayload, Text: "invalid utf8 body in close frame"}
)
