package websocket

import (
	"bytes"
	"crypto/tls"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"weir/test/process"
	"weir/test/wire"
)

// block is a tls block for process.Options.WebSocket.
func block(keys ...string) string { return "tls { " + strings.Join(keys, ", ") + " }" }

func TestTLS(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		a := newAuthority(t)
		server := process.Start(t, target, process.Options{WebSocket: block(a.server("server", "127.0.0.1"))})
		// parity: 9.1.41.1
		t.Run("with", func(t *testing.T) {
			s, info := connectTLS(t, server, a.trust())
			if !strings.Contains(info, `"tls_required":true`) || !strings.Contains(info, `"tls_available":true`) {
				t.Error(info)
			}
			s.alive()
		})
		// parity: 9.1.41.2
		t.Run("without", func(t *testing.T) {
			response, _, _ := ask(t, server, wire.Request("example.test", "/"))
			if response.StatusCode != http.StatusBadRequest {
				t.Error(response.Status)
			}
		})
	})
}

// TestTLSOrigin: with TLS, a page of the same origin is a page of https.
func TestTLSOrigin(t *testing.T) {
	rows := []struct {
		host, origin string
		in           bool
	}{
		{"host.com", "https://host.com", true},
		{"host.com:443", "https://host.com", true},
		{"host.com:8443", "https://host.com:8443", true},
		// parity: 9.1.21.5
		{"host.com:443", "http://host.com:443", false},
		// parity: 9.1.21.6
		{"host.com", "http://host.com", false},
		{"host.com", "https://host.com:80", false},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		a := newAuthority(t)
		server := process.Start(t, target, process.Options{WebSocket: "same_origin: true\n  " + block(a.server("server", "127.0.0.1"))})
		for _, row := range rows {
			nc, err := tls.Dial("tcp", server.WebSocket, a.trust())
			if err != nil {
				t.Fatal(err)
			}
			_, err = wire.Upgrade(nc, process.Patience, wire.Request(row.host, "/", "Origin: "+row.origin))
			if row.in != (err == nil) || err != nil && !strings.Contains(err.Error(), "403") {
				t.Errorf("%s at %s: %v", row.origin, row.host, err)
			}
			_ = nc.Close()
		}
	})
}

// TestClientCertificate is `verify: true`.
func TestClientCertificate(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		a, stranger := newAuthority(t), newAuthority(t)
		server := process.Start(t, target, process.Options{WebSocket: block(a.server("server", "127.0.0.1"), "verify: true")})
		// parity: 9.1.42.1
		t.Run("there", func(t *testing.T) {
			connectTLS(t, server, a.trust(a.client("ann", pkix.Name{CommonName: "ann"})))
		})
		// parity: 9.1.42.2
		t.Run("missing", func(t *testing.T) {
			if _, err := dialTLS(t, server, a.trust()); err == nil || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("got %v", err)
			}
		})
		t.Run("of somebody else", func(t *testing.T) {
			config := a.trust()
			own := stranger.client("eve", pkix.Name{CommonName: "eve"})
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil }
			if _, err := dialTLS(t, server, config); err == nil || !strings.Contains(err.Error(), "remote error: tls: ") {
				t.Errorf("got %v", err)
			}
		})
	})
}

// TestSlowTLS has peers that never finish the TLS handshake.
func TestSlowTLS(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		a := newAuthority(t)
		options := process.Options{WebSocket: "handshake_timeout: \"100ms\"\n  " + block(a.server("server", "127.0.0.1"))}
		server := process.Start(t, target, options)
		for name, text := range map[string]string{
			// parity: 9.1.44 9.4.8.1
			"silent": "",
			// parity: 9.4.8.1
			"half a record": "\x16\x03\x01\x00\xf0\x01\x00",
		} {
			t.Run(name, func(t *testing.T) {
				nc := process.Dial(t, server.WebSocket)
				if _, err := io.WriteString(nc, text); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadAll(nc); err != nil && !isReset(err) {
					t.Error(err)
				}
				line := `TLS handshake error from ` + regexp.QuoteMeta(nc.LocalAddr().String()) + `: .*timeout`
				if _, err := server.Log().Wait(line, process.Patience); err != nil {
					t.Error(err)
				}
			})
		}
		if _, err := server.Log().Wait(`\[ERR\].*(websocket.*TLS handshake error|TLS handshake error.*websocket)`, process.Patience); err != nil {
			t.Error(err)
		}
		connectTLS(t, server, a.trust())
	})
}

func isReset(err error) bool {
	e, ok := err.(net.Error)
	return !ok || !e.Timeout()
}

// TestReloadTLS changes the certificate, and then asks clients for theirs, while a client is connected.
func TestReloadTLS(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		a := newAuthority(t)
		first, second := a.server("first", "other.test"), a.server("second", "127.0.0.1")
		server := process.Start(t, target, process.Options{File: "host: 127.0.0.1\nport: -1\nwebsocket {\n  host: 127.0.0.1\n  port: -1\n  " +
			block(first) + "\n}\n"})
		careless := a.trust()
		careless.ServerName = "other.test"
		old, _ := connectTLS(t, server, careless)
		// parity: 9.1.65.1
		t.Run("another certificate", func(t *testing.T) {
			if _, err := dialTLS(t, server, a.trust()); err == nil || !strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("the first certificate is good: %v", err)
			}
			if line := server.Reload(t, replace(first, second)); !strings.Contains(line, "Reloaded") {
				t.Fatal(line)
			}
			// parity: 9.1.65.2
			_, info := connectTLS(t, server, a.trust())
			_, port, _ := net.SplitHostPort(server.WebSocket)
			for _, part := range []string{`"tls_required":true`, `"tls_available":true`, `"host":"127.0.0.1"`, `"port":` + port + `,`} {
				if !strings.Contains(info, part) {
					t.Errorf("no %s in %s", part, info)
				}
			}
		})
		// parity: 9.1.65.3
		t.Run("certificates of clients", func(t *testing.T) {
			if line := server.Reload(t, replace(second, second+", verify: true")); !strings.Contains(line, "Reloaded") {
				t.Fatal(line)
			}
			if _, err := dialTLS(t, server, a.trust()); err == nil || !strings.Contains(err.Error(), "certificate required") {
				t.Errorf("got %v", err)
			}
			connectTLS(t, server, a.trust(a.client("ann", pkix.Name{CommonName: "ann"})))
		})
		// parity: 9.1.65.4
		t.Run("no TLS at all", func(t *testing.T) {
			if line := server.Reload(t, replace(block(second, "verify: true"), "")); !strings.Contains(line, "Failed") || !strings.Contains(line, "TLS configuration") {
				t.Error(line)
			}
			connectTLS(t, server, a.trust(a.client("bob", pkix.Name{CommonName: "bob"})))
		})
		// parity: 9.1.65.5
		t.Run("no TLS, and on purpose", func(t *testing.T) { // nats-server would have to be started again
			line := server.Reload(t, replace("websocket {", "websocket {\n  no_tls: true"))
			if target == process.Weir {
				if !strings.Contains(line, "Reloaded") {
					t.Error(line)
				}
				connect(t, server)
				return
			}
			if !strings.Contains(line, "Failed") || !strings.Contains(line, "not supported") {
				t.Error(line)
			}
			connectTLS(t, server, a.trust(a.client("joe", pkix.Name{CommonName: "joe"})))
		})
		old.alive()
	})
}

// records counts the TLS records of data that pass.
type records struct {
	net.Conn
	stream bytes.Buffer
}

func (r *records) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	r.stream.Write(p[:n])
	return n, err
}

// take returns the number of records since the last call. There must be no half of one.
func (r *records) take(t *testing.T) int {
	t.Helper()
	n := 0
	for r.stream.Len() > 0 {
		head := r.stream.Next(5)
		if len(head) < 5 || r.stream.Len() < int(head[3])<<8|int(head[4]) {
			t.Fatal("half a record")
		}
		r.stream.Next(int(head[3])<<8 | int(head[4]))
		n++
	}
	return n
}

// TestRecords: a small message is one TLS record. nats-server makes two of it, one for the frame's header.
//
// parity: 9.4.14.1
func TestRecords(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		a := newAuthority(t)
		server := process.Start(t, process.Weir, process.Options{WebSocket: block(a.server("server", "127.0.0.1"))})
		counted := &records{Conn: process.Dial(t, server.WebSocket)}
		s, err := over(t, server, tls.Client(counted, a.trust()), wire.Request(server.WebSocket, "/"))
		if err != nil {
			t.Fatal(err)
		}
		s.line()
		publisher := connectPlain(t, server)
		s.send(data("CONNECT {\"verbose\":false}\r\nSUB a 1\r\nPING\r\n"))
		s.want("PONG")
		counted.take(t)
		for size, want := range map[int]int{10: 1, 10_000: 1} {
			publisher.Send(fmt.Sprintf("PUB a %d\r\n%s\r\n", size, strings.Repeat("x", size)))
			s.want(fmt.Sprintf("MSG a 1 %d", size), strings.Repeat("x", size))
			if got := counted.take(t); got != want {
				t.Errorf("%d bytes in %d records, want %d", size, got, want)
			}
		}
	})
}
