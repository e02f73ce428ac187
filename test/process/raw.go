package process

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// Dial opens a TCP connection that is closed with the test and does nothing for longer than [Patience].
func Dial(t testing.TB, address string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(Patience)); err != nil {
		t.Fatal(err)
	}
	return nc
}

// Raw is a client over TCP without a library.
type Raw struct {
	net.Conn
	// Info is the first line.
	Info string

	t testing.TB
	r *bufio.Reader
}

// DialRaw connects and takes the INFO.
func DialRaw(t testing.TB, address string) *Raw {
	t.Helper()
	c := &Raw{t: t}
	c.over(Dial(t, address))
	if c.Info = c.Line(); !strings.HasPrefix(c.Info, "INFO {") {
		t.Fatalf("first line %q", c.Info)
	}
	return c
}

func (c *Raw) over(nc net.Conn) { c.Conn, c.r = nc, bufio.NewReader(nc) }

// StartTLS goes on over TLS.
func (c *Raw) StartTLS(config *tls.Config) { c.over(tls.Client(c.Conn, config)) }

// Send sends text as it is.
func (c *Raw) Send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, text); err != nil {
		c.t.Fatal(err)
	}
}

// Line returns the next line without its CR LF.
func (c *Raw) Line() string {
	c.t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatalf("%q, %v", line, err)
	}
	return strings.TrimSuffix(line, "\r\n")
}

// Want reads lines, and passes over the PINGs with which the server measures the round trip.
func (c *Raw) Want(lines ...string) {
	c.t.Helper()
	for _, line := range lines {
		got := c.Line()
		for got == "PING" && line != "PING" {
			got = c.Line()
		}
		if got != line {
			c.t.Fatalf("got line %q, want %q", got, line)
		}
	}
}

// Rest returns what comes until the server ends the connection, without PINGs, and why it is over: nil for a proper end.
func (c *Raw) Rest() (string, error) {
	text, err := io.ReadAll(c.r)
	return strings.ReplaceAll(string(text), "PING\r\n", ""), err
}
