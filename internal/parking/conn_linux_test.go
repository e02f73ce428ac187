package parking_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"weir/internal/parking"
)

// accepted is a connection from a listener of the room, and its other end. network is "tcp" or "unix".
func accepted(t *testing.T, network, address string) (here net.Conn, there *parking.Conn) {
	t.Helper()
	l := listen(t, network, address)
	here, err := net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		here.Close()
		nc.Close()
	})
	return here, nc.(*parking.Conn)
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	lc := net.ListenConfig{KeepAlive: -1}
	l, err := lc.Listen(context.Background(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	l = parking.Listen(l)
	t.Cleanup(func() { l.Close() })
	return l
}

// A connection has the options that package net gives one, without a system call for each.
func TestOptions(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", ":0"} {
		here, there := accepted(t, "tcp", address)
		raw, err := there.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			for _, o := range []struct {
				name        string
				level, opt  int
				want        int
				description string
			}{
				{"TCP_NODELAY", syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1, "nothing waits for more"},
				{"SO_KEEPALIVE", syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 0, "NATS and WebSocket have their own"},
			} {
				if got, err := syscall.GetsockoptInt(int(fd), o.level, o.opt); err != nil || got != o.want {
					t.Errorf("%s: %s is %d, %v; want %d: %s", address, o.name, got, err, o.want, o.description)
				}
			}
			flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0)
			if flags&syscall.O_NONBLOCK == 0 {
				t.Error("the descriptor blocks")
			}
			if flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFD, 0); flags&syscall.FD_CLOEXEC == 0 {
				t.Error("programs that are started inherit the descriptor")
			}
		})
		if got, want := there.RemoteAddr().String(), here.LocalAddr().String(); got != want {
			t.Errorf("%s: the peer is %s, want %s", address, got, want)
		}
		if got, want := there.LocalAddr().String(), here.RemoteAddr().String(); got != want {
			t.Errorf("%s: the own address is %s, want %s", address, got, want)
		}
	}
}

// It is a net.Conn: what waits goes on when something comes, and ends with a deadline or Close.
func TestConn(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			address := "127.0.0.1:0"
			if network == "unix" {
				t.Chdir(t.TempDir())
				address = "s"
			}
			here, there := accepted(t, network, address)
			if got := there.RemoteAddr().Network(); got != network {
				t.Errorf("the network is %q", got)
			}
			buf := make([]byte, 8)
			for range 2 { // the first time it gets into the poller
				go here.Write([]byte("hello"))
				if n, err := there.Read(buf); string(buf[:n]) != "hello" || err != nil {
					t.Fatalf("read %q, %v", buf[:n], err)
				}
			}
			there.SetReadDeadline(time.Now().Add(time.Millisecond))
			for range 2 { // while it waits, and from the beginning
				if _, err := there.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("after the deadline: %v", err)
				}
			}
			there.SetDeadline(time.Time{})

			large := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
			go func() {
				there.Write(large)
				there.CloseWrite()
			}()
			if got, err := io.ReadAll(here); !bytes.Equal(got, large) || err != nil {
				t.Errorf("%d bytes came, %v; want %d", len(got), err, len(large))
			}
			ended := make(chan error)
			go func() {
				_, err := there.Read(buf)
				ended <- err
			}()
			there.Close()
			if err := <-ended; !errors.Is(err, net.ErrClosed) {
				t.Errorf("Close ended Read with %v", err)
			}
			if _, err := there.Write(buf); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Write after Close: %v", err)
			}
		})
	}
}

// A read deadline that is set to the past wakes who waits, as net/http does it.
func TestConnInterrupted(t *testing.T) {
	_, there := accepted(t, "tcp", "127.0.0.1:0")
	ended := make(chan error)
	go func() {
		_, err := there.Read(make([]byte, 1))
		ended <- err
	}()
	there.SetReadDeadline(time.Unix(1, 0))
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read ended with %v", err)
	}
}

// Whether somebody has waited for it or not, its socket can be taken over, and the end of the stream is seen there.
func TestTake(t *testing.T) {
	for _, waited := range []bool{false, true} {
		here, there := accepted(t, "tcp", "127.0.0.1:0")
		if waited {
			there.SetReadDeadline(time.Now().Add(time.Millisecond))
			there.Read(make([]byte, 1))
		}
		s := parking.Take(there)
		g := guest{woken: make(chan struct{}, 1)}
		if !s.Park(g) {
			t.Fatal("it cannot be parked")
		}
		here.Close()
		select {
		case <-g.woken:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody was told")
		}
		if n, err := s.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("read %d bytes, %v; want the end", n, err)
		}
		s.Close()
	}
}

type guest struct{ woken chan struct{} }

func (g guest) Unparked()                 {}
func (g guest) Listen(*parking.Turn) bool { return true }

func (g guest) Woken(*parking.Turn) bool {
	g.woken <- struct{}{}
	return false
}

// Close ends Accept, and nobody can connect any more: the second descriptor of the socket goes as well.
func TestListenerCloses(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	ended := make(chan error)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	l.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept ended with %v", err)
	}
	if nc, err := net.Dial("tcp", l.Addr().String()); err == nil {
		nc.Close()
		t.Error("somebody listens still")
	}
}
