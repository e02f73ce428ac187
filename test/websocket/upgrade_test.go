package websocket

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"weir/test/process"
	"weir/test/wire"
)

// head renders a request; each edit is a header line that replaces the one of that name, or "-Name" that removes it.
func head(first string, edits ...string) string {
	lines := []string{
		"Host: example.test", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Key: " + wire.Key, "Sec-WebSocket-Version: 13",
	}
	for _, edit := range edits {
		name, _, _ := strings.Cut(strings.TrimPrefix(edit, "-"), ":")
		lines = slices.DeleteFunc(lines, func(line string) bool {
			return strings.EqualFold(strings.SplitN(line, ":", 2)[0], name)
		})
		if !strings.HasPrefix(edit, "-") {
			lines = append(lines, edit)
		}
	}
	return first + "\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// ask sends text on a new connection and returns the answer, with the connection to go on with.
func ask(t *testing.T, server *process.Server, text string) (*http.Response, net.Conn, *bufio.Reader) {
	t.Helper()
	nc := process.Dial(t, server.WebSocket)
	if _, err := io.WriteString(nc, text); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(nc)
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return response, nc, r
}

var refusals = []struct {
	name    string
	request string
	status  int
}{
	// parity: 9.1.22.1 9.4.13.3
	{"post", head("POST / HTTP/1.1", "Content-Length: 0"), 405},
	// parity: 9.4.13.3
	{"head", head("HEAD / HTTP/1.1"), 405},
	// parity: 9.4.13.3
	{"options", head("OPTIONS / HTTP/1.1"), 405},
	// parity: 9.1.22.3
	{"no upgrade", head("GET / HTTP/1.1", "-Upgrade"), 400},
	{"other upgrade", head("GET / HTTP/1.1", "Upgrade: h2c"), 400},
	{"upgrade is part of a word", head("GET / HTTP/1.1", "Upgrade: websockets"), 400},
	// parity: 9.1.22.4
	{"no connection", head("GET / HTTP/1.1", "-Connection"), 400},
	{"connection keep-alive", head("GET / HTTP/1.1", "Connection: keep-alive"), 400},
	// parity: 9.1.22.5
	{"no key", head("GET / HTTP/1.1", "-Sec-WebSocket-Key"), 400},
	// parity: 9.1.22.6
	{"empty key", head("GET / HTTP/1.1", "Sec-WebSocket-Key: "), 400},
	{"key of 15 bytes", head("GET / HTTP/1.1", "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0O"), 400},
	{"key of 17 bytes", head("GET / HTTP/1.1", "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODxA="), 400},
	{"key without padding", head("GET / HTTP/1.1", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ"), 400},
	{"key in the URL alphabet", head("GET / HTTP/1.1", "Sec-WebSocket-Key: __________________________"), 400},
	// parity: 9.1.22.9
	{"no version", head("GET / HTTP/1.1", "-Sec-WebSocket-Version"), 400},
	{"version 8", head("GET / HTTP/1.1", "Sec-WebSocket-Version: 8"), 400},
	// parity: 9.1.73.1
	{"mqtt without an mqtt port", head("GET /mqtt HTTP/1.1"), 404},
	{"mqtt below a path", head("GET /a/b/mqtt HTTP/1.1"), 404},
	// parity: 9.1.22.2
	{"http 1.0 without host", head("GET / HTTP/1.0", "-Host"), 400},
}

// TestRefusals is the table of catalogue §2.2: the status, the headers and the exact body.
//
// parity: 9.4.13.4
// advisory: GHSA-p957-7v2w-g93g
func TestRefusals(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for _, row := range refusals {
			t.Run(row.name, func(t *testing.T) {
				response, nc, r := ask(t, server, row.request)
				isHead := strings.HasPrefix(row.request, "HEAD")
				want := http.StatusText(row.status) + "\n"
				if response.StatusCode != row.status {
					t.Errorf("status %s, want %d", response.Status, row.status)
				}
				for name, value := range map[string]string{
					"Content-Type":           "text/plain; charset=utf-8",
					"Sec-Websocket-Version":  "13",
					"X-Content-Type-Options": "nosniff",
					"Content-Length":         fmt.Sprint(len(want)),
				} {
					if got := response.Header.Get(name); got != value {
						t.Errorf("header %s is %q, want %q", name, got, value)
					}
				}
				if isHead {
					return // what would be the body is not sent, and the reader does not know that it was a HEAD
				}
				body, err := io.ReadAll(response.Body)
				if err != nil || string(body) != want {
					t.Errorf("body %q, %v, want %q", body, err, want)
				}
				if strings.Contains(row.request, "HTTP/1.0") {
					return
				}
				// The connection stays: a client may ask again, and better.
				if _, err := io.WriteString(nc, wire.Request("example.test", "/")); err != nil {
					t.Fatal(err)
				}
				if again, err := http.ReadResponse(r, nil); err != nil || again.StatusCode != 101 {
					t.Errorf("second request on the connection: %v, %v", again, err)
				}
			})
		}
	})
}

// TestPlainGet is somebody who typed the address into a browser. nats-server calls that a bad request, Weir says what
// the port is for (RFC 9110 §15.5.22).
func TestPlainGet(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		response, nc, r := ask(t, process.Start(t, target, process.Options{}), "GET / HTTP/1.1\r\nHost: example.test\r\n\r\n")
		status := http.StatusBadRequest
		if target == process.Weir {
			status = http.StatusUpgradeRequired
			if got := response.Header.Get("Upgrade"); got != "websocket" {
				t.Errorf("header Upgrade is %q", got)
			}
		}
		if response.StatusCode != status || response.Header.Get("Sec-WebSocket-Version") != "13" {
			t.Errorf("status %s, want %d, headers %v", response.Status, status, response.Header)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(nc, wire.Request("example.test", "/")); err != nil {
			t.Fatal(err)
		}
		if again, err := http.ReadResponse(r, nil); err != nil || again.StatusCode != 101 {
			t.Errorf("upgrade on the same connection: %v, %v", again, err)
		}
	})
}

var acceptances = []struct {
	name    string
	request string
}{
	// parity: 9.1.73.3
	{"plain", head("GET / HTTP/1.1")},
	{"any path", head("GET /some/where HTTP/1.1")},
	{"query", head("GET /?token=x HTTP/1.1")},
	{"query that names mqtt", head("GET /?a=/mqtt HTTP/1.1")},
	{"names in lower case", "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n" +
		"sec-websocket-key: " + wire.Key + "\r\nsec-websocket-version: 13\r\n\r\n"},
	{"list of connection options", head("GET / HTTP/1.1", "Connection: keep-alive, Upgrade")},
	{"connection in lower case", head("GET / HTTP/1.1", "Connection: upgrade")},
	{"upgrade in upper case", head("GET / HTTP/1.1", "Upgrade: WebSocket")},
	{"list of upgrades", head("GET / HTTP/1.1", "Upgrade: h2c, websocket")},
	{"list of versions", head("GET / HTTP/1.1", "Sec-WebSocket-Version: 8, 13")},
	{"http 1.0", head("GET / HTTP/1.0")},
	{"origin", head("GET / HTTP/1.1", "Origin: https://anywhere.test")},
	{"null origin", head("GET / HTTP/1.1", "Origin: null")},
	{"subprotocol that is not ours", head("GET / HTTP/1.1", "Sec-WebSocket-Protocol: mqtt")},
	{"authorization", head("GET / HTTP/1.1", "Authorization: Bearer x")},
	{"forwarded for", head("GET / HTTP/1.1", "X-Forwarded-For: 1.2.3.4")},
	{"cookies", head("GET / HTTP/1.1", "Cookie: a=b; c=d")},
	{"long header", head("GET / HTTP/1.1", "X-Long: "+strings.Repeat("x", 8000))},
}

// TestAcceptances has the requests that look odd and are fine, and nothing in the answer that was not asked for.
//
// parity: 9.1.27.3
func TestAcceptances(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for _, row := range acceptances {
			t.Run(row.name, func(t *testing.T) {
				response, _, r := ask(t, server, row.request)
				if response.StatusCode != http.StatusSwitchingProtocols {
					t.Fatalf("status %s", response.Status)
				}
				for _, name := range []string{"Sec-Websocket-Protocol", "Sec-Websocket-Extensions", "Nats-No-Masking"} {
					if value, ok := response.Header[name]; ok {
						t.Errorf("answer has %s: %q", name, value)
					}
				}
				if frame, err := wire.ReadFrame(r); err != nil || !strings.HasPrefix(string(frame.Payload), "INFO {") {
					t.Errorf("first frame %q, %v", frame.Payload, err)
				}
			})
		}
	})
}

// TestAnswer has the bytes of the 101: their order is what stock clients and proxies have seen for years.
func TestAnswer(t *testing.T) {
	start := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + wire.Accept + "\r\n"
	rows := []struct {
		name, config, header, want string
	}{
		{"plain", "", "X-A: b", start + "\r\n"},
		{"compressed", "", deflated, start + "Sec-WebSocket-Extensions: " + wire.Offer + "\r\n\r\n"},
		{"no masking", "", "Nats-No-Masking: true", start + "Nats-No-Masking: true\r\n\r\n"},
		{"no masking in capitals", "", "Nats-No-Masking: TRUE", start + "\r\n"},
		// parity: 9.1.28 9.1.62
		{"own header", `headers { X-Edge: "north" }`, "X-A: b", start + "X-Edge: north\r\n\r\n"},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				options := noMasking(target)
				options.WebSocket += "\n  " + row.config
				server := process.Start(t, target, options)
				nc := process.Dial(t, server.WebSocket)
				if _, err := io.WriteString(nc, head("GET / HTTP/1.1", row.header)); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, len(row.want))
				if _, err := io.ReadFull(nc, got); err != nil || string(got) != row.want {
					t.Errorf("answer %q, %v\nwant   %q", got, err, row.want)
				}
			})
		}
	})
}

// TestEarlyBytes sends a frame together with the request: the server has not said yes yet, so that is no WebSocket.
//
// parity: 9.1.22.13 9.4.13.5
func TestEarlyBytes(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		nc := process.Dial(t, server.WebSocket)
		request := append([]byte(head("GET / HTTP/1.1")), data("PING\r\n").Append(nil)...)
		if _, err := nc.Write(request); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(nc)
		if e, ok := err.(net.Error); ok && e.Timeout() || strings.Contains(string(answer), " 101 ") {
			t.Errorf("answer %q, %v; want a refusal or the end", answer, err)
		}
	})
}

// TestHandshakeTimeout has clients that never finish asking.
//
// parity: 9.4.8.2
func TestHandshakeTimeout(t *testing.T) {
	rows := map[string]string{"silent": "", "half a request": "GET / HTTP/1.1\r\nHost: a\r\n"}
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{WebSocket: `handshake_timeout: "200ms"`})
		for name, text := range rows {
			t.Run(name, func(t *testing.T) {
				nc := process.Dial(t, server.WebSocket)
				if _, err := io.WriteString(nc, text); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadAll(nc); err != nil {
					if e, ok := err.(net.Error); ok && e.Timeout() {
						t.Error("the server waits for ever")
					}
				}
			})
		}
		// parity: 9.1.25
		t.Run("does not end a session", func(t *testing.T) {
			s := connect(t, server)
			_, _ = io.ReadAll(process.Dial(t, server.WebSocket)) // one more silent peer: when it is gone, the time is over
			s.alive()
		})
	})
}
