package transport_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"weir/internal/listener"
	"weir/internal/msg"
	"weir/internal/transport"
	"weir/ws"
)

// tcpPair is a connected pair of sockets.
func tcpPair(t testing.TB) (here, there net.Conn) {
	t.Helper()
	l, err := listener.Open("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	here, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if there, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { here.Close(); there.Close() })
	return here, there
}

// kinds are the ways to carry the NATS stream.
var kinds = []string{"tcp", "ws", "ws deflate"}

// link makes a connection of the given kind over nc.
func link(kind string, nc net.Conn) *transport.Conn {
	c := transport.NewConn(nc)
	if kind != "tcp" {
		c.UpgradeWS(ws.Server, transport.Framing{Deflate: kind == "ws deflate"})
	}
	return c
}

// unframe turns what went over the wire back into the NATS stream.
func unframe(t testing.TB, kind string, wire []byte) []byte {
	t.Helper()
	if kind == "tcp" {
		return wire
	}
	dec := ws.NewDecoder(ws.Client, ws.DecoderOptions{Deflate: kind == "ws deflate"})
	var out, packed []byte
	for len(wire) > 0 {
		ev, rest, err := dec.Next(wire)
		if err != nil {
			t.Fatal(err)
		}
		wire = rest
		switch {
		case ev.Kind != ws.EventData:
		case !ev.Compressed:
			out = append(out, ev.Payload...)
		default:
			packed = append(packed, ev.Payload...)
			if ev.End {
				_, err := ws.Inflate(packed, ws.InflateLimit{}, func(p []byte) error {
					out = append(out, p...)
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				packed = packed[:0]
			}
		}
	}
	return out
}

// fill puts random lines and bodies into the batch of w and returns the stream that they make.
func fill(rng *rand.Rand, c *transport.Conn, w *transport.Wire) []byte {
	var plain []byte
	for i := range 1 + rng.IntN(12) {
		line := fmt.Appendf(nil, "MSG subject.%d %d 5\r\n", rng.IntN(9), i)
		plain = append(plain, line...)
		w.Batch.Buf = append(w.Batch.Buf, line...)
		body := make([]byte, []int{0, 10, 100, 300, 5000, 70_000, 300_000}[rng.IntN(7)])
		if rng.IntN(2) == 0 {
			for j := range body {
				body[j] = "abcdef"[j*j%6]
			}
		} else {
			for j := range body {
				body[j] = byte(rng.Uint32())
			}
		}
		m := msg.New([]byte("s"), nil, body, 0)
		m.Expect(1 + rng.IntN(2))
		plain = append(plain, m.Wire()...)
		if c.Borrows(m) {
			w.Batch.Borrow(m, m.Wire())
		} else {
			w.Batch.Copy(m.Wire())
		}
	}
	return plain
}

// What is framed, compressed or not, is what was put in.
//
// parity: 9.1.48.1
func TestFrameKeepsTheStream(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			here, there := tcpPair(t)
			c := link(kind, there)
			rng := rand.New(rand.NewPCG(1, 2))
			for range 60 {
				w := transport.GetWire()
				want := fill(rng, c, w)
				if err := c.Frame(w); err != nil {
					t.Fatal(err)
				}
				sent := make(chan error, 1)
				go func() {
					done, err := c.TryWrite(w)
					if !done && err == nil {
						err = c.WriteAll(w, time.Minute)
					}
					sent <- err
				}()
				var wire, got []byte
				buf := make([]byte, 1<<20)
				for len(got) < len(want) {
					n, err := here.Read(buf)
					if err != nil {
						t.Fatal(err)
					}
					wire = append(wire, buf[:n]...)
					if kind == "tcp" || len(wire) >= 2 {
						got = tryUnframe(t, kind, wire)
					}
				}
				if err := <-sent; err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Fatalf("got %d bytes, want %d", len(got), len(want))
				}
				w.Put()
			}
		})
	}
}

// What is framed once reaches several connections as it would reach one.
func TestAgainKeepsTheStream(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 4))
			for range 30 {
				w := transport.GetWire()
				var want []byte
				for i := range 6 {
					here, there := tcpPair(t)
					c := link(kind, there)
					var err error
					if i == 0 {
						want = fill(rng, c, w)
						err = c.Frame(w)
					} else {
						err = c.Again(w)
					}
					if err != nil {
						t.Fatal(err)
					}
					sent := make(chan error, 1)
					go func() {
						done, err := c.TryWrite(w)
						if !done && err == nil {
							err = c.WriteAll(w, time.Minute)
						}
						there.Close()
						sent <- err
					}()
					wire, err := io.ReadAll(here)
					if err != nil {
						t.Fatal(err)
					}
					if err := <-sent; err != nil {
						t.Fatal(err)
					}
					if got := unframe(t, kind, wire); !bytes.Equal(got, want) {
						t.Fatalf("receiver %d: got %d bytes, want %d", i, len(got), len(want))
					}
				}
				w.Put()
			}
		})
	}
}

// A burst of small messages is smaller on the wire, once it goes to many, than its messages one by one.
func TestBurstsShrinkForMany(t *testing.T) {
	w := transport.GetWire()
	defer w.Put()
	sizes := map[int]int{}
	for i := range 5 {
		here, there := tcpPair(t)
		c := link("ws deflate", there)
		if i > 0 {
			if err := c.Again(w); err != nil {
				t.Fatal(err)
			}
		} else {
			for n := range 16 {
				m := msg.New([]byte("foo"), nil, fmt.Appendf(nil, `{"symbol":"WEIR","price":%d.25,"volume":%d,"venue":"home"}`, 100+n, n*700), 0)
				m.Expect(9)
				w.Batch.Buf = fmt.Appendf(w.Batch.Buf, "MSG foo 1 %d\r\n", m.Len())
				w.Batch.Borrow(m, m.Wire())
			}
			if err := c.Frame(w); err != nil {
				t.Fatal(err)
			}
		}
		if done, err := c.TryWrite(w); !done || err != nil {
			t.Fatalf("TryWrite: %v, %v", done, err)
		}
		there.Close()
		wire, err := io.ReadAll(here)
		if err != nil {
			t.Fatal(err)
		}
		sizes[i] = len(wire)
	}
	if sizes[4] > sizes[0]/2 {
		t.Errorf("%d bytes for the first receiver, %d for the fifth", sizes[0], sizes[4])
	}
}

// A burst that is known to go to very many is in one run for the first of them already. If nobody else gets the same, the next
// ones are sent what their messages are by themselves.
func TestBurstsForVeryMany(t *testing.T) {
	w := transport.GetWire()
	defer w.Put()
	_, there := tcpPair(t)
	c := link("ws deflate", there)
	var burst []*msg.Msg
	for n := range 16 {
		m := msg.New([]byte("foo"), nil, fmt.Appendf(nil, `{"symbol":"WEIR","price":%d.25,"volume":%d,"venue":"home"}`, 100+n, n*700), 0)
		m.Expect(1000)
		burst = append(burst, m)
	}
	size := func(sid int) int {
		w.Reset()
		for _, m := range burst {
			w.Batch.Buf = fmt.Appendf(w.Batch.Buf, "MSG foo %d %d\r\n", sid, m.Len())
			w.Batch.Borrow(m, m.Wire())
		}
		if err := c.Frame(w); err != nil {
			t.Fatal(err)
		}
		if done, err := c.TryWrite(w); !done || err != nil {
			t.Fatalf("TryWrite: %v, %v", done, err)
		}
		return int(w.Written())
	}
	const other = 4 // bytes that another sid may cost
	again := func(times, want int) {
		t.Helper()
		for range times {
			if err := c.Again(w); err != nil {
				t.Fatal(err)
			}
		}
		if done, err := c.TryWrite(w); !done || err != nil || int(w.Written()) > want+other {
			t.Errorf("again: %v, %v, %d bytes, want %d", done, err, w.Written(), want)
		}
	}
	run := size(1)
	again(4, run)
	if n := size(2); n > run+other {
		t.Errorf("%d bytes for a second run, want %d", n, run)
	}
	alone := size(3)
	if alone < 2*run {
		t.Errorf("%d bytes when the run before was in vain, %d for that", alone, run)
	}
	again(4, run)
	if n := size(4); n > run+other {
		t.Errorf("%d bytes once others got the same, want %d", n, run)
	}
}

// A small flush costs no memory.
func TestFrameAllocatesNothing(t *testing.T) {
	for _, kind := range []string{"tcp", "ws", "ws deflate"} {
		_, there := tcpPair(t)
		c := link(kind, there)
		w := transport.GetWire()
		line := strings.Repeat("MSG foo 1 5\r\nhello\r\n", 20)
		if n := testing.AllocsPerRun(100, func() {
			w.Reset()
			w.Batch.Buf = append(w.Batch.Buf, line...)
			if err := c.Frame(w); err != nil {
				t.Error(err)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations", kind, n)
		}
		w.Put()
	}
}

// tryUnframe is unframe of a stream that may end within a frame; data frames that are not complete count as well.
func tryUnframe(t testing.TB, kind string, wire []byte) []byte {
	return unframe(t, kind, bytes.Clone(wire))
}

// A flush is one frame up to 256 KiB, and frames of that size above.
func TestFrameSizes(t *testing.T) {
	for _, row := range []struct {
		size, frames int
	}{{10, 1}, {200 << 10, 1}, {600 << 10, 3}} {
		here, there := tcpPair(t)
		c := link("ws", there)
		w := transport.GetWire()
		w.Batch.Buf = append(w.Batch.Buf, strings.Repeat("x", row.size)...)
		if err := c.Frame(w); err != nil {
			t.Fatal(err)
		}
		go func() {
			c.WriteAll(w, time.Minute)
			there.Close()
		}()
		wire, err := io.ReadAll(here)
		if err != nil {
			t.Fatal(err)
		}
		dec := ws.NewDecoder(ws.Client, ws.DecoderOptions{})
		frames, total := 0, 0
		for len(wire) > 0 {
			ev, rest, err := dec.Next(wire)
			if err != nil {
				t.Fatal(err)
			}
			if wire = rest; ev.Kind == ws.EventData {
				total += len(ev.Payload)
				if len(ev.Payload) > 256<<10 {
					t.Errorf("a frame of %d bytes", len(ev.Payload))
				}
				if ev.End {
					frames++
				}
			}
		}
		if frames != row.frames || total != row.size {
			t.Errorf("%d bytes: %d frames with %d bytes, want %d", row.size, frames, total, row.frames)
		}
	}
}

// Two compressing receivers of one message share its compressed form, and small or random data is sent plain.
func TestCompressionWhereItPays(t *testing.T) {
	body := []byte(strings.Repeat(`{"price":12.5,"volume":100},`, 40))
	random := make([]byte, 1000)
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	for _, row := range []struct {
		name   string
		body   []byte
		first  byte // of the first frame
		atMost int
	}{
		{"text", body, 0xC2, 200},
		{"random", random, 0x82, 1100},
		{"tiny", []byte("hello"), 0x82, 40},
	} {
		for receivers := 1; receivers <= 2; receivers++ {
			m := msg.New([]byte("foo"), nil, row.body, 0)
			m.Expect(receivers)
			for range receivers {
				here, there := tcpPair(t)
				c := link("ws deflate", there)
				w := transport.GetWire()
				w.Batch.Buf = append(w.Batch.Buf, "MSG foo 1 5\r\n"...)
				if c.Borrows(m) {
					w.Batch.Borrow(m, m.Wire())
				} else {
					w.Batch.Copy(m.Wire())
				}
				if err := c.Frame(w); err != nil {
					t.Fatal(err)
				}
				if done, err := c.TryWrite(w); !done || err != nil {
					t.Fatalf("TryWrite: %v, %v", done, err)
				}
				w.Put()
				there.Close()
				wire, _ := io.ReadAll(here)
				if wire[0] != row.first || len(wire) > row.atMost {
					t.Errorf("%s to %d: %d bytes, first %#x", row.name, receivers, len(wire), wire[0])
				}
				want := "MSG foo 1 5\r\n" + string(m.Wire())
				if got := unframe(t, "ws deflate", wire); string(got) != want {
					t.Errorf("%s: got %q", row.name, got)
				}
			}
		}
	}
}

func TestControlFramesGoFirstAndCloseLast(t *testing.T) {
	here, there := tcpPair(t)
	c := link("ws", there)
	w := transport.GetWire()
	w.Batch.Buf = append(w.Batch.Buf, "PONG\r\n"...)
	w.Batch.Frames = ws.AppendControl(w.Batch.Frames, ws.OpPong, []byte("p"), nil)
	w.Batch.Last = ws.AppendClose(w.Batch.Last, ws.CloseGoingAway, "bye", nil)
	if err := c.Frame(w); err != nil {
		t.Fatal(err)
	}
	if done, err := c.TryWrite(w); !done || err != nil {
		t.Fatalf("TryWrite: %v, %v", done, err)
	}
	there.Close()
	wire, _ := io.ReadAll(here)
	want := "\x8a\x01p" + "\x82\x06PONG\r\n" + "\x88\x05\x03\xe9bye"
	if string(wire) != want {
		t.Errorf("got %q, want %q", wire, want)
	}
}

// The answer to an upgrade goes in front of the first flush, once; protocol lines alone are not compressed.
func TestAnswerGoesFirst(t *testing.T) {
	here, there := tcpPair(t)
	c := transport.NewConn(there)
	c.UpgradeWS(ws.Server, transport.Framing{Deflate: true, Answer: []byte("HTTP/1.1 101 \r\n\r\n")})
	line := strings.Repeat("INFO", 50)
	want := "HTTP/1.1 101 \r\n\r\n"
	for range 2 {
		w := transport.GetWire()
		w.Batch.Buf = append(w.Batch.Buf, line...)
		w.Batch.Plain = true
		if err := c.Frame(w); err != nil {
			t.Fatal(err)
		}
		if done, err := c.TryWrite(w); !done || err != nil {
			t.Fatalf("TryWrite: %v, %v", done, err)
		}
		w.Put()
		want += "\x82\x7e\x00\xc8" + line
	}
	there.Close()
	if wire, _ := io.ReadAll(here); string(wire) != want {
		t.Errorf("got %q, want %q", wire, want)
	}
}

// BenchmarkFlush is one small flush from batch to socket.
func BenchmarkFlush(b *testing.B) {
	for _, kind := range kinds {
		b.Run(kind, func(b *testing.B) {
			here, there := tcpPair(b)
			go io.Copy(io.Discard, here)
			c := link(kind, there)
			m := msg.New([]byte("foo"), nil, bytes.Repeat([]byte("price 12 "), 14), 0)
			m.Expect(2)
			b.ReportAllocs()
			for b.Loop() {
				w := transport.GetWire()
				w.Batch.Buf = append(w.Batch.Buf, "MSG foo 1 126\r\n"...)
				if c.Borrows(m) {
					w.Batch.Borrow(m, m.Wire())
				} else {
					w.Batch.Copy(m.Wire())
				}
				if err := c.Frame(w); err != nil {
					b.Fatal(err)
				}
				if done, err := c.TryWrite(w); !done {
					if err == nil {
						err = c.WriteAll(w, time.Minute)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				w.Put()
			}
		})
	}
}
