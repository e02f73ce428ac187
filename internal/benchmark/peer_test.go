package benchmark_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/internal/benchmark"
)

// peer is the server's side of one connection, over TCP.
type peer struct {
	net.Conn
	t      *testing.T
	number int // of the connections so far
	r      *bufio.Reader
}

// listen lets a script play the server for each connection, and returns the URL. A connection ends with its script.
func listen(t *testing.T, script func(*peer)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		for n := 0; ; n++ {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			wait.Go(func() {
				defer nc.Close()
				script(&peer{nc, t, n, bufio.NewReader(nc)})
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wait.Wait()
	})
	return "nats://" + l.Addr().String()
}

// say writes, and does not care whether anybody is there.
func (p *peer) say(format string, args ...any) { fmt.Fprintf(p, format, args...) }

// hear reads a line; it is empty at the end.
func (p *peer) hear() string {
	line, _ := p.r.ReadString('\n')
	return strings.TrimSuffix(line, "\r\n")
}

// until reads lines up to one that begins so, and returns it, or nothing at the end.
func (p *peer) until(prefix string) string {
	for {
		switch line := p.hear(); {
		case line == "" || strings.HasPrefix(line, prefix):
			return line
		}
	}
}

// drain reads to the end.
func (p *peer) drain() { _, _ = io.Copy(io.Discard, p.r) }

// welcome says what a server says up to the PONG of the login, and returns CONNECT's object.
func (p *peer) welcome(info string) (connect map[string]any) {
	p.say("INFO {\"server_id\":\"X\",\"version\":\"1.2.3\",\"max_payload\":1000%s}\r\n", info)
	line := p.until("CONNECT ")
	if line == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(line[len("CONNECT "):]), &connect); err != nil {
		p.t.Errorf("%q: %v", line, err)
	}
	p.until("PING")
	p.say("PONG\r\n")
	return connect
}

// small is a load of a few messages on a server.
func small(command benchmark.Command, server string) benchmark.Config {
	return benchmark.Config{
		Command: command, Messages: 5, Clients: []int{2},
		Target: benchmark.Target{Server: server, Timeout: 10 * time.Second},
	}
}
