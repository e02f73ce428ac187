package ws

// EventKind says what the Decoder found.
type EventKind uint8

// The kinds of [Event].
const (
	EventNone  EventKind = iota // the chunk is used up
	EventData                   // a piece of a text or binary message
	EventPing                   // answer it with a pong that has the same payload (RFC 6455 §5.5.2)
	EventPong                   // nothing to do
	EventClose                  // the peer is done: echo Payload in a close frame and close (RFC 6455 §5.5.1)
)

// Event is one result of [Decoder.Next].
type Event struct {
	Kind EventKind
	// Opcode is that of the message (OpText or OpBinary, also for its continuations) or of the control frame.
	Opcode Opcode
	// Compressed is set for every piece of a message whose first frame had RSV1: Payload is DEFLATE data.
	Compressed bool
	// End marks the last piece of a message. That piece may be empty: a zero-length final fragment ends its
	// message at once (row C5).
	End bool
	// Code is the status of a close frame; [CloseNoStatus] if the frame was empty.
	Code CloseCode
	// Reason is the text of a close frame: valid UTF-8, at most 123 bytes.
	Reason string
	// Payload is unmasked. It is a part of the chunk given to Next, or, for a control frame that was cut by the end
	// of a chunk, of a buffer that nobody else has. The payload of a close frame is what an echo has to repeat.
	Payload []byte
}
