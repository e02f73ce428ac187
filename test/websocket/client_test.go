package websocket

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"weir/test/process"
)

// plainClient is a client over TCP, for those who meet WebSocket clients.
type plainClient struct {
	net.Conn
	t    *testing.T
	r    *bufio.Reader
	info string
}

// dialPlain connects and takes the INFO.
func dialPlain(t *testing.T, server *process.Server) *plainClient {
	t.Helper()
	nc, err := net.Dial("tcp", server.Client)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(process.Patience)); err != nil {
		t.Fatal(err)
	}
	c := &plainClient{Conn: nc, t: t, r: bufio.NewReader(nc)}
	if c.info = c.line(); !strings.HasPrefix(c.info, "INFO {") {
		t.Fatalf("first line is %q", c.info)
	}
	return c
}

// connectPlain is dialPlain and a CONNECT that is known to have arrived.
func connectPlain(t *testing.T, server *process.Server) *plainClient {
	t.Helper()
	c := dialPlain(t, server)
	c.send("CONNECT {\"verbose\":false,\"headers\":true}\r\nPING\r\n")
	c.want("PONG")
	return c
}

func (c *plainClient) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
}

func (c *plainClient) line() string {
	c.t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatalf("%q, %v", line, err)
	}
	return strings.TrimSuffix(line, "\r\n")
}

// want reads lines, and passes over the PINGs with which the server measures the round trip.
func (c *plainClient) want(lines ...string) {
	c.t.Helper()
	for _, line := range lines {
		got := c.line()
		if got == "PING" && line != "PING" {
			got = c.line()
		}
		if got != line {
			c.t.Fatalf("got line %q, want %q", got, line)
		}
	}
}
