package client_test

import (
	"strings"
	"testing"
	"time"

	"weir/internal/admission"
	"weir/internal/conn"
)

// TestProxyHeader: INFO comes first and does not say the proxy's address as the client's. Who sends nothing is not waited
// for longer than a header is.
func TestProxyHeader(t *testing.T) {
	const address = `"client_ip":"203.0.113.7"`
	for _, tt := range []struct {
		name, first string
		want        conn.Reason
	}{
		{"header", "PROXY TCP4 203.0.113.7 127.0.0.1 4711 443\r\n", 0},
		{"none", "", 0},
		{"wrong", "PROXY TCP4 x y 1 2\r\n", conn.ProtocolViolation},
		{"silent", "", conn.ProtocolViolation},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := new(house).start(t)
			patience := time.Minute
			if tt.name == "silent" {
				patience = time.Millisecond
			}
			h.env.ProxyProtocol = func() *admission.ProxyProtocol { return &admission.ProxyProtocol{Timeout: patience} }
			p := h.dial()
			if info := p.line(); !strings.HasPrefix(info, "INFO {") || strings.Contains(info, "client_ip") {
				t.Errorf("first %s", info)
			}
			if tt.want == 0 {
				p.send(tt.first + "CONNECT {\"verbose\":false,\"protocol\":1}\r\nPING\r\n")
				p.want("PONG")
				if info := p.line(); strings.Contains(info, address) != (tt.first != "") {
					t.Errorf("then %s", info)
				}
				if ip := h.env.Registry.Conns()[0].Info(false).IP; (ip == "203.0.113.7") != (tt.first != "") {
					t.Errorf("address %s", ip)
				}
				return
			}
			if tt.first != "" {
				p.send(tt.first)
			}
			p.want("EOF")
			if n := h.env.Registry.Closes(tt.want); n != 1 {
				t.Errorf("%d have closed as %v", n, tt.want)
			}
		})
	}
}
