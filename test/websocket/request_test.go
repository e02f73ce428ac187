package websocket

import (
	"bufio"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"weir/test/process"
	"weir/test/wire"
)

// TestOddRequests are fine or not, and no surprise to the server.
func TestOddRequests(t *testing.T) {
	rows := []struct {
		name, config string
		edits        []string
		status       int
	}{
		// parity: 9.1.26
		{"empty X-Forwarded-For", "", []string{"X-Forwarded-For:"}, 101},
		// parity: 9.1.22.7
		{"key that is not base64", "", []string{"Sec-WebSocket-Key: %%%"}, 400},
		// parity: 9.1.22.8
		{"key of 5 bytes", "", []string{"Sec-WebSocket-Key: aGVsbG8="}, 400},
		// parity: 9.1.22.10
		{"version 99", "", []string{"Sec-WebSocket-Version: 99"}, 400},
		// parity: 9.1.22.11
		{"foreign origin", "same_origin: true", []string{"Origin: http://other.test"}, 403},
		// parity: 9.1.21.1
		{"any origin", "", []string{"Origin: http://any.host.com"}, 101},
		// parity: 9.1.21.9
		{"host with two ports", "same_origin: true", []string{"Host: invalid:url:1234", "Origin: http://invalid"}, 403},
		// parity: 9.1.21.13
		{"both schemes, http", `origins: ["http://host3.com", "https://host3.com"]`, []string{"Origin: http://host3.com"}, 101},
		// parity: 9.1.21.13
		{"both schemes, https", `origins: ["http://host3.com", "https://host3.com"]`, []string{"Origin: https://host3.com"}, 101},
		// parity: 9.1.21.12
		{"listed, with a path", `origins: "http://host1.com"`, []string{"Origin: http://host1.com/some/path"}, 101},
		// parity: 9.4.9.3
		{"IPv6, the same", "same_origin: true", []string{"Host: [::1]:8080", "Origin: http://[::1]:8080"}, 101},
		{"IPv6, another port", "same_origin: true", []string{"Host: [::1]:8080", "Origin: http://[::1]"}, 403},
		{"IPv6, listed", `origins: "http://[2001:db8::1]"`, []string{"Origin: http://[2001:DB8::1]"}, 101},
		{"IPv6, listed with a port", `origins: "http://[2001:db8::1]:8080"`, []string{"Origin: http://[2001:db8::1]:8080"}, 101},
		// parity: 9.4.9.5
		{"punycode, listed", `origins: "https://xn--bcher-kva.example"`, []string{"Origin: https://XN--bcher-kva.example"}, 101},
		{"punycode is not resolved", `origins: "https://xn--bcher-kva.example"`, []string{"Origin: https://bücher.example"}, 403},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				server := process.Start(t, target, process.Options{WebSocket: row.config})
				if response, _, _ := ask(t, server, head("GET / HTTP/1.1", row.edits...)); response.StatusCode != row.status {
					t.Errorf("status %s, want %d", response.Status, row.status)
				}
			})
		}
	})
}

// TestRefusalIsLogged tells an operator who asked badly. What it asked is not told: it is the peer's text.
//
// parity: 9.1.45
func TestRefusalIsLogged(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		response, nc, _ := ask(t, server, head("GET / HTTP/1.1", "-Connection"))
		if response.StatusCode != http.StatusBadRequest {
			t.Error(response.Status)
		}
		line := regexp.QuoteMeta(nc.LocalAddr().String()) + ` - websocket .*Connection`
		if _, err := server.Log().Wait(line, process.Patience); err != nil {
			t.Error(err)
		}
	})
}

// TestPaths has catalogue §2.2: the end of the path says who is asked for. Weir has no leaf nodes yet and says so;
// nats-server without their port upgrades and hangs up.
//
// parity: 9.4.13.1
func TestPaths(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for _, path := range []string{"/", "/xleafnode", "/leafnode/", "/LEAFNODE", "/%6ceafnode", "/?x=/leafnode", "/a/b", "/mqtt/", "/xmqtt"} {
			response, _, r := ask(t, server, head("GET "+path+" HTTP/1.1"))
			if response.StatusCode != http.StatusSwitchingProtocols {
				t.Errorf("%s: %s", path, response.Status)
				continue
			}
			if f, err := wire.ReadFrame(r); err != nil || !strings.HasPrefix(string(f.Payload), "INFO {") {
				t.Errorf("%s: %q, %v", path, f.Payload, err)
			}
		}
		for _, path := range []string{"/leafnode", "/a/b/leafnode", "/leafnode?x"} {
			response, _, r := ask(t, server, head("GET "+path+" HTTP/1.1"))
			switch {
			case target == process.Weir && response.StatusCode != http.StatusNotFound:
				t.Errorf("%s: %s", path, response.Status)
			case target == process.Stock:
				if rest, _ := io.ReadAll(r); len(rest) > 0 || response.StatusCode != http.StatusSwitchingProtocols {
					t.Errorf("%s: %s, and then %q", path, response.Status, rest)
				}
			}
		}
	})
}

// TestUncleanPaths: nats-server redirects to the clean path, which no WebSocket client follows; Weir takes it as it is.
//
// parity: 9.4.13.2
func TestUncleanPaths(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		for path, clean := range map[string]string{"//foo": "/foo", "/a/../b": "/b", "/a/./b": "/a/b"} {
			response, _, _ := ask(t, server, head("GET "+path+" HTTP/1.1"))
			switch {
			case target == process.Weir && response.StatusCode != http.StatusSwitchingProtocols:
				t.Errorf("%s: %s", path, response.Status)
			case target == process.Stock && (response.StatusCode != http.StatusTemporaryRedirect || response.Header.Get("Location") != clean):
				t.Errorf("%s: %s to %s", path, response.Status, response.Header.Get("Location"))
			}
		}
	})
}

// TestIdleAfterRefusal: who was refused may ask again, but not whenever it likes.
//
// parity: 9.4.8.3
func TestIdleAfterRefusal(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{WebSocket: `handshake_timeout: "200ms"`})
		response, _, r := ask(t, server, head("POST / HTTP/1.1", "Content-Length: 0"))
		if response.StatusCode != http.StatusMethodNotAllowed {
			t.Error(response.Status)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(r); len(rest) > 0 || err != nil && !isReset(err) {
			t.Errorf("then %q, %v", rest, err)
		}
	})
}

// TestLargeHeader: nats-server takes a megabyte, Weir some KiB: before it has authenticated, a peer may not cost much.
//
// parity: 9.4.8.5
func TestLargeHeader(t *testing.T) {
	largest := map[process.Target]int{process.Weir: 8 << 10, process.Stock: 1 << 20}
	slack := map[process.Target]int{process.Weir: 0, process.Stock: 16 << 10}
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		long := func(n int) string { return head("GET / HTTP/1.1", "X-Long: "+strings.Repeat("x", n)) }
		if response, _, _ := ask(t, server, long(largest[target]-1000)); response.StatusCode != http.StatusSwitchingProtocols {
			t.Errorf("large: %s", response.Status)
		}
		nc := process.Dial(t, server.WebSocket)
		go func() { _, _ = io.WriteString(nc, long(largest[target]+slack[target])) }() // the server may stop reading
		response, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil || response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("too large: %v, %v", response, err)
		}
	})
}

// TestConnectionName: log lines call a client over WebSocket by its address and wid.
//
// parity: 9.3.80
func TestConnectionName(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{Args: []string{"-D"}})
		s := connect(t, server)
		line := `\[DBG\] ` + regexp.QuoteMeta(s.LocalAddr().String()) + ` - wid:\d+ - .*Client connection created`
		if _, err := server.Log().Wait(line, process.Patience); err != nil {
			t.Error(err)
		}
	})
}
