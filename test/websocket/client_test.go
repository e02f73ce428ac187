package websocket

import (
	"crypto/tls"
	"testing"

	"weir/test/process"
)

// connectPlain is a client over TCP whose CONNECT is known to have arrived, for those who meet WebSocket clients.
func connectPlain(t *testing.T, server *process.Server) *process.Raw {
	t.Helper()
	c := process.DialRaw(t, server.Client)
	c.Send("CONNECT {\"verbose\":false,\"headers\":true}\r\nPING\r\n")
	c.Want("PONG")
	return c
}

// secureClient is a client over TLS on the listener that is not for WebSocket.
func secureClient(t *testing.T, server *process.Server, config *tls.Config) *process.Raw {
	t.Helper()
	c := process.DialRaw(t, server.Client) // the INFO is in plain
	c.StartTLS(config)
	return c
}
