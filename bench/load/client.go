package load

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Transport is the way a client reaches the server.
type Transport int

const (
	TCP     Transport = iota
	WS                // WebSocket, no extension offered
	Deflate           // WebSocket with permessage-deflate, no context takeover on either side
	WSS               // WebSocket over TLS, no extension offered
)

func (t Transport) String() string { return [...]string{"tcp", "ws", "ws deflate", "wss"}[t] }

// Ports says where a server listens, on 127.0.0.1.
type Ports map[Transport]int

// Client is one connection: a blocking socket and the counters of what came. While a loop reads it, its counters belong
// to the loop; before that, to who dials.
type Client struct {
	Keep    func(msg []byte) // when not nil, gets every MSG whole
	Arrived time.Time        // when the last messages reached the socket, of a client that is stamped; see Loop.Hold

	fd      int
	via     Transport
	frames  frames
	ops     ops
	data    func([]byte) error
	secure  *secure // WSS
	stamped bool

	mu  sync.Mutex // one writer at a time: the workload, and the loop that answers a PING
	out []byte
}

// connectOptions is what every client says in its CONNECT.
const connectOptions = `CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true,"echo":true,"lang":"bench","version":"1","protocol":1}` + "\r\n"

// readSize is the size of a read buffer.
const readSize = 64 << 10

var buffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// Hello is what a client says behind its CONNECT, and what it expects.
type Hello struct {
	Ops     string
	MsgSize int  // of the MSGs that it will get; see MsgSize
	Stamped bool // the kernel notes when bytes reach the socket, for Arrived
}

// Connect dials, upgrades, and returns once the server has answered a PING behind CONNECT and hello.
func Connect(to Ports, via Transport, hello Hello) (*Client, error) {
	fd, err := Dial(to[via])
	if err != nil {
		return nil, err
	}
	c := &Client{fd: fd, via: via, ops: ops{size: hello.MsgSize}, stamped: hello.Stamped}
	c.data = func(b []byte) error { return c.ops.feed(b, c.Keep) }
	err = c.handshake(to[via], hello.Ops)
	if err == nil && c.stamped {
		err = stamp(fd)
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("%v: %w", via, err)
	}
	return c, nil
}

func (c *Client) handshake(port int, hello string) error {
	if c.via == WSS {
		if err := c.startTLS(); err != nil {
			return fmt.Errorf("TLS: %w", err)
		}
	}
	if c.via != TCP {
		if err := c.upgrade(port); err != nil {
			return fmt.Errorf("upgrade: %w", err)
		}
	}
	if err := c.await(&c.ops.infos, 1); err != nil {
		return fmt.Errorf("INFO: %w", err)
	}
	if err := c.Send([]byte(connectOptions + hello + "PING\r\n")); err != nil {
		return err
	}
	if err := c.await(&c.ops.pongs, 1); err != nil {
		return fmt.Errorf("CONNECT: %w", err)
	}
	return nil
}

// feed takes bytes of the stream above TLS.
func (c *Client) feed(b []byte) error {
	if c.via == TCP {
		return c.data(b)
	}
	return c.frames.feed(b, c.data)
}

// received takes bytes as they came from the socket, and answers the pings among them.
func (c *Client) received(b []byte) error {
	feed := c.feed
	if c.secure != nil {
		feed = c.decrypt
	}
	if err := feed(b); err != nil {
		return err
	}
	return c.pong()
}

// await reads until one of the counters has reached n. Only for clients that no loop reads.
func (c *Client) await(counter *int, n int) error {
	buf := buffers.Get().(*[readSize]byte)
	defer buffers.Put(buf)
	for *counter < n {
		got, err := Receive(c.fd, buf[:])
		if err != nil {
			return err
		}
		if err := c.received(buf[:got]); err != nil {
			return err
		}
	}
	return nil
}

// AwaitPong reads until one more PONG has come. Only for clients that no loop reads.
func (c *Client) AwaitPong() error { return c.await(&c.ops.pongs, c.ops.pongs+1) }

// Sip reads at most n bytes and throws them away. It waits for the first of them, but no longer than limit. Only for clients
// that nobody else reads any more.
func (c *Client) Sip(n int, limit time.Duration) error {
	wait := syscall.NsecToTimeval(int64(limit))
	if err := syscall.SetsockoptTimeval(c.fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &wait); err != nil {
		return err
	}
	got, err := syscall.Read(c.fd, make([]byte, n))
	switch {
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		return nil
	case got == 0 && err == nil:
		return io.EOF
	}
	return err
}

// pong answers the pings that came since it was last called, those of NATS and those of WebSocket.
func (c *Client) pong() error {
	for ; c.ops.pings > 0; c.ops.pings-- {
		if err := c.Send([]byte("PONG\r\n")); err != nil {
			return err
		}
	}
	if len(c.frames.pongs) == 0 {
		return nil
	}
	err := c.SendRaw(c.frames.pongs)
	c.frames.pongs = c.frames.pongs[:0]
	return err
}

// Send sends operations, in one frame over WebSocket.
func (c *Client) Send(operations []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.via == TCP {
		return c.write(operations)
	}
	c.out = c.Append(c.out[:0], operations)
	return c.write(c.out)
}

// SendRaw sends bytes that Append has made.
func (c *Client) SendRaw(b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(b)
}

func (c *Client) write(b []byte) error {
	if c.secure == nil {
		return Transmit(c.fd, b)
	}
	_, err := c.secure.Write(b)
	return err
}

// Append appends operations as this client sends them: over WebSocket in one frame, and compressed when that is agreed,
// as a browser does with all that it sends.
func (c *Client) Append(dst, operations []byte) []byte {
	switch c.via {
	case TCP:
		return append(dst, operations...)
	case Deflate:
		return appendPacked(dst, operations)
	}
	return appendFrame(dst, bitFin|opBinary, operations)
}

// Close says goodbye in TCP only, as a page does that is left.
func (c *Client) Close() { _ = syscall.Close(c.fd) }

// AppendPub appends one PUB. reply may be empty.
func AppendPub(dst []byte, subject, reply string, body []byte) []byte {
	dst = append(append(dst, "PUB "...), subject...)
	if reply != "" {
		dst = append(append(dst, ' '), reply...)
	}
	dst = strconv.AppendInt(append(dst, ' '), int64(len(body)), 10)
	dst = append(append(dst, "\r\n"...), body...)
	return append(dst, "\r\n"...)
}

// MsgSize is the number of bytes of a MSG for the subscription 1.
func MsgSize(subject, reply string, body int) int {
	pub := len(AppendPub(nil, subject, reply, nil)) - len("0") + len(strconv.Itoa(body)) + body
	return pub - len("PUB ") + len("MSG ") + len("1 ")
}

// dialers is how many clients connect at the same time.
const dialers = 8

// ConnectAll makes n clients; hello is asked for each, or may be nil.
func ConnectAll(to Ports, via Transport, n int, hello func(i int) Hello) ([]*Client, error) {
	if hello == nil {
		hello = func(int) Hello { return Hello{} }
	}
	clients := make([]*Client, n)
	errs := make([]error, dialers)
	var next atomic.Int64
	var wait sync.WaitGroup
	for d := range dialers {
		wait.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && errs[d] == nil; i = next.Add(1) - 1 {
				clients[i], errs[d] = Connect(to, via, hello(int(i)))
			}
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		CloseAll(clients)
		return nil, err
	}
	return clients, nil
}

// CloseAll closes clients; nil ones are passed over.
func CloseAll(clients []*Client) {
	for _, c := range clients {
		if c != nil {
			c.Close()
		}
	}
}
