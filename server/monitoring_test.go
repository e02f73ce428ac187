package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"weir/internal/auth"
	"weir/internal/config"
	"weir/server"
)

// patience is how long an answer over the loopback may take.
const patience = 10 * time.Second

// watched is a server with a WebSocket and a monitoring listener on free ports.
type watched struct {
	*server.Server
	t      *testing.T
	prefix string
}

func watch(t *testing.T, change func(*server.Options)) *watched {
	t.Helper()
	const loopback = "127.0.0.1"
	o := &server.Options{
		ServerName: "here", Digest: "sha256:1", Tags: []string{"a"},
		Client: config.Listener{Host: loopback, Port: config.AnyPort},
		WebSockets: []*config.WebSocket{{
			Listener: config.Listener{Host: loopback, Port: config.AnyPort}, NoTLS: true, Compression: true,
		}},
		Monitor: config.Monitor{Host: loopback, Port: config.AnyPort, BasePath: "mon"},
	}
	if change != nil {
		change(o)
	}
	s, err := server.New(o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	return &watched{Server: s, t: t, prefix: "http://" + s.MonitorAddr().String() + o.Monitor.BasePath}
}

// get asks for a page.
func (w *watched) get(page string) (status int, body []byte) {
	w.t.Helper()
	c := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := c.Get(w.prefix + page)
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	if body, err = io.ReadAll(r.Body); err != nil {
		w.t.Fatal(err)
	}
	return r.StatusCode, body
}

// read decodes a page.
func (w *watched) read(page string, v any) {
	w.t.Helper()
	if status, body := w.get(page); status != http.StatusOK {
		w.t.Fatalf("%s: %d %s", page, status, body)
	} else if err := json.Unmarshal(body, v); err != nil {
		w.t.Fatalf("%s: %v", page, err)
	}
}

// client connects over TCP, sends text, and returns when wait has arrived.
func (w *watched) client(text, wait string) *bufio.Reader {
	w.t.Helper()
	nc, r := w.dial(w.ClientAddr())
	w.send(nc, text)
	w.expect(r, wait)
	return r
}

// browser does the same over WebSocket; text is shorter than 126 bytes.
func (w *watched) browser(text, wait string) {
	w.t.Helper()
	nc, r := w.dial(w.WebSocketAddr())
	w.send(nc, "GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	w.expect(r, "INFO ")
	w.send(nc, string([]byte{0x82, 0x80 | byte(len(text)), 0, 0, 0, 0})+text) // masked with zeros
	w.expect(r, wait)
}

func (w *watched) dial(addr net.Addr) (net.Conn, *bufio.Reader) {
	w.t.Helper()
	nc, err := net.DialTimeout(addr.Network(), addr.String(), patience)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	return nc, bufio.NewReader(nc)
}

func (w *watched) send(nc net.Conn, text string) {
	w.t.Helper()
	if _, err := io.WriteString(nc, text); err != nil {
		w.t.Fatal(err)
	}
}

// expect reads until wait has arrived.
func (w *watched) expect(r *bufio.Reader, wait string) {
	w.t.Helper()
	var got []byte
	for !bytes.Contains(got, []byte(wait)) {
		b, err := r.ReadByte()
		if err != nil {
			w.t.Fatalf("%v after %q", err, got)
		}
		got = append(got, b)
	}
}

func TestMonitoring(t *testing.T) {
	w := watch(t, nil)
	w.client("CONNECT {\"verbose\":false,\"name\":\"one\",\"lang\":\"go\"}\r\nSUB foo 1\r\nPUB foo 5\r\nhello\r\nPING\r\n", "PONG")
	w.browser("CONNECT {\"verbose\":false,\"name\":\"web\"}\r\nSUB foo 7\r\nPING\r\n", "PONG")

	var v struct {
		Name, Version, Weir, Host string
		Port                      int
		Path                      string `json:"http_base_path"`
		WebSocket                 struct {
			Host        string
			Port        int
			NoTLS       bool `json:"no_tls"`
			Compression bool
			AuthTimeout float64       `json:"auth_timeout"`
			Handshake   time.Duration `json:"handshake_timeout"`
		}
		Connections   int
		Subscriptions int
		InMsgs        int       `json:"in_msgs"`
		OutBytes      int       `json:"out_bytes"`
		AuthTimeout   float64   `json:"auth_timeout"`
		TLSTimeout    float64   `json:"tls_timeout"`
		MaxPayload    int       `json:"max_payload"`
		Digest        string    `json:"config_digest"`
		Loaded        time.Time `json:"config_load_time"`
		Start         time.Time
	}
	w.read("/varz", &v)
	port := func(a net.Addr) int { return a.(*net.TCPAddr).Port }
	if v.Version != server.ReferenceVersion || v.Weir != server.Version || v.Host != "127.0.0.1" || v.Port != port(w.ClientAddr()) ||
		v.Path != "/mon" || v.Digest != "sha256:1" || v.AuthTimeout != 2 || v.TLSTimeout != 2 || v.MaxPayload != 1<<20 ||
		time.Since(v.Start) > time.Minute || time.Since(v.Loaded) > time.Minute {
		t.Errorf("%+v", v)
	}
	if s := v.WebSocket; s.Host != "127.0.0.1" || s.Port != port(w.WebSocketAddr()) || !s.NoTLS || !s.Compression ||
		s.AuthTimeout != 0 || s.Handshake != config.DefaultHandshakeTimeout {
		t.Errorf("websocket: %+v", s)
	}
	if v.Connections != 2 || v.Subscriptions <= 2 || v.InMsgs != 1 || v.OutBytes != 5 { // the server itself subscribes, too
		t.Errorf("%+v", v)
	}

	var list struct {
		Conns []struct {
			Type, Name string
			Subs       []struct{ Subject, SID string } `json:"subscriptions_list_detail"`
		} `json:"connections"`
	}
	w.read("/connz?subs=detail", &list)
	if got := fmt.Sprint(list.Conns); got != "[{nats one [{foo 1}]} {websocket web [{foo 7}]}]" {
		t.Error(got)
	}
	var subs struct {
		Subs []struct {
			Account, Subject string
			CID              int
		} `json:"subscriptions_list"`
	}
	w.read("/subsz?subs=1&test=foo", &subs)
	if got := fmt.Sprint(subs.Subs); got != "[{$G foo 1} {$G foo 2}]" {
		t.Error(got)
	}
	if status, body := w.get(""); status != http.StatusOK || !bytes.Contains(body, []byte("mon/varz")) {
		t.Errorf("index: %d %s", status, body)
	}
}

// Without a WebSocket listener its object is empty.
func TestMonitoringWithoutWebSocket(t *testing.T) {
	w := watch(t, func(o *server.Options) { o.WebSockets = nil })
	var v map[string]any
	w.read("/varz", &v)
	if got := fmt.Sprint(v["websocket"]); got != "map[]" {
		t.Error(got)
	}
}

// A server in lame duck mode is not healthy, and goes on to tell about itself.
func TestMonitoringInLameDuckMode(t *testing.T) {
	w := watch(t, nil)
	client := w.client("CONNECT {\"verbose\":false,\"protocol\":1}\r\nPING\r\n", "PONG")
	if status, body := w.get("/healthz"); status != http.StatusOK || string(body) != `{"status":"ok"}` {
		t.Errorf("%d %s", status, body)
	}
	go w.LameDuck()
	w.expect(client, `"ldm":true`)
	if status, body := w.get("/healthz"); status != http.StatusInternalServerError || !bytes.HasPrefix(body, []byte(`{"status":"error"`)) {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := w.get("/varz"); status != http.StatusOK {
		t.Errorf("varz: %d", status)
	}
}

// What a configuration keeps secret is on no page.
func TestMonitoringShowsNoSecret(t *testing.T) {
	w := watch(t, func(o *server.Options) {
		o.Auth = auth.Config{Username: "ann", Password: "s3cret-of-ann"}
		o.WebSockets[0].Auth = auth.Config{Token: "s3cret-token"}
		o.WebSockets[0].AuthTimeout = 7 * time.Second
	})
	w.client("CONNECT {\"verbose\":false,\"user\":\"ann\",\"pass\":\"s3cret-of-ann\"}\r\nPING\r\n", "PONG")
	w.browser("CONNECT {\"verbose\":false,\"auth_token\":\"s3cret-token\"}\r\nPING\r\n", "PONG")
	w.client("CONNECT {\"verbose\":false,\"user\":\"ann\",\"pass\":\"s3cret-guess\"}\r\nPING\r\n", "Authorization Violation")
	for _, page := range []string{
		"", "/varz", "/connz?auth=1&subs=detail&state=any", "/subsz?subs=1", "/healthz?details=1", "/accountz?acc=$G", "/accstatz",
		"/routez", "/gatewayz", "/leafz", "/jsz", "/stacksz", "/debug/vars",
	} {
		if status, body := w.get(page); status != http.StatusOK || bytes.Contains(body, []byte("s3cret")) {
			t.Errorf("%s: %d %s", page, status, body)
		}
	}
	var list struct {
		Conns []struct {
			User string `json:"authorized_user"`
		} `json:"connections"`
	}
	if w.read("/connz?auth=1", &list); fmt.Sprint(list.Conns) != "[{ann} {[REDACTED]}]" {
		t.Error(list.Conns)
	}
	var v struct {
		Auth      bool `json:"auth_required"`
		WebSocket struct {
			AuthTimeout float64 `json:"auth_timeout"`
		}
	}
	if w.read("/varz", &v); !v.Auth || v.WebSocket.AuthTimeout != 7 {
		t.Errorf("%+v", v)
	}
}
