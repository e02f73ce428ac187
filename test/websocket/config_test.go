package websocket

import (
	"testing"

	"weir/test/process"
)

// unreadable has blocks that can not be read: file, line, column, and no start.
var unreadable = []struct{ name, text, says string }{
	// parity: 9.1.29.1
	{"no map", "websocket: []", `(?i)expected websocket to be a map`},
	// parity: 9.1.29.2
	{"listen", "websocket { listen: [] }", `port or host:port`},
	// parity: 9.1.29.3
	{"port", `websocket { port: "abc" }`, `int`},
	// parity: 9.1.29.4
	{"host", "websocket { host: 123 }", `string`},
	// parity: 9.1.29.5
	{"advertise", "websocket { advertise: 123 }", `string`},
	// parity: 9.1.29.6
	{"tls", "websocket { tls: 123 }", `map`},
	// parity: 9.1.29.7
	{"same_origin", `websocket { same_origin: "abc" }`, `bool`},
	// parity: 9.1.29.8
	{"allowed_origins", "websocket { allowed_origins: {} }", `unsupported type`},
	// parity: 9.1.29.9
	{"one of allowed_origins", "websocket { allowed_origins: [ {} ] }", `unsupported type in array`},
	// parity: 9.1.29.10
	{"handshake_timeout", "websocket { handshake_timeout: [] }", `unsupported type`},
	// parity: 9.1.29.11
	{"handshake_timeout that is no duration", `websocket { handshake_timeout: "abc" }`, `invalid duration`},
	// parity: 9.1.29.12
	{"headers", "websocket { headers: 123 }", `unsupported type`},
	// parity: 9.1.29.12
	{"headers in a list", "websocket { headers: [] }", `unsupported type`},
	// parity: 9.1.29.13
	{"value of a header", "websocket { headers: { key1: 123 } }", `unsupported type`},
	// parity: 9.1.29.14
	{"unknown", "websocket { xyz: 123 }", `unknown field "xyz"`},
	// parity: 9.3.61
	{"unknown in authorization", "websocket { authorization { xyz: 123 } }", `unknown field "xyz"`},
	// parity: 9.3.62
	{"certificate without its key", "websocket { tls { cert_file: \"a.pem\" } }", `missing 'key_file' in TLS configuration`},
	// parity: 9.3.63
	{"known URLs", "websocket { tls { verify_cert_and_check_known_urls: true } }", `verify_cert_and_check_known_urls`},
}

func TestUnreadable(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range unreadable {
			t.Run(row.name, func(t *testing.T) {
				process.Refused(t, target, "host: 127.0.0.1\nport: -1\n"+row.text+"\n", `server\.conf:3:\d+: .*`+row.says)
			})
		}
	})
}

// unfit has blocks that can be read, and that no listener can be made of.
var unfit = []struct{ name, block, top, says string }{
	// parity: 9.1.30.2
	{"neither tls nor no_tls", "", "", `requires TLS configuration`},
	// parity: 9.1.30.3
	{"origin that is no URL", `no_tls: true, allowed_origins: "http://this:is:bad:url"`, "", `unable to parse`},
	// parity: 9.1.30.4
	{"origin without a scheme", `no_tls: true, allowed_origins: foo`, "", `unable to parse`},
	// parity: 9.1.30.5
	{"origin of another scheme", `no_tls: true, allowed_origins: "ftp://host.com"`, "", `(?i)http or https`},
	// parity: 9.1.30.6
	{"jwt_cookie without keys", `no_tls: true, jwt_cookie: jwt`, "", `jwt_cookie|cookie "jwt"`},
	// parity: 9.1.30.7
	{"user beside users", `no_tls: true, authorization { user: a, pass: b }`, `authorization { users: [ { user: a, password: b } ] }`,
		`websocket authentication username not compatible`},
	// parity: 9.1.30.8
	{"token beside users", `no_tls: true, authorization { token: a }`, `authorization { users: [ { user: a, password: b } ] }`,
		`websocket authentication token not compatible`},
	// parity: 9.1.30.9
	{"header of the upgrade", `no_tls: true, headers { Sec-WebSocket-Key: a }`, "", `not allowed`},
	// parity: 9.1.30.10
	{"header Host", `no_tls: true, headers { Host: a }`, "", `not allowed`},
	{"header Content-Length", `no_tls: true, headers { Content-Length: "1" }`, "", `not allowed`},
	{"header Connection", `no_tls: true, headers { Connection: a }`, "", `not allowed`},
	{"header Upgrade", `no_tls: true, headers { Upgrade: a }`, "", `not allowed`},
	{"header Nats-No-Masking", `no_tls: true, headers { Nats-No-Masking: "true" }`, "", `not allowed`},
	// parity: 9.1.47.1
	{"advertise", `no_tls: true, advertise: "xxx:host:yyy"`, "", `(?i)advertise|websocket connect url`},
	// parity: 9.1.59
	{"no_auth_user who is not there", `no_tls: true, no_auth_user: eve`, "no_auth_user: ann\nauthorization { users: [ { user: ann, password: b } ] }",
		`no_auth_user: "eve"`},
	{"no_auth_user without users", `no_tls: true, no_auth_user: eve`, "", `no_auth_user`},
}

func TestUnfit(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range unfit {
			t.Run(row.name, func(t *testing.T) {
				config := "host: 127.0.0.1\nport: -1\nwebsocket { host: 127.0.0.1, port: -1, " + row.block + " }\n" + row.top + "\n"
				process.Refused(t, target, config, row.says)
			})
		}
	})
}

// TestNoPort: a block without a port can say what it likes.
//
// parity: 9.1.30.1
func TestNoPort(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, block := range []string{"", "host: 127.0.0.1", `allowed_origins: foo, headers { Host: a }, advertise: "xxx:host:yyy"`} {
			server := process.Start(t, target, process.Options{File: "host: 127.0.0.1\nport: -1\nwebsocket { " + block + " }\n"})
			if server.WebSocket != "" {
				t.Errorf("%s: it listens at %s", block, server.WebSocket)
			}
			connectPlain(t, server)
		}
	})
}

// TestFIPS runs where only what FIPS 140 approves may be called. RFC 6455 §4.2.2 wants SHA-1, but not for security.
//
// parity: 9.1.30.11
func TestFIPS(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		if _, err := target.Binary(); err != nil { // before the variable, which is for the server and not for the compiler
			t.Fatal(err)
		}
		for _, mode := range []string{"on", "only"} {
			t.Setenv("GODEBUG", "fips140="+mode)
			connect(t, process.Start(t, target, process.Options{}), deflated)
		}
	})
}
