package client

import (
	"context"
	"errors"

	"weir/internal/conn"
	"weir/internal/logline"
	"weir/internal/outbound"
	"weir/internal/proto"
)

// chunk is what the client's goroutine knows while it handles one piece of the stream.
type chunk struct {
	op    proto.Args
	trace bool
	busy  bool // an operation came that shows the peer alive
	msgs  int64
	bytes int64
	last  published
}

// Data is part of conn.Visitor: it handles every operation in p.
func (c *Client) Data(p []byte) error {
	c.sit()
	k := chunk{trace: c.Log().Enabled(context.Background(), logline.LevelTrace)}
	if c.pub.Copies = !k.trace; k.trace {
		c.Link.Leave() // a log may block
	}
	c.lim.MaxPayload, c.lim.MaxControlLine = int(c.seat.maxPayload.Load()), c.env.Config().MaxControlLine
	defer c.pub.EndRun() // also after a panic: what waits lies in p
	err := c.operations(p, &k)
	if k.busy {
		c.Heard()
	}
	if k.msgs > 0 {
		c.Received(k.msgs, k.bytes)
	}
	return err
}

// operations handles what is in p until there is an error, which ends the connection.
func (c *Client) operations(p []byte, k *chunk) (err error) {
	a := &k.op
	for {
		if p, err = c.parser.Next(p, &c.lim, a); err != nil {
			return c.refuse(err)
		}
		if a.Op == proto.OpNone {
			return nil
		}
		if k.trace {
			c.traceIn(a)
		}
		if !c.connected && c.expected && a.Op != proto.OpConnect {
			if err := c.enter(); err != nil {
				return err
			}
		}
		if a.Op != proto.OpPub && a.Op != proto.OpHPub {
			c.pub.EndRun()
		}
		switch a.Op {
		case proto.OpPub, proto.OpHPub:
			k.busy = true
			k.msgs++
			k.bytes += int64(len(a.Body))
			c.publish(a, &k.last)
			p = c.repeated(p, k)
		case proto.OpSub:
			k.busy = true
			c.subscribe(a)
		case proto.OpUnsub:
			k.busy = true
			c.unsubscribe(a)
		case proto.OpPing:
			k.busy = true
			c.ping()
		case proto.OpPong:
			c.Pong()
		case proto.OpConnect:
			if c.asksLong() {
				c.Link.Leave()
			}
			err = c.connect(a.Line)
			k.last = published{}
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

// repeated handles what follows a message in p that waits, as long as it is the same but for the body. All that was found out for
// the first one holds for them: they came together.
func (c *Client) repeated(p []byte, k *chunk) []byte {
	if c.asked.verbose || !c.pub.Runs() {
		return p
	}
	for {
		n := k.op.Repeated(p)
		if n == 0 || !c.pub.More(k.op.Body) {
			return p
		}
		p = p[n:]
		k.msgs++
		k.bytes += int64(len(k.op.Body))
	}
}

// refuse ends the connection over an operation that the parser did not take.
func (c *Client) refuse(err error) error {
	c.pub.EndRun()
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
	c.Link.Leave() // a log may block
	c.Log().Error(e.Error(), "conn", c.Name())
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
		c.mu.Lock()
		c.ponged = true
		c.mu.Unlock()
		if c.async.Load() {
			c.line(c.infoLine(true))
		}
	}
}
