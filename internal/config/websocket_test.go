package config_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"weir/internal/auth"
	"weir/internal/config"
)

// TestWebSocketKeys holds every key of the block, and its aliases (catalogue §1.1).
func TestWebSocketKeys(t *testing.T) {
	origins := config.WebSocket{AllowedOrigins: []string{"http://a"}}
	for _, tt := range []struct {
		block string
		want  config.WebSocket
	}{
		{`port: 80`, config.WebSocket{Listener: config.Listener{Port: 80}}},
		{`listen: "a:80"`, config.WebSocket{Listener: config.Listener{Host: "a", Port: 80}}},
		{`listen: 80`, config.WebSocket{Listener: config.Listener{Port: 80}}},
		{`host: a`, config.WebSocket{Listener: config.Listener{Host: "a"}}},
		{`net: a`, config.WebSocket{Listener: config.Listener{Host: "a"}}},
		{"host: a\nlisten: 80", config.WebSocket{Listener: config.Listener{Port: 80}}}, // a port alone clears the host
		{`advertise: "a:443"`, config.WebSocket{Advertise: "a:443"}},
		{`no_tls: true`, config.WebSocket{NoTLS: true}},
		{`same_origin: true`, config.WebSocket{SameOrigin: true}},
		{`allowed_origins: ["http://a", "https://b"]`, config.WebSocket{AllowedOrigins: []string{"http://a", "https://b"}}},
		{`allowed_origins: "http://a"`, origins},
		{`allowed_origin: "http://a"`, origins},
		{`allow_origins: "http://a"`, origins},
		{`allow_origin: "http://a"`, origins},
		{`origins: "http://a"`, origins},
		{`origin: "http://a"`, origins},
		{`compression: true`, config.WebSocket{Compression: true}},
		{`compress: true`, config.WebSocket{Compression: true}},
		{`handshake_timeout: 3`, config.WebSocket{HandshakeTimeout: 3 * time.Second}},
		{`handshake_timeout: "300ms"`, config.WebSocket{HandshakeTimeout: 300 * time.Millisecond}},
		{`ping_interval: "9s"`, config.WebSocket{PingInterval: 9 * time.Second}},
		{`headers { A: "b" }`, config.WebSocket{Headers: map[string]string{"A": "b"}}},
		{`authorization { user: u, pass: p }`, config.WebSocket{Auth: auth.Config{Username: "u", Password: "p"}}},
		{`authentication { token: t }`, config.WebSocket{Auth: auth.Config{Token: "t"}}},
		{`authorization { timeout: 3 }`, config.WebSocket{AuthTimeout: 3 * time.Second}},
		{`authorization { timeout: 0.25 }`, config.WebSocket{AuthTimeout: 250 * time.Millisecond}},
		{`authorization { timeout: "500ms" }`, config.WebSocket{AuthTimeout: 500 * time.Millisecond}}, // catalogue C15
		{`console: true`, config.WebSocket{Console: true}},
		{`jwt_cookie: "", no_auth_user: ""`, config.WebSocket{}},
	} {
		for _, name := range []string{"websocket", "ws", "WebSocket"} {
			text := name + " {\n" + tt.block + "\n}\n"
			if got := mustParse(t, text).WebSocket; !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s\n got %+v\nwant %+v", text, got, tt.want)
			}
		}
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

// TestWebSocketNotInFile is about the fields that a program can set and a file can not, yet.
func TestWebSocketNotInFile(t *testing.T) {
	o := config.Local()
	o.WebSocket.JWTCookie = "c"
	if err := o.WebSocket.Validate(); err == nil || !strings.Contains(err.Error(), `JWT authentication via cookie "c"`) {
		t.Error(err)
	}
	o = config.Local()
	o.WebSocket.NoAuthUser = "u"
	if err := o.WebSocket.Validate(); err == nil ||
		err.Error() != `no_auth_user: "u" present, but users/nkeys are not defined` {
		t.Error(err)
	}
}

func TestWebSocketAuth(t *testing.T) {
	top, own := auth.Config{Username: "a", Password: "b"}, auth.Config{Token: "c"}
	for _, tt := range []struct{ block, want auth.Config }{
		{auth.Config{}, top},
		{own, own},
		{auth.Config{Password: "x"}, top}, // a password alone overrides nothing
	} {
		o := config.Options{Auth: top, WebSocket: config.WebSocket{Auth: tt.block}}
		if got := o.WebSocketAuth(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%+v: got %+v, want %+v", tt.block, got, tt.want)
		}
	}
}

// TestValidate is about the checks of the whole configuration.
func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		text string
		set  func(o *config.Options)
		want []string
	}{
		{text: `lame_duck_grace_period: "3m"`,
			want: []string{"lame duck grace period (3m0s) should be strictly lower than lame duck duration (2m0s)"}},
		{text: `max_pending: 3`, want: []string{"max_payload (1048576) cannot be higher than max_pending (3)"}},
		{text: `max_payload: -1`, want: []string{"max_payload must be between 1 and 2147483647"}},
		{text: `ping_interval: "-1s"`, want: []string{"ping_interval can not be negative"}},
		{text: "http: -1\nhttps: -1\n", want: []string{"can't specify both HTTP (-1) and HTTPs (-1) ports"}},
		{text: "https: -1\n", want: []string{"TLS cert and key required for HTTPS"}},
		{text: `client_advertise: "a:b:c"`,
			want: []string{`invalid client_advertise "a:b:c": address a:b:c: too many colons in address`}},
		{text: `port: 1`, set: func(o *config.Options) { o.ServerName = "a b"; o.Client.Port = 70000 }, want: []string{
			"server name cannot contain spaces",
			"client listener: invalid port 70000: it must be -1 (any free port) or 0 to 65535",
		}},
		{text: `port: 1`, set: func(o *config.Options) { o.TLS = &config.TLS{KeyFile: "k"} },
			want: []string{"tls: missing 'cert_file' in TLS configuration"}},
		{text: "max_pending: 3\nlame_duck_grace_period: \"3m\"\nwebsocket { port: 1 }\n", want: []string{
			"lame duck grace period (3m0s) should be strictly lower than lame duck duration (2m0s)",
			"max_payload (1048576) cannot be higher than max_pending (3)",
			"websocket requires TLS configuration",
		}},
	} {
		o := mustParse(t, tt.text)
		if tt.set != nil {
			tt.set(o)
		}
		o.SetDefaults()
		err := o.Validate()
		if want := strings.Join(tt.want, "\n"); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", tt.text, err, want)
		}
	}
}
