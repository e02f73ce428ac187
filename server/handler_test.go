package server_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"weir/server"
)

// A NATS WebSocket below a path of somebody else's HTTP server, plain and with TLS.
func TestHandler(t *testing.T) {
	s := running(t, "")
	h, err := s.Handler(server.WebSocket{Compression: true, AllowedOrigins: []string{"https://a.example"}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/nats", h)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	site := httptest.NewServer(mux)
	defer site.Close()
	if resp, err := http.Get(site.URL + "/other"); err != nil || resp.StatusCode != http.StatusTeapot {
		t.Fatalf("another page: %v, %v", resp, err)
	}
	if status, _, _ := knockAt(t, site.Listener.Addr(), "/nats", "Origin: https://b.example"); status != http.StatusForbidden {
		t.Errorf("foreign origin: %d", status)
	}
	status, nc, r := knockAt(t, site.Listener.Addr(), "/nats")
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("status %d", status)
	}
	payload(t, r)
	send(t, nc, "CONNECT {\"verbose\":false}\r\nSUB a 1\r\nPUB a 1\r\nx\r\n")
	if got := payload(t, r); got != "MSG a 1 1\r\nx\r\n" {
		t.Errorf("got %q", got)
	}
	if _, err := s.Handler(server.WebSocket{AllowedOrigins: []string{"nonsense"}}); err == nil {
		t.Error("a bad origin was accepted")
	}
}

// TestHandlerBearer brings a token through somebody else's http.Server.
func TestHandlerBearer(t *testing.T) {
	s := running(t, "authorization { token: s3cr3t }")
	var w server.WebSocket
	w.BearerHeader, w.BearerSubprotocol = true, true
	h, err := s.Handler(w)
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(h)
	defer site.Close()
	for header, want := range map[string]string{
		"Authorization: Bearer s3cr3t":                    "PONG\r\n",
		"Sec-WebSocket-Protocol: nats.bearer.s3cr3t,nats": "PONG\r\n",
		"Authorization: Bearer x":                         "-ERR 'Authorization Violation'\r\n",
	} {
		status, nc, r := knockAt(t, site.Listener.Addr(), "/", header)
		if status != http.StatusSwitchingProtocols {
			t.Fatalf("status %d", status)
		}
		payload(t, r)
		send(t, nc, "CONNECT {\"verbose\":false}\r\nPING\r\n")
		if got := payload(t, r); got != want {
			t.Errorf("%s: got %q", header, got)
		}
	}
}

// A reload holds for who comes, or came, through a handler.
func TestHandlerReload(t *testing.T) {
	const users = "authorization { users: [ { user: %s, password: p } ] }"
	s := running(t, fmt.Sprintf(users, "ann"))
	h, err := s.Handler(server.WebSocket{})
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(h)
	defer site.Close()
	login := func(user, want string) *bufio.Reader {
		t.Helper()
		_, nc, r := knockAt(t, site.Listener.Addr(), "/")
		payload(t, r)
		send(t, nc, fmt.Sprintf("CONNECT {\"verbose\":false,\"user\":%q,\"pass\":\"p\"}\r\nPING\r\n", user))
		if got := payload(t, r); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", user, got)
		}
		return r
	}
	ann := login("ann", "PONG")
	if err := s.Reload(parsed(t, fmt.Sprintf(users, "bob"))); err != nil {
		t.Fatal(err)
	}
	if got := payload(t, ann); !strings.HasSuffix(got, "Client Closed") { // a close frame, as nats-server has it
		t.Errorf("ann, who is no user any more: %q", got)
	}
	login("ann", "-ERR 'Authorization Violation'")
	login("bob", "PONG")
}
