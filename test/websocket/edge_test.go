package websocket

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"weir/test/process"
	"weir/test/wire"
)

// The keys of the websocket block that nats-server does not have, so all of this is about Weir.

// weir starts a Weir with more in its websocket block.
func weir(t *testing.T, websocket string) *process.Server {
	t.Helper()
	return process.Start(t, process.Weir, process.Options{WebSocket: websocket})
}

// TestPings: with ws_ping_interval the server sends ping frames to who is silent, and gives up who answers none.
func TestPings(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		server := weir(t, `ws_ping_interval: "50ms"`)
		answers := func(s *session) error {
			for range 5 {
				f, err := s.Frame()
				if err != nil || f.Opcode != wire.Ping {
					return fmt.Errorf("frame %+v, %w", f, err)
				}
				s.send(wire.Frame{Opcode: wire.Pong, Payload: f.Payload})
			}
			return nil
		}
		if err := answers(connect(t, server)); err != nil {
			t.Error(err)
		}
		silent := connect(t, server)
		for pings := 0; ; {
			m, err := silent.Next()
			var closed *wire.CloseError
			switch {
			case errors.As(err, &closed):
				if closed.Code != 1001 || closed.Text != "Stale Connection" || pings == 0 {
					t.Errorf("after %d pings: %v", pings, closed)
				}
				return
			case err != nil:
				t.Fatal(err)
			case m.Opcode == wire.Ping:
				pings++
			}
		}
	})
}

// TestAnswersToPings: what comes with the answer to a ping, before it or behind it, is heard, in whatever pieces it comes.
func TestAnswersToPings(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		const pings = 6
		pong, ping, line := wire.Frame{Opcode: wire.Pong}.Append(nil), wire.Frame{Opcode: wire.Ping}.Append(nil), data("PING\r\n").Append(nil)
		server := weir(t, "compression: true\nws_ping_interval: \"100ms\"")
		for _, row := range []struct {
			name    string
			answers [][]byte // each in a segment of its own, or several
			lines   int      // PONG lines that come for each
			pongs   int      // frames that come for each
		}{
			{"at once", [][]byte{pong}, 0, 0},
			{"in two pieces", [][]byte{pong[:3], pong[3:]}, 0, 0},
			{"with a line", [][]byte{append(pong[:6:6], line...)}, 1, 0},
			{"with a line in pieces", [][]byte{append(pong[:6:6], line[:1]...), line[1:7], line[7:]}, 1, 0},
			{"behind a line", [][]byte{append(line[:12:12], pong...)}, 1, 0},
			{"behind a ping", [][]byte{ping, pong}, 0, 1},
			{"by a line", [][]byte{line}, 1, 0},
		} {
			for _, header := range [][]string{nil, {deflated}} {
				t.Run(row.name, func(t *testing.T) {
					t.Parallel()
					s := connect(t, server, header...)
					lines, pongs := 0, 0
					for came := 0; came < pings || lines < row.lines*pings || pongs < row.pongs*pings; {
						m, err := s.Next()
						switch {
						case err != nil:
							t.Fatalf("after %d pings, %d lines and %d pongs: %v", came, lines, pongs, err)
						case m.Opcode == wire.Pong:
							pongs++
						case m.Opcode == wire.Binary:
							lines += strings.Count(string(m.Payload), "PONG\r\n")
						case came < pings:
							came++
							for _, piece := range row.answers {
								if _, err := s.Write(piece); err != nil {
									t.Fatal(err)
								}
							}
						}
					}
				})
			}
		}
	})
}

// TestMaxAge: a connection does not get older than max_connection_age, however busy it is.
func TestMaxAge(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		start := time.Now()
		s := connect(t, weir(t, `max_connection_age: "200ms"`))
		s.wantClose(1001, "Maximum Connection Age", false)
		if age := time.Since(start); age < 200*time.Millisecond {
			t.Errorf("after %v", age)
		}
	})
}

// TestUnixSocket has a listener on a Unix socket, behind a proxy on the same machine.
func TestUnixSocket(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "edge.sock")
		server := process.Start(t, process.Weir, process.Options{File: fmt.Sprintf("host: 127.0.0.1\nport: -1\nhttp: \"127.0.0.1:-1\"\n"+
			"websocket { listen: \"unix:%s\", trusted_proxies: [ unix ] }\n", path)})
		nc, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		comesFrom(t, server, nc, wire.Request("edge.test", "/", "X-Forwarded-For: 1.2.3.4"), "1.2.3.4")
	})
}

// comesFrom upgrades nc with a request and looks where the client is said to be.
func comesFrom(t *testing.T, server *process.Server, nc net.Conn, request, ip string) {
	t.Helper()
	s, err := over(t, server, nc, request)
	if err != nil {
		t.Fatal(err)
	}
	s.line()
	s.alive()
	if all := server.Connections(t, ""); len(all) != 1 || all[0].IP != ip {
		t.Errorf("connections %+v, want one from %s", all, ip)
	}
}

// TestSeveralListeners has one for browsers and one for machines, each with rules of its own.
func TestSeveralListeners(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		server := process.Start(t, process.Weir, process.Options{File: `host: 127.0.0.1
port: -1
websocket [
  { host: 127.0.0.1, port: -1, no_tls: true, same_origin: true }
  { name: machines, host: 127.0.0.1, port: -1, no_tls: true, authorization { token: secret } }
]
`})
		line, err := server.Log().Wait(`Listening for websocket clients on ws://\S+ \(machines\)`, process.Patience)
		if err != nil {
			t.Fatal(err)
		}
		machines := *server
		machines.WebSocket = regexp.MustCompile(`ws://(\S+)`).FindStringSubmatch(line)[1]
		checkOrigin(t, server, "another, first", []string{"Origin: http://a.test"}, false)
		checkOrigin(t, &machines, "another, second", []string{"Origin: http://a.test"}, true)
		browser := connect(t, server)
		browser.send(data("SUB a 1\r\nPING\r\n"))
		browser.want("PONG")
		for token, in := range map[string]bool{"secret": true, "x": false} {
			s := dial(t, &machines)
			s.send(data("CONNECT {\"verbose\":false,\"auth_token\":\"" + token + "\"}\r\nPUB a 1\r\nx\r\nPING\r\n"))
			s.wantLogin(in)
		}
		browser.want("MSG a 1 1", "x")
	})
}

// TestProxyProtocol has a proxy that begins connections with the client's address, as text (version 1) and in binary
// (version 2).
func TestProxyProtocol(t *testing.T) {
	const v2 = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\x01\x02\x03\x04\x7f\x00\x00\x01\x04\xd2\x10\xe1"
	process.OnWeir(t, func(t *testing.T) {
		for name, header := range map[string]string{"version 1": "PROXY TCP4 1.2.3.4 127.0.0.1 1234 4321\r\n", "version 2": v2} {
			t.Run(name, func(t *testing.T) {
				server := weir(t, `proxy_protocol: true, trusted_proxies: [ "127.0.0.1" ]`)
				comesFrom(t, server, process.Dial(t, server.WebSocket), header+wire.Request("edge.test", "/"), "1.2.3.4")
			})
		}
		t.Run("missing", func(t *testing.T) {
			server := weir(t, `proxy_protocol: true, trusted_proxies: [ "127.0.0.1" ]`)
			if c, err := wire.Dial(server.WebSocket, process.Patience); err == nil {
				_ = c.Close()
				t.Error("a trusted proxy came without its header")
			}
		})
	})
}

// TestConnectionsPerAddress: the limits are for the client's address, not for the proxy's.
func TestConnectionsPerAddress(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		server := weir(t, "trusted_proxies: [ \"127.0.0.1\" ]\n  limits { connections_per_ip: 2 }")
		from := func(ip string) (int, net.Conn) {
			response, nc, _ := ask(t, server, head("GET / HTTP/1.1", "X-Forwarded-For: "+ip))
			return response.StatusCode, nc
		}
		_, first := from("192.0.2.1")
		if status, _ := from("192.0.2.1"); status != http.StatusSwitchingProtocols {
			t.Errorf("second: %d", status)
		}
		if status, _ := from("192.0.2.1"); status != http.StatusServiceUnavailable {
			t.Errorf("third: %d", status)
		}
		if status, _ := from("192.0.2.2"); status != http.StatusSwitchingProtocols {
			t.Errorf("another: %d", status)
		}
		_ = first.Close()
		if !process.Await(process.Patience, func() bool { status, _ := from("192.0.2.1"); return status == http.StatusSwitchingProtocols }) {
			t.Error("nobody of the address is let in any more")
		}
	})
}

// TestBeforeLogin: who has not logged in may send little, and little is inflated for it.
//
// advisory: CVE-2026-27571 CVE-2026-33219
func TestBeforeLogin(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		server := process.Start(t, process.Weir, process.Options{Config: "authorization { token: secret }"})
		for name, frame := range map[string]wire.Frame{
			"plain":      data("CONNECT {\"name\":\"" + strings.Repeat("x", 20_000)),
			"compressed": packed("CONNECT {\"name\":\"" + strings.Repeat("x", 20_000)),
		} {
			t.Run(name, func(t *testing.T) {
				s := dial(t, server, deflated)
				_ = s.Send(frame) // the server may be gone before it has read all
				if closed := s.end(); closed.Code == 1000 {
					t.Error(closed)
				}
			})
		}
	})
}

// TestContextTakeover: messages refer to those before them, if both sides agreed on that, RFC 7692 §7.1.1.
func TestContextTakeover(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		server := weir(t, "compression { enabled: true, context_takeover: true }")
		c, err := wire.Dial(server.WebSocket, process.Patience, "Sec-WebSocket-Extensions: permessage-deflate")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if answer := parameters(t, c.Response); len(answer) != 0 {
			t.Errorf("answer %v", answer)
		}
		body := `{"instrument":"EURUSD","bid":1.08431,"ask":1.08439,"volume":1000000,"venue":"north"}`
		var window, got []byte
		sizes := []int{}
		read := func(until string) {
			t.Helper()
			for !bytes.HasSuffix(got, []byte(until)) {
				f, err := c.Frame()
				if err != nil {
					t.Fatal(err)
				}
				text := f.Payload
				if f.RSV == wire.RSV1 {
					sizes = append(sizes, len(f.Payload))
					tail := "\x00\x00\xff\xff\x01\x00\x00\xff\xff"
					text, err = io.ReadAll(flate.NewReaderDict(io.MultiReader(bytes.NewReader(f.Payload), strings.NewReader(tail)), window))
					if err != nil {
						t.Fatal(err)
					}
					window = append(window, text...)
					window = window[max(0, len(window)-32<<10):]
				}
				got = append(got, text...)
			}
			got = nil
		}
		read("\r\n") // the INFO
		if err := c.Send(data("CONNECT {\"verbose\":false}\r\nSUB a 1\r\nPING\r\n")); err != nil {
			t.Fatal(err)
		}
		read("PONG\r\n")
		sizes = nil
		publisher := connectPlain(t, server)
		for range 3 {
			publisher.Send(fmt.Sprintf("PUB a %d\r\n%s\r\n", len(body), body))
			read(body + "\r\n")
		}
		if len(sizes) != 3 || sizes[2] > 20 {
			t.Errorf("the messages had %v bytes", sizes)
		}
	})
}
