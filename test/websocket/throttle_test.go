package websocket

import (
	"crypto/tls"
	"fmt"
	"strings"
	"testing"

	"weir/test/process"
)

// TestConnectionRateLimit: connection_rate_limit holds on the client port of both servers, and on wss of Weir, where
// nats-server takes no notice of it.
func TestConnectionRateLimit(t *testing.T) {
	cert, key := process.Certificate()
	keys := fmt.Sprintf("tls { cert_file: %q, key_file: %q, connection_rate_limit: 2 }", cert, key)
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{File: "host: 127.0.0.1, port: -1\n" + keys +
			"\nwebsocket { host: 127.0.0.1, port: -1, " + keys + " }\n"})
		refused := 0
		for range 20 {
			c := process.DialRaw(t, server.Client)
			c.Send(handshakeStart)
			if line, err := c.Rest(); strings.HasPrefix(line, "-ERR") {
				refused++
				if line != "-ERR 'Connection throttling is active. Please try again later.'\r\n" {
					t.Errorf("%q, %v", line, err)
				}
			}
		}
		if refused == 0 {
			t.Error("nobody was refused")
		}
		if target != process.Weir {
			return
		}
		refused = 0
		for range 20 {
			if _, err := dialTLS(t, server, &tls.Config{InsecureSkipVerify: true}); err != nil {
				refused++
			}
		}
		if refused == 0 {
			t.Error("nobody was refused over wss")
		}
	})
}

// handshakeStart is a record that ends a TLS handshake.
const handshakeStart = "NOT TLS\r\n"
