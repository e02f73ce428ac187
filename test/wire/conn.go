package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Key and Accept are the example of RFC 6455 §1.3.
const (
	Key    = "dGhlIHNhbXBsZSBub25jZQ=="
	Accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// Offer is the offer of permessage-deflate that nats.go makes.
const Offer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// Conn is a client's side of a WebSocket.
type Conn struct {
	net.Conn
	// Compressed says that permessage-deflate was agreed.
	Compressed bool
	// Response is the server's answer to the upgrade request.
	Response *http.Response

	r *bufio.Reader
}

// Message is a whole data message or a control frame.
type Message struct {
	Opcode byte
	// Payload is inflated already.
	Payload []byte
	// Compressed says that the message came with RSV1.
	Compressed bool
	// Fragments is the number of frames the message came in.
	Fragments int
}

// CloseError is the server's close frame, or its absence.
type CloseError struct {
	// Code is the close code, 1005 for an empty close frame, 1006 for none at all.
	Code int
	Text string
}

func (e *CloseError) Error() string { return fmt.Sprintf("closed: %d %s", e.Code, e.Text) }

// Request renders an upgrade request for path with further header lines.
func Request(host, path string, header ...string) string {
	lines := append([]string{
		"GET " + path + " HTTP/1.1",
		"Host: " + host,
		"Upgrade: websocket",
		"Connection: Upgrade",
		"Sec-WebSocket-Key: " + Key,
		"Sec-WebSocket-Version: 13",
	}, header...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// Dial connects to address and upgrades. Further header lines are sent as they are.
func Dial(address string, patience time.Duration, header ...string) (*Conn, error) {
	nc, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	c, err := Upgrade(nc, patience, Request(address, "/", header...))
	if err != nil {
		return nil, errors.Join(err, nc.Close())
	}
	return c, nil
}

// Upgrade sends a request on nc and expects a 101.
func Upgrade(nc net.Conn, patience time.Duration, request string) (*Conn, error) {
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(nc, request); err != nil {
		return nil, err
	}
	c := &Conn{Conn: nc, r: bufio.NewReaderSize(nc, 64<<10)}
	var err error
	if c.Response, err = http.ReadResponse(c.r, nil); err != nil {
		return nil, err
	}
	if c.Response.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("upgrade answered with %s", c.Response.Status)
	}
	if got := c.Response.Header.Get("Sec-WebSocket-Accept"); got != Accept {
		return nil, fmt.Errorf("accept key %q, want %q", got, Accept)
	}
	c.Compressed = strings.HasPrefix(c.Response.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate")
	return c, nil
}

// Send writes frames in one call.
func (c *Conn) Send(frames ...Frame) error {
	var b []byte
	for _, f := range frames {
		b = f.Append(b)
	}
	_, err := c.Write(b)
	return err
}

// SendMessage writes payload as one binary message, deflated if that was agreed.
func (c *Conn) SendMessage(payload []byte) error {
	if c.Compressed {
		return c.Send(Frame{Opcode: Binary, RSV: RSV1, Payload: Deflate(payload)})
	}
	return c.Send(Frame{Opcode: Binary, Payload: payload})
}

// Frame reads one frame.
func (c *Conn) Frame() (Frame, error) { return ReadFrame(c.r) }

// Next reads one message or control frame. A close frame, and an end without one, is a [*CloseError].
func (c *Conn) Next() (Message, error) {
	var m Message
	for {
		f, err := c.Frame()
		switch {
		case err != nil && m.Fragments == 0 && ended(err):
			return m, &CloseError{Code: 1006}
		case err != nil:
			return m, err
		case f.Opcode == Close:
			return m, c.closed(f.Payload)
		case f.Opcode > Close:
			if m.Fragments > 0 {
				continue // a control frame between fragments: the message goes on
			}
			return Message{Opcode: f.Opcode, Payload: f.Payload, Fragments: 1}, nil
		}
		if err := m.add(f, c.Compressed); err != nil {
			return m, err
		}
		if f.More {
			continue
		}
		if m.Compressed {
			m.Payload, err = Inflate(m.Payload)
		}
		return m, err
	}
}

// add appends a data frame to the message.
func (m *Message) add(f Frame, agreed bool) error {
	first := m.Fragments == 0
	switch {
	case first != (f.Opcode != Continuation):
		return fmt.Errorf("opcode %d as fragment %d", f.Opcode, m.Fragments+1)
	case f.RSV&^RSV1 != 0, f.RSV != 0 && (!first || !agreed):
		return fmt.Errorf("reserved bits %#x in fragment %d, compression agreed: %v", f.RSV, m.Fragments+1, agreed)
	}
	if first {
		m.Opcode, m.Compressed = f.Opcode, f.RSV == RSV1
	}
	m.Payload = append(m.Payload, f.Payload...)
	m.Fragments++
	return nil
}

// closed reads on to the end of the stream: nothing may follow a close frame.
func (c *Conn) closed(payload []byte) error {
	e := &CloseError{Code: 1005}
	if len(payload) >= 2 {
		e.Code, e.Text = int(binary.BigEndian.Uint16(payload)), string(payload[2:])
	}
	rest, err := io.ReadAll(c.r)
	if err != nil && !ended(err) {
		return fmt.Errorf("%w, but the server keeps the connection open: %w", e, err)
	}
	if len(rest) > 0 {
		return fmt.Errorf("%w, and %d bytes after that", e, len(rest))
	}
	return e
}

// ended says whether the peer has ended the connection, cleanly or with a reset.
func ended(err error) bool {
	var timeout net.Error
	return !(errors.As(err, &timeout) && timeout.Timeout()) && !errors.Is(err, io.ErrUnexpectedEOF)
}
