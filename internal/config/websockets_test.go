package config_test

import (
	"reflect"
	"strings"
	"testing"

	"weir/internal/auth"
	"weir/internal/config"
)

// TestWebSocketList reads one block, several, and none.
func TestWebSocketList(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                      nil,
		"websocket {}":                          nil, // no listener without a port
		"websocket { host: a }":                 nil,
		"ws { port: 1 }":                        {"websocket 0.0.0.0:1"},
		"ws { name: a, port: 1 }":               {"a 0.0.0.0:1"},
		"ws [ { port: 1 } ]":                    {"websocket 0.0.0.0:1"},
		"ws { host: b }\nwebsocket { port: 1 }": {"websocket b:1"},
		"websocket [ { port: 1 }, { listen: \"b:2\" }, { name: c, unix: \"/x\" }, { port: -1 } ]": {
			"websocket 0.0.0.0:1", "websocket-2 b:2", "c unix:/x", "websocket-4 0.0.0.0:0"},
		"websocket: [\n{\nport: 1\n}\n{\nhost: b\n}\n{\nport: 3\n}\n]\n": {"websocket 0.0.0.0:1", "websocket-3 0.0.0.0:3"},
	} {
		o := mustParse(t, text)
		o.SetDefaults()
		var got []string
		for _, w := range o.WebSockets {
			got = append(got, w.Name+" "+w.Address())
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		again := len(o.WebSockets)
		if o.SetDefaults(); len(o.WebSockets) != again {
			t.Errorf("%q: setting defaults twice: %d blocks", text, len(o.WebSockets))
		}
	}
}

// TestWebSocketsAreApart gives each of two blocks what the other has not.
func TestWebSocketsAreApart(t *testing.T) {
	o := mustParse(t, "websocket [ { port: 1, no_tls: true, compression: true, authorization { token: a } }, "+
		"{ port: 2, no_tls: true, same_origin: true, headers { A: b } } ]\n")
	o.SetDefaults()
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	a, b := o.WebSockets[0], o.WebSockets[1]
	if !a.Compression || a.Auth.Token != "a" || a.SameOrigin || a.Headers != nil {
		t.Errorf("first: %+v", a)
	}
	if b.Compression || b.Auth.Token != "" || !b.SameOrigin || b.Headers["A"] != "b" {
		t.Errorf("second: %+v", b)
	}
}

// TestWebSocketsValidate wants an error to say which of several blocks it is about.
func TestWebSocketsValidate(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"[ {port: 1, no_tls: true}, {port: 2} ]", []string{`websocket "websocket-2": websocket requires TLS configuration`}},
		{"[ {port: 1, name: a}, {port: 2} ]", []string{
			`websocket "a": websocket requires TLS configuration`,
			`websocket "websocket-2": websocket requires TLS configuration`,
		}},
		{"[ {port: 1, no_tls: true}, {port: 2, no_tls: true, origin: \"ftp://x\"} ]", []string{
			`websocket "websocket-2": unable to parse allowed origin "ftp://x": allowed origins must be absolute URLs with http or https scheme`}},
		{"[ {port: 1, no_tls: true}, {port: 1, no_tls: true} ]", []string{
			`websocket "websocket-2": another websocket block listens on 0.0.0.0:1`}},
		{"[ {port: -1, no_tls: true}, {port: -1, no_tls: true} ]", nil},
		{"[ {port: 1, no_tls: true}, {listen: \"127.0.0.1:1\", no_tls: true} ]", nil}, // the system decides
		{"[ {unix: a}, {unix: a} ]", []string{`websocket "websocket-2": another websocket block listens on unix:a`}},
		{"[ {port: -1, no_tls: true, name: b}, {port: -1, no_tls: true, name: b} ]", []string{
			`websocket "b": another websocket block has the same name`}},
		{"[ {port: -1, no_tls: true, name: websocket-2}, {port: -1, no_tls: true} ]", []string{
			`websocket "websocket-2": another websocket block has the same name`}},
		{"[ {port: 1, no_tls: true}, {port: 2, tls { cert_file: a }} ]", []string{
			`weir.conf:1:49: missing 'key_file' in TLS configuration`}},
		{"{port: 70000, no_tls: true}", nil}, // set below
	} {
		text := "websocket: " + strings.Replace(tt.text, "70000", "-1", 1) + "\n"
		o := mustParse(t, text)
		if strings.Contains(tt.text, "70000") {
			o.WebSockets[0].Port, tt.want = 70000, []string{"websocket listener: invalid port 70000: it must be -1 (any free port) or 0 to 65535"}
		}
		o.SetDefaults()
		got := ""
		if err := o.Validate(); err != nil {
			got = err.Error()
		}
		if want := strings.Join(tt.want, "\n"); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestWebSocketAuth is catalogue §6.1.
func TestWebSocketAuth(t *testing.T) {
	users := []auth.User{{Name: "a"}, {Name: "b"}}
	top, many := auth.Config{Username: "a", Password: "b", NoAuthUser: "a"}, auth.Config{Users: users, NoAuthUser: "a"}
	own := auth.Config{Token: "c"}
	for _, tt := range []struct{ top, block, want auth.Config }{
		{top, auth.Config{}, top},
		{top, own, own},                          // nothing of the top level is left
		{top, auth.Config{Password: "x"}, top},   // a password alone overrides nothing
		{many, auth.Config{Password: "x"}, many}, // here neither
		{many, auth.Config{NoAuthUser: "b"}, auth.Config{Users: users, NoAuthUser: "b"}},
		{auth.Config{Users: users}, auth.Config{NoAuthUser: "b"}, auth.Config{Users: users, NoAuthUser: "b"}},
	} {
		o := config.Options{Auth: tt.top}
		if got := o.WebSocketAuth(&config.WebSocket{Auth: tt.block}); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%+v over %+v: got %+v, want %+v", tt.block, tt.top, got, tt.want)
		}
	}
}

// TestWebSocketAuthValidate is catalogue §1.1, checks 5 and 6.
func TestWebSocketAuthValidate(t *testing.T) {
	const users = "authorization { users: [ {user: a, pass: b} ] }\n"
	for _, tt := range []struct{ text, want string }{
		{users + "ws { port: 1, no_tls: true, no_auth_user: a }", ""},
		{users + "no_auth_user: a\nws { port: 1, no_tls: true }", ""},
		{users + "ws { port: 1, no_tls: true, no_auth_user: c }",
			`no_auth_user: "c" not present as user or nkey in authorization block or account configuration`},
		{"authorization { user: a }\nws { port: 1, no_tls: true, no_auth_user: a }",
			`no_auth_user: "a" present, but users/nkeys are not defined`},
		{users + "ws { port: 1, no_tls: true, authorization { user: c } }",
			`websocket authentication username not compatible with presence of users/nkeys`},
		{users + "ws { port: 1, no_tls: true, authorization { token: c } }",
			`websocket authentication token not compatible with presence of users/nkeys`},
		{users + "ws { port: 1, no_tls: true, authorization { password: c } }", ""},
		{users + "ws { authorization { token: c } }", ""}, // no listener
	} {
		wantInvalid(t, tt.text, tt.want)
	}
}

// TestCookieWarning is about logins that a page of any site could use.
func TestCookieWarning(t *testing.T) {
	const text = ": browsers send cookies for the pages of any site, and any may connect: set same_origin or allowed_origins"
	for block, want := range map[string]string{
		"\nws { port: 1, token_cookie: a }":                            "weir.conf:2:1: ws" + text,
		"\nws { port: 1, pass_cookie: a, origin_required: true }":      "weir.conf:2:1: ws" + text,
		"\nws [ { port: 1 }, { port: 1, user_cookie: a } ]":            "weir.conf:2:21: ws" + text,
		"\nws { unix: x, user_cookie: a, origins [ \"null\" ] }":       "weir.conf:2:1: ws" + text,
		"\nws { port: 1, token_cookie: a, same_origin: true }":         "",
		"\nws { port: 1, token_cookie: a, origin: \"https://*.a.b\" }": "",
		"\nws { token_cookie: a }":                                     "", // no listener
		"\nws { port: 1 }":                                             "",
	} {
		if got := strings.Join(mustParse(t, block).Warnings, "\n"); got != want {
			t.Errorf("%q\n got %q\nwant %q", block, got, want)
		}
	}
}
