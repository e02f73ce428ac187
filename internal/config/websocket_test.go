package config_test

import (
	"reflect"
	"testing"
	"time"

	"weir/internal/admission"
	"weir/internal/auth"
	"weir/internal/config"
	"weir/internal/conn"
)

// TestWebSocketKeys holds every key of the block, and its aliases (catalogue §1.1).
func TestWebSocketKeys(t *testing.T) {
	origins := config.WebSocket{AllowedOrigins: []string{"http://a"}}
	for _, tt := range []struct {
		block string
		want  config.WebSocket
	}{
		// parity: 9.1.29.18
		{`port: 80`, config.WebSocket{Listener: config.Listener{Port: 80}}},
		// parity: 9.1.29.16
		{`listen: "a:80"`, config.WebSocket{Listener: config.Listener{Host: "a", Port: 80}}},
		// parity: 9.1.29.15
		{`listen: 80`, config.WebSocket{Listener: config.Listener{Port: 80}}},
		// parity: 9.1.29.17
		{`host: a`, config.WebSocket{Listener: config.Listener{Host: "a"}}},
		{`net: a`, config.WebSocket{Listener: config.Listener{Host: "a"}}},
		{"host: a\nlisten: 80", config.WebSocket{Listener: config.Listener{Port: 80}}}, // a port alone clears the host
		// parity: 9.1.29.19
		{`advertise: "a:443"`, config.WebSocket{Advertise: "a:443"}},
		{`no_tls: true`, config.WebSocket{NoTLS: true}},
		// parity: 9.1.29.20
		{`same_origin: true`, config.WebSocket{SameOrigin: true}},
		// parity: 9.1.29.22
		{`allowed_origins: ["http://a", "https://b"]`, config.WebSocket{AllowedOrigins: []string{"http://a", "https://b"}}},
		// parity: 9.1.29.21
		{`allowed_origins: "http://a"`, origins},
		{`allowed_origin: "http://a"`, origins},
		{`allow_origins: "http://a"`, origins},
		{`allow_origin: "http://a"`, origins},
		{`origins: "http://a"`, origins},
		{`origin: "http://a"`, origins},
		// parity: 9.1.29.26
		{`compression: true`, config.WebSocket{Compression: true}},
		{`compress: true`, config.WebSocket{Compression: true}},
		// parity: 9.1.29.23
		{`handshake_timeout: 3`, config.WebSocket{HandshakeTimeout: 3 * time.Second}},
		// parity: 9.1.29.24
		{`handshake_timeout: "300ms"`, config.WebSocket{HandshakeTimeout: 300 * time.Millisecond}},
		// parity: 9.3.65
		{`ping_interval: "9s"`, config.WebSocket{KeepAlive: conn.KeepAlive{Interval: 9 * time.Second}}},
		// parity: 9.1.29.31
		{`headers { A: "b" }`, config.WebSocket{Headers: map[string]string{"A": "b"}}},
		// parity: 9.1.29.29
		{`authorization { user: u, pass: p }`, config.WebSocket{Auth: auth.Config{Username: "u", Password: "p"}}},
		// parity: 9.1.29.29
		{`authentication { token: t }`, config.WebSocket{Auth: auth.Config{Token: "t"}}},
		// parity: 9.1.29.30
		{`authorization { timeout: 3 }`, config.WebSocket{AuthTimeout: 3 * time.Second}},
		{`authorization { timeout: 0.25 }`, config.WebSocket{AuthTimeout: 250 * time.Millisecond}},
		{`authorization { timeout: "500ms" }`, config.WebSocket{AuthTimeout: 500 * time.Millisecond}}, // catalogue C15
		{`jwt_cookie: "", no_auth_user: ""`, config.WebSocket{}},
		// parity: 9.1.29.27
		{`jwt_cookie: a, user_cookie: b, pass_cookie: c, token_cookie: d`,
			config.WebSocket{Arrival: config.Arrival{Cookies: config.Cookies{JWT: "a", User: "b", Pass: "c", Token: "d"}}}},
		{`bearer_header: true, bearer_subprotocol: true`,
			config.WebSocket{Arrival: config.Arrival{BearerHeader: true, BearerSubprotocol: true}}},
		// parity: 9.1.29.28
		{`no_auth_user: a`, config.WebSocket{Auth: auth.Config{NoAuthUser: "a"}}},
		{"no_auth_user: a\nauthorization { timeout: 1 }",
			config.WebSocket{Auth: auth.Config{NoAuthUser: "a"}, AuthTimeout: time.Second}},
	} {
		for _, name := range []string{"websocket", "ws", "WebSocket"} {
			text := name + " {\n" + tt.block + "\n}\n"
			if got := mustParse(t, text).WebSockets; len(got) != 1 || !reflect.DeepEqual(*got[0], tt.want) {
				t.Errorf("%s\n got %+v\nwant %+v", text, got, tt.want)
			}
		}
	}
}

// TestNewWebSocketKeys holds the keys that nats-server does not have.
func TestNewWebSocketKeys(t *testing.T) {
	none := admission.Limits{HalfOpen: -1, HalfOpenPerIP: -1, ConnectionsPerIP: -1, HandshakesPerSecond: -1}
	for _, tt := range []struct {
		block string
		want  config.WebSocket
	}{
		{`name: a`, config.WebSocket{Name: "a"}},
		{`unix: "/a"`, config.WebSocket{Unix: "/a"}},
		{`listen: "unix:/a"`, config.WebSocket{Unix: "/a"}},
		{`listen: unix:/a.sock`, config.WebSocket{Unix: "/a.sock"}},
		{`console: true`, config.WebSocket{Pages: config.Pages{Console: true}}},
		{`monitoring: true`, config.WebSocket{Pages: config.Pages{Monitoring: true}}},
		{`health_path: "/healthz"`, config.WebSocket{Pages: config.Pages{HealthPath: "/healthz"}}},
		{`origin_required: true`, config.WebSocket{OriginRequired: true}},
		{`max_frame: 64KB`, config.WebSocket{MaxFrame: 64 << 10}},
		{`max_header: 16KB`, config.WebSocket{MaxHeader: 16 << 10}},
		{`no_masking: true`, config.WebSocket{NoMasking: true}},

		{`trusted_proxies: "10.0.0.1"`, config.WebSocket{Proxies: config.Proxies{Trusted: []string{"10.0.0.1"}}}},
		{`trusted_proxies: ["10.0.0.0/8", unix]`, config.WebSocket{Proxies: config.Proxies{Trusted: []string{"10.0.0.0/8", "unix"}}}},
		{`proxy_header: "X-Real-IP"`, config.WebSocket{Proxies: config.Proxies{Header: "X-Real-IP"}}},
		{`proxy_protocol: true`, config.WebSocket{Proxies: config.Proxies{Protocol: true}}},

		{`ws_ping_interval: "9s"`, config.WebSocket{KeepAlive: conn.KeepAlive{WSInterval: 9 * time.Second}}},
		{`ws_ping_interval: 9`, config.WebSocket{KeepAlive: conn.KeepAlive{WSInterval: 9 * time.Second}}},
		{`ws_ping_interval: off`, config.WebSocket{KeepAlive: conn.KeepAlive{WSInterval: -1}}},
		{`ws_ping_interval: "OFF"`, config.WebSocket{KeepAlive: conn.KeepAlive{WSInterval: -1}}},
		{`ws_ping_interval: 0`, config.WebSocket{KeepAlive: conn.KeepAlive{WSInterval: -1}}},
		{`ws_ping_interval: "-3s"`, config.WebSocket{KeepAlive: conn.KeepAlive{WSInterval: -1}}},
		{`max_connection_age: "24h"`, config.WebSocket{KeepAlive: conn.KeepAlive{MaxAge: 24 * time.Hour}}},
		{`max_connection_age: none`, config.WebSocket{KeepAlive: conn.KeepAlive{MaxAge: -1}}},

		{`compression {}`, config.WebSocket{Compression: true}},
		{`compression { enabled: false, level: 3 }`, config.WebSocket{Deflate: config.Deflate{Level: 3}}},
		{`compress { level: -2, context_takeover: true, window_bits: 12, threshold: 1KB }`, config.WebSocket{
			Compression: true, Deflate: config.Deflate{ContextTakeover: true, WindowBits: 12, Level: -2, Threshold: 1024},
		}},

		{`limits { half_open: 1, half_open_per_ip: 2, connections_per_ip: 3 }`,
			config.WebSocket{Limits: admission.Limits{HalfOpen: 1, HalfOpenPerIP: 2, ConnectionsPerIP: 3}}},
		{`limits { handshakes_per_second: 4, handshakes_per_second_per_ip: 5, pre_auth_bytes: 64KB }`,
			config.WebSocket{Limits: admission.Limits{HandshakesPerSecond: 4, HandshakesPerSecondPerIP: 5, PreAuthBytes: 64 << 10}}},
		{`limits { half_open: none, half_open_per_ip: -1, connections_per_ip: "None", handshakes_per_second: off }`,
			config.WebSocket{Limits: none}},
		{`limits { half_open: 0 }`, config.WebSocket{}},
	} {
		text := "websocket {\n" + tt.block + "\n}\n"
		if got := mustParse(t, text).WebSockets; len(got) != 1 || !reflect.DeepEqual(*got[0], tt.want) {
			t.Errorf("%s\n got %+v\nwant %+v", text, *got[0], tt.want)
		}
	}
}

// TestWebSocketDefaults fills in the smallest block.
func TestWebSocketDefaults(t *testing.T) {
	want := config.WebSocket{
		Name: "websocket", Listener: config.Listener{Host: "0.0.0.0", Port: -1}, NoTLS: true,
		Deflate: config.Deflate{Threshold: 64}, MaxFrame: 256 << 10, MaxHeader: 8 << 10,
		HandshakeTimeout: 10 * time.Second, AuthTimeout: 2 * time.Second,
		KeepAlive: conn.KeepAlive{Interval: 2 * time.Minute, WSInterval: 30 * time.Second},
		Limits:    admission.Limits{}.WithDefaults(),
	}
	o := mustParse(t, "websocket { port: -1, no_tls: true }")
	for range 2 {
		o.SetDefaults()
		if got := *o.WebSockets[0]; !reflect.DeepEqual(got, want) {
			t.Errorf(" got %+v\nwant %+v", got, want)
		}
	}
	o = mustParse(t, "websocket { port: -1, no_tls: true, ws_ping_interval: off, limits { pre_auth_bytes: none } }")
	o.SetDefaults()
	if w := o.WebSockets[0]; w.KeepAlive.WSInterval > 0 || w.Limits.PreAuthBytes != -1 {
		t.Errorf("what is off does not stay off: %+v", w)
	}
}

// TestWebSocketValidate holds blocks against the error that nats-server starts with; "" is a start.
func TestWebSocketValidate(t *testing.T) {
	for _, tt := range []struct{ block, want string }{
		{`port: -1`, `websocket requires TLS configuration`},
		{`host: a`, ``},                        // without a port nothing is checked
		{`origin: x, headers {"Host": x}`, ``}, // and nothing else either
		{`port: -1, no_tls: true`, ``},
		{`port: -1, no_tls: true, origin: "http://a"`, ``},
		{`port: -1, no_tls: true, origin: "https://a.b:8443/path"`, ``},
		{`port: -1, no_tls: true, origin: "http://[::1]"`, ``},
		{`port: -1, no_tls: true, origin: "HTTP://A"`, ``},
		{`port: -1, no_tls: true, origin: "x"`, `unable to parse allowed origin: parse "x": invalid URI for request`},
		{`port: -1, no_tls: true, origin: "http://x:1:2"`,
			`unable to parse allowed origin: parse "http://x:1:2": invalid port ":1:2" after host`},
		{`port: -1, no_tls: true, origin: "ftp://x"`,
			`unable to parse allowed origin "ftp://x": allowed origins must be absolute URLs with http or https scheme`},
		{`port: -1, no_tls: true, origin: "http://"`, `unable to parse allowed origin "http://": host is required`},
		{`port: -1, no_tls: true, headers { "Host": a }`, `websocket: invalid header "Host" not allowed`},
		{`port: -1, no_tls: true, headers { "CONTENT-length": a }`, `websocket: invalid header "CONTENT-length" not allowed`},
		{`port: -1, no_tls: true, headers { "connection": a }`, `websocket: invalid header "connection" not allowed`},
		{`port: -1, no_tls: true, headers { "Upgrade": a }`, `websocket: invalid header "Upgrade" not allowed`},
		{`port: -1, no_tls: true, headers { "Nats-No-Masking": a }`, `websocket: invalid header "Nats-No-Masking" not allowed`},
		{`port: -1, no_tls: true, headers { "Sec-WebSocket-X": a }`,
			`websocket: invalid header "Sec-WebSocket-X", "Sec-WebSocket-" prefix not allowed`},
		{`port: -1, no_tls: true, headers { "Strict-Transport-Security": "max-age=1; x" }`, ``},
		{`port: -1, no_tls: true, headers { "a b": c }`, `websocket: invalid header name "a b"`},
		{`port: -1, no_tls: true, headers { "a": "c\r\nd: e" }`, `websocket: invalid value of header "a"`},
		{`port: -1, no_tls: true, advertise: "a:b:c"`,
			`websocket: invalid advertise "a:b:c": address a:b:c: too many colons in address`},
		{`port: -1, no_tls: true, advertise: "a:x"`, `websocket: invalid advertise "a:x": could not parse port "x"`},
		{`port: -1, no_tls: true, advertise: "a"`, ``},
		{`port: -1, no_tls: true, jwt_cookie: c`,
			`trusted operators or trusted keys configuration is required for JWT authentication via cookie "c"`},
		{`jwt_cookie: c`, ``},
		{`port: -1, no_tls: true, no_auth_user: u`, `no_auth_user: "u" present, but users/nkeys are not defined`},

		{`port: -1, no_tls: true, origins ["null", "https://*.example.com", "http://*.a:8080"]`, ``},
		{`port: -1, no_tls: true, origin: "NULL"`, `unable to parse allowed origin: parse "NULL": invalid URI for request`},
		{`port: -1, no_tls: true, origin: "https://*"`,
			`unable to parse allowed origin "https://*": a * stands only for the first labels, as in https://*.example.com`},
		{`port: -1, no_tls: true, origin: "https://a.*.b"`,
			`unable to parse allowed origin "https://a.*.b": a * stands only for the first labels, as in https://*.example.com`},
		{`port: -1, no_tls: true, origin: "https://*.*.b"`,
			`unable to parse allowed origin "https://*.*.b": a * stands only for the first labels, as in https://*.example.com`},
		{`port: -1, no_tls: true, origin: "https://*.:80"`,
			`unable to parse allowed origin "https://*.:80": a * stands only for the first labels, as in https://*.example.com`},

		{`unix: "/a"`, ``}, // no TLS: only this machine gets in
		{`unix: "/a", tls {}`, `weir.conf:2:13: missing 'cert_file' in TLS configuration`},
		{`unix: "/a", port: 80`, `websocket: unix and a port exclude each other`},
		{`port: -1, no_tls: true, name: "a b"`, `websocket: invalid name`},
		{`port: -1, no_tls: true, trusted_proxies: "x"`,
			`websocket: trusted_proxies: trusted proxy "x" is no network, no address and not "unix"`},
		{`port: -1, no_tls: true, trusted_proxies: ["10.0.0.0/8", "::1", "2001:db8::/32", unix]`, ``},
		{`port: -1, no_tls: true, compression { window_bits: 8 }`, `websocket: window_bits must be 9 to 15`},
		{`port: -1, no_tls: true, compression { window_bits: 16 }`, `websocket: window_bits must be 9 to 15`},
		{`port: -1, no_tls: true, compression { level: -3 }`, `websocket: level must be 1 to 9, or 0 for the default`},
		{`port: -1, no_tls: true, compression { level: 10 }`, `websocket: level must be 1 to 9, or 0 for the default`},
		{`port: -1, no_tls: true, compression { threshold: -1 }`, `websocket: threshold can not be negative`},
		{`port: -1, no_tls: true, max_frame: 4095`, `websocket: max_frame must be at least 4096 bytes`},
		{`port: -1, no_tls: true, max_header: 100`, `websocket: max_header must be 1024 to 1048576 bytes`},
		{`port: -1, no_tls: true, max_header: 2MB`, `websocket: max_header must be 1024 to 1048576 bytes`},
		{`port: -1, no_tls: true, ping_interval: "-1s"`, `websocket: ping_interval can not be negative`},
		{`port: -1, no_tls: true, health_path: "healthz"`, `websocket: health_path must be a path that begins with /`},
		{`port: -1, no_tls: true, health_path: "/a?b"`, `websocket: health_path must be a path that begins with /`},
		{`port: -1, no_tls: true, health_path: "//a/b"`, `websocket: health_path must be a path that begins with /`},
		{`port: -1, no_tls: true, limits { half_open: -2 }`, `websocket: limits: half_open can not be negative, but for -1: no limit`},
		{`port: -1, no_tls: true, limits { pre_auth_bytes: 100 }`, `websocket: limits: pre_auth_bytes can not be below 1024`},
	} {
		o := mustParse(t, "websocket {\n"+tt.block+"\n}\n")
		o.SetDefaults()
		got := ""
		if err := o.Validate(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.block, got, tt.want)
		}
	}
}
