package transcripts

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/server"
	"weir/test/process"
	"weir/test/wire"
)

// door is how the peers of one performance come to a server.
type door struct {
	target process.Target
	over   string
	server *process.Server // nil for a pipe
	inside *server.Server  // for a pipe
}

// secure reports whether a transport needs a server with a certificate.
func secure(over string) bool { return over == "tls" || over == "wss" }

// stage starts a server for one transport. That of a pipe runs in this process.
func stage(t *testing.T, target process.Target, over string, options process.Options) *door {
	t.Helper()
	d := &door{target: target, over: over}
	if over != "pipe" {
		options.Secure = secure(over)
		d.server = process.Start(t, target, options)
		return d
	}
	file := filepath.Join(t.TempDir(), "server.conf")
	if err := os.WriteFile(file, []byte("listen: \"127.0.0.1:-1\"\n"+options.Config), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := server.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if d.inside, err = server.New(o, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if err := d.inside.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.inside.Shutdown)
	return d
}

// open connects.
func (d *door) open() (*peer, error) {
	p := &peer{}
	nc, err := d.dial(p)
	if err != nil {
		return nil, err
	}
	p.nc = nc
	switch d.over {
	case "ws", "wss":
		p.ws, err = wire.Upgrade(nc, process.Patience, wire.Request(d.server.WebSocket, "/"))
	case "deflate":
		p.ws, err = wire.Upgrade(nc, process.Patience, wire.Request(d.server.WebSocket, "/", "Sec-WebSocket-Extensions: "+wire.Offer))
		if err == nil && !p.ws.Compressed {
			err = errors.New("the server declined compression")
		}
	}
	if err != nil {
		return nil, errors.Join(err, nc.Close())
	}
	return p, nc.SetDeadline(time.Now().Add(process.Patience))
}

// dial makes the connection below WebSocket. A TLS client has read the INFO before, which p has then.
func (d *door) dial(p *peer) (net.Conn, error) {
	switch d.over {
	case "tcp":
		return net.DialTimeout("tcp", d.server.Client, process.Patience)
	case "tls":
		nc, err := net.DialTimeout("tcp", d.server.Client, process.Patience)
		if err != nil {
			return nil, err
		}
		if err := nc.SetDeadline(time.Now().Add(process.Patience)); err != nil {
			return nil, err
		}
		info, err := bufio.NewReader(nc).ReadString('\n') // nothing follows before the handshake
		p.buf = []byte(info)
		return tls.Client(nc, trust()), err
	case "ws", "deflate":
		return net.DialTimeout("tcp", d.server.WebSocket, process.Patience)
	case "wss":
		return tls.DialWithDialer(&net.Dialer{Timeout: process.Patience}, "tcp", d.server.WebSocket, trust())
	case "pipe":
		nc, err := d.inside.InProcessConn()
		return newPump(nc), err
	}
	return nil, fmt.Errorf("no transport is called %q", d.over)
}

// trust is how a client knows the certificate of a server.
func trust() *tls.Config {
	file, _ := process.Certificate()
	text, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

// pump is a pipe that is always read, as a socket's buffer is: a server that writes is not stopped by a script that does.
type pump struct {
	net.Conn
	r *io.PipeReader
}

func newPump(nc net.Conn) net.Conn {
	if nc == nil {
		return nil
	}
	r, w := io.Pipe()
	chunks := make(chan []byte, 1<<16) // more than a script reads
	go func() {
		defer close(chunks)
		for {
			chunk := make([]byte, 4096)
			n, err := nc.Read(chunk)
			chunks <- chunk[:n]
			if err != nil {
				return
			}
		}
	}()
	go func() {
		for chunk := range chunks {
			if _, err := w.Write(chunk); err != nil {
				break
			}
		}
		_ = w.Close() // never fails
	}()
	return &pump{nc, r}
}

func (p *pump) Read(b []byte) (int, error) { return p.r.Read(b) }

func (p *pump) Close() error {
	_ = p.r.Close() // never fails
	return p.Conn.Close()
}

// every is what "over: every" stands for; flags need a process.
func every(args []string) []string {
	all := strings.Fields("tcp tls ws wss deflate")
	if len(args) == 0 {
		all = append(all, "pipe@weir")
	}
	return all
}
