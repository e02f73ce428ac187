package websocket

import (
	"slices"
	"strings"
	"testing"

	"weir/test/process"
	"weir/test/wire"
)

// TestPing has pings of every size that is allowed, before CONNECT.
//
// parity: 9.1.10.1 9.1.10.2
func TestPing(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := dial(t, process.Start(t, target, process.Options{}))
		payloads := []string{"", "x", "hello", strings.Repeat("p", 125)}
		for _, payload := range payloads {
			s.send(wire.Frame{Opcode: wire.Ping, Payload: []byte(payload)})
		}
		s.alive()
		if !slices.Equal(s.pongs, payloads) {
			t.Errorf("pongs %q, want %q", s.pongs, payloads)
		}
	})
}

// TestFragments cuts the NATS stream into frames wherever it likes: frames mean nothing to it.
func TestFragments(t *testing.T) {
	ping := func(text string) wire.Frame { return wire.Frame{Opcode: wire.Ping, Payload: []byte(text)} }
	first := func(text string) wire.Frame {
		return wire.Frame{Opcode: wire.Binary, More: true, Payload: []byte(text)}
	}
	middle := func(text string) wire.Frame {
		return wire.Frame{Opcode: wire.Continuation, More: true, Payload: []byte(text)}
	}
	last := func(text string) wire.Frame { return wire.Frame{Opcode: wire.Continuation, Payload: []byte(text)} }
	rows := []struct {
		name   string
		frames []wire.Frame
		pongs  []string
	}{
		// parity: 9.1.6
		{"one verb in two messages", []wire.Frame{data("PI"), data("NG\r\n")}, nil},
		{"two fragments", []wire.Frame{first("PI"), last("NG\r\n")}, nil},
		// parity: 9.1.8
		{"pings between", []wire.Frame{first("PI"), ping("1"), middle("N"), ping("2"), last("G\r\n")}, []string{"1", "2"}},
		{"empty fragments", []wire.Frame{first(""), middle(""), middle("PING\r\n"), middle(""), last("")}, nil},
		{"empty message", []wire.Frame{data(""), data(""), data("PING\r\n")}, nil},
		// parity: 9.1.13
		{"pong in between", []wire.Frame{first("PI"), {Opcode: wire.Pong, Payload: []byte("?")}, last("NG\r\n")}, nil},
		{"text message", []wire.Frame{{Opcode: wire.Text, Payload: []byte("PING\r\n")}}, nil},
		{"text with fragments", []wire.Frame{{Opcode: wire.Text, More: true, Payload: []byte("PI")}, last("NG\r\n")}, nil},
		// parity: 9.4.4.5
		{"length in 16 bits", []wire.Frame{{Opcode: wire.Binary, Form: 16, Payload: []byte("PING\r\n")}}, nil},
		// parity: 9.4.4.5
		{"length in 64 bits", []wire.Frame{{Opcode: wire.Binary, Form: 64, Payload: []byte("PING\r\n")}}, nil},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				s := connect(t, server)
				s.send(row.frames...)
				s.want("PONG")
				if !slices.Equal(s.pongs, row.pongs) {
					t.Errorf("pongs %q, want %q", s.pongs, row.pongs)
				}
				s.alive()
			})
		}
		// parity: 9.4.4.6
		t.Run("text that is no UTF-8", func(t *testing.T) {
			s := connect(t, server)
			s.send(wire.Frame{Opcode: wire.Text, Payload: []byte("SUB \xff 1\r\nPUB \xff 1\r\n\xfe\r\n")})
			s.want("MSG \xff 1 1", "\xfe")
		})
		t.Run("one frame for every byte", func(t *testing.T) {
			s := connect(t, server)
			frames := []wire.Frame{first("S")}
			for _, b := range []byte("UB a 1\r\nPUB a 3\r\nabc\r\n") {
				frames = append(frames, middle(string(b)))
			}
			s.send(append(frames, last(""))...)
			s.want("MSG a 1 3", "abc")
		})
	})
}

// TestAnyCut cuts the bytes of a session, frame headers and masks included, at every place.
//
// parity: 9.1.1 9.1.3 9.1.6 9.1.9
func TestAnyCut(t *testing.T) {
	var stream []byte
	for _, f := range []wire.Frame{
		data("SUB a 1\r\n"),
		{Opcode: wire.Ping, Payload: []byte("p")},
		{Opcode: wire.Binary, More: true, Payload: []byte("PUB a 130\r\n")},
		{Opcode: wire.Continuation, Form: 16, Payload: []byte(strings.Repeat("x", 130) + "\r\n")},
		{Opcode: wire.Binary, RSV: wire.RSV1, Form: 64, Payload: wire.Deflate([]byte("PUB a 2\r\nhi\r\nPING\r\n"))},
	} {
		stream = f.Append(stream)
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		pace := connect(t, server) // a round trip here gives the server the time to read there
		for at := 1; at < len(stream); at++ {
			s := connect(t, server, deflated)
			for _, part := range [][]byte{stream[:at], stream[at:]} {
				if _, err := s.Write(part); err != nil {
					t.Fatal(err)
				}
				pace.alive()
			}
			s.want("MSG a 1 130", strings.Repeat("x", 130), "MSG a 1 2", "hi", "PONG")
			if !slices.Equal(s.pongs, []string{"p"}) {
				t.Fatalf("cut at %d: pongs %q", at, s.pongs)
			}
			_ = s.Close()
		}
	})
}

// noMasking allows bare frames. nats-server allows them to everybody who asks; Weir only where the configuration does.
func noMasking(target process.Target) process.Options {
	return process.Options{WebSocket: map[process.Target]string{process.Weir: "no_masking: true"}[target]}
}

// TestNoMasking lets a client that agreed on it send bare frames.
func TestNoMasking(t *testing.T) {
	bare := data("PING\r\n")
	bare.Bare = true
	process.Each(t, func(t *testing.T, target process.Target) {
		s := dial(t, process.Start(t, target, noMasking(target)), "Nats-No-Masking: true")
		s.send(bare, wire.Frame{Opcode: wire.Ping, Bare: true, Payload: []byte("p")})
		s.want("PONG")
		s.send(bare)
		s.want("PONG")
		if !slices.Equal(s.pongs, []string{"p"}) {
			t.Errorf("pongs %q", s.pongs)
		}
	})
	process.OnWeir(t, func(t *testing.T) {
		// parity: 9.4.5.1
		t.Run("masked all the same", func(t *testing.T) { // nats-server takes the mask for payload
			s := dial(t, process.Start(t, process.Weir, noMasking(process.Weir)), "Nats-No-Masking: true")
			s.send(data("PING\r\n"), bare, data("PING\r\n"))
			s.want("PONG", "PONG", "PONG")
		})
		t.Run("not configured", func(t *testing.T) {
			s := dial(t, process.Start(t, process.Weir, process.Options{}), "Nats-No-Masking: true")
			s.send(bare)
			s.wantClose(1002, "mask bit missing", false)
		})
	})
}

// violations are the rules of catalogue §3.2 in their order.
var violations = []struct {
	name, text string
	compressed bool
	frames     []wire.Frame
}{
	// parity: 9.4.4.1
	{"rsv2", "RSV2 and RSV3 must be clear", true, []wire.Frame{{RSV: wire.RSV2, Opcode: wire.Binary}}},
	// parity: 9.4.4.1
	{"rsv3", "RSV2 and RSV3 must be clear", false, []wire.Frame{{RSV: wire.RSV3, Opcode: wire.Ping}}},
	// parity: 9.1.17.9
	{"rsv1 not agreed", "compressed frame received without negotiated permessage-deflate", false,
		[]wire.Frame{{RSV: wire.RSV1, Opcode: wire.Binary, Payload: wire.Deflate([]byte("PING\r\n"))}}},
	// parity: 9.1.17.1
	{"no mask", "mask bit missing", false, []wire.Frame{{Bare: true, Opcode: wire.Binary, Payload: []byte("PING\r\n")}}},
	{"no mask on a ping", "mask bit missing", false, []wire.Frame{{Bare: true, Opcode: wire.Ping}}},
	{"no mask on a close", "mask bit missing", false, []wire.Frame{{Bare: true, Opcode: wire.Close}}},
	// parity: 9.1.17.2
	{"long ping", "control frame length bigger than maximum allowed of 125 bytes", false,
		[]wire.Frame{{Opcode: wire.Ping, Payload: make([]byte, 126)}}},
	{"ping in long form", "control frame length bigger than maximum allowed of 125 bytes", false,
		[]wire.Frame{{Opcode: wire.Ping, Form: 16}}},
	// parity: 9.1.17.3
	{"ping in fragments", "control frame does not have final bit set", false, []wire.Frame{{More: true, Opcode: wire.Ping}}},
	{"close in fragments", "control frame does not have final bit set", false, []wire.Frame{{More: true, Opcode: wire.Close}}},
	// parity: 9.4.4.2
	{"compressed ping", "control frame must not be compressed", true, []wire.Frame{{RSV: wire.RSV1, Opcode: wire.Ping}}},
	// parity: 9.1.17.4
	{"message within a message", "new message started before final frame for previous message was received", false,
		[]wire.Frame{{More: true, Opcode: wire.Binary, Payload: []byte("PI")}, data("NG\r\n")}},
	{"text within binary", "new message started before final frame for previous message was received", false,
		[]wire.Frame{{More: true, Opcode: wire.Binary}, {Opcode: wire.Text}}},
	// parity: 9.1.17.6
	{"continues nothing", "invalid continuation frame", false, []wire.Frame{{Opcode: wire.Continuation}}},
	// parity: 9.1.17.5
	{"continues what is over", "invalid continuation frame", false, []wire.Frame{data(""), {Opcode: wire.Continuation}}},
	// parity: 9.4.4.3
	{"rsv1 on a continuation", "invalid continuation frame", true,
		[]wire.Frame{{More: true, RSV: wire.RSV1, Opcode: wire.Binary}, {RSV: wire.RSV1, Opcode: wire.Continuation}}},
	{"opcode 3", "unknown opcode 3", false, []wire.Frame{{Opcode: 3}}},
	{"opcode 7", "unknown opcode 7", false, []wire.Frame{{Opcode: 7}}},
	// parity: 9.1.17.7
	{"opcode 11", "unknown opcode 11", false, []wire.Frame{{Opcode: 11}}},
	{"opcode 15", "unknown opcode 15", false, []wire.Frame{{Opcode: 15}}},
}

// parity: 9.4.1.1
func TestViolations(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for _, row := range violations {
			t.Run(row.name, func(t *testing.T) {
				header := []string{}
				if row.compressed {
					header = append(header, deflated)
				}
				s := connect(t, server, header...)
				s.send(row.frames...)
				s.wantClose(1002, row.text, true)
			})
		}
		// parity: 9.1.17.8
		t.Run("length with the top bit", func(t *testing.T) {
			s := connect(t, server)
			if _, err := s.Write([]byte{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}); err != nil {
				t.Fatal(err)
			}
			s.wantClose(1002, "invalid 64-bit payload length", true)
		})
	})
}

// TestDeliveredBeforeViolation: what was parsed before the bad frame still reaches the others.
//
// parity: 9.1.17 9.1.40
func TestDeliveredBeforeViolation(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		other := connect(t, server)
		other.send(data("SUB a 1\r\nPING\r\n"))
		other.want("PONG")
		s := connect(t, server)
		s.send(data("PUB a 2\r\nhi\r\n"), wire.Frame{Opcode: 3})
		s.wantClose(1002, "unknown opcode 3", true)
		other.want("MSG a 1 2", "hi")
	})
}
