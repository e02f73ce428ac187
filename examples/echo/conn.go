package main

import (
	"errors"
	"io"
	"net"
	"time"

	"weir/ws"
)

const (
	// maxMessage is the longest message in bytes, after inflating.
	maxMessage = 16 << 20
	// maxPacked is the longest compressed form: what does not shrink grows, most where the peer flushes often.
	maxPacked = maxMessage + maxMessage/16
	// maxKept is the capacity in bytes above which a buffer is not kept for the next message.
	maxKept = 64 << 10

	writeTimeout = 30 * time.Second // for the answers to one chunk
	lingerTime   = 2 * time.Second  // for the peer to read our close frame and to close
)

// Why we close, besides the rows of package ws.
var (
	errTooBig  = &ws.ProtocolError{Code: ws.CloseMessageTooBig, Text: "message too big"}
	errText    = &ws.ProtocolError{Code: ws.CloseInvalidPayload, Text: "text is not UTF-8"}
	errCorrupt = &ws.ProtocolError{Code: ws.CloseInvalidPayload, Text: "compressed message is corrupt"}
)

// errClosed ends a connection whose close frame is answered.
var errClosed = errors.New("closed by peer")

// conn is one connection; all of it belongs to the goroutine in serve.
type conn struct {
	net.Conn
	in     io.Reader // Conn, and what net/http has read of it already
	dec    ws.Decoder
	policy ws.DeflatePolicy

	deflate       bool
	sent, inbound ws.Window
	message       []byte  // what has come of the message being read, as it came
	text          ws.UTF8 // of the message being read
	raw           []byte  // the inflated message
	out           []byte  // what waits to be written
}

func newConn(nc net.Conn, in io.Reader, up *ws.Upgrade, policy ws.DeflatePolicy) *conn {
	return &conn{
		Conn: nc, in: in, policy: policy,
		dec:     ws.NewDecoder(ws.Server, ws.DecoderOptions{Deflate: up.Deflate}),
		deflate: up.Deflate,
		sent:    up.DeflateParams.Out.NewWindow(),
		inbound: up.DeflateParams.In.NewWindow(),
	}
}

// serve answers chunk by chunk until one side is done.
func (c *conn) serve() {
	chunk := make([]byte, 32<<10)
	for {
		n, err := c.in.Read(chunk)
		if err != nil {
			return
		}
		err = c.take(chunk[:n])
		var bad *ws.ProtocolError
		if errors.As(err, &bad) {
			c.out = ws.AppendClose(c.out, bad.Code, bad.Text, nil)
		}
		if c.flush() != nil {
			return
		}
		if err != nil {
			c.linger()
			return
		}
	}
}

// take decodes a chunk and collects the answers in c.out.
func (c *conn) take(chunk []byte) error {
	for len(chunk) > 0 {
		ev, rest, err := c.dec.Next(chunk)
		if err != nil {
			return err
		}
		switch chunk = rest; ev.Kind {
		case ws.EventData:
			if err := c.data(&ev); err != nil {
				return err
			}
		case ws.EventPing:
			c.out = ws.AppendControl(c.out, ws.OpPong, ev.Payload, nil)
		case ws.EventClose: // nothing may follow our own (RFC 6455 §5.5.1)
			c.out = ws.AppendControl(c.out, ws.OpClose, ev.Payload, nil)
			return errClosed
		}
	}
	return nil
}

// data collects a piece of a message, and echoes the message if that was the last.
func (c *conn) data(ev *ws.Event) error {
	most := maxMessage
	if ev.Compressed {
		most = maxPacked
	}
	if len(c.message)+len(ev.Payload) > most {
		return errTooBig
	}
	if !ev.Compressed && !c.valid(ev.Opcode, ev.Payload) {
		return errText
	}
	c.message = append(c.message, ev.Payload...)
	if !ev.End {
		return nil
	}
	message := c.message
	if ev.Compressed {
		if err := c.inflate(ev.Opcode); err != nil {
			return err
		}
		message = c.raw
	}
	if !c.text.End() {
		return errText
	}
	c.echo(ev.Opcode, message)
	c.message, c.raw = emptied(c.message), emptied(c.raw)
	return nil
}

// valid checks the next bytes of a message, if it is text.
func (c *conn) valid(op ws.Opcode, p []byte) bool { return op != ws.OpText || c.text.Valid(p) }

// inflate turns c.message into c.raw.
func (c *conn) inflate(op ws.Opcode) error {
	_, err := c.inbound.Inflate(c.message, ws.InflateLimit{MaxBytes: maxMessage}, func(p []byte) error {
		if !c.valid(op, p) {
			return errText
		}
		c.raw = append(c.raw, p...)
		return nil
	})
	switch {
	case errors.Is(err, ws.ErrInflateTooBig):
		return errTooBig
	case errors.Is(err, ws.ErrInflateCorrupt):
		return errCorrupt
	}
	return err
}

func (c *conn) echo(op ws.Opcode, message []byte) {
	if c.deflate {
		c.out = c.sent.AppendMessage(c.out, op, message, c.policy, nil)
		return
	}
	c.out = ws.AppendHeader(c.out, true, false, op, len(message), nil)
	c.out = append(c.out, message...)
}

func (c *conn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	c.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := c.Write(c.out)
	c.out = emptied(c.out)
	return err
}

// linger waits until the peer closes, too. If we closed with its bytes unread, the peer could lose our close frame
// (RFC 6455 §7.1.1).
func (c *conn) linger() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		tcp.CloseWrite()
	}
	c.SetReadDeadline(time.Now().Add(lingerTime))
	io.Copy(io.Discard, c.in)
}

// emptied is b without its content, and without its memory if that is much.
func emptied(b []byte) []byte {
	if cap(b) > maxKept {
		return nil
	}
	return b[:0]
}
