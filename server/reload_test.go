package server

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"weir/internal/config"
)

// TestReloadUsers changes what a connected user may do, and then lets it go.
func TestReloadUsers(t *testing.T) {
	load := func(users string) *Options {
		t.Helper()
		o, err := config.Parse("weir.conf", []byte("listen: \"127.0.0.1:-1\"\nauthorization { users: [ "+users+" ] }\n"))
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	s, err := New(load("{user: a, password: p}"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown()
	nc, err := net.Dial("tcp", s.ClientAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if err := nc.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(nc)
	want := func(lines ...string) {
		t.Helper()
		for _, w := range lines {
			line, err := r.ReadString('\n')
			if err != nil || !strings.HasPrefix(line, w) {
				t.Fatalf("got %q, %v; want %s", line, err, w)
			}
		}
	}
	reload := func(users string) {
		t.Helper()
		if err := s.Reload(load(users)); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Fprint(nc, "CONNECT {\"verbose\":false,\"user\":\"a\",\"pass\":\"p\"}\r\nSUB foo 1\r\nPING\r\n")
	want("INFO ", "PONG")
	reload("{user: a, password: p, permissions {publish: x, subscribe: bar}}")
	fmt.Fprint(nc, "PUB foo 0\r\n\r\nSUB bar 1\r\nPING\r\n")
	want(`-ERR 'Permissions Violation for Subscription to "foo" (sid "1")'`, `-ERR 'Permissions Violation for Publish to "foo"'`, "PONG")
	reload("{user: a, password: p}, {user: b, password: q}")
	fmt.Fprint(nc, "PUB bar 0\r\n\r\n")
	want("MSG bar 1 0", "\r\n")
	reload("{user: a, password: q}")
	want("-ERR 'Authorization Violation'")
	if line, err := r.ReadString('\n'); err == nil {
		t.Errorf("still open: %q", line)
	}
}
