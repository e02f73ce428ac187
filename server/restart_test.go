package server_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"log/slog"

	"weir/internal/config"
	"weir/server"
)

// running is a started server with the given configuration.
func running(t *testing.T, text string) *server.Server {
	t.Helper()
	s, err := server.New(parsed(t, text), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	return s
}

func parsed(t *testing.T, text string) *server.Options {
	t.Helper()
	o, err := config.Parse("weir.conf", []byte("listen: \"127.0.0.1:-1\"\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// knock asks for a WebSocket and returns the status, the connection and what comes on it.
func knock(t *testing.T, addr net.Addr, headers ...string) (int, net.Conn, *bufio.Reader) {
	t.Helper()
	return knockAt(t, addr, "/", headers...)
}

func knockAt(t *testing.T, addr net.Addr, path string, headers ...string) (int, net.Conn, *bufio.Reader) {
	t.Helper()
	nc, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	request := "GET " + path + " HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
	for _, h := range headers {
		request += h + "\r\n"
	}
	fmt.Fprint(nc, request+"\r\n")
	r := bufio.NewReader(nc)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("after %.60q: %v", headers, err)
	}
	return resp.StatusCode, nc, r
}

// payload reads one unmasked frame.
func payload(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Fatal(err)
	}
	n := int(head[1])
	if n == 126 {
		if _, err := io.ReadFull(r, head); err != nil {
			t.Fatal(err)
		}
		n = int(head[0])<<8 | int(head[1])
	}
	p := make([]byte, n)
	if _, err := io.ReadFull(r, p); err != nil {
		t.Fatal(err)
	}
	return string(p)
}

// send writes one masked frame; a key of zeros leaves the payload as it is.
func send(t *testing.T, nc net.Conn, payload string) {
	t.Helper()
	if _, err := nc.Write(append([]byte{0x82, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)); err != nil {
		t.Fatal(err)
	}
}

const socket = "websocket { listen: \"127.0.0.1:%d\", no_tls: true, %s }\n"

// A connection survives every change of its listener, and the next one meets the new rules.
func TestReloadOfTheWebSocketBlock(t *testing.T) {
	s := running(t, fmt.Sprintf(socket, -1, ""))
	port := s.WebSocketAddr().(*net.TCPAddr).Port
	status, nc, r := knock(t, s.WebSocketAddr())
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("status %d", status)
	}
	payload(t, r) // INFO
	send(t, nc, "CONNECT {\"verbose\":false}\r\nPING\r\n")
	if got := payload(t, r); !strings.HasPrefix(got, "PONG") {
		t.Fatalf("got %q", got)
	}
	for _, tt := range []struct {
		change, header string
		status         int
	}{
		{"allowed_origins: \"https://a.example\"", "Origin: https://b.example", http.StatusForbidden},
		{"allowed_origins: \"https://*.example\"", "Origin: https://b.example", http.StatusSwitchingProtocols},
		{"origin_required: true", "X-Nothing: here", http.StatusForbidden},
		{"handshake_timeout: \"3s\"", "X-Nothing: here", http.StatusSwitchingProtocols},
		{"max_header: 1024", "X-Long: " + strings.Repeat("x", 8000), http.StatusRequestHeaderFieldsTooLarge},
		{"headers { X-Weir: one }", "X-Nothing: here", http.StatusSwitchingProtocols},
		{"limits { connections_per_ip: 1 }", "X-Nothing: here", http.StatusSwitchingProtocols}, // loopback is exempt
	} {
		if err := s.Reload(parsed(t, fmt.Sprintf(socket, port, tt.change))); err != nil {
			t.Fatalf("%s: %v", tt.change, err)
		}
		if got, _, _ := knock(t, s.WebSocketAddr(), tt.header); got != tt.status {
			t.Errorf("after %s: status %d, want %d", tt.change, got, tt.status)
		}
		send(t, nc, "PING\r\n")
		if got := payload(t, r); got != "PONG\r\n" {
			t.Fatalf("the first connection after %s: %q", tt.change, got)
		}
	}
}

// A listener moves to another address, one comes, one goes; who came in through it stays.
func TestReloadMovesListeners(t *testing.T) {
	s := running(t, fmt.Sprintf(socket, -1, ""))
	first := s.WebSocketAddr()
	_, nc, r := knock(t, first)
	payload(t, r)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	if err := s.Reload(parsed(t, fmt.Sprintf(socket, port, ""))); err == nil {
		t.Fatal("moved to a port that is in use")
	}
	if status, _, _ := knock(t, first); status != http.StatusSwitchingProtocols {
		t.Fatalf("the old listener after a refused reload: %d", status)
	}
	free.Close()
	if err := s.Reload(parsed(t, fmt.Sprintf(socket, port, ""))); err != nil {
		t.Fatal(err)
	}
	if got := s.WebSocketAddr().(*net.TCPAddr).Port; got != port {
		t.Errorf("it listens on %d, want %d", got, port)
	}
	if status, _, _ := knock(t, s.WebSocketAddr()); status != http.StatusSwitchingProtocols {
		t.Errorf("the new listener: %d", status)
	}
	if err := s.Reload(parsed(t, "")); err != nil {
		t.Fatal(err)
	}
	if all := s.WebSocketAddrs(); len(all) != 0 {
		t.Errorf("listeners are left: %v", all)
	}
	send(t, nc, "PING\r\n")
	if got := payload(t, r); !strings.HasSuffix(got, "PONG\r\n") && got != "+OK\r\n" {
		t.Errorf("the first connection: %q", got)
	}
}

// A block may change its host and keep its port, take the place of another, and have a new name: addresses overlap only until
// the reload is over.
func TestReloadWithinOnePort(t *testing.T) {
	s := running(t, fmt.Sprintf(socket, -1, ""))
	port := s.WebSocketAddr().(*net.TCPAddr).Port
	elsewhere := fmt.Sprintf("websocket { listen: \"0.0.0.0:%d\", no_tls: true }\n", port)
	for _, text := range []string{
		elsewhere,
		fmt.Sprintf(socket, port, ""),
		fmt.Sprintf(socket, port, "name: other"),
		fmt.Sprintf("websocket [ { listen: \"127.0.0.1:-1\", no_tls: true }, { listen: \"127.0.0.1:%d\", no_tls: true } ]\n", port),
		elsewhere,
	} {
		if err := s.Reload(parsed(t, text)); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if status, _, _ := knock(t, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}); status != http.StatusSwitchingProtocols {
			t.Errorf("%s: status %d", text, status)
		}
	}
	if err := s.Reload(parsed(t, elsewhere[:len(elsewhere)-1]+"\nport: 1\n")); err == nil {
		t.Fatal("a change of the client port was taken")
	}
	if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
		l.Close()
		t.Error("somebody else can share the port")
	}
}

// A Unix socket can be served in another way at the same path.
func TestReloadUnixSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "weir") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	text := func(more string) string { return fmt.Sprintf("websocket { unix: %q, %s }\n", path, more) }
	s := running(t, text(""))
	for _, change := range []string{"handshake_timeout: 3", "name: other", "max_header: 4096", "max_header: 4096, trusted_proxies: unix"} {
		if err := s.Reload(parsed(t, text(change))); err != nil {
			t.Fatalf("%s: %v", change, err)
		}
		if status, _, _ := knock(t, &net.UnixAddr{Name: path, Net: "unix"}); status != http.StatusSwitchingProtocols {
			t.Errorf("%s: status %d", change, status)
		}
	}
	if err := s.Reload(parsed(t, text("max_header: 2048")+"http: \"127.0.0.1:-1\"\n")); err == nil {
		t.Fatal("a new monitoring port was taken")
	}
	if status, _, _ := knock(t, &net.UnixAddr{Name: path, Net: "unix"}); status != http.StatusSwitchingProtocols {
		t.Errorf("after a refused reload: status %d", status)
	}
	s.Shutdown()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// A refused reload prints no secret.
func TestRefusedReloadKeepsSecrets(t *testing.T) {
	s := running(t, fmt.Sprintf(socket, -1, "authorization { user: a, password: verysecret }"))
	err := s.Reload(parsed(t, "port: 1\nhttp: \"127.0.0.1:-1\"\n"+fmt.Sprintf(socket, -1, "authorization { user: a, password: othersecret }")))
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error: %v", err)
	}
}

// Cookies of the upgrade stand in for what CONNECT leaves out, and monitoring and health are on the same port if asked for.
func TestCookiesAndPages(t *testing.T) {
	s := running(t, fmt.Sprintf(socket, -1, "monitoring: true, health_path: \"/up\", user_cookie: u, pass_cookie: p, same_origin: true")+
		"authorization { user: ann, password: secret }\n")
	for cookie, ok := range map[string]bool{"u=ann; p=secret": true, "u=ann; p=wrong": false, "x=y": false} {
		_, nc, r := knock(t, s.WebSocketAddr(), "Cookie: "+cookie)
		payload(t, r)
		send(t, nc, "CONNECT {\"verbose\":true}\r\n")
		if got := payload(t, r); (got == "+OK\r\n") != ok {
			t.Errorf("%s: %q", cookie, got)
		}
	}
	for path, want := range map[string]int{"/up": 200, "/varz": 200, "/connz": 200, "/": 426} {
		resp, err := http.Get("http://" + s.WebSocketAddr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
}

// Who was let in and who was not, and why, is in /varz.
func TestDoorsAreCounted(t *testing.T) {
	s := running(t, "http: \"127.0.0.1:-1\"\n"+fmt.Sprintf(socket, -1, "same_origin: true"))
	knock(t, s.WebSocketAddr())
	for range 2 {
		knock(t, s.WebSocketAddr(), "Origin: https://b.example")
	}
	resp, err := http.Get("http://" + s.MonitorAddr().String() + "/varz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var v struct {
		Doors map[string]struct {
			Upgraded int
			Refused  map[string]int
		} `json:"weir_doors"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	if d := v.Doors["websocket"]; d.Upgraded != 1 || d.Refused["origin is not that of the server"] != 2 {
		t.Errorf("counted %+v", v.Doors)
	}
}
