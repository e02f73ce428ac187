package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
)

// transport is the way a client reaches the server.
type transport int

const (
	tcp     transport = iota
	ws                // WebSocket, no extension offered
	deflate           // WebSocket with permessage-deflate, no context takeover on either side
)

func (t transport) String() string { return [...]string{"tcp", "ws", "ws deflate"}[t] }

// client is one connection of the load: a blocking socket and the counters of what came. While a loop reads it, its
// counters belong to the loop; before that, to who dials.
type client struct {
	fd     int
	via    transport
	frames frames
	ops    ops
	wire   int64            // bytes received
	keep   func(msg []byte) // when not nil, gets every MSG whole
	data   func([]byte) error

	mu  sync.Mutex // one writer at a time: the workload, and the loop that answers a PING
	out []byte
}

// connectOptions is what every client says in its CONNECT.
const connectOptions = `CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true,"echo":true,"lang":"bench","version":"1","protocol":1}` + "\r\n"

const upgrade = "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n"

const offer = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"

// connect dials, upgrades, and returns once the server has answered a PING behind CONNECT and the operations in hello.
// buf is for reading. size is that of the MSGs this client will get.
func connect(p *process, via transport, hello string, size int, buf []byte) (*client, error) {
	fd, err := dial(p.ports[via])
	if err != nil {
		return nil, err
	}
	c := &client{fd: fd, via: via, ops: ops{size: size}}
	c.data = func(b []byte) error { return c.ops.feed(b, c.keep) }
	if err := c.handshake(p.ports[via], hello, buf); err != nil {
		c.close()
		return nil, fmt.Errorf("%v: %w", via, err)
	}
	return c, nil
}

func (c *client) handshake(port int, hello string, buf []byte) error {
	if c.via != tcp {
		if err := c.upgrade(port, buf); err != nil {
			return fmt.Errorf("upgrade: %w", err)
		}
	}
	if err := c.await(&c.ops.infos, 1, buf); err != nil {
		return fmt.Errorf("INFO: %w", err)
	}
	if err := c.send([]byte(connectOptions + hello + "PING\r\n")); err != nil {
		return err
	}
	if err := c.await(&c.ops.pongs, 1, buf); err != nil {
		return fmt.Errorf("CONNECT: %w", err)
	}
	return nil
}

// upgrade sends the request and reads the answer; what follows it in the same chunk is fed already.
func (c *client) upgrade(port int, buf []byte) error {
	extension := ""
	if c.via == deflate {
		extension = offer
	}
	if err := transmit(c.fd, fmt.Appendf(nil, upgrade, port, extension)); err != nil {
		return err
	}
	for have := 0; have < len(buf); {
		n, err := receive(c.fd, buf[have:])
		if err != nil {
			return err
		}
		have += n
		head, rest, found := bytes.Cut(buf[:have], []byte("\r\n\r\n"))
		if !found {
			continue
		}
		agreed := bytes.Contains(head, []byte("permessage-deflate"))
		if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) || agreed != (c.via == deflate) {
			return fmt.Errorf("answered with %q", head)
		}
		return c.feed(rest)
	}
	return errors.New("the answer has no end")
}

// feed takes bytes as they came from the socket.
func (c *client) feed(b []byte) error {
	c.wire += int64(len(b))
	if c.via == tcp {
		return c.data(b)
	}
	return c.frames.feed(b, c.data)
}

// await reads until one of the counters has reached n. Only for clients that no loop reads.
func (c *client) await(counter *int, n int, buf []byte) error {
	for *counter < n {
		got, err := receive(c.fd, buf)
		if err != nil {
			return err
		}
		if err := c.feed(buf[:got]); err != nil {
			return err
		}
		if err := c.pong(); err != nil {
			return err
		}
	}
	return nil
}

// pong answers the PINGs that came since it was last called.
func (c *client) pong() error {
	for ; c.ops.pings > 0; c.ops.pings-- {
		if err := c.send([]byte("PONG\r\n")); err != nil {
			return err
		}
	}
	return nil
}

// send sends operations, in one frame over WebSocket.
func (c *client) send(operations []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.via == tcp {
		return transmit(c.fd, operations)
	}
	c.out = appendFrame(c.out[:0], operations)
	return transmit(c.fd, c.out)
}

// sendRaw sends bytes that append has made.
func (c *client) sendRaw(b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return transmit(c.fd, b)
}

// append appends operations as this client would send them.
func (c *client) append(dst, operations []byte) []byte {
	if c.via == tcp {
		return append(dst, operations...)
	}
	return appendFrame(dst, operations)
}

// close says goodbye in TCP only, as a page does that is left.
func (c *client) close() { _ = syscall.Close(c.fd) }

// appendPub appends one PUB. reply may be empty.
func appendPub(dst []byte, subject, reply string, body []byte) []byte {
	dst = append(append(dst, "PUB "...), subject...)
	if reply != "" {
		dst = append(append(dst, ' '), reply...)
	}
	dst = strconv.AppendInt(append(dst, ' '), int64(len(body)), 10)
	dst = append(append(dst, "\r\n"...), body...)
	return append(dst, "\r\n"...)
}

// msgSize is the number of bytes of a MSG for the subscription 1.
func msgSize(subject, reply string, body int) int {
	pub := len(appendPub(nil, subject, reply, nil)) - len("0") + len(strconv.Itoa(body)) + body
	return pub - len("PUB ") + len("MSG ") + len("1 ")
}

// dialers is how many clients connect at the same time.
const dialers = 8

// readSize is the size of a read buffer.
const readSize = 64 << 10

// connectAll makes n clients; hello and size are asked for each.
func connectAll(p *process, via transport, n, size int, hello func(i int) string) ([]*client, error) {
	clients := make([]*client, n)
	errs := make([]error, dialers)
	var next atomic.Int64
	var wait sync.WaitGroup
	for d := range dialers {
		wait.Go(func() {
			buf := make([]byte, readSize)
			for i := next.Add(1) - 1; i < int64(n) && errs[d] == nil; i = next.Add(1) - 1 {
				clients[i], errs[d] = connect(p, via, hello(int(i)), size, buf)
			}
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		closeAll(clients)
		return nil, err
	}
	return clients, nil
}

func closeAll(clients []*client) {
	for _, c := range clients {
		if c != nil {
			c.close()
		}
	}
}
