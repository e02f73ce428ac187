package websocket

import (
	"net"
	"strings"
	"testing"

	"weir/test/process"
	"weir/test/wire"
)

// TestPongs: a pong is for nobody.
//
// parity: 9.1.11
func TestPongs(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := connect(t, process.Start(t, target, process.Options{}))
		s.send(data("PI"), wire.Frame{Opcode: wire.Pong}, wire.Frame{Opcode: wire.Pong, Payload: []byte("PING\r\n")}, data("NG\r\n"))
		s.want("PONG")
		s.send(closeFrame(1000, ""))
		s.wantClose(1000, "", false)
		if len(s.text) > 0 || len(s.pongs) > 0 {
			t.Errorf("the server said %q, %q", s.text, s.pongs)
		}
	})
}

// TestCloseInPieces sends a close frame byte by byte.
//
// parity: 9.1.14.1
func TestCloseInPieces(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		pace, s := connect(t, server), connect(t, server)
		for _, b := range closeFrame(1000, "hello").Append(nil) {
			if _, err := s.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
			pace.alive() // a round trip here gives the server the time to read there
		}
		s.wantClose(1000, "hello", false)
	})
}

// TestReset has clients that vanish in the middle of a frame. What they said before counts, and they are gone.
func TestReset(t *testing.T) {
	long := func(size int) []byte {
		return wire.Frame{Opcode: wire.Binary, Payload: make([]byte, size)}.Append(nil)
	}
	rows := []struct {
		name string
		half []byte
	}{
		// parity: 9.1.15
		{"one byte of a header", long(10)[:1]},
		{"length in 7 bits, half a mask", long(10)[:4]},
		{"length in 16 bits, half of it", long(200)[:3]},
		{"length in 16 bits, half a mask", long(200)[:6]},
		{"length in 64 bits, half of it", long(70_000)[:6]},
		{"length in 64 bits, half a mask", long(70_000)[:13]},
		{"half a payload", long(200)[:100]},
		// parity: 9.1.16.1
		{"half a close frame", closeFrame(1000, "hello").Append(nil)[:9]},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		other := connect(t, server)
		other.send(data("SUB a 1\r\nPING\r\n"))
		other.want("PONG")
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				s := connect(t, server)
				if err := s.Conn.Conn.(*net.TCPConn).SetLinger(0); err != nil { // closing it resets it
					t.Fatal(err)
				}
				s.send(data("SUB b 1\r\n")) // so that it can be seen to be gone
				if _, err := s.Write(append(data("PUB a 5\r\nhello\r\n").Append(nil), row.half...)); err != nil {
					t.Fatal(err)
				}
				other.want("MSG a 1 5", "hello")
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if !process.Await(process.Patience, func() bool { return count(t, server) == 1 }) {
					t.Error("it is still connected")
				}
			})
		}
	})
}

// count is the number of connections that the server says it has.
func count(t *testing.T, server *process.Server) int {
	t.Helper()
	var answer struct {
		Connections int `json:"connections"`
	}
	server.Page(t, "/varz", &answer)
	return answer.Connections
}

// TestHugeLength claims as many bytes as a length can say.
//
// parity: 9.1.18
// advisory: CVE-2026-27889
func TestHugeLength(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := connect(t, process.Start(t, target, process.Options{}))
		if _, err := s.Write([]byte("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04")); err != nil {
			t.Fatal(err)
		}
		s.wantClose(1002, "invalid 64-bit payload length", true)
	})
}

// TestCompressedNothing has compressed messages without a byte in them. Such a message is an error (catalogue §3.5), and
// not the end of the server.
//
// parity: 9.1.19
func TestCompressedNothing(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for name, frames := range map[string][]wire.Frame{
			"one frame": {{RSV: wire.RSV1, Opcode: wire.Binary}},
			"fragments": {{More: true, RSV: wire.RSV1, Opcode: wire.Binary}, {More: true}, {}},
		} {
			t.Run(name, func(t *testing.T) {
				s := connect(t, server, deflated)
				s.send(append(frames, wire.Frame{Opcode: wire.Ping})...)
				if closed := s.end(); closed.Code == 1000 {
					t.Error(closed)
				}
				connect(t, server)
			})
		}
	})
}

// TestUnknownOpcodes has every opcode that RFC 6455 §5.2 keeps for later.
//
// parity: 9.4.4.4
func TestUnknownOpcodes(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for opcode, text := range map[byte]string{3: "3", 4: "4", 5: "5", 6: "6", 7: "7", 11: "11", 12: "12", 13: "13", 14: "14", 15: "15"} {
			s := connect(t, server)
			s.send(wire.Frame{Opcode: opcode})
			s.wantClose(1002, "unknown opcode "+text, true)
		}
	})
}

// TestParseError: a client that reports an error is let go.
//
// parity: 9.1.20.14 9.1.46
func TestParseError(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := connect(t, process.Start(t, target, process.Options{}))
		s.send(data("-ERR 'x'\r\n"))
		s.wantClose(1002, "Parse Error", false)
	})
}

// TestSlowConsumers have no close frame: nobody reads it.
func TestSlowConsumers(t *testing.T) {
	rows := []struct{ name, config, reason string }{
		// parity: 9.1.20.4 9.4.12.6
		{"pending bytes", "max_pending: 1MB\nwrite_deadline: \"60s\"", "Slow Consumer (Pending Bytes)"},
		// parity: 9.1.20.5
		{"write deadline", "write_deadline: \"200ms\"", "Slow Consumer (Write Deadline)"},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				server := process.Start(t, target, process.Options{Config: row.config})
				slow, publisher := connect(t, server), connectPlain(t, server)
				slow.send(data("SUB a 1\r\nPING\r\n"))
				slow.want("PONG")
				message := "PUB a 65536\r\n" + strings.Repeat("x", 65_536) + "\r\n"
				for range 400 { // 25 MB: more than the sockets hold
					publisher.Send(message)
				}
				publisher.Send("PING\r\n")
				publisher.Want("PONG")
				if !process.Await(process.Patience, func() bool { return closedFor(t, server) == row.reason }) {
					t.Errorf("closed for %q, want %q", closedFor(t, server), row.reason)
				}
				for {
					m, err := slow.Next()
					if closed, ok := err.(*wire.CloseError); ok && closed.Code != 1006 {
						t.Error(closed)
					}
					if err != nil { // the end may come within a frame
						break
					}
					if m.Opcode != wire.Binary {
						t.Fatalf("opcode %d", m.Opcode)
					}
				}
			})
		}
	})
}

// closedFor is why the first connection that is gone is gone; "" if there is none.
func closedFor(t *testing.T, server *process.Server) string {
	t.Helper()
	if all := server.Connections(t, "state=closed"); len(all) > 0 {
		return all[0].Reason
	}
	return ""
}
