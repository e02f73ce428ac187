//go:build unix

package transport_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"weir/internal/transport"
)

// socketPath is short: the address of a Unix socket has about a hundred bytes.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "weir")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func TestListenUnix(t *testing.T) {
	path := socketPath(t)
	l, err := transport.Listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != transport.DefaultUnixMode {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := transport.Listen("unix:" + path); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second listener: %v", err)
	}
	nc, err := l.Accept() // of the question whether somebody listens
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()

	client, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if nc, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	c := transport.NewConn(nc)
	c.Detach()
	if a := c.Client(); a.IsValid() || c.PeerName() != "unix" {
		t.Errorf("address %q, name %q", a, c.PeerName())
	}
	w := transport.GetWire()
	w.Batch.Buf = append(w.Batch.Buf, "INFO {}\r\n"...)
	if err := c.Frame(w); err != nil {
		t.Fatal(err)
	}
	if done, err := c.TryWrite(w); !done || err != nil {
		t.Errorf("it is not written to without blocking: %v, %v", done, err)
	}
	w.Put()
	buf := make([]byte, 9)
	if _, err := io.ReadFull(client, buf); err != nil || string(buf) != "INFO {}\r\n" {
		t.Errorf("got %q, %v", buf, err)
	}
	s := &collector{got: make(chan int, 10)}
	end := make(chan error)
	go func() { end <- c.Serve(s) }()
	io.WriteString(client, "PING\r\n")
	<-s.got
	client.Close()
	if err := <-end; err != io.EOF || s.data.String() != "PING\r\n" {
		t.Errorf("served %q, %v", s.data.String(), err)
	}
	c.Close()
	l.Close()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("after the listener has closed: %v", err)
	}
}

func TestListenUnixMode(t *testing.T) {
	for _, mode := range []os.FileMode{0o600, 0o666} {
		path := socketPath(t)
		l, err := transport.ListenUnix(path, mode)
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
	path := socketPath(t)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	if l, err = transport.Listen("unix:" + path); err != nil {
		t.Fatal(err)
	}
	l.Close()

	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := transport.Listen("unix:" + path); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("a file that is no socket: %v", err)
	}
	if b, err := os.ReadFile(path); string(b) != "text" {
		t.Errorf("the file has %q, %v", b, err)
	}
	if _, err := transport.Listen("unix:" + filepath.Join(path, "below", "a", "file")); err == nil {
		t.Error("there is no such folder")
	}
}
