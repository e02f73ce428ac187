package server_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/server"
)

// TestInProcess comes in without a socket: by the login of the client port, and only who may come in that way.
func TestInProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "weir.conf")
	if err := os.WriteFile(file, []byte(`listen: "127.0.0.1:-1"
authorization { users: [
	{ user: ann, password: p, allowed_connection_types: [STANDARD] }
	{ user: bob, password: p, allowed_connection_types: [in_process] }
] }`), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := server.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown()
	for user, want := range map[string]string{"ann": "-ERR 'Authorization Violation'\r\n", "bob": "PONG\r\n"} {
		nc, err := s.InProcessConn()
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		if err := nc.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(nc)
		if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, `"auth_required":true`) {
			t.Errorf("INFO %q, %v", line, err)
		}
		go fmt.Fprintf(nc, "CONNECT {\"verbose\":false,\"user\":%q,\"pass\":\"p\"}\r\nPING\r\n", user)
		if line, err := r.ReadString('\n'); err != nil || line != want {
			t.Errorf("%s: got %q, %v", user, line, err)
		}
		if user != "bob" {
			if rest, err := io.ReadAll(r); err != nil || len(rest) > 0 {
				t.Errorf("and then %q, %v", rest, err)
			}
		}
	}
	s.Shutdown()
	if _, err := s.InProcessConn(); !errors.Is(err, server.ErrStopped) {
		t.Errorf("after the shutdown: %v", err)
	}
}
