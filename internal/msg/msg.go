package msg

import (
	"sync"
	"sync/atomic"
)

// crlf ends every body on the wire.
const crlf = "\r\n"

// Msg is one published message. It is immutable after [New] or [Adopt], so any number of goroutines may read it.
type Msg struct {
	names    []byte // subject, then reply
	body     []byte // header, payload, CR LF
	subject  int    // length of the subject in names
	header   int    // length of the header in body
	receives int32  // how many receivers were matched; a hint

	packMu sync.Mutex // guards the making of packed
	packed atomic.Pointer[[]byte]
	of     *Msg // whose body, and packed form, it has; nil for its own
}

// New makes a message from borrowed slices: everything is copied into one piece of memory. body is the header of
// headerLen bytes (0 without one) followed by the payload.
func New(subject, reply, body []byte, headerLen int) *Msg {
	n := len(subject) + len(reply)
	mem := make([]byte, 0, n+len(body)+len(crlf))
	mem = append(mem, subject...)
	mem = append(mem, reply...)
	mem = append(mem, body...)
	mem = append(mem, crlf...)
	return &Msg{names: mem[:n:n], body: mem[n:], subject: len(subject), header: headerLen}
}

// Adopt makes a message around a body that the caller gives away and never touches again. Only the names are copied; the
// body is copied too if it has no room for its CR LF.
func Adopt(subject, reply, body []byte, headerLen int) *Msg {
	names := make([]byte, 0, len(subject)+len(reply))
	names = append(names, subject...)
	names = append(names, reply...)
	return &Msg{names: names, body: append(body, crlf...), subject: len(subject), header: headerLen}
}

// Renamed is the same message under another subject: the body is shared, the names are copied.
func (m *Msg) Renamed(subject []byte) *Msg {
	names := make([]byte, 0, len(subject)+len(m.Reply()))
	names = append(append(names, subject...), m.Reply()...)
	of := m
	if m.of != nil {
		of = m.of
	}
	return &Msg{names: names, body: m.body, subject: len(subject), header: m.header, receives: m.receives, of: of}
}

// Subject is the subject that the message was published to.
func (m *Msg) Subject() []byte { return m.names[:m.subject] }

// Reply is the reply subject; empty without one.
func (m *Msg) Reply() []byte { return m.names[m.subject:] }

// Header is the header block with its version line; empty without headers.
func (m *Msg) Header() []byte { return m.body[:m.header] }

// Payload is what follows the header.
func (m *Msg) Payload() []byte { return m.body[m.header : len(m.body)-len(crlf)] }

// HeaderLen is the length of the header block in bytes; 0 without headers.
func (m *Msg) HeaderLen() int { return m.header }

// Len is the length of header and payload in bytes.
func (m *Msg) Len() int { return len(m.body) - len(crlf) }

// Wire is header, payload and CR LF, as they stand on the wire behind the MSG or HMSG line.
func (m *Msg) Wire() []byte { return m.body }

// WirePayload is payload and CR LF, for a receiver without header support.
func (m *Msg) WirePayload() []byte { return m.body[m.header:] }

// Cost is what the message counts in a receiver's pending bytes, without the line in front of it.
func (m *Msg) Cost() int { return len(m.names) + len(m.body) }

// Expect notes how many receivers were matched. It is called once, before the message is pushed to any of them.
func (m *Msg) Expect(receivers int) { m.receives = int32(min(receivers, 1<<30)) }

// Shared reports whether more than one receiver was matched, so that work done for one pays for others.
func (m *Msg) Shared() bool { return m.receives > 1 }

// Receives is how many receivers were matched; 0 if that was not told.
func (m *Msg) Receives() int { return int(m.receives) }

// Packed returns the packed form of [Msg.Wire], which pack appends to its argument. pack runs once for a message, however
// many goroutines ask; an empty result means that packing does not pay and is remembered as well.
func (m *Msg) Packed(pack func(dst, raw []byte) []byte) []byte {
	if m.of != nil {
		return m.of.Packed(pack)
	}
	if p := m.packed.Load(); p != nil {
		return *p
	}
	m.packMu.Lock()
	defer m.packMu.Unlock()
	if p := m.packed.Load(); p != nil {
		return *p
	}
	p := pack(nil, m.body)
	m.packed.Store(&p)
	return p
}
