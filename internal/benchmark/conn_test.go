package benchmark

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"weir/internal/proto"
	"weir/ws"
)

// socket is a connection whose peer is not there: it keeps what is written.
type socket struct {
	net.Conn
	out bytes.Buffer
}

func (s *socket) Write(p []byte) (int, error)      { return s.out.Write(p) }
func (s *socket) SetWriteDeadline(time.Time) error { return nil }
func (s *socket) Read([]byte) (int, error)         { return 0, io.EOF }

// tally is a handler that counts.
type tally struct{ ignore }

func (tally) message(c *conn, a *proto.Args, at int64) error {
	c.count(a, at)
	return nil
}

// receiver is a connection that counts what comes.
func receiver(web, deflate bool) (*conn, *socket) {
	s := &socket{}
	c := newConn(clock{time.Now()}, 0)
	c.Conn, c.handler = s, tally{}
	if web {
		c.speakWebSocket(deflate)
	}
	return c, s
}

// operations are two messages of 3 and 200 bytes, and a PING.
var operations = fmt.Sprintf("MSG a 1 3\r\nabc\r\nPING\r\nHMSG a 1 18 200\r\nNATS/1.0\r\na: b\r\n\r\n%s\r\n", strings.Repeat("x", 200-18))

// frame appends a message as a server sends it.
func frame(dst []byte, text string, deflate bool) []byte {
	var w ws.Window
	threshold := plainOnly
	if deflate {
		threshold = 0
	}
	return w.AppendMessage(dst, ws.OpBinary, []byte(text), ws.DeflatePolicy{Threshold: threshold}, nil)
}

// streams are forms of twice the operations, with one ping of WebSocket in some.
func streams() map[string][]byte {
	fragments := ws.AppendHeader(nil, false, false, ws.OpBinary, 10, nil)
	fragments = append(fragments, operations[:10]...)
	fragments = ws.AppendControl(fragments, ws.OpPing, []byte("hey"), nil)
	fragments = ws.AppendHeader(fragments, true, false, ws.OpContinuation, len(operations)-10, nil)
	fragments = append(fragments, operations[10:]...)
	packed := frame(nil, operations, true)[2:] // without its header, which is of the short form
	cut := ws.AppendHeader(nil, false, true, ws.OpBinary, 20, nil)
	cut = append(cut, packed[:20]...)
	cut = ws.AppendControl(cut, ws.OpPing, []byte("hey"), nil)
	cut = ws.AppendHeader(cut, true, false, ws.OpContinuation, len(packed)-20, nil)
	cut = append(cut, packed[20:]...)
	return map[string][]byte{
		"tcp":                  []byte(operations + operations),
		"frames":               frame(frame(nil, operations, false), operations, false),
		"compressed":           frame(frame(nil, operations, true), operations, true),
		"compressed and plain": frame(frame(nil, operations, true), operations, false),
		"fragments":            frame(fragments, operations, false),
		"compressed fragments": frame(cut, operations, true),
	}
}

// TestAnyCut: wherever the stream is cut, the same messages come, and each PING is answered.
func TestAnyCut(t *testing.T) {
	for name, stream := range streams() {
		for size := 1; size <= len(stream); size++ {
			c, s := receiver(name != "tcp", true)
			for b := bytes.Clone(stream); len(b) > 0; {
				n := min(size, len(b))
				if err := c.take(b[:n]); err != nil {
					t.Fatalf("%s by %d: %v", name, size, err)
				}
				b = b[n:]
			}
			pings := int64(2 + strings.Count(name, "fragments"))
			if c.messages.Load() != 4 || c.bytes.Load() != 2*203 || c.pings.Load() != pings || c.received.Load() != int64(len(stream)) {
				t.Errorf("%s by %d: %d messages, %d bytes, %d pings", name, size, c.messages.Load(), c.bytes.Load(), c.pings.Load())
			}
			if name == "tcp" && s.out.String() != "PONG\r\nPONG\r\n" {
				t.Errorf("answered with %q", s.out.String())
			}
			if c.frames != nil {
				checkPongs(t, s.out.Bytes(), pings)
			}
		}
	}
}

// checkPongs reads what a client sent, as a server.
func checkPongs(t *testing.T, sent []byte, want int64) {
	t.Helper()
	d := ws.NewDecoder(ws.Server, ws.DecoderOptions{Deflate: true})
	pongs := int64(0)
	for {
		ev, rest, err := d.Next(sent)
		switch {
		case err != nil:
			t.Fatal(err)
		case ev.Kind == ws.EventNone:
			if pongs != want {
				t.Errorf("%d pongs, want %d", pongs, want)
			}
			return
		case ev.Kind == ws.EventPong && string(ev.Payload) == "hey", ev.Kind == ws.EventData && string(ev.Payload) == "PONG\r\n":
			pongs++
		default:
			t.Errorf("sent %+v", ev)
		}
		sent = rest
	}
}

func TestWhatEndsAConnection(t *testing.T) {
	tests := []struct {
		name, stream, want string
	}{
		{"close frame", string(ws.AppendClose(nil, ws.ClosePolicyViolation, "too slow", nil)), "closed the connection: 1008 too slow"},
		{"masked frame", "\x82\x80abcd", "must not be masked"},
		{"compressed without being asked", "\xc2\x00", "compressed frame"},
		{"not NATS", "\x82\x02HI", "can not be read"},
		{"error", string(frame(nil, "-ERR 'no'\r\n", false)), "the server says 'no'"},
	}
	for _, tt := range tests {
		c, _ := receiver(true, false)
		if err := c.take([]byte(tt.stream)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	c, _ := receiver(true, true)
	if err := c.take([]byte("\xc2\x03\xff\xff\xff")); err == nil {
		t.Error("a corrupt message is taken")
	}
}

// TestDeliveryAllocatesNothing: what comes to a subscriber of fanout costs no memory.
func TestDeliveryAllocatesNothing(t *testing.T) {
	for _, web := range []bool{false, true} {
		c, _ := receiver(web, false)
		f := &fan{run: &run{clock: c.clock, clients: 1}, tag: 7, flights: make([]flight, 1), free: make(chan uint32, 1)}
		c.handler = f
		stream := []byte("MSG bench 1 8\r\n\x00\x00\x00\x07\x00\x00\x00\x00\r\n")
		if web {
			stream = frame(nil, string(stream), false)
		}
		chunk := make([]byte, len(stream))
		if n := testing.AllocsPerRun(100, func() {
			f.flights[0].left.Store(1)
			copy(chunk, stream)
			if err := c.take(chunk); err != nil {
				t.Fatal(err)
			}
			<-f.free
		}); n != 0 {
			t.Errorf("web %v: %v allocations", web, n)
		}
	}
}

// TestForeignMessages: what others publish on the subject of fanout is passed over.
func TestForeignMessages(t *testing.T) {
	c, _ := receiver(false, false)
	f := &fan{run: &run{clock: c.clock, clients: 1}, tag: 7, flights: make([]flight, 1), free: make(chan uint32, 1)}
	c.handler = f
	for _, body := range []string{"", "short", "\x00\x00\x00\x08\x00\x00\x00\x00", "\x00\x00\x00\x07\x00\x00\x00\x01"} {
		if err := c.take(fmt.Appendf(nil, "MSG bench 1 %d\r\n%s\r\n", len(body), body)); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.messages.Load(); n != 0 {
		t.Errorf("%d messages are counted", n)
	}
}

// TestBodies: bodies have their size, differ, and compress as feeds do.
func TestBodies(t *testing.T) {
	for _, size := range []int{0, 1, 128, 1024, 100_000} {
		b := newBodies(bodyText(size), size, 3)
		seen := map[string]bool{}
		for range 200 {
			body := b.next()
			if len(body) != size {
				t.Fatalf("%d bytes, want %d", len(body), size)
			}
			seen[string(body)] = true
		}
		if size >= 128 && len(seen) != 200 {
			t.Errorf("of size %d there are %d different ones of 200", size, len(seen))
		}
		if packed := ws.AppendDeflated(nil, b.next()); size == 1024 && (len(packed) < size/4 || len(packed) > size/2) {
			t.Errorf("%d bytes deflate to %d", size, len(packed))
		}
	}
}
