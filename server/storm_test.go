package server_test

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"weir/internal/config"
	"weir/server"
)

// edgeServer is a server with a WebSocket listener, not started.
func edgeServer(t *testing.T) *server.Server {
	t.Helper()
	o, err := config.Parse("weir.conf", []byte("listen: \"127.0.0.1:-1\"\nwebsocket { listen: \"127.0.0.1:-1\", no_tls: true }\n"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	return s
}

// A server that shuts down while many come in leaves nobody connected: not those that were upgraded, not those that were
// still asking, not those that had said nothing yet.
//
// parity: 9.3.81
func TestShutdownDuringStorm(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	s := edgeServer(t)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	address := s.WebSocketAddr().String()
	came := make(chan net.Conn, 10_000)
	var storm sync.WaitGroup
	for i := range 8 {
		storm.Go(func() {
			for n := 0; ; n++ {
				nc, err := net.Dial("tcp", address)
				if err != nil {
					return // the port is closed
				}
				_, _ = io.WriteString(nc, request[:(i*n*37)%(len(request)+1)]) // the server may be gone
				came <- nc
			}
		})
	}
	var open []net.Conn
	for range 100 { // then it has begun
		open = append(open, <-came)
	}
	s.Shutdown()
	storm.Wait()
	close(came)
	for nc := range came {
		open = append(open, nc)
	}
	for _, nc := range open {
		if err := nc.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, nc); err != nil {
			if e, ok := err.(net.Error); ok && e.Timeout() {
				t.Errorf("%v is still connected", nc.LocalAddr())
			}
		}
		_ = nc.Close()
	}
}

// A server that was told to stop before it started opens nothing.
//
// parity: 9.3.79
func TestShutdownBeforeStart(t *testing.T) {
	s := edgeServer(t)
	s.Shutdown()
	if err := s.Start(); !errors.Is(err, server.ErrStopped) {
		t.Errorf("started: %v", err)
	}
	if a, b := s.WebSocketAddr(), s.ClientAddr(); a != nil || b != nil {
		t.Errorf("it listens at %v and %v", a, b)
	}
}
