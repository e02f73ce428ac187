package config_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"

	"weir/internal/auth"
	"weir/internal/config"
)

// The keys of two proxies, in the order of their names.
const (
	proxyA = "UBLPQJ5K4D7V2BNP57VRXT6HZFJB7SQQAW73NMS2PLS4BPAMT5WWHXU7"
	proxyB = "UC4QQVYBC3GD2QZQW4HX7S5IP4AOF6Y4REZQT4XN2LOJ6PY44YAKYUH4"
)

// parity: 9.3.67
func TestProxies(t *testing.T) {
	for text, want := range map[string][]string{
		"proxies {}":              nil,
		"proxies { trusted: [] }": nil,
		"proxies { trusted: [ { key: " + proxyA + " }, { public_key: " + proxyB + " } ] }": {proxyA, proxyB},
		"PROXIES { Trusted [\n{ KEY: " + proxyB + " }\n{ key: " + proxyB + " }\n] }":       {proxyB, proxyB},
		"P {key: " + proxyA + "}\nproxies { trusted: [ $P ] }":                             {proxyA},
	} {
		o := mustParse(t, text)
		if !reflect.DeepEqual(o.ProxyKeys, want) {
			t.Errorf("%s: %q, want %q", text, o.ProxyKeys, want)
		}
		o.SetDefaults()
		if err := o.Validate(); err != nil || o.Warnings != nil {
			t.Errorf("%s: %v, %q", text, err, o.Warnings)
		}
	}
}

// parity: 9.3.67
func TestProxiesRefused(t *testing.T) {
	const bad = "weir.conf:2:24: invalid proxy key"
	for text, want := range map[string]string{
		"proxies: 3":                                                                 `weir.conf:2:1: proxies: expected a map, got an integer`,
		"proxies { foo: 1 }":                                                         `weir.conf:2:11: unknown field "foo"`,
		"proxies { trusted { key: a } }":                                             `weir.conf:2:11: trusted: expected a list, got a map`,
		"proxies { trusted: [ a ] }":                                                 `weir.conf:2:22: trusted: expected a map, got a string`,
		"proxies { trusted: [ { foo: 1 } ] }":                                        `weir.conf:2:24: unknown field "foo"`,
		"proxies { trusted: [ { key: 1 } ] }":                                        `weir.conf:2:24: key: expected a string, got an integer`,
		"proxies { trusted: [ {\n} ] }":                                              `weir.conf:3:2: invalid proxy key ""`,
		"proxies { trusted: [ { key: \"\" } ] }":                                     bad + ` ""`,
		"proxies { trusted: [ { key: bad } ] }":                                      bad + ` "bad"`,
		"proxies { trusted: [ { key: " + proxyA[1:] + " } ] }":                       bad,
		"proxies {\n trusted: [\n { key: " + proxyA + " }\n {\n key: bad\n }\n ]\n}": `weir.conf:6:2: invalid proxy key "bad"`,
		"proxies { trusted: [ { key: a }\n { key: b } ] }":                           bad + " \"a\"\nweir.conf:3:4: invalid proxy key \"b\"",
		"websocket { authorization { proxy_required: true } }":                       `weir.conf:2:29: unknown field "proxy_required"`,
		"proxy_required: true":                                                       `weir.conf:2:1: unknown field "proxy_required"`,
		"authorization { user: a, proxy_required: 3 }":                               `weir.conf:2:26: proxy_required: expected a boolean, got an integer`,
		"authorization { users: [ {user: a, proxy_required: maybe} ] }":              `weir.conf:2:36: proxy_required: expected a boolean, got a string`,
	} {
		o, err := config.Parse("weir.conf", []byte("\n"+text+"\n"))
		if o != nil || err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}

// A proxy's secret key in place of its public one is an error that does not show it.
func TestProxySecretHidden(t *testing.T) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	_, err = config.Parse("weir.conf", []byte("proxies { trusted: [ { key: "+string(seed)+" } ] }"))
	if err == nil || strings.Contains(err.Error(), string(seed[:8])) {
		t.Errorf("error %v", err)
	}
	o := config.Local()
	o.ProxyKeys = []string{proxyA, string(seed)}
	o.SetDefaults()
	if err := o.Validate(); err == nil || strings.Contains(err.Error(), string(seed[:8])) {
		t.Errorf("error %v", err)
	}
}

// parity: 9.3.68
func TestProxyRequired(t *testing.T) {
	const nkey, other = proxyA, proxyB
	for text, want := range map[string]auth.Config{
		"user: a, password: b, proxy_required: true":  {Username: "a", Password: "b", ProxyRequired: true},
		"user: a, password: b, proxy_required: false": {Username: "a", Password: "b"},
		"token: a, proxy_required: true":              {Token: "a", ProxyRequired: true},
		"users: [ {user: a}, {user: b, proxy_required: true}, {user: c, proxy_required: false} ]": {Users: []auth.User{
			{Name: "a"}, {Name: "b", ProxyRequired: true}, {Name: "c"}}},
		"users: [ {nkey: " + nkey + ", proxy_required: true}, {nkey: " + other + ", proxy_required: false} ]": {Users: []auth.User{
			{NKey: nkey, ProxyRequired: true}, {NKey: other}}},
	} {
		if o := mustParse(t, "authorization { "+text+" }"); !reflect.DeepEqual(o.Auth, want) || o.Warnings != nil {
			t.Errorf("%s\n got %+v, %q\nwant %+v", text, o.Auth, o.Warnings, want)
		}
	}
}

// Where proxy_required does not bind whom it seems to bind, here and in nats-server, that is said.
func TestProxyRequiredWarns(t *testing.T) {
	for _, text := range []string{
		"authorization { proxy_required: true }",
		"authorization { proxy_required: true, password: b }",
		"authorization { proxy_required: true, users: [ {user: a} ] }",
	} {
		const want = "weir.conf:1:1: authorization: proxy_required binds only a single user or a token; users of a list need one each"
		if got := mustParse(t, text).Warnings; len(got) == 0 || got[len(got)-1] != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// The login of a websocket block is a single user's or a token's, too.
func TestProxyRequiredOfWebSocket(t *testing.T) {
	const edge = "websocket { port: -1, no_tls: true%s }\n"
	for text, want := range map[string]bool{
		"authorization { user: a, proxy_required: true }\n" + edge:                                                          true,
		"authorization { user: a, proxy_required: true }\n" + strings.Replace(edge, "%s", ", authorization { user: b }", 1): true,
		"authorization { user: a }\n" + strings.Replace(edge, "%s", ", authorization { user: b }", 1):                       false,
	} {
		o := mustParse(t, strings.Replace(text, "%s", "", 1))
		if got := o.WebSocketAuth(o.WebSockets[0]).ProxyRequired; got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	var o config.Options
	w := &config.WebSocket{Auth: auth.Config{ProxyRequired: true}}
	if !o.WebSocketAuth(w).ProxyRequired {
		t.Error("a program asks for a proxy and does not get it")
	}
}
