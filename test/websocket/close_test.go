package websocket

import (
	"encoding/binary"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"weir/test/process"
	"weir/test/wire"
)

func closeFrame(code int, text string) wire.Frame {
	return wire.Frame{Opcode: wire.Close, Payload: append(binary.BigEndian.AppendUint16(nil, uint16(code)), text...)}
}

// TestCloseEcho has catalogue §3.3: a proper close frame comes back as it was.
//
// parity: 9.1.12.1 9.1.12.2
func TestCloseEcho(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4000, 4999} {
			for _, text := range []string{"", "so long", "grüße", strings.Repeat("t", 123)} {
				s := dial(t, server)
				s.send(closeFrame(code, text))
				s.wantClose(code, text, false)
			}
		}
		// parity: 9.1.12.3
		t.Run("empty", func(t *testing.T) {
			s := dial(t, server)
			s.send(wire.Frame{Opcode: wire.Close})
			s.wantClose(1005, "", false)
		})
		t.Run("between fragments", func(t *testing.T) {
			s := connect(t, server)
			s.send(wire.Frame{More: true, Opcode: wire.Binary, Payload: []byte("PI")}, closeFrame(1000, ""))
			s.wantClose(1000, "", false)
		})
		t.Run("what follows is not read", func(t *testing.T) {
			other := connect(t, server)
			other.send(data("SUB after 1\r\nPING\r\n"))
			other.want("PONG")
			s := connect(t, server)
			s.send(closeFrame(1000, ""), data("PUB after 1\r\nx\r\n"))
			s.wantClose(1000, "", false)
			other.alive()
		})
		// parity: 9.1.12
		t.Run("pending messages go first", func(t *testing.T) {
			s := connect(t, server)
			s.send(data("SUB a 1\r\nPUB a 2\r\nhi\r\n"), closeFrame(1000, ""))
			s.want("MSG a 1 2", "hi")
			s.wantClose(1000, "", false)
		})
	})
}

// parity: 9.1.14.3
func TestCloseMalformed(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for _, code := range []int{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535} {
			s := connect(t, server)
			s.send(closeFrame(code, ""))
			s.wantClose(1002, fmt.Sprintf("invalid close status code %d", code), true)
		}
		// parity: 9.1.14.2
		t.Run("one byte", func(t *testing.T) {
			s := connect(t, server)
			s.send(wire.Frame{Opcode: wire.Close, Payload: []byte{3}})
			s.wantClose(1002, "close frame payload cannot be 1 byte", true)
		})
		// parity: 9.1.16.2
		t.Run("text that is no UTF-8", func(t *testing.T) {
			s := connect(t, server)
			s.send(closeFrame(1000, "\xff\xfe"))
			s.wantClose(1007, "invalid utf8 body in close frame", true)
		})
	})
}

// TestShutdown: whoever is connected hears that it was not their fault.
//
// parity: 9.1.20.18
func TestShutdown(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		connected, fresh := connect(t, server), dial(t, server)
		// The INFO may be here before the server has entered the connection in its list; the pong comes after that.
		fresh.send(wire.Frame{Opcode: wire.Ping})
		for len(fresh.pongs) == 0 {
			if _, err := fresh.more(); err != nil {
				t.Fatal(err)
			}
		}
		if err := server.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		connected.wantClose(1001, "Server Shutdown", false)
		fresh.wantClose(1001, "Server Shutdown", false)
	})
}
