package transport_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"weir/internal/admission"
	"weir/internal/transport"
	"weir/ws"
)

// truster trusts the peer once it has seen a number of bytes.
type truster struct {
	c    *transport.Conn
	at   int
	seen int
}

func (s *truster) Data(p []byte) error {
	if s.seen += len(p); s.at > 0 && s.seen >= s.at {
		s.c.Trust()
	}
	return nil
}
func (s *truster) Frame(string) error { return nil }
func (s *truster) ChunkEnd()          {}
func (s *truster) Wait() bool         { return true }

// Until a peer has authenticated it may send little, and little may be inflated for it, however much comes at once.
func TestPreAuthBytes(t *testing.T) {
	small := masked(0xC2, compressed(strings.Repeat("\x00", 1500)))
	for _, row := range []struct {
		name      string
		websocket bool
		limit     int
		stream    string
		trustAt   int
		want      error
		most      int // bytes that the sink may see
	}{
		{"little", false, 2000, strings.Repeat("x", 1999), 0, io.EOF, 1999},
		{"much", false, 2000, strings.Repeat("x", 100_000), 0, transport.ErrPreAuthBytes, 2000},
		{"much, authenticated early", false, 2000, strings.Repeat("x", 100_000), 1000, io.EOF, 100_000},
		{"much, no limit", false, admission.NoLimit, strings.Repeat("x", 100_000), 0, io.EOF, 100_000},
		{"much in frames", true, 2000, strings.Repeat(string(masked(0x82, "xxxx")), 10_000), 0, transport.ErrPreAuthBytes, 2000},
		{"empty frames", true, 2000, strings.Repeat(string(masked(0x82, "")), 10_000), 0, transport.ErrPreAuthBytes, 0},
		{"pings", true, 2000, strings.Repeat(string(masked(0x89, "")), 10_000), 0, transport.ErrPreAuthBytes, 0},
		{"inflated", true, 2000, string(small) + string(small), 0, transport.ErrMessageTooBig, 2000},
		{"one message", true, 2000, string(masked(0xC2, compressed(strings.Repeat("\x00", 2001)))), 0, transport.ErrMessageTooBig, 2000},
		{"large limit", true, 50_000, string(masked(0xC2, compressed(strings.Repeat("\x00", 40_000)))), 0, io.EOF, 40_000},
		{"inflated, authenticated", true, 2000, strings.Repeat(string(small), 50), 1000, io.EOF, 75_000},
	} {
		for _, size := range []int{512, 1 << 20} {
			t.Run(fmt.Sprint(row.name, ", ", size), func(t *testing.T) {
				m := &memory{come: make(chan net.Conn, 1), from: &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 1}}
				g := transport.Guard{Gate: admission.NewGate(admission.Limits{PreAuthBytes: row.limit})}
				here := m.visit()
				defer here.Close()
				nc, err := g.Listen(m).Accept()
				if err != nil {
					t.Fatal(err)
				}
				c := transport.NewConn(nc)
				defer c.Close()
				if row.websocket {
					c.UpgradeWS(ws.Server, transport.Framing{Deflate: true})
				}
				go func() {
					for b := row.stream; b != ""; b = b[min(len(b), size):] {
						if _, err := io.WriteString(here, b[:min(len(b), size)]); err != nil {
							return
						}
					}
					here.Close()
				}()
				s := &truster{c: c, at: row.trustAt}
				if err := c.Serve(s); err != row.want {
					t.Errorf("Serve: %v, want %v", err, row.want)
				}
				if s.seen > row.most {
					t.Errorf("%d bytes were handed over, at most %d should be", s.seen, row.most)
				}
			})
		}
	}
}
