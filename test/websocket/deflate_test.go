package websocket

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"weir/test/process"
	"weir/test/wire"
)

// TestOffers has offers that every server may take, and what may not be in the answer to them.
//
// parity: 9.1.27.2
func TestOffers(t *testing.T) {
	rows := []struct{ name, offer string }{
		{"bare", "permessage-deflate"},
		{"as nats.go", wire.Offer},
		{"as a browser", "permessage-deflate; client_max_window_bits"},
		{"in capitals", "Permessage-Deflate"},
		{"second choice", "x-webkit-deflate-frame, permessage-deflate"},
		// parity: 9.4.6.3
		{"several offers", "permessage-deflate; client_max_window_bits=15, permessage-deflate"},
		{"as python", "permessage-deflate; server_max_window_bits=15; client_max_window_bits=15"},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				s := connect(t, server, "Sec-WebSocket-Extensions: "+row.offer)
				if !s.Compressed {
					t.Fatal("compression declined")
				}
				answer := parameters(t, s.Response)
				if _, ok := answer["server_no_context_takeover"]; !ok {
					t.Errorf("answer %v keeps a window on the server", answer)
				}
				if bits, ok := answer["client_max_window_bits"]; ok && !strings.Contains(row.offer, "client_max_window_bits") {
					t.Errorf("answer has client_max_window_bits=%s, which was not offered", bits) // RFC 7692 §7.1.2.2
				}
				s.send(wire.Frame{RSV: wire.RSV1, Opcode: wire.Binary, Payload: wire.Deflate([]byte("PING\r\n"))})
				s.want("PONG")
			})
		}
	})
}

// parameters reads the answer: exactly one permessage-deflate and each parameter once, RFC 7692 §5.
func parameters(t *testing.T, response *http.Response) map[string]string {
	t.Helper()
	answer := response.Header.Get("Sec-WebSocket-Extensions")
	if len(response.Header.Values("Sec-WebSocket-Extensions")) != 1 || strings.Contains(answer, ",") {
		t.Fatalf("answer %q", response.Header.Values("Sec-WebSocket-Extensions"))
	}
	found := map[string]string{}
	for i, term := range strings.Split(answer, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(term), "=")
		if i == 0 {
			if name != "permessage-deflate" {
				t.Fatalf("answer %q", answer)
			}
			continue
		}
		if _, twice := found[name]; twice {
			t.Fatalf("answer %q", answer)
		}
		found[name] = value
	}
	return found
}

// TestHardOffers has offers where RFC 7692 leaves no choice but to honour or to decline. nats-server does neither
// (catalogue §2.4), so this is about Weir.
func TestHardOffers(t *testing.T) {
	rows := []struct {
		name, offer string
		mayAccept   bool
	}{
		// parity: 9.4.6.1
		{"small server window", "permessage-deflate; server_max_window_bits=9", true},
		// parity: 9.4.6.2
		{"other extension's parameter", "foo; permessage-deflate", false},
		{"unknown parameter", "permessage-deflate; level=9", false},                                      // §7.1
		{"parameter twice", "permessage-deflate; client_max_window_bits; client_max_window_bits", false}, // §7.1
		{"window of 7 bits", "permessage-deflate; server_max_window_bits=7", false},                      // §7.1.2.1
		{"window of 16 bits", "permessage-deflate; server_max_window_bits=16", false},                    // §7.1.2.1
		{"window with leading zero", "permessage-deflate; server_max_window_bits=09", false},             // §7.1.2.1
		{"window without value", "permessage-deflate; server_max_window_bits", false},                    // §7.1.2.1
		{"takeover with a value", "permessage-deflate; server_no_context_takeover=1", false},             // §7.1.1.1
	}
	process.OnWeir(t, func(t *testing.T) {
		server := process.Start(t, process.Weir, process.Options{})
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				s := connect(t, server, "Sec-WebSocket-Extensions: "+row.offer)
				s.alive()
				if !s.Compressed {
					return
				}
				if !row.mayAccept {
					t.Fatalf("accepted: %q", s.Response.Header)
				}
				bits, err := strconv.Atoi(parameters(t, s.Response)["server_max_window_bits"])
				if err != nil || bits > 9 {
					t.Errorf("server_max_window_bits is %d, %v, want at most 9", bits, err)
				}
			})
		}
		t.Run("a good offer after a bad one", func(t *testing.T) {
			s := connect(t, server, "Sec-WebSocket-Extensions: permessage-deflate; level=9, permessage-deflate")
			if !s.Compressed {
				t.Error("declined")
			}
		})
	})
}

// TestCompressionOff is a server that does not compress: nothing is answered and nothing compressed is taken.
//
// parity: 9.1.27.1
func TestCompressionOff(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{WebSocket: "compression: false"})
		s := connect(t, server, deflated)
		if _, ok := s.Response.Header["Sec-Websocket-Extensions"]; ok {
			t.Errorf("answer %q", s.Response.Header)
		}
		s.alive()
		s.send(wire.Frame{RSV: wire.RSV1, Opcode: wire.Binary, Payload: wire.Deflate([]byte("PING\r\n"))})
		s.wantClose(1002, "compressed frame received without negotiated permessage-deflate", true)
	})
}

// TestCompressedInput has the forms in which a client may send a compressed message.
func TestCompressedInput(t *testing.T) {
	whole := wire.Deflate([]byte("PING\r\n"))
	long := wire.Deflate([]byte("SUB a 1\r\nPUB a 3000\r\n" + strings.Repeat("abc", 1000) + "\r\n"))
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		t.Run("in fragments with a ping between", func(t *testing.T) {
			s := connect(t, server, deflated)
			s.send(wire.Frame{More: true, RSV: wire.RSV1, Opcode: wire.Binary, Payload: long[:3]},
				wire.Frame{Opcode: wire.Ping, Payload: []byte("p")},
				wire.Frame{More: true, Opcode: wire.Continuation, Payload: long[3:10]},
				wire.Frame{Opcode: wire.Continuation, Payload: long[10:]})
			s.want("MSG a 1 3000", strings.Repeat("abc", 1000))
		})
		t.Run("plain and compressed mixed", func(t *testing.T) {
			s := connect(t, server, deflated)
			s.send(data("PI"), wire.Frame{RSV: wire.RSV1, Opcode: wire.Binary, Payload: wire.Deflate([]byte("NG\r\nPI"))}, data("NG\r\n"))
			s.want("PONG", "PONG")
		})
		t.Run("final block", func(t *testing.T) {
			// A stored block with BFINAL, RFC 7692 §7.2.3.4: legal, and the bytes that are appended to it mean nothing.
			s := connect(t, server, deflated)
			s.send(wire.Frame{RSV: wire.RSV1, Opcode: wire.Binary, Payload: []byte("\x01\x06\x00\xf9\xffPING\r\n\x00")})
			s.want("PONG")
			s.alive()
		})
		t.Run("stored block", func(t *testing.T) {
			s := connect(t, server, deflated)
			s.send(wire.Frame{RSV: wire.RSV1, Opcode: wire.Binary, Payload: []byte("\x00\x06\x00\xf9\xffPING\r\n\x00")})
			s.want("PONG")
		})
		t.Run("empty message", func(t *testing.T) {
			s := connect(t, server, deflated)
			s.send(wire.Frame{RSV: wire.RSV1, Opcode: wire.Binary, Payload: []byte{0}})
			s.alive()
		})
		t.Run("no window is kept", func(t *testing.T) {
			s := connect(t, server, deflated)
			for range 3 {
				s.send(wire.Frame{RSV: wire.RSV1, Opcode: wire.Binary, Payload: whole})
				s.want("PONG")
			}
		})
		t.Run("corrupt", func(t *testing.T) {
			s := connect(t, server, deflated)
			s.send(wire.Frame{RSV: wire.RSV1, Opcode: wire.Binary, Payload: []byte("\xff\xff\xff\xff")})
			if closed := s.end(); closed.Code == 1000 {
				t.Error(closed)
			}
		})
		t.Run("bomb", func(t *testing.T) {
			s := connect(t, server, deflated)
			s.send(wire.Frame{RSV: wire.RSV1, Opcode: wire.Binary, Payload: wire.Deflate(make([]byte, 256<<20))})
			if closed := s.end(); closed.Code == 1000 {
				t.Error(closed)
			}
		})
		t.Run("no end", func(t *testing.T) { // up to eight times max_payload is kept
			s := connect(t, server, deflated)
			s.send(wire.Frame{More: true, RSV: wire.RSV1, Opcode: wire.Binary, Payload: make([]byte, 1<<20)})
			for range 8 {
				err := s.Send(wire.Frame{More: true, Opcode: wire.Continuation, Payload: make([]byte, 1<<20)})
				if err != nil && target == process.Stock { // it closes with the rest unread, which is a reset
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
			closed := s.end()
			if target == process.Weir && closed.Code != 1009 {
				t.Error(closed)
			}
		})
	})
}

// TestEmptyLastFragment ends a compressed message with an empty frame, as a client does that flushes its compressor
// first. nats-server waits for another byte (catalogue §3.5), so this is about Weir.
//
// parity: 9.4.3
func TestEmptyLastFragment(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		s := connect(t, process.Start(t, process.Weir, process.Options{}), deflated)
		s.send(wire.Frame{More: true, RSV: wire.RSV1, Opcode: wire.Binary, Payload: wire.Deflate([]byte("PING\r\n"))})
		s.send(wire.Frame{Opcode: wire.Continuation})
		s.want("PONG")
	})
}

// TestCompressedOutput: short flushes are not worth it, long ones are.
//
// parity: 9.1.50.1 9.1.50.2
func TestCompressedOutput(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := connect(t, process.Start(t, target, process.Options{}), deflated)
		publish := func(size int, body string) wire.Message {
			line := "MSG a 1 " + strconv.Itoa(len(body))
			s.send(data("PUB a " + strconv.Itoa(len(body)) + "\r\n" + body + "\r\n"))
			m, err := s.more()
			if err != nil {
				t.Fatal(err)
			}
			s.want(line, body)
			return m
		}
		s.send(data("SUB a 1\r\nPING\r\n"))
		s.want("PONG")
		// 64 bytes with the MSG line, catalogue §4.2.
		if m := publish(64, strings.Repeat("x", 64-len("MSG a 1 50\r\n\r\n"))); m.Compressed {
			t.Error("64 bytes were compressed")
		}
		if m := publish(4096, strings.Repeat("x", 4096)); !m.Compressed || m.Fragments != 1 {
			t.Errorf("4 KiB of one letter: compressed %v, fragments %d", m.Compressed, m.Fragments)
		}
		random := make([]byte, 20_000)
		for i := range random {
			random[i] = byte('a' + rand.N(26))
		}
		publish(len(random), string(random))
	})
}
