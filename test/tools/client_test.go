package tools

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"weir/test/process"
)

// client is a raw TCP client whose INFO has been read.
type client struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

// dial connects, reads the INFO and sends text.
func dial(t *testing.T, address, text string) *client {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(2 * process.Patience)); err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, Conn: nc, r: bufio.NewReader(nc)}
	if line := c.line(); !strings.HasPrefix(line, "INFO {") {
		t.Fatalf("first line %q", line)
	}
	if _, err := io.WriteString(nc, text); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *client) line() string {
	c.t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatalf("%q, %v", line, err)
	}
	return strings.TrimSuffix(line, "\r\n")
}

// want reads one line, and passes over the PINGs with which the server measures the round trip.
func (c *client) want(line string) {
	c.t.Helper()
	got := c.line()
	for got == "PING" {
		got = c.line()
	}
	if got != line {
		c.t.Fatalf("got %q, want %q", got, line)
	}
}
