package config_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/config"
	"weir/internal/ocsp"
	"weir/internal/perm"
	"weir/internal/resolver"
	"weir/internal/tlsfile"
)

func TestPlan(t *testing.T) {
	const base = "port: 4222\nmax_payload: 1000\nauthorization { user: a, password: hidden }\nserver_name: a\n" +
		"websocket { port: 8080, no_tls: true, origins [ \"http://a\", \"http://b\" ], authorization { token: hidden } }\n"
	for _, tt := range []struct {
		name, from, to string
		want           []string
	}{
		{"nothing", "", "", nil},
		{"place", "server_name: a", "# moved\nserver_name: a", nil},
		{"order of origins", `"http://a", "http://b"`, `"http://b", "http://a"`, nil},
		{"limit", "max_payload: 1000", "max_payload: 2000", []string{"client.max_payload: 1000 -> 2000 (recheck connections)"}},
		{"password", "password: hidden", "password: other", []string{"auth.password: [redacted] -> [redacted] (recheck connections)"}},
		{"token", "token: hidden", "token: other", []string{"websocket.token: [redacted] -> [redacted] (recheck connections)"}},
		{"listener", "port: 8080", "port: 8081", []string{"websocket.listen: {0.0.0.0 8080} -> {0.0.0.0 8081} (restart listener)"}},
		{"name", "server_name: a", "server_name: b", []string{"server.server_name: a -> b (refuse)"}},
		{"default", "max_payload: 1000\n", "", []string{"client.max_payload: 1000 -> 1048576 (recheck connections)"}},
		{"header", "no_tls: true", "no_tls: true, headers { A: hidden }", []string{"websocket.headers: [redacted] -> [redacted] (swap)"}},
		{"age", "no_tls: true", "no_tls: true, max_connection_age: 60", []string{"websocket.max_connection_age: none -> 1m0s (swap)"}},
		{"pings", "no_tls: true", "no_tls: true, ws_ping_interval: off", []string{"websocket.ws_ping_interval: 30s -> none (swap)"}},
		{"limits", "no_tls: true", "no_tls: true, limits { half_open: 3, pre_auth_bytes: none }", []string{
			"websocket.limits.half_open: 16384 -> 3 (swap)",
			"websocket.limits.pre_auth_bytes: 16384 -> -1 (swap)",
		}},
		{"deflate", "no_tls: true", "no_tls: true, compression { level: 3 }", []string{
			"websocket.compression: false -> true (swap)",
			"websocket.compression.level: 0 -> 3 (swap)",
		}},
		{"proxy headers", "port: 4222", "port: 4222\nproxy_protocol: true", []string{"client.proxy_protocol: false -> true (swap)"}},
		{"proxies", "no_tls: true", "no_tls: true, proxy_protocol: true, trusted_proxies: [b, a]", []string{
			"websocket.proxy_protocol: false -> true (restart listener)",
			"websocket.trusted_proxies: [] -> [a b] (swap)",
		}},
		{"trusted proxies", "server_name: a", "server_name: a\nproxies { trusted: [ { key: " + proxyB + " }, { key: " + proxyA + " } ] }", []string{
			"auth.proxies.trusted: [] -> [" + proxyA + " " + proxyB + "] (recheck connections)",
		}},
		{"proxy required", "user: a, ", "user: a, proxy_required: true, ", []string{"auth.proxy_required: false -> true (recheck connections)"}},
		{"ocsp", "server_name: a", "server_name: a\nocsp { mode: must, urls: [ \"http://b:c@d\", \"http://a\" ] }\nocsp_cache: false", []string{
			"tls.ocsp.mode: auto -> must (swap)",
			"tls.ocsp.urls: [] -> [[redacted]@d http://a] (swap)",
			"tls.ocsp_cache: _rc_/cache.json, saved every 5m0s -> none (swap)",
		}},
		{"several", "port: 4222", "debug: true\nport: 4333", []string{
			"client.listen: {0.0.0.0 4222} -> {0.0.0.0 4333} (restart listener)",
			"log.debug: false -> true (swap)",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := planned(t, base, strings.Replace(base, tt.from, tt.to, 1))
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf(" got %q\nwant %q", got, tt.want)
			}
		})
	}
}

// planned is what differs between two configurations.
func planned(t *testing.T, from, to string) (got []string) {
	t.Helper()
	old, next := mustParse(t, from), mustParse(t, to)
	old.SetDefaults()
	next.SetDefaults()
	for _, c := range config.Plan(old, next) {
		got = append(got, c.String())
	}
	return got
}

// TestPlanWebSockets matches blocks by their names.
func TestPlanWebSockets(t *testing.T) {
	const a, b, c = "{ port: 1, no_tls: true }", "{ name: b, port: 2, no_tls: true }", "{ name: c, unix: \"/c\" }"
	for _, tt := range []struct {
		name, from, to string
		want           []string
	}{
		{"order", b + ", " + c, c + ", " + b, nil},
		{"one or a list", a, a, nil},
		{"added", a, a + ", " + b, []string{"websocket[b].listener: none -> 0.0.0.0:2 (restart listener)"}},
		{"removed", a + ", " + c, a, []string{"websocket[c].listener: unix:/c -> none (restart listener)"}},
		{"the first one", "{}", a, []string{"websocket.listener: none -> 0.0.0.0:1 (restart listener)"}},
		{"no port any more", a, "{ no_tls: true }", []string{"websocket.listener: 0.0.0.0:1 -> none (restart listener)"}},
		{"another name", b, strings.Replace(b, "b", "d", 1), []string{
			"websocket[b].listener: 0.0.0.0:2 -> none (restart listener)",
			"websocket[d].listener: none -> 0.0.0.0:2 (restart listener)",
		}},
		{"changed", a + ", " + b, a + ", " + strings.Replace(b, "2", "3, same_origin: true", 1), []string{
			"websocket[b].listen: {0.0.0.0 2} -> {0.0.0.0 3} (restart listener)",
			"websocket[b].same_origin: false -> true (swap)",
		}},
		{"moved to a socket", c, strings.Replace(c, "/c", "/d", 1), []string{"websocket[c].unix: /c -> /d (restart listener)"}},
	} {
		next := "websocket [ " + tt.to + " ]"
		if tt.name == "one or a list" {
			next = "websocket " + tt.to
		}
		if got := planned(t, "websocket [ "+tt.from+" ]", next); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

// TestPlanTLS turns TLS of the two listeners on.
func TestPlanTLS(t *testing.T) {
	old := mustParse(t, "websocket { port: 1, no_tls: true }")
	next := mustParse(t, "tls { cert_file: a }\nwebsocket { port: 1, tls { cert_file: a } }")
	effects := make(map[string]config.Effect)
	for _, c := range config.Plan(old, next) {
		effects[c.Room+"."+c.Field] = c.Effect
	}
	want := map[string]config.Effect{"client.tls": config.Swap, "websocket.tls": config.Swap, "websocket.no_tls": config.Restart}
	if !reflect.DeepEqual(effects, want) {
		t.Errorf("got %v, want %v", effects, want)
	}
}

// unplanned are the fields of Options that a reload does not compare.
var unplanned = map[string]string{
	"ConfigFile":                    "where the configuration came from",
	"Digest":                        "where the configuration came from",
	"Warnings":                      "about the configuration, not part of it",
	"WebSocket.Auth.FailedLogins":   "counts for all listeners, and has no key in a block",
	"Accounts.At":                   "about the configuration, not part of it",
	"Accounts.NoSystem":             "compared as the name of the system account",
	"Log.MaxTracedLen":              "SetDefaults copies it to Protocol",
	"WebSocket.Name":                "blocks of different names are different listeners",
	"WebSocket.NoTLS":               "means nothing by itself: compared with TLS",
	"Auth.Listening":                "made of the callouts",
	"WebSocket.Auth.Listening":      "made of the callouts",
	"WebSocket.Auth.Defaults":       "those of the accounts are for all listeners",
	"Accounts.Claims.SystemAccount": "SetDefaults copies it to Accounts",
}

// TestPlanSeesEveryField changes each field of Options by itself.
func TestPlanSeesEveryField(t *testing.T) {
	fields(reflect.TypeFor[config.Options](), "", nil, func(name string, index []int) {
		if unplanned[name] != "" {
			return
		}
		var old, next config.Options
		change(t, name, reflect.ValueOf(&next).Elem().FieldByIndex(index))
		if len(config.Plan(&old, &next)) == 0 {
			t.Errorf("Plan does not see %s: add a row to its table", name)
		}
	})
	fields(reflect.TypeFor[config.WebSocket](), "WebSocket.", nil, func(name string, index []int) {
		if unplanned[name] != "" {
			return
		}
		var old, next config.WebSocket
		change(t, name, reflect.ValueOf(&next).Elem().FieldByIndex(index))
		plan := config.Plan(&config.Options{WebSockets: []*config.WebSocket{&old}}, &config.Options{WebSockets: []*config.WebSocket{&next}})
		if len(plan) == 0 {
			t.Errorf("Plan does not see %s: add a row to its table", name)
		}
		for _, c := range plan {
			if c.Effect == config.Refuse {
				t.Errorf("%v: a listener can be opened anew", c)
			}
		}
	})
}

// fields calls visit for each field of the struct type s and of the structs in it.
func fields(s reflect.Type, prefix string, index []int, visit func(name string, index []int)) {
	for i := range s.NumField() {
		f := s.Field(i)
		at := append(index[:len(index):len(index)], i)
		if f.Type.Kind() == reflect.Struct {
			fields(f.Type, prefix+f.Name+".", at, visit)
		} else {
			visit(prefix+f.Name, at)
		}
	}
}

// change sets v to something that is not its zero value.
func change(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	switch v.Interface().(type) {
	case string:
		v.SetString("x")
	case bool:
		v.SetBool(true)
	case int, int64, time.Duration:
		v.SetInt(1)
	case []string:
		v.Set(reflect.ValueOf([]string{"x"}))
	case map[string]string:
		v.Set(reflect.ValueOf(map[string]string{"x": "y"}))
	case []*config.WebSocket:
		v.Set(reflect.ValueOf([]*config.WebSocket{{}}))
	case []account.Config:
		v.Set(reflect.ValueOf([]account.Config{{Name: "x"}}))
	case []account.Mapping:
		v.Set(reflect.ValueOf([]account.Mapping{{Source: "x"}}))
	case ocsp.Mode:
		v.SetInt(1)
	case resolver.Kind:
		v.SetString("x")
	case []auth.User:
		v.Set(reflect.ValueOf([]auth.User{{Name: "x"}}))
	case *auth.Callout:
		v.Set(reflect.ValueOf(&auth.Callout{Issuer: "x"}))
	case map[string]*perm.Config:
		v.Set(reflect.ValueOf(map[string]*perm.Config{"x": {}}))
	case *tlsfile.Block:
		v.Set(reflect.ValueOf(&tlsfile.Block{CertFile: "x"}))
	default:
		t.Fatalf("%s: no way to change a %v", name, v.Type())
	}
}

// TestPlanHidesSecrets prints a plan of every field that may hold one.
func TestPlanHidesSecrets(t *testing.T) {
	const secret = "hidden"
	var old, next config.Options
	next.Auth.Password, next.Auth.Token = secret, secret
	old.WebSockets, next.WebSockets = []*config.WebSocket{{}}, []*config.WebSocket{{}}
	w := next.WebSockets[0]
	w.Auth.Password, w.Auth.Token = secret, secret
	next.Auth.Users = []auth.User{{Name: "a", Password: secret}}
	w.Auth.Users = slices.Repeat(next.Auth.Users, 30)
	w.Headers = map[string]string{"Authorization": secret}
	w.AllowedOrigins = []string{"http://a:" + secret + "@b"}
	next.Log.RemoteSyslog = "tcp://a:" + secret + "@b"
	for _, plan := range [][]config.Change{config.Plan(&old, &next), config.Plan(&next, &old)} {
		if len(plan) != 9 {
			t.Errorf("%d changes: %v", len(plan), plan)
		}
		if strings.Contains(fmt.Sprintf("%+v %v", plan, plan), secret) {
			t.Errorf("%+v", plan)
		}
	}
}

// TestPlanPins: new pins are a change of their own, after which connections are looked at again; their order is none.
func TestPlanPins(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	plan := func(old, next string) []string {
		const text = "tls { cert_file: c, key_file: k, pinned_certs: [ PINS ] }\nwebsocket { port: 1, tls { cert_file: c, key_file: k, pinned_certs: [ PINS ] } }\n"
		return planned(t, strings.ReplaceAll(text, "PINS", old), strings.ReplaceAll(text, "PINS", next))
	}
	if got := plan(a+", "+b, b+", "+strings.ToUpper(a)); got != nil {
		t.Errorf("another order: %q", got)
	}
	want := []string{
		"client.pinned_certs: [aaaaaaaa] -> [aaaaaaaa bbbbbbbb] (recheck connections)",
		"websocket.pinned_certs: [aaaaaaaa] -> [aaaaaaaa bbbbbbbb] (recheck connections)",
	}
	if got := plan(a, b+", "+a); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}
