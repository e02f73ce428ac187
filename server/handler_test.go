package server_test

import (
	"net/http"
	"net/http/httptest"
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
