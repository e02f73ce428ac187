package benchmark

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"weir/internal/proto"
	"weir/ws"
)

// ConnectError is a connection that could not be made.
type ConnectError struct {
	Server string // the URL, without user and password
	Err    error
}

func (e *ConnectError) Error() string {
	return fmt.Sprintf("can not connect to %s: %v%s", e.Server, e.Err, advice(e.Err))
}

func (e *ConnectError) Unwrap() error { return e.Err }

// advice is what to do about an error of the system.
func advice(err error) string {
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		return " (this machine has no port left towards that address)"
	}
	return ""
}

// Why a connection is not what was asked for.
var (
	errNoDeflate = errors.New("the server does not agree to compress; leave out --compress")
	errNoTLS     = errors.New("the server has no TLS on this port; use nats://")
	errNotHTTP   = errors.New("the server does not speak HTTP on this port; is it one for nats:// or wss://?")
	errNoInfo    = errors.New("no INFO in time; is this port one for ws://?")
)

// past is a deadline that has long expired.
var past = time.Unix(1, 0)

// dialer makes connections, one after the other. Its buffers are used again for each.
type dialer struct {
	*endpoint
	reader *bufio.Reader
	buf    []byte
	out    []byte
}

func newDialer(e *endpoint) *dialer {
	return &dialer{endpoint: e, reader: bufio.NewReaderSize(nil, 4<<10), buf: make([]byte, flowingRead)}
}

// dial connects c, sends hello behind CONNECT and returns when the server has answered a PING behind that. Then info is what
// the server said of itself.
func (d *dialer) dial(ctx context.Context, c *conn, hello []byte) (info *proto.Info, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	nc, err := new(net.Dialer).DialContext(ctx, "tcp", d.address)
	if err != nil {
		return nil, &ConnectError{d.server, err}
	}
	stop := context.AfterFunc(ctx, func() { _ = nc.SetDeadline(past) })
	info = new(proto.Info)
	c.Conn, c.info, c.patience = nc, info, d.timeout
	err = d.open(ctx, c, hello)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err == nil {
		c.info = nil
		<-c.pong
		return info, c.SetDeadline(time.Time{})
	}
	_ = c.Close()
	switch {
	case ctx.Err() != context.DeadlineExceeded:
	case !d.web && info.ServerID == "":
		err = errNoInfo
	default:
		err = fmt.Errorf("not connected after %v", d.timeout)
	}
	return nil, &ConnectError{d.server, err}
}

// open makes a NATS connection of a TCP connection.
func (d *dialer) open(ctx context.Context, c *conn, hello []byte) error {
	if d.tlsNow {
		if err := d.startTLS(ctx, c); err != nil {
			return err
		}
	}
	if d.web {
		if err := d.upgrade(c); err != nil {
			return err
		}
	}
	if err := c.await(d.buf, func() bool { return c.info.ServerID != "" }); err != nil {
		return err
	}
	secure := d.tlsNow
	if !d.web && !secure && (d.tlsNext || c.info.TLSRequired) {
		if !c.info.TLSRequired && !c.info.TLSAvailable {
			return errNoTLS
		}
		if err := d.startTLS(ctx, c); err != nil {
			return err
		}
		secure = true
	}
	connect, err := d.login.connect(c.info, secure)
	if err != nil {
		return err
	}
	d.out = append(append(proto.AppendConnect(d.out[:0], &connect), hello...), proto.Ping...)
	if err := c.send(d.out); err != nil {
		return err
	}
	return c.await(d.buf, func() bool { return len(c.pong) > 0 })
}

func (d *dialer) startTLS(ctx context.Context, c *conn) error {
	t := tls.Client(c.Conn, d.tls)
	if err := t.HandshakeContext(ctx); err != nil {
		return err
	}
	c.Conn = t
	return nil
}

// upgrade makes a WebSocket of the connection. What follows the response in the same read is taken.
func (d *dialer) upgrade(c *conn) error {
	request := ws.Request{Host: d.host, Path: d.path, Key: ws.NewKey()}
	if d.deflate {
		request.Deflate = &ws.DeflatePolicy{}
	}
	d.out = request.Append(d.out[:0])
	if err := c.write(d.out); err != nil {
		return err
	}
	d.reader.Reset(c.Conn)
	if head, err := d.reader.Peek(len("HTTP/")); err == nil && string(head) != "HTTP/" {
		return errNotHTTP
	}
	response, err := http.ReadResponse(d.reader, nil)
	if err != nil {
		return fmt.Errorf("no answer to the upgrade: %w", err)
	}
	_, agreed, err := request.Check(response)
	switch {
	case errors.Is(err, ws.ErrResponseStatus):
		return fmt.Errorf("the server refuses the upgrade: %s", response.Status)
	case err != nil:
		return err
	case d.deflate && !agreed:
		return errNoDeflate
	}
	c.speakWebSocket(agreed)
	rest, err := d.reader.Peek(d.reader.Buffered())
	if err != nil {
		return err
	}
	return c.take(rest)
}
