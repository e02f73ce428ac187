package conn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"weir/internal/outbound"
	"weir/internal/proto"
	"weir/internal/transport"
	"weir/ws"
)

// Limits of saying goodbye.
const (
	// farewell is how long a closing connection waits until its last bytes are in the socket.
	farewell = 2 * time.Second
	// linger is how long a closing connection reads on, so that the peer gets those bytes and not a reset.
	linger = time.Second
	// shutdownLinger is the same while the server waits for it.
	shutdownLinger = 100 * time.Millisecond
)

// ErrClosing ends a visitor's Data once it has called [Conn.Close].
var ErrClosing = errors.New("conn: closing")

// Visitor is what a connection speaks. Data, ChunkEnd and Closed are called by the connection's goroutine, Encode by
// whoever flushes.
type Visitor interface {
	// Data handles the next bytes of the stream, borrowed for the call.
	Data(p []byte) error
	// ChunkEnd flushes the receivers that the chunk's messages went to.
	ChunkEnd()
	// Encode writes a message for one of the visitor's subscriptions into the wire's batch and returns its size as the
	// counters know it: header and payload.
	Encode(w *transport.Wire, it *outbound.Item) int
	// Closed gives back what the visitor holds elsewhere. It is called once.
	Closed(r Reason)
	// Describe fills in what the visitor knows of itself.
	Describe(i *Info, subs bool)
}

// Conn is one connection of any kind.
type Conn struct {
	// Immutable after Open.
	ID      uint64
	Link    *transport.Conn
	start   instant
	reg     *Registry
	visitor Visitor

	// Out is what waits for this connection.
	Out outbound.Queue

	// Counters of both directions; written by the reader and by whoever flushes.
	inMsgs, inBytes, outMsgs, outBytes atomic.Int64
	lastRead, lastWrite                atomic.Int64 // instants

	dialect atomic.Uint32 // a Dialect

	parkAsked atomic.Bool // set by the registry when the conversation has ended
	place     int32       // in the registry, from 1; 0 outside. Guarded by its mutex
	label     [3]byte     // kind letters of the log name: cid, wid. Immutable

	// Owned by the goroutine, and by whoever starts it.
	heard   bool  // in this chunk
	streak  uint8 // times in a row that the connection was woken soon after it had parked
	waiting bool  // it is in a conversation, and the registry knows
	waits   bool  // a goroutine has to wait for what comes next

	ended atomic.Pointer[ending] // set by the first Close
	pings pinger
}

// Dialect is how a visitor encodes messages: those of the same dialect, other than 0, encode the same message for the same
// sid to the same bytes, so that receivers can share them.
type Dialect uint32

// Speak sets the visitor's dialect.
func (c *Conn) Speak(d Dialect) { c.dialect.Store(uint32(d)) }

// ending is how a connection ends.
type ending struct {
	reason Reason
	at     instant
	sent   chan struct{} // closed when the last bytes are in the socket, or never will be
	gone   atomic.Bool   // guards closing of sent
}

func (e *ending) done() {
	if e.gone.CompareAndSwap(false, true) {
		close(e.sent)
	}
}

// Init makes c a connection of reg over link. label is the kind of connection in log names, such as "cid".
func (c *Conn) Init(reg *Registry, link *transport.Conn, v Visitor, label string) {
	c.reg, c.Link, c.visitor = reg, link, v
	copy(c.label[:], label)
	c.ID = reg.nextID.Add(1)
	c.start = reg.now()
	c.lastRead.Store(int64(c.start))
	c.Out.Init(c, reg.Config().MaxPending)
}

// Name is what log lines call the connection, such as "127.0.0.1:50542 - cid:7".
func (c *Conn) Name() string { return fmt.Sprintf("%s - %s:%d", c.Link.PeerName(), c.label, c.ID) }

// Log is where the connection logs.
func (c *Conn) Log() *slog.Logger { return c.reg.Log }

// Host and Port are the peer's address.
func (c *Conn) Host() (host string, port int) {
	return hostOf(c.Link.Client(), c.Link.PeerName())
}

// Debug logs what has happened to the connection, and how, at the debug level.
func (c *Conn) Debug(what, how string) {
	if c.Log().Enabled(context.Background(), slog.LevelDebug) {
		c.Log().Debug(what+how, "conn", c.Name())
	}
}

// Visitor is who speaks on the connection.
func (c *Conn) Visitor() Visitor { return c.visitor }

// Closing reports whether the connection has begun to close.
func (c *Conn) Closing() bool { return c.ended.Load() != nil }

// Run is the connection's goroutine. It ends with the connection, or when the connection parks; then whoever wakes it
// starts another one.
func (c *Conn) Run() { c.goOn(c.serve()) }

// goOn is the goroutine's work after serving has ended with err.
func (c *Conn) goOn(err error) {
	for c.idle(err) {
		if c.park() {
			return
		}
		err = c.serve()
	}
	c.endOf(err)
	end := c.ended.Load()
	c.pings.stop()
	var last Info // with the number of subscriptions, which cleanUp gives back
	c.Glance(&last)
	c.describeTLS(&last)
	c.cleanUp(end.reason)
	if c.reg.remove(c, end, &last) {
		defer c.reg.ended()
	}
	c.depart(&last, end.reason)
	c.goodbye(end, err)
	if c.Log().Enabled(context.Background(), slog.LevelDebug) {
		c.Link.Leave() // a log may block
	}
	c.Debug("Client connection closed: ", end.reason.String())
}

// serve reads until the connection ends.
func (c *Conn) serve() (err error) {
	defer c.survive(&err)
	if c.Closing() {
		return ErrClosing
	}
	return c.Link.Serve(c)
}

// survive ends the connection after a panic in what it read.
func (c *Conn) survive(err *error) {
	if p := recover(); p != nil {
		c.Link.Leave() // a log may block
		c.panicked(p)
		*err = ErrClosing
	}
}

// cleanUp lets the visitor go, whatever state a panic left it in.
func (c *Conn) cleanUp(r Reason) {
	defer func() {
		if p := recover(); p != nil {
			c.panicked(p)
		}
	}()
	c.visitor.ChunkEnd()
	c.visitor.Closed(r)
}

// Leaver is a visitor that wants to know when its connection is in no list any more, and how it was last.
type Leaver interface{ Left(last *Info, r Reason) }

// depart tells a Leaver.
func (c *Conn) depart(last *Info, r Reason) {
	defer func() {
		if p := recover(); p != nil {
			c.panicked(p)
		}
	}()
	if v, ok := c.visitor.(Leaver); ok {
		v.Left(last, r)
	}
}

// goodbye waits until the last bytes are out and releases the socket.
func (c *Conn) goodbye(end *ending, err error) {
	if !end.gone.Load() {
		c.Link.Leave()
		select {
		case <-end.sent:
		case <-time.After(farewell):
			c.Link.AbortWrites()
			c.Out.Discard()
		}
	}
	if !end.reason.Abrupt() && err != io.EOF {
		c.Link.Leave()
		wait := linger
		if end.reason == ServerShutdown {
			wait = shutdownLinger
		}
		c.Link.CloseWrite()
		c.Link.Linger(wait)
	}
	c.Link.Close() //nolint:errcheck // nothing is left to do
}

// Data is part of transport.Sink.
func (c *Conn) Data(p []byte) error {
	if c.Closing() {
		return ErrClosing
	}
	return c.visitor.Data(p)
}

// Frame is part of transport.Sink.
func (c *Conn) Frame(frame string) error {
	c.pushed(c.Out.PushFrame(frame))
	return nil
}

// ChunkEnd is part of transport.Sink.
func (c *Conn) ChunkEnd() {
	now := int64(c.reg.now()) // one look at the clock for a chunk, whatever is in it
	c.lastRead.Store(now)
	if c.heard {
		c.heard = false
		c.pings.lastIn.Store(now)
	}
	c.visitor.ChunkEnd()
}

// Send queues a protocol line and flushes it if nobody else does. Any goroutine may call it.
func (c *Conn) Send(line string) { c.pushed(c.Out.PushLine(line)) }

// pushed does what the outcome of a push asks for.
func (c *Conn) pushed(o outbound.Outcome) {
	if s := c.pushedWith(o, nil); s != nil {
		s.Release()
	}
}

// pushedWith is pushed for one of several connections, see [outbound.Flusher].
func (c *Conn) pushedWith(o outbound.Outcome, s outbound.Scratch) outbound.Scratch {
	switch o {
	case outbound.Owed:
		return c.Flush(s)
	case outbound.Overflow:
		c.Overflowed()
	}
	return s
}

// Overflowed closes the connection because too much waits for it.
func (c *Conn) Overflowed() { c.Close(SlowConsumerPendingBytes, "") }

// Close ends the connection for the reason r. line, if not empty, is a last protocol line for the peer, such as an -ERR.
// The first call wins. Any goroutine may call it; it does not block.
func (c *Conn) Close(r Reason, line string) { c.end(r, line, c.closeFrame(r)) }

// end closes with a close frame of its own.
func (c *Conn) end(r Reason, line, frame string) {
	if e := c.claim(r); e != nil {
		// The reader is woken first: once the last bytes are out, nobody but the reader touches the read deadline.
		c.Link.Interrupt()
		c.finish(e, line, frame)
	}
}

// claim makes r the reason why the connection ends; nil if there is one already.
func (c *Conn) claim(r Reason) *ending {
	e := &ending{reason: r, at: c.reg.now(), sent: make(chan struct{})}
	if !c.ended.CompareAndSwap(nil, e) {
		return nil
	}
	c.reg.count(r)
	return e
}

// finish queues the last that the peer is told.
func (c *Conn) finish(end *ending, line, frame string) {
	switch {
	case end.reason.Abrupt():
		c.Out.Discard()
		c.Link.AbortWrites()
		end.done()
		return
	case line == "" && frame == "" && c.Out.Seal():
		end.done()
		return
	}
	owed, first := c.Out.Finish(line, frame)
	if owed {
		c.flushAlone()
	}
	if !first {
		end.done()
	}
}

// endOf closes after Serve returned err, if nobody has done so yet.
func (c *Conn) endOf(err error) {
	var closed *transport.PeerClosed
	var broken *ws.ProtocolError
	switch {
	case errors.As(err, &closed):
		c.end(ClientClosed, "", string(ws.AppendClose(nil, closed.Code, closed.Reason, nil)))
	case errors.Is(err, ws.ErrInflateCorrupt):
		c.end(ProtocolViolation, "", string(ws.AppendClose(nil, ws.CloseInvalidPayload, "corrupt compressed message", nil)))
	case errors.As(err, &broken):
		c.end(ProtocolViolation, "", string(ws.AppendClose(nil, broken.Code, broken.Text, nil)))
	case errors.Is(err, transport.ErrPreAuthBytes):
		c.Close(PreAuthExceeded, string(proto.AppendErr(nil, proto.ErrAuthorization)))
	case errors.Is(err, transport.ErrMessageTooBig):
		c.Close(MaxPayloadExceeded, "")
	case errors.Is(err, io.EOF):
		// Nobody is told: a close frame behind the end of the stream says nothing (RFC 6455 §7.1.4), and most such peers are gone.
		if e := c.claim(ClientClosed); e != nil {
			c.finish(e, "", "")
		}
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, ErrClosing):
		c.Close(ServerShutdown, "")
	default:
		c.Close(ReadError, "")
	}
}

// closeFrame is the frame that tells a WebSocket peer of r; empty on other transports.
func (c *Conn) closeFrame(r Reason) string {
	if !c.Link.IsWebSocket() {
		return ""
	}
	return string(ws.AppendClose(nil, r.Code(), r.String(), nil))
}

// panicked closes the connection after a panic in its code.
func (c *Conn) panicked(p any) {
	c.reg.panics.Add(1)
	c.Log().Error(fmt.Sprintf("panic: %v\n%s", p, debug.Stack()), "conn", c.Name())
	c.Close(InternalError, "")
}
