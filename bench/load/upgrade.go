package load

import (
	"bytes"
	"errors"
	"fmt"
)

const upgrade = "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n"

const offer = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"

// upgrade sends the request and reads the answer; what follows it in the same chunk is fed already.
func (c *Client) upgrade(port int) error {
	extension := ""
	if c.via == Deflate {
		extension = offer
	}
	if err := c.write(fmt.Appendf(nil, upgrade, port, extension)); err != nil {
		return err
	}
	buf := buffers.Get().(*[readSize]byte)
	defer buffers.Put(buf)
	for have := 0; have < len(buf); {
		n, err := c.read(buf[have:])
		if err != nil {
			return err
		}
		have += n
		head, rest, found := bytes.Cut(buf[:have], []byte("\r\n\r\n"))
		if !found {
			continue
		}
		agreed := bytes.Contains(head, []byte("permessage-deflate"))
		if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) || agreed != (c.via == Deflate) {
			return fmt.Errorf("answered with %q", head)
		}
		if err := c.feed(rest); err != nil || c.secure == nil {
			return err
		}
		return c.decrypt(nil) // the TLS layer may have read more than it gave us
	}
	return errors.New("the answer has no end")
}

// read waits for bytes of the stream above TLS.
func (c *Client) read(buf []byte) (int, error) {
	if c.secure == nil {
		return Receive(c.fd, buf)
	}
	return c.secure.Read(buf)
}
