package websocket

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"weir/test/process"
	"weir/test/wire"
)

func TestMain(m *testing.M) { process.Main(m) }

// deflated is the header that offers compression as nats.go does.
const deflated = "Sec-WebSocket-Extensions: " + wire.Offer

// session is an upgraded connection that is closed with the test.
type session struct {
	*wire.Conn
	t      *testing.T
	server *process.Server
	text   []byte // data received and not yet asked for
	pongs  []string
}

// over upgrades nc, which belongs to the test. The INFO has not been read.
func over(t *testing.T, server *process.Server, nc net.Conn, request string) (*session, error) {
	c, err := wire.Upgrade(nc, process.Patience, request)
	return &session{Conn: c, t: t, server: server}, err
}

// dial upgrades and takes the INFO.
func dial(t *testing.T, server *process.Server, header ...string) *session {
	t.Helper()
	s, info := dialInfo(t, server, header...)
	if !strings.HasPrefix(info, "INFO {") {
		t.Fatalf("first line is %q", info)
	}
	return s
}

// dialInfo is dial, and the INFO.
func dialInfo(t *testing.T, server *process.Server, header ...string) (*session, string) {
	t.Helper()
	s, err := over(t, server, process.Dial(t, server.WebSocket), wire.Request(server.WebSocket, "/", header...))
	if err != nil {
		t.Fatal(err)
	}
	return s, s.line()
}

// connect is dial and a CONNECT that is known to have arrived.
func connect(t *testing.T, server *process.Server, header ...string) *session {
	t.Helper()
	s := dial(t, server, header...)
	s.send(data("CONNECT {\"verbose\":false,\"headers\":true}\r\nPING\r\n"))
	s.want("PONG")
	return s
}

// data is a masked binary frame.
func data(text string) wire.Frame { return wire.Frame{Opcode: wire.Binary, Payload: []byte(text)} }

func (s *session) send(frames ...wire.Frame) {
	s.t.Helper()
	if err := s.Send(frames...); err != nil {
		s.t.Fatal(err)
	}
}

// more reads one message; pongs are put aside.
func (s *session) more() (wire.Message, error) {
	m, err := s.Next()
	if err != nil {
		return m, err
	}
	switch m.Opcode {
	case wire.Pong:
		s.pongs = append(s.pongs, string(m.Payload))
	case wire.Binary:
		s.text = append(s.text, m.Payload...)
	default:
		return m, fmt.Errorf("the server sent opcode %d", m.Opcode)
	}
	return m, nil
}

// line returns the next protocol line.
func (s *session) line() string {
	s.t.Helper()
	for {
		if line, rest, found := bytes.Cut(s.text, []byte("\r\n")); found {
			s.text = rest
			return string(line)
		}
		if _, err := s.more(); err != nil {
			s.t.Fatalf("waiting for a line after %q: %v", s.text, err)
		}
	}
}

func (s *session) want(lines ...string) {
	s.t.Helper()
	for _, line := range lines {
		got := s.line()
		if got == "PING" && line != "PING" {
			got = s.line() // the server measures the round trip whenever it likes
		}
		if got != line {
			s.t.Fatalf("got line %q, want %q", got, line)
		}
	}
}

// alive shows that the connection still works.
func (s *session) alive() {
	s.t.Helper()
	s.send(data("PING\r\n"))
	s.want("PONG")
}

// end reads until the server ends the connection.
func (s *session) end() *wire.CloseError {
	s.t.Helper()
	for {
		var closed *wire.CloseError
		if _, err := s.more(); errors.As(err, &closed) {
			if err != error(closed) {
				s.t.Fatal(err) // something came after the close frame, or the end did not
			}
			return closed
		} else if err != nil {
			s.t.Fatal(err)
		}
	}
}

// wantClose expects a close frame; if nats-server may lose it, a bare end is enough there.
func (s *session) wantClose(code int, text string, lossy bool) {
	s.t.Helper()
	got := s.end()
	if lossy && got.Code == 1006 && s.server.Target == process.Stock {
		return
	}
	if got.Code != code || got.Text != text {
		s.t.Errorf("closed with %d %q, want %d %q", got.Code, got.Text, code, text)
	}
}
