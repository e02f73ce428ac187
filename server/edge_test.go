package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/internal/config"
	"weir/server"
)

// started is a server of a configuration text; its log goes to the buffer.
func started(t *testing.T, text string) (*server.Server, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	s, err := server.New(parse(t, text), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	return s, &log
}

func parse(t *testing.T, text string) *server.Options {
	t.Helper()
	o, err := config.Parse("weir.conf", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// twoEdges is a server with a public listener and one for machines, which has a login of its own.
const twoEdges = `listen: "127.0.0.1:-1", http: "127.0.0.1:-1"
websocket [
  { listen: "127.0.0.1:-1", no_tls: true, same_origin: true }
  { name: machines, listen: "127.0.0.1:-1", no_tls: true, compression: true, ping_interval: "7s", authorization { token: one, timeout: 5 } }
]
`

// upgrade asks for WebSocket at addr and returns what comes with the first INFO, or the status line of a refusal.
func upgrade(w *watched, addr net.Addr, headers string) string {
	w.t.Helper()
	nc, r := w.dial(addr)
	w.send(nc, "GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"+headers+"\r\n")
	status, err := r.ReadString('\n')
	if err != nil {
		w.t.Fatal(err)
	}
	if !strings.Contains(status, " 101 ") {
		return strings.TrimSpace(status)
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			w.t.Fatal(err)
		}
		status += line
		if strings.Contains(line, "INFO ") {
			return status
		}
	}
}

// Each block has a listener with its own policy, login and INFO.
func TestSeveralEdges(t *testing.T) {
	s, log := started(t, twoEdges)
	w := &watched{Server: s, t: t, prefix: "http://" + s.MonitorAddr().String()}
	all := s.WebSocketAddrs()
	if len(all) != 2 || all[0].String() != s.WebSocketAddr().String() || all[0].String() == all[1].String() {
		t.Fatalf("listens on %v, first on %v", all, s.WebSocketAddr())
	}
	for _, want := range []string{
		fmt.Sprintf("Listening for websocket clients on ws://%v\"", all[0]),
		fmt.Sprintf("Listening for websocket clients on ws://%v (machines)\"", all[1]),
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%s is not in the log:\n%s", want, log)
		}
	}
	foreign := "Origin: http://elsewhere\r\n"
	if got := upgrade(w, all[0], foreign); got != "HTTP/1.1 403 Forbidden" {
		t.Errorf("foreign page at the first: %s", got)
	}
	for i, wants := range [][]string{{`"host":"127.0.0.1","port":%d,`}, {`"host":"127.0.0.1","port":%d,`, `"auth_required":true`}} {
		headers := ""
		if i == 1 {
			headers = foreign
		}
		got := upgrade(w, all[i], headers)
		for _, want := range wants {
			if strings.Contains(want, "%d") {
				want = fmt.Sprintf(want, all[i].(*net.TCPAddr).Port)
			}
			if !strings.Contains(got, want) {
				t.Errorf("listener %d: %s is not in %s", i, want, got)
			}
		}
		if i == 0 && strings.Contains(got, "auth_required") {
			t.Errorf("the first asks for a login: %s", got)
		}
	}

	var v struct {
		WebSocket  map[string]any
		WebSockets []map[string]any
	}
	w.read("/varz", &v)
	if len(v.WebSockets) != 2 || v.WebSockets[0]["name"] != "websocket" || v.WebSockets[1]["name"] != "machines" ||
		v.WebSockets[1]["port"] != float64(all[1].(*net.TCPAddr).Port) || v.WebSockets[1]["compression"] != true {
		t.Errorf("websockets: %v", v.WebSockets)
	}
	if v.WebSocket["port"] != float64(all[0].(*net.TCPAddr).Port) || v.WebSocket["same_origin"] != true || v.WebSocket["name"] != nil {
		t.Errorf("websocket: %v", v.WebSocket)
	}
}

// A reload changes each listener by its name, whatever the order of the blocks.
func TestReloadEdges(t *testing.T) {
	s, _ := started(t, twoEdges)
	w := &watched{Server: s, t: t}
	first, machines := s.WebSocketAddrs()[0], s.WebSocketAddrs()[1]
	reload := func(text string) error { return s.Reload(parse(t, text)) }

	if err := reload(`listen: "127.0.0.1:-1", http: "127.0.0.1:-1"
websocket [
  { name: machines, listen: "127.0.0.1:-1", no_tls: true, same_origin: true }
  { name: websocket, listen: "127.0.0.1:-1", no_tls: true, headers { "X-A": b } }
]`); err != nil {
		t.Fatal(err)
	}
	foreign := "Origin: http://elsewhere\r\n"
	if got := upgrade(w, first, foreign); !strings.Contains(got, "X-A: b\r\n") {
		t.Errorf("first: %s", got)
	}
	if got := upgrade(w, machines, foreign); got != "HTTP/1.1 403 Forbidden" {
		t.Errorf("machines: %s", got)
	}
	if got := upgrade(w, machines, ""); strings.Contains(got, "auth_required") {
		t.Errorf("machines still asks for a login: %s", got)
	}
	if all := s.WebSocketAddrs(); len(all) != 2 || all[0].String() != first.String() {
		t.Errorf("listens on %v now", all)
	}

	// What can not change while the server runs is refused, and then nothing at all changes.
	err := reload("listen: \"127.0.0.1:1\", http: \"127.0.0.1:-1\"\nwebsocket { listen: \"127.0.0.1:-1\", no_tls: true, headers { \"X-A\": c } }")
	if err == nil || !strings.Contains(err.Error(), "config reload not supported for") {
		t.Errorf("got %v", err)
	}
	if got := upgrade(w, first, foreign); !strings.Contains(got, "X-A: b\r\n") {
		t.Errorf("after a refused reload: %s", got)
	}
}

// The client that a reload of its listener's login no longer lets in has to go; the others stay.
func TestReloadEdgeLogin(t *testing.T) {
	s, _ := started(t, twoEdges)
	w := &watched{Server: s, t: t}
	login := func(addr net.Addr, connect string) (net.Conn, func(string)) {
		nc, r := w.dial(addr)
		w.send(nc, "GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
		w.expect(r, "INFO ")
		frame(w, nc, connect+"PING\r\n")
		w.expect(r, "PONG")
		return nc, func(want string) { w.expect(r, want) }
	}
	page, pageGets := login(s.WebSocketAddrs()[0], "")
	_, machineGets := login(s.WebSocketAddrs()[1], "CONNECT {\"verbose\":false,\"auth_token\":\"one\"}\r\n")
	if err := s.Reload(parse(t, strings.Replace(twoEdges, "token: one", "token: two", 1))); err != nil {
		t.Fatal(err)
	}
	machineGets("Authorization Violation")
	frame(w, page, "PING\r\n")
	pageGets("PONG")
}

// INFO is rendered once for all clients, but not for longer than what it tells is true.
func TestReloadInfo(t *testing.T) {
	const text = "listen: \"127.0.0.1:-1\", max_payload: 1000\nwebsocket { listen: \"127.0.0.1:-1\", no_tls: true }"
	s, _ := started(t, text)
	w := &watched{Server: s, t: t}
	check := func(want string) {
		t.Helper()
		for range 2 {
			if got := upgrade(w, s.WebSocketAddr(), ""); !strings.Contains(got, want) {
				t.Errorf("over WebSocket: %s is not in %s", want, got)
			}
			_, r := w.dial(s.ClientAddr())
			w.expect(r, want)
		}
	}
	check(`"max_payload":1000,`)
	if err := s.Reload(parse(t, strings.Replace(text, "1000", "2000", 1))); err != nil {
		t.Fatal(err)
	}
	check(`"max_payload":2000,`)
	if err := s.Reload(parse(t, strings.Replace(text, "no_tls", "advertise: \"edge.example:1\", no_tls", 1))); err != nil {
		t.Fatal(err)
	}
	if got := upgrade(w, s.WebSocketAddr(), ""); !strings.Contains(got, `"host":"edge.example","port":1,`) {
		t.Errorf("advertised: %s", got)
	}
}

// frame sends a masked frame of less than 126 bytes.
func frame(w *watched, nc net.Conn, text string) {
	w.send(nc, string([]byte{0x82, 0x80 | byte(len(text)), 0, 0, 0, 0})+text)
}

// A block that can not be opened stops the start, and nothing is left open.
func TestSecondEdgeInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := parse(t, fmt.Sprintf("listen: \"127.0.0.1:-1\"\nwebsocket [ { listen: \"127.0.0.1:-1\", no_tls: true }, "+
		"{ name: b, listen: %q, no_tls: true } ]", l.Addr()))
	s, err := server.New(o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Start()
	if err == nil || !strings.Contains(err.Error(), "can not listen for b clients") {
		t.Fatalf("got %v", err)
	}
	if nc, err := net.Dial("tcp", s.WebSocketAddr().String()); err == nil {
		nc.Close()
		t.Error("the first listener is still open")
	}
}

// A block may listen on a Unix socket, which needs no TLS, and leaves no file behind.
func TestUnixEdge(t *testing.T) {
	dir, err := os.MkdirTemp("", "weir") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "ws.sock")
	s, log := started(t, fmt.Sprintf("listen: \"127.0.0.1:-1\", ports_file_dir: %q\nwebsocket { unix: %q }", dir, path))
	if !strings.Contains(log.String(), "Listening for websocket clients on ws+unix://"+path) || strings.Contains(log.String(), "PRODUCTION") {
		t.Error(log)
	}
	if got := upgrade(&watched{Server: s, t: t}, s.WebSocketAddr(), ""); !strings.Contains(got, `"host":"","port":0,`) {
		t.Error(got)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.ports"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if b, err := os.ReadFile(files[0]); err != nil || !bytes.Contains(b, []byte(`"websocket":["ws+unix://`+path+`"]`)) {
		t.Errorf("%s %v", b, err)
	}
	s.Shutdown()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}
