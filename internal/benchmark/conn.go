package benchmark

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/proto"
	"weir/ws"
)

// clock is the time since the load began, in nanoseconds.
type clock struct{ zero time.Time }

func (c clock) now() int64 { return int64(time.Since(c.zero)) }

const (
	waitingRead = 512      // bytes of the buffer that a connection waits with
	flowingRead = 16 << 10 // bytes of the one it borrows while more comes at a time

	// keptPacked is the capacity in bytes up to which the buffer of cut compressed messages is kept for the next one.
	keptPacked = 64 << 10
)

var flowingBuffers = sync.Pool{New: func() any { return new([flowingRead]byte) }}

// serverLimits is what a server may send. Its INFO names every server of a cluster.
var serverLimits = proto.Limits{MaxControlLine: 1 << 20, MaxPayload: -1}

// handler gets the messages of a connection, in its reader's goroutine. at is when they were read.
type handler interface {
	message(c *conn, a *proto.Args, at int64) error
	// flush is called behind the messages of one read.
	flush(c *conn) error
}

// ignore is the handler of those who subscribe to nothing.
type ignore struct{}

func (ignore) message(*conn, *proto.Args, int64) error { return nil }
func (ignore) flush(*conn) error                       { return nil }

// conn is one connection of the load. It belongs to the goroutine that dials, then to the one that reads; what others may
// touch says so.
type conn struct {
	net.Conn
	clock    clock
	number   int // its place among those of its kind
	handler  handler
	parser   proto.Parser
	args     proto.Args    // the operation that is being handled
	frames   *frames       // nil without WebSocket
	info     *proto.Info   // until the login is done
	pong     chan struct{} // gets a value when a PONG comes
	now      int64         // when the bytes were read that are being parsed
	joined   int64         // when the login was done
	patience time.Duration // for a write

	writeMu sync.Mutex // guards writes, and out
	out     []byte     // a frame under way

	// Counters, read by anybody.
	messages, bytes, pings atomic.Int64
	received, sent         atomic.Int64 // bytes of the stream, TLS not counted
	first, last            atomic.Int64 // when messages came
}

func newConn(k clock, number int) *conn {
	return &conn{clock: k, number: number, handler: ignore{}, parser: proto.NewParser(proto.RoleClient), pong: make(chan struct{}, 1)}
}

// frames is the WebSocket side of a connection.
type frames struct {
	decoder ws.Decoder
	packed  []byte             // the compressed message so far
	yield   func([]byte) error // gets the inflated one
	policy  ws.DeflatePolicy
	out     ws.Window // without context takeover it keeps nothing
}

// plainOnly is a threshold that no message reaches.
const plainOnly = int(^uint(0) >> 1)

// deflateFrom is how many bytes are worth a compressor, as in stock clients.
const deflateFrom = 64

func (c *conn) speakWebSocket(deflate bool) {
	c.frames = &frames{
		decoder: ws.NewDecoder(ws.Client, ws.DecoderOptions{Deflate: deflate}),
		yield:   c.parse,
		policy:  ws.DeflatePolicy{Threshold: plainOnly},
	}
	if deflate {
		c.frames.policy.Threshold = deflateFrom
	}
}

// Why a connection ends.
var errClosed = errors.New("the server closed the connection")

// serverError is what the server said in -ERR.
type serverError string

func (e serverError) Error() string { return "the server says " + string(e) }

// read reads until the connection ends. It owns little while nothing comes: only a read that fills the small buffer is
// followed by one into a large one.
func (c *conn) read() error {
	small := make([]byte, waitingRead)
	var large *[flowingRead]byte
	buf := small
	for {
		n, err := c.Read(buf)
		if takeErr := c.take(buf[:n]); takeErr != nil {
			return takeErr
		}
		switch {
		case errors.Is(err, io.EOF):
			return errClosed
		case err != nil:
			return err
		case n == waitingRead && large == nil:
			large = flowingBuffers.Get().(*[flowingRead]byte)
			buf = large[:]
		case n < waitingRead && large != nil:
			flowingBuffers.Put(large)
			large, buf = nil, small
		}
	}
}

// await reads until done says so. It is for the goroutine that dials.
func (c *conn) await(buf []byte, done func() bool) error {
	for !done() {
		n, err := c.Read(buf)
		if takeErr := c.take(buf[:n]); takeErr != nil {
			return takeErr
		}
		switch {
		case done():
		case errors.Is(err, io.EOF):
			return errClosed
		case err != nil:
			return err
		}
	}
	return nil
}

// take takes bytes as they came from the socket.
func (c *conn) take(b []byte) error {
	c.now = c.clock.now()
	c.received.Add(int64(len(b)))
	if err := c.unpack(b); err != nil {
		return err
	}
	return c.handler.flush(c)
}

// unpack takes WebSocket frames off.
func (c *conn) unpack(b []byte) error {
	if c.frames == nil {
		return c.parse(b)
	}
	for {
		ev, rest, err := c.frames.decoder.Next(b)
		if err != nil {
			return err
		}
		switch ev.Kind {
		case ws.EventNone:
			return nil
		case ws.EventPing:
			c.pings.Add(1)
			err = c.control(ws.OpPong, ev.Payload)
		case ws.EventClose:
			return fmt.Errorf("%w: %d %s", errClosed, ev.Code, ev.Reason)
		case ws.EventData:
			err = c.data(ev)
		}
		if err != nil {
			return err
		}
		b = rest
	}
}

// data takes a piece of a message. A compressed one is inflated when it is whole.
func (c *conn) data(ev ws.Event) error {
	if !ev.Compressed {
		return c.parse(ev.Payload)
	}
	f := c.frames
	packed := ev.Payload
	if len(f.packed) > 0 || !ev.End {
		f.packed = append(f.packed, packed...)
		packed = f.packed
	}
	if !ev.End {
		return nil
	}
	_, err := ws.Inflate(packed, ws.InflateLimit{}, f.yield)
	f.packed = f.packed[:0]
	if cap(f.packed) > keptPacked {
		f.packed = nil
	}
	return err
}

// parse takes bytes of the NATS protocol.
func (c *conn) parse(b []byte) error {
	a := &c.args
	for {
		rest, err := c.parser.Next(b, &serverLimits, a)
		if err != nil {
			return fmt.Errorf("the server's answer can not be read: %w", err)
		}
		switch a.Op {
		case proto.OpNone:
			return nil
		case proto.OpMsg, proto.OpHMsg:
			err = c.handler.message(c, a, c.now)
		case proto.OpPing:
			c.pings.Add(1)
			err = c.send([]byte(proto.Pong))
		case proto.OpPong:
			select {
			case c.pong <- struct{}{}:
			default:
			}
		case proto.OpErr:
			err = serverError(a.Line)
		case proto.OpInfo:
			if c.info == nil {
				break // news of the cluster
			}
			*c.info, err = proto.ParseInfo(a.Line)
		}
		if err != nil {
			return err
		}
		b = rest
	}
}

// count counts a message that came.
func (c *conn) count(a *proto.Args, at int64) {
	c.bytes.Add(int64(len(a.Body)))
	c.last.Store(at)
	c.first.CompareAndSwap(0, at)
	c.messages.Add(1) // at last: who sees it sees the rest
}

// send sends operations, in one WebSocket message if it is a WebSocket. Any goroutine may call it.
func (c *conn) send(operations []byte) error {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if c.frames == nil {
		return c.write(operations)
	}
	mask := ws.NewMaskKey()
	c.out = c.frames.out.AppendMessage(c.out[:0], ws.OpBinary, operations, c.frames.policy, &mask)
	return c.write(c.out)
}

// control sends a control frame.
func (c *conn) control(op ws.Opcode, payload []byte) error {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	mask := ws.NewMaskKey()
	return c.write(ws.AppendControl(nil, op, payload, &mask))
}

// write is called with writeMu held.
func (c *conn) write(b []byte) error {
	c.sent.Add(int64(len(b)))
	if err := c.SetWriteDeadline(time.Now().Add(c.patience)); err != nil {
		return err
	}
	_, err := c.Write(b)
	return err
}

// leave says goodbye and closes the connection. The server may have to say something yet: that is not waited for.
func (c *conn) leave() {
	if c.frames != nil {
		_ = c.SetWriteDeadline(time.Now().Add(goodbye)) // for whoever writes, too
		c.writeMu.Lock()
		mask := ws.NewMaskKey()
		_, _ = c.Write(ws.AppendClose(nil, ws.CloseNormal, "", &mask))
		c.writeMu.Unlock()
	}
	_ = c.Close()
}

// goodbye is how long a close frame may take.
const goodbye = 100 * time.Millisecond
