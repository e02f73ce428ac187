package websocket

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"weir/test/process"
	"weir/test/wire"
)

// packed is text as one compressed message.
func packed(text string) wire.Frame {
	return wire.Frame{RSV: wire.RSV1, Opcode: wire.Binary, Payload: wire.Deflate([]byte(text))}
}

// TestBothWays has a client on each listener: each hears the other.
func TestBothWays(t *testing.T) {
	ways := []struct {
		name   string
		header []string
	}{
		// parity: 9.1.34.1
		{"plain", nil},
		// parity: 9.1.34.2
		{"compressed", []string{deflated}},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for _, way := range ways {
			t.Run(way.name, func(t *testing.T) {
				there, here := connectPlain(t, server), connect(t, server, way.header...)
				there.Send("SUB foo 1\r\nPING\r\n")
				there.Want("PONG")
				here.send(data("PUB foo 7\r\nfrom ws\r\n"))
				there.Want("MSG foo 1 7", "from ws")
				here.send(data("SUB bar 1\r\nPING\r\n"))
				here.want("PONG")
				there.Send("PUB bar 9\r\nfrom nats\r\nPUB bar 200\r\n" + strings.Repeat("x", 200) + "\r\n")
				here.want("MSG bar 1 9", "from nats", "MSG bar 1 200", strings.Repeat("x", 200))
			})
		}
	})
}

// TestFrameLengths has a frame for each of the three forms of the length.
//
// parity: 9.1.7.1 9.1.7.2 9.1.7.3
func TestFrameLengths(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for _, size := range []int{100, 1000, 70_000} {
			s := connect(t, server)
			body := strings.Repeat("b", size) // the frame is 22 to 24 bytes longer
			s.send(data(fmt.Sprintf("SUB a 1\r\nPUB a %d\r\n%s\r\n", size, body)))
			s.want(fmt.Sprintf("MSG a 1 %d", size), body)
		}
	})
}

// TestBatches has several commands in one message.
func TestBatches(t *testing.T) {
	const pub = "PUB a 8\r\n12345678\r\n"
	process.Each(t, func(t *testing.T, target process.Target) {
		// parity: 9.1.35
		t.Run("plain, longer than max_payload", func(t *testing.T) {
			s := connect(t, process.Start(t, target, process.Options{Config: "max_payload: 16"}))
			s.send(data("SUB a 1\r\nPING\r\n"))
			s.want("PONG")
			s.send(data(pub + pub + "PING\r\n"))
			s.want("MSG a 1 8", "12345678", "MSG a 1 8", "12345678", "PONG")
		})
		// parity: 9.1.36
		t.Run("compressed", func(t *testing.T) {
			s := connect(t, process.Start(t, target, process.Options{Config: "max_payload: 64"}), deflated)
			s.send(data("SUB a 1\r\n"), packed("PUB a 1\r\na\r\n"))
			s.want("MSG a 1 1", "a")
			s.send(packed("PING\r\n"))
			s.want("PONG")
		})
		server := process.Start(t, target, process.Options{})
		// parity: 9.1.37
		t.Run("compressed, many", func(t *testing.T) {
			s := connect(t, server, deflated)
			s.send(data("SUB a 1\r\n"))
			for i := range 64 {
				body := fmt.Sprintf("%08d", i)
				s.send(packed("PUB a 8\r\n" + body + "\r\n"))
				s.want("MSG a 1 8", body)
			}
			s.send(packed("PING\r\n"))
			s.want("PONG")
		})
		// parity: 9.1.38
		t.Run("compressed, in fragments", func(t *testing.T) {
			s := connect(t, server, deflated)
			whole := wire.Deflate([]byte(pub))
			s.send(data("SUB a 1\r\n"),
				wire.Frame{More: true, RSV: wire.RSV1, Opcode: wire.Binary, Payload: whole[:4]},
				wire.Frame{Opcode: wire.Continuation, Payload: whole[4:]})
			s.want("MSG a 1 8", "12345678")
			s.alive()
		})
		// parity: 9.1.39
		t.Run("compressed, damaged", func(t *testing.T) {
			s := connect(t, server, deflated)
			f := packed(pub + pub)
			f.Payload[0] ^= 0x07 // the kind of its first block
			s.send(f)
			if closed := s.end(); closed.Code == 1000 {
				t.Error(closed)
			}
		})
	})
}

// TestMaxPayloadCompressed sends one byte more than allowed, in a message that is small on the wire.
//
// parity: 9.1.69.1 9.1.69.2 9.1.69.3
func TestMaxPayloadCompressed(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for config, size := range map[string]int{"": 1 << 20, "max_payload: 2MB": 2 << 20, "max_payload: 4096": 4096} {
			s := connect(t, process.Start(t, target, process.Options{Config: config}), deflated)
			s.send(packed(fmt.Sprintf("PUB a %d\r\n%s\r\n", size+1, strings.Repeat("a", size+1))))
			s.want("-ERR 'Maximum Payload Violation'")
			s.wantClose(1009, "Maximum Message Payload Exceeded", false)
		}
	})
}

// TestLargestCompressed sends exactly max_payload. nats-server limits the whole message, protocol line included
// (catalogue §3.5), so this is about Weir.
//
// parity: 9.4.2.1
func TestLargestCompressed(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		s := connect(t, process.Start(t, process.Weir, process.Options{}), deflated)
		body := strings.Repeat("a", 1<<20)
		s.send(data("SUB a 1\r\n"), packed("PUB a 1048576\r\n"+body+"\r\n"))
		s.want("MSG a 1 1048576", body)
	})
}

// TestSmallWindow has a reader with a small receive window who does not read at first: the server can write a little at
// a time only. Nothing is lost, and nothing changes its place.
func TestSmallWindow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var lines []string
	var stream []byte
	for range 600 { // 6 MB: more than both sockets hold
		body := make([]byte, 10+random.IntN(20_000))
		for i := range body {
			body[i] = "0123456789abcdef"[random.IntN(16)] // it can be compressed, but not much
		}
		lines = append(lines, fmt.Sprintf("MSG a 1 %d", len(body)), string(body))
		stream = fmt.Appendf(stream, "PUB a %d\r\n%s\r\n", len(body), body)
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for name, header := range map[string][]string{
			// parity: 9.1.67
			"plain": nil,
			// parity: 9.1.51
			"compressed": {deflated},
		} {
			t.Run(name, func(t *testing.T) {
				reader, publisher := connect(t, server, header...), connect(t, server)
				if err := reader.Conn.Conn.(*net.TCPConn).SetReadBuffer(128 << 10); err != nil {
					t.Fatal(err)
				}
				reader.send(data("SUB a 1\r\nPING\r\n"))
				reader.want("PONG")
				publisher.send(data(string(stream) + "PING\r\n"))
				publisher.want("PONG")
				reader.send(wire.Frame{Opcode: wire.Ping, Payload: []byte("my ping")}, data("PING\r\n"))
				reader.want(lines...)
				reader.want("PONG")
				if len(reader.pongs) != 1 || reader.pongs[0] != "my ping" {
					t.Errorf("pongs %q", reader.pongs)
				}
			})
		}
	})
}

// TestManyReceivers has receivers who get the same messages in frames of their own: what is done for one must not be seen
// by another.
//
// parity: 9.1.68
func TestManyReceivers(t *testing.T) {
	const browser = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/131.0"
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		var receivers []*session
		for range 2 {
			for _, header := range [][]string{nil, {deflated}, {browser}, {browser, deflated}} {
				s := connect(t, server, header...)
				s.send(data("SUB a 1\r\nPING\r\n"))
				s.want("PONG")
				receivers = append(receivers, s)
			}
		}
		plain, publisher := connectPlain(t, server), connectPlain(t, server)
		plain.Send("SUB a 1\r\nPING\r\n")
		plain.Want("PONG")
		for range 100 {
			body := make([]byte, 8315)
			for i := range body {
				body[i] = "0123456789abcdef"[rand.IntN(16)]
			}
			publisher.Send(fmt.Sprintf("PUB a %d\r\n%s\r\n", len(body), body))
			plain.Want("MSG a 1 8315", string(body))
			for _, s := range receivers {
				s.want("MSG a 1 8315", string(body))
			}
		}
	})
}

// TestBrowser is a client with the name of a browser: nats-server sends it frames of 4 KiB at most, and compressed
// messages in fragments unless it is Safari (catalogue §4.3). Weir knows no browsers.
func TestBrowser(t *testing.T) {
	const (
		chrome = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0 Safari/537.36"
		safari = "User-Agent: Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15"
		small  = 4096 // nats-server's frames
		large  = 256 << 10
	)
	body := make([]byte, 204_813)
	for i := range body {
		body[i] = "0123456789abcdef"[rand.IntN(16)]
	}
	rows := []struct {
		name      string
		header    []string
		stock     int // the longest frame of nats-server
		fragments bool
	}{
		// parity: 9.1.49 9.4.14.2
		{"browser", []string{chrome}, small, false},
		// parity: 9.1.52.1
		{"browser, compressed", []string{chrome, deflated}, small, true},
		{"safari, compressed", []string{safari, deflated}, 2 * len(body), false},
		{"no browser", nil, 2 * len(body), false},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				s, publisher := connect(t, server, row.header...), connectPlain(t, server)
				s.send(data("SUB a 1\r\nPING\r\n"))
				s.want("PONG")
				publisher.Send(fmt.Sprintf("PUB a %d\r\n%s\r\n", len(body), body))
				longest, fragmented := 0, false
				got := s.frames(func(f wire.Frame) {
					longest = max(longest, len(f.Payload))
					fragmented = fragmented || f.More
				})
				if want := fmt.Appendf(nil, "MSG a 1 %d\r\n%s\r\n", len(body), body); !bytes.Equal(got, want) {
					t.Fatalf("got %d bytes, want %d", len(got), len(want))
				}
				limit, fragments := large, false
				if target == process.Stock {
					limit, fragments = row.stock, row.fragments
				}
				if longest > limit || fragmented != fragments {
					t.Errorf("the longest frame has %d bytes, the limit is %d; fragments: %v", longest, limit, fragmented)
				}
			})
		}
	})
}

// frames reads one NATS message frame by frame, and shows each frame.
func (s *session) frames(see func(wire.Frame)) []byte {
	s.t.Helper()
	var plain, message []byte
	compressed := false
	for !bytes.HasSuffix(plain, []byte("\r\n")) || bytes.Count(plain, []byte("\r\n")) < 2 {
		f, err := s.Frame()
		if err != nil {
			s.t.Fatal(err)
		}
		if bytes.Equal(f.Payload, []byte("PING\r\n")) {
			continue // the server measures the round trip whenever it likes
		}
		see(f)
		if f.Opcode != wire.Continuation {
			compressed = f.RSV == wire.RSV1
		}
		if message = append(message, f.Payload...); f.More {
			continue
		}
		if compressed {
			if message, err = wire.Inflate(message); err != nil {
				s.t.Fatal(err)
			}
		}
		plain, message = append(plain, message...), nil
	}
	return plain
}
