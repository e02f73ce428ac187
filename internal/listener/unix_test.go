//go:build unix

package listener_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/internal/listener"
)

func TestListenUnixMode(t *testing.T) {
	for _, mode := range []os.FileMode{0o600, 0o666} {
		t.Chdir(t.TempDir())
		path := "s" // short: the address of a Unix socket has about a hundred bytes
		l, err := listener.OpenUnix(path, mode)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		l.Close()
	}
}

// What a dead server has left is replaced; what is something else is not.
func TestListenUnixStale(t *testing.T) {
	t.Chdir(t.TempDir())
	path := "s" // short: the address of a Unix socket has about a hundred bytes
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	if l, err = listener.Open("unix:" + path); err != nil {
		t.Fatal(err)
	}
	l.Close()

	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listener.Open("unix:" + path); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("a file that is no socket: %v", err)
	}
	if b, err := os.ReadFile(path); string(b) != "text" {
		t.Errorf("the file has %q, %v", b, err)
	}
	if _, err := listener.Open("unix:" + filepath.Join(path, "below", "a", "file")); err == nil {
		t.Error("there is no such folder")
	}
}
