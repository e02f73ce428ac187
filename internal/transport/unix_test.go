//go:build unix

package transport_test

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"weir/internal/listener"
	"weir/internal/transport"
)

func TestListenUnix(t *testing.T) {
	t.Chdir(t.TempDir())
	path := "s" // short: the address of a Unix socket has about a hundred bytes
	l, err := listener.Open("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != listener.DefaultUnixMode {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := listener.Open("unix:" + path); !errors.Is(err, syscall.EADDRINUSE) {
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
