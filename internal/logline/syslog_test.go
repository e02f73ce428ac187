//go:build !windows && !plan9

package logline_test

import (
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/internal/logline"
)

func TestRemoteSyslog(t *testing.T) {
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	socket := filepath.Join(t.TempDir(), "log")
	local, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()

	tests := []struct {
		addr string
		recv func(*testing.T) string
	}{
		{"udp://" + udp.LocalAddr().String(), func(t *testing.T) string {
			b := make([]byte, 1024)
			udp.SetReadDeadline(time.Now().Add(5 * time.Second))
			n, _, err := udp.ReadFrom(b)
			if err != nil {
				t.Fatal(err)
			}
			return string(b[:n])
		}},
		{"unix://" + socket, func(t *testing.T) string {
			c, err := local.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			b := make([]byte, 1024)
			c.SetReadDeadline(time.Now().Add(5 * time.Second))
			n, err := c.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			return string(b[:n])
		}},
	}
	for _, tt := range tests {
		l, err := logline.Open(logline.Config{RemoteSyslog: tt.addr})
		if err != nil {
			t.Fatal(err)
		}
		l.Logger().Warn("full\n", "conn", "127.0.0.1:5050 - cid:7", "n", 1)
		got := tt.recv(t)
		// Facility 0, severity 4; neither our process id in front, nor our time, nor our label.
		if !strings.HasPrefix(got, "<4>") || !strings.HasSuffix(got, `]: 127.0.0.1:5050 - cid:7 - full\n n=1`+"\n") {
			t.Errorf("%s: got %q", tt.addr, got)
		}
		l.Close()
	}
}

func TestSyslogSeverities(t *testing.T) {
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	l, err := logline.Open(logline.Config{RemoteSyslog: "udp://" + udp.LocalAddr().String(), Debug: true, Trace: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for level, want := range map[slog.Level]string{
		logline.LevelTrace: "<5>", slog.LevelDebug: "<7>", slog.LevelInfo: "<5>",
		slog.LevelWarn: "<4>", slog.LevelError: "<3>", logline.LevelFatal: "<2>",
	} {
		l.Logger().Log(t.Context(), level, "text")
		b := make([]byte, 1024)
		udp.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, _, err := udp.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(b[:n]), want) {
			t.Errorf("level %v: got %q, want severity %s", level, b[:n], want)
		}
	}
}

func TestSyslogAddress(t *testing.T) {
	for _, addr := range []string{"foo", "http://127.0.0.1:514", "udp://", "udp://127.0.0.1", "unix://", "::"} {
		if l, err := logline.Open(logline.Config{RemoteSyslog: addr}); err == nil {
			l.Close()
			t.Errorf("%q was accepted", addr)
		} else if !strings.Contains(err.Error(), addr) {
			t.Errorf("%q: the error does not name it: %v", addr, err)
		}
	}
}
