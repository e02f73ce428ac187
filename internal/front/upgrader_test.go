package front_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"weir/internal/front"
	"weir/internal/transport"
	"weir/ws"
)

// plain is a request for no upgrade.
func plain(method, path string, lines ...string) string {
	return method + " " + path + " HTTP/1.1\r\nHost: a\r\n" + strings.Join(append(lines, "\r\n"), "\r\n")
}

// without is a request for an upgrade that lacks a header.
func without(name string) string {
	var lines []string
	for line := range strings.SplitAfterSeq(upgradeWith(), "\r\n") {
		if !strings.HasPrefix(line, name+":") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

var requests = []struct {
	name, request string
	status        int
	body          string
	refused       *ws.UpgradeError
}{
	{"plain", plain("GET", "/"), 426, "This is a WebSocket endpoint for NATS clients.\n", nil},
	{"plain, any path", plain("GET", "/some/where?x=y"), 426, "This is a WebSocket endpoint for NATS clients.\n", nil},
	{"plain, kept alive", plain("GET", "/", "Connection: keep-alive"), 426, "This is a WebSocket endpoint for NATS clients.\n", nil},
	{"post", plain("POST", "/", "Content-Length: 0"), 405, "Method Not Allowed\n", ws.ErrMethod},
	{"other upgrade", plain("GET", "/", "Upgrade: h2c", "Connection: Upgrade"), 400, "Bad Request\n", ws.ErrUpgradeHeader},
	{"without Upgrade", without("Upgrade"), 400, "Bad Request\n", ws.ErrUpgradeHeader},
	{"without Upgrade and key", plain("GET", "/", "Connection: keep-alive, upgrade"), 400, "Bad Request\n", ws.ErrUpgradeHeader},
	{"without Connection", without("Connection"), 400, "Bad Request\n", ws.ErrConnectionHeader},
	{"no MQTT", plain("GET", "/mqtt"), 404, "Not Found\n", &ws.UpgradeError{Status: 404, Reason: "no MQTT here"}},
	{"no leaf nodes", strings.Replace(upgradeWith(), "GET / ", "GET /leafnode ", 1), 404, "Not Found\n",
		&ws.UpgradeError{Status: 404, Reason: "no leaf nodes here"}},
	{"health", plain("GET", "/healthz"), 200, "ok\n", nil},
	{"health, with a query", plain("GET", "/healthz?probe"), 200, "ok\n", nil},
	{"page", plain("GET", "/varz"), 200, "numbers", nil},
	{"upgrade on a page", strings.Replace(upgradeWith("X: y"), ": 13", ": 12", 1), 400, "Bad Request\n", ws.ErrVersion},
}

// TestRequests has what is no upgrade, and what is a bad one.
func TestRequests(t *testing.T) {
	var draining atomic.Bool
	s := open(t, transport.Guard{}, false, func(u *front.Upgrader) {
		u.Health = func() string { return "/healthz" }
		u.Draining = draining.Load
		u.Pages = func(r *http.Request) http.Handler {
			if r.URL.Path != "/varz" {
				return nil
			}
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "numbers") })
		}
	})
	for _, row := range requests {
		t.Run(row.name, func(t *testing.T) {
			nc := s.dial(t, row.request)
			r := bufio.NewReader(nc)
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := body(t, resp); resp.StatusCode != row.status || got != row.body {
				t.Errorf("%s, body %q", resp.Status, got)
			}
			if resp.StatusCode == 426 && (resp.Header.Get("Upgrade") != "websocket" || resp.Header.Get("Connection") != "Upgrade") {
				t.Errorf("headers %v", resp.Header)
			}
			if row.refused != nil {
				if why := <-s.refused; why.Error() != row.refused.Reason {
					t.Errorf("refused: %v", why)
				}
			}
			if len(s.refused) > 0 {
				t.Errorf("refused: %v", <-s.refused)
			}
			io.WriteString(nc, upgradeWith()) // the connection can be used on
			if resp, err := http.ReadResponse(r, nil); err != nil || resp.StatusCode != 101 {
				t.Fatalf("%v, %v", resp, err)
			}
			(<-s.conns).Close()
		})
	}
	draining.Store(true)
	if resp := answer(t, s.dial(t, plain("GET", "/healthz", "Connection: close"))); resp.StatusCode != 503 || body(t, resp) != "draining\n" {
		t.Error("health while draining:", resp.Status)
	}
	if resp := answer(t, s.dial(t, upgradeWith())); resp.StatusCode != 503 {
		t.Error("upgrade while draining:", resp.Status)
	}
	if why := <-s.refused; why.Error() != "the server is draining" {
		t.Errorf("refused: %v", why)
	}
}

// A load balancer may ask with HEAD, too.
func TestHealthHead(t *testing.T) {
	s := open(t, transport.Guard{}, false, func(u *front.Upgrader) { u.Health = func() string { return "/up" } })
	b, err := io.ReadAll(s.dial(t, "HEAD /up HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
	if !strings.HasPrefix(string(b), "HTTP/1.1 200 OK\r\n") || strings.Contains(string(b), "ok\n") {
		t.Errorf("got %q, %v", b, err)
	}
}

func TestUpgradedCount(t *testing.T) {
	var up *front.Upgrader
	s := open(t, transport.Guard{}, false, func(u *front.Upgrader) { up = u })
	ask(t, s.dial(t, ""), upgradeWith())
	(<-s.conns).Close()
	ask(t, s.dial(t, ""), "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if n := up.Upgraded(); n != 1 {
		t.Errorf("%d", n)
	}
}
