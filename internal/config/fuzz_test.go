package config_test

import (
	"bytes"
	"errors"
	"testing"

	"weir/internal/auth"
	"weir/internal/config"
)

// FuzzParse wants no panic, positions inside the text, and either Options or an error.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "port: 4222", "listen 127.0.0.1:-1\nhttp: 8222\n", "{\"port\": 1, \"tags\": [1]}", "a {", "a: [", "}", "]", "{}", "\x00",
		"websocket { port: 1, no_tls: true, headers { a: b }, origins [ a, b ] }", "tls { certs: [ { cert_file: a } ] }",
		"X = 1\nport: $X", "X = {a: $X}", "include x", "a (b\nc)\n", "authorization { timeout: 1.5, token: \"\\x41\" }",
		"leafnodes { remotes: [ { url: a, tls {} } ] }", "jetstream: enabled\ncluster { routes [ a ] }",
		"ping_interval: \"1s\"\nlogtime: off", "accounts { $SYS { users = [] } }", "max_payload: 1e\n",
		"authorization { users: [ {user: a, pass: b, permissions {pub: a, sub {deny: [\"a q\"]}, allow_responses {max: 1}}} ] }",
		"authorization { permissions {publish {}}, users: [ {user: a}, {user: a}, {} ] }",
		"ws [ { port: 1, name: a, compression { level: 3 } }, { listen: \"unix:/a\", limits { half_open: none } }, 3, [] ]",
		"websocket [ { unix: a, ws_ping_interval: off, max_connection_age: -1 }, {}, { port: 1, user_cookie: c, origins: \"https://*.a\" } ]",
		"tls { verify_and_map: true, pinned_certs: [ a, 3 ] }\nno_auth_user: b", "ws { trusted_proxies: [ \"::/0\", x ], max_frame: 9g }",
		"proxies { trusted: [ { key: a }, {}, 3, { public_key: \"\" } ] }", "proxies { trusted { key: a } }\nauthorization { proxy_required: true }",
		"proxies { trusted: [ { key: UBLPQJ5K4D7V2BNP57VRXT6HZFJB7SQQAW73NMS2PLS4BPAMT5WWHXU7 } ] }",
		"tls { ocsp_peer { verify: true, ca_timeout: 1e } }\nocsp { urls: [ a, 3 ] }\nocsp_cache { type: none }", "tls { cert_store: a }",
		"lame_duck_duration: -9223372036854775808", "server_metadata { a: b }\nserver_tags: [ a ]", "write_deadline: -1",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := config.Parse("weir.conf", text)
		if (o == nil) == (err == nil) {
			t.Fatalf("options %v and error %v", o, err)
		}
		var all config.Errors
		if errors.As(err, &all) {
			lines := 1 + bytes.Count(text, []byte("\n"))
			for _, e := range all {
				if e.File == "weir.conf" && (e.Line < 1 || e.Line > lines || e.Column < 1) {
					t.Fatalf("%d lines, error %v", lines, e)
				}
			}
		}
		if err == nil {
			o.SetDefaults()
			for _, w := range o.WebSockets {
				_ = w.Validate()
			}
			o.Auth.NoAuthUser = "" // Validate looks for it
			if _, err := auth.Compile(o.Auth, auth.Standard); err != nil {
				t.Fatalf("users that can not be compiled: %v", err)
			}
			if _, err := auth.TrustProxies(o.ProxyKeys); err != nil {
				t.Fatalf("proxies that can not be trusted: %v", err)
			}
			if changes := config.Plan(o, o); len(changes) > 0 {
				t.Fatalf("differs from itself: %v", changes)
			}
		}
	})
}
