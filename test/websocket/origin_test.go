package websocket

import (
	"net/http"
	"testing"

	"weir/test/process"
)

// TestOrigin has the rows of catalogue §2.5. The request's Host is example.test, port 80 as there is no TLS.
//
// parity: 9.1.21.10
func TestOrigin(t *testing.T) {
	policies := []struct {
		name, config string
		rows         map[string]bool
	}{
		{"same origin", "same_origin: true", map[string]bool{
			"":                    true, // not a browser
			"http://example.test": true,
			// parity: 9.4.9.2
			"http://EXAMPLE.test": true,
			"HTTP://example.test": true,
			// parity: 9.1.21.2
			"http://example.test:80":   true,
			"http://example.test/path": true,
			"https://example.test":     false, // the scheme is part of it
			// parity: 9.1.21.4
			"http://example.test:8080": false,
			// parity: 9.4.9.4
			"http://example.test.":  false,
			"http://a.example.test": false,
			// parity: 9.1.21.3
			"http://other.test": false,
			// parity: 9.4.9.1
			"null": false,
			// parity: 9.1.21.7
			"@@@://x": false,
			// parity: 9.1.21.8
			"http://a:b:1": false,
		}},
		{"allowed origins", `allowed_origins: ["https://app.test", "http://dev.test:8080"]`, map[string]bool{
			"":                     true,
			"https://app.test":     true,
			"https://APP.test:443": true,
			// parity: 9.1.21.11
			"http://dev.test:8080": true,
			// parity: 9.1.21.15
			"http://app.test": false,
			// parity: 9.1.21.14
			"https://app.test:444":     false,
			"http://dev.test":          false,
			"https://x.app.test":       false,
			"https://app.test.evil.io": false,
			"http://example.test":      false,
			"null":                     false,
		}},
		{"both", `same_origin: true, allowed_origins: "http://example.test"`, map[string]bool{
			"":                     true,
			"http://example.test":  true,
			"https://example.test": false,
			"http://app.test":      false,
		}},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, policy := range policies {
			t.Run(policy.name, func(t *testing.T) {
				server := process.Start(t, target, process.Options{WebSocket: policy.config})
				for origin, allowed := range policy.rows {
					edits := []string{}
					if origin != "" {
						edits = append(edits, "Origin: "+origin)
					}
					checkOrigin(t, server, origin, edits, allowed)
				}
				checkOrigin(t, server, "the old header", []string{"Sec-WebSocket-Origin: http://evil.test"}, false)
			})
		}
	})
}

func checkOrigin(t *testing.T, server *process.Server, origin string, edits []string, allowed bool) {
	t.Helper()
	response, _, _ := ask(t, server, head("GET / HTTP/1.1", edits...))
	want := http.StatusForbidden
	if allowed {
		want = http.StatusSwitchingProtocols
	}
	if response.StatusCode != want {
		t.Errorf("origin %q: status %s, want %d", origin, response.Status, want)
	}
}
