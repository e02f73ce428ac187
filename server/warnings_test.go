package server_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"weir/internal/config"
	"weir/server"
)

// lines is a log in memory.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

// TestCookieWarning: who embeds the server is told once, too, that any page can use somebody's login.
func TestCookieWarning(t *testing.T) {
	var w server.WebSocket
	w.Port, w.NoTLS, w.Host, w.Cookies.Token = -1, true, "127.0.0.1", "t"
	safe := w
	safe.SameOrigin = true
	for name, tt := range map[string]struct {
		o    *server.Options
		want int
	}{
		"a file":  {parsed(t, "websocket { listen: \"127.0.0.1:-1\", no_tls: true, token_cookie: t }"), 1},
		"options": {&server.Options{Client: server.Listener{Host: "127.0.0.1", Port: -1}, WebSockets: []*server.WebSocket{&w}}, 1},
		"safe":    {&server.Options{Client: server.Listener{Host: "127.0.0.1", Port: -1}, WebSockets: []*server.WebSocket{&safe}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var log lines
			s, err := server.New(tt.o, slog.New(slog.NewTextHandler(&log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Shutdown)
			if n := log.count(config.AnyPageLogsIn); n != tt.want {
				t.Errorf("told %d times, want %d", n, tt.want)
			}
			if _, err := s.Handler(w); err != nil {
				t.Fatal(err)
			}
			if n := log.count(config.AnyPageLogsIn); n != tt.want+1 {
				t.Errorf("of a handler, too, told %d times", n)
			}
		})
	}
}
