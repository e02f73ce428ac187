package client

import (
	"context"
	"errors"

	"weir/internal/conn"
	"weir/internal/logline"
	"weir/internal/outbound"
	"weir/internal/proto"
)

// Data is part of conn.Visitor: it handles every operation in p.
func (c *Client) Data(p []byte) error {
	var a proto.Args
	trace := c.Log.Enabled(context.Background(), logline.LevelTrace)
	c.pub.Copies = !trace
	busy := false
	var msgs, bytes int64
	defer func() {
		if busy {
			c.Heard()
		}
		if msgs > 0 {
			c.Received(msgs, bytes)
		}
	}()
	for {
		rest, err := c.parser.Next(p, &c.lim, &a)
		if err != nil {
			return c.refuse(err)
		}
		p = rest
		if a.Op == proto.OpNone {
			return nil
		}
		if trace {
			c.traceIn(&a)
		}
		if !c.connected && c.expected && a.Op != proto.OpConnect {
			if err := c.enter(); err != nil {
				return err
			}
		}
		switch a.Op {
		case proto.OpPub, proto.OpHPub:
			busy = true
			msgs++
			bytes += int64(len(a.Body))
			c.publish(&a)
		case proto.OpSub:
			busy = true
			c.subscribe(&a)
		case proto.OpUnsub:
			busy = true
			c.unsubscribe(&a)
		case proto.OpPing:
			busy = true
			c.ping()
		case proto.OpPong:
			c.Pong()
		case proto.OpConnect:
			err = c.connect(a.Line)
		case proto.OpInfo:
			_, err = proto.ParseInfo(a.Line)
		case proto.OpErr:
			err = proto.ErrFromPeer
		}
		switch {
		case err != nil && err != conn.ErrClosing:
			return c.refuse(err)
		case err != nil || c.Closing():
			return conn.ErrClosing
		}
	}
}

// refuse ends the connection over an operation that the parser did not take.
func (c *Client) refuse(err error) error {
	var e proto.Error
	if !errors.As(err, &e) {
		e = proto.ErrUnknownOp
	}
	reason := conn.ProtocolViolation
	switch e {
	case proto.ErrAuthorization:
		reason = conn.AuthenticationViolation
	case proto.ErrMaxPayload:
		reason = conn.MaxPayloadExceeded
	case proto.ErrFromPeer:
		reason = conn.ParseError
	case proto.ErrMaxControlLine:
		reason = conn.MaxControlLineExceeded
	}
	c.Log.Error(e.Error(), "conn", c.Name())
	c.Close(reason, errLine(e))
	return conn.ErrClosing
}

// errLine is what the peer is told of e; nothing where the reference closes without a word.
func errLine(e proto.Error) string {
	if e.Silent() {
		return ""
	}
	return string(proto.AppendErr(nil, e))
}

// line queues a protocol line in the client's own goroutine, behind what its chunk has queued before; the flush is at the
// end of the chunk.
func (c *Client) line(text string) {
	if c.pub.PushLine(&c.Out, text) == outbound.Overflow {
		c.Overflowed()
	}
}

// fail tells the client of an error that does not end the connection.
func (c *Client) fail(e proto.Error) { c.line(string(proto.AppendErr(nil, e))) }

// ok acknowledges an operation if the client asked for that.
func (c *Client) ok() {
	if c.asked.verbose {
		c.line(proto.OK)
	}
}

// ping answers a PING. After the first one a client that can be sent INFO at any time learns its account.
func (c *Client) ping() {
	c.line(proto.Pong)
	if c.connected && !c.ponged {
		c.ponged = true
		if c.async.Load() {
			c.line(c.infoLine(true))
		}
	}
}
