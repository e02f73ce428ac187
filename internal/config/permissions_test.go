package config_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"weir/internal/auth"
	"weir/internal/config"
	"weir/internal/perm"
)

// TestUsers holds lists of users against what they mean; nats-server takes each of them.
func TestUsers(t *testing.T) {
	allow := func(list ...string) perm.Rule { return perm.Rule{Allow: list} }
	own := &perm.Config{Publish: allow("a")}
	for _, tt := range []struct {
		block string
		want  []auth.User
	}{
		{`users: [ {user: a, password: b} ]`, []auth.User{{Name: "a", Password: "b"}}},
		{`users: [ {username: a, pass: b}, {USER: "b c"} ]`, []auth.User{{Name: "a", Password: "b"}, {Name: "b c"}}},
		{`users: [ {user: a, permissions {publish: a}} ]`, []auth.User{{Name: "a", Permissions: own}}},
		{`users: [ {user: a, permission {publish: a}} ]`, []auth.User{{Name: "a", Permissions: own}}},
		{`users: [ {user: a, authorization {publish: a}} ]`, []auth.User{{Name: "a", Permissions: own}}},
		{`users: [ {user: a, nkey: "", allowed_connection_types: [], proxy_required: false} ]`, []auth.User{{Name: "a"}}},
		// Permissions of its own, even empty ones, keep a user from the default ones, wherever those stand.
		{"permissions {publish: d}\nusers: [ {user: a}, {user: b, permissions {publish: a}}, {user: c, permissions {}} ]", []auth.User{
			{Name: "a", Permissions: &perm.Config{Publish: allow("d")}}, {Name: "b", Permissions: own},
			{Name: "c", Permissions: new(perm.Config)}}},
		{"users: [ {user: a} ]\ndefault_permission {publish: d}", []auth.User{
			{Name: "a", Permissions: &perm.Config{Publish: allow("d")}}}},
		{"users: [ {user: a} ]\ndefault_permissions {publish: d}", []auth.User{
			{Name: "a", Permissions: &perm.Config{Publish: allow("d")}}}},
	} {
		o := mustParse(t, "authorization {\n"+tt.block+"\n}\n")
		if !reflect.DeepEqual(o.Auth, auth.Config{Users: tt.want}) {
			t.Errorf("%s\n got %+v\nwant %+v", tt.block, o.Auth.Users, tt.want)
		}
		if err := o.Validate(); err != nil || o.Warnings != nil {
			t.Errorf("%s: %v, %q", tt.block, err, o.Warnings)
		}
	}
}

// TestUsersFromVariables uses keys that are not known where they stand.
func TestUsersFromVariables(t *testing.T) {
	for _, text := range []string{
		"U {user: a, permissions {publish: b}}\nauthorization { users: [ $U ] }\n",
		"P {publish: b}\nauthorization { users: [ {user: a, permissions: $P} ] }\n",
		"authorization {\n P {publish: b}\n users: [ {user: a, permissions: $P} ]\n}\n",
		"authorization { users: [ {user: a, S: b, permissions {publish: $S, subscribe {X: c, deny: $X}}} ] }\n",
	} {
		o := mustParse(t, text)
		if u := o.Auth.Users; len(u) != 1 || u[0].Name != "a" || !reflect.DeepEqual(u[0].Permissions.Publish.Allow, []string{"b"}) {
			t.Errorf("%s: %+v", text, u)
		}
	}
}

// TestPermissions holds a permissions block against what it means.
func TestPermissions(t *testing.T) {
	ab := []string{"a", "b.>"}
	answer := &perm.Responses{}
	for _, tt := range []struct {
		block string
		want  perm.Config
	}{
		{`publish: a`, perm.Config{Publish: perm.Rule{Allow: ab[:1]}}},
		{`pub: ["a", "b.>"]`, perm.Config{Publish: perm.Rule{Allow: ab}}},
		{`import: a`, perm.Config{Publish: perm.Rule{Allow: ab[:1]}}},
		{`publish {allow: a, deny: ["a", "b.>"]}`, perm.Config{Publish: perm.Rule{Allow: ab[:1], Deny: ab}}},
		{`Publish {Deny: a}`, perm.Config{Publish: perm.Rule{Deny: ab[:1]}}},
		{`subscribe: a`, perm.Config{Subscribe: perm.Rule{Allow: ab[:1]}}},
		{`sub: ["a", "b.>"]`, perm.Config{Subscribe: perm.Rule{Allow: ab}}},
		{`export {deny: a}`, perm.Config{Subscribe: perm.Rule{Deny: ab[:1]}}},
		{`subscribe: ["a q", "a.*  v1.*"]`, perm.Config{Subscribe: perm.Rule{Allow: []string{"a q", "a.*  v1.*"}}}},
		{`subscribe {deny: "> >"}`, perm.Config{Subscribe: perm.Rule{Deny: []string{"> >"}}}},
		{`publish {}, subscribe: []`, perm.Config{}},
		{`publish {allow: [], deny: []}`, perm.Config{}},
		{`allow_responses: true`, perm.Config{Responses: answer}},
		{`publish_allow_responses: true`, perm.Config{Responses: answer}},
		{`allow_responses: false`, perm.Config{}},
		{`allow_responses {}`, perm.Config{Responses: answer}},
		{`allow_responses {max: 3, expires: "2s"}`, perm.Config{Responses: &perm.Responses{MaxMsgs: 3, TTL: 2 * time.Second}}},
		{`allow_responses {max_msgs: -1, ttl: "-1s"}`, perm.Config{Responses: &perm.Responses{MaxMsgs: -1, TTL: -time.Second}}},
		{`allow_responses {max_messages: 0, expiration: "0s"}`, perm.Config{Responses: answer}},
		{`allow_responses {max_responses: 3}`, perm.Config{Responses: &perm.Responses{MaxMsgs: 3}}},
	} {
		o := mustParse(t, "authorization { users: [ {user: a, permissions {\n"+tt.block+"\n} } ] }\n")
		if got := o.Auth.Users[0].Permissions; !reflect.DeepEqual(*got, tt.want) {
			t.Errorf("%s\n got %+v\nwant %+v", tt.block, *got, tt.want)
		}
	}
}

// TestPermissionErrors has nats-server's texts, and a place for each where that has none for some.
func TestPermissionErrors(t *testing.T) {
	for _, tt := range []struct{ block, want string }{
		{`foo: a`, `1: Unknown field "foo" parsing permissions`},
		{`publish: 3`, `1: Expected subject permissions to be a subject, or array of subjects, got an integer`},
		{`publish: ""`, `1: subject "" is not a valid subject`},
		{`publish: "a b"`, `1: subject "a b" is not a valid subject`},
		{`publish: ["a", "a..b"]`, `1: subject "a..b" is not a valid subject`},
		{`publish: ["a", 3 ]`, `16: Subject in permissions array cannot be cast to string, it is an integer`},
		{`publish {allow: 3 }`, `10: Expected subject permissions to be a subject, or array of subjects, got an integer`},
		{`publish {allow {}}`, `10: Expected subject permissions to be a subject, or array of subjects, got a map`},
		{`publish {allow: "a b"}`, `10: subject "a b" is not a valid subject`},
		{`publish {foo: a}`, `10: Unknown field name "foo" parsing subject permissions, only 'allow' or 'deny' are permitted`},
		{`subscribe: " c"`, `1: subject " c" is not a valid subject`},
		{`subscribe {deny: "a b c"}`, `12: subject "a b c" is not a valid subject`},
		{`subscribe: "a. b"`, `1: subject "a." is not a valid subject`},
		{`subscribe: "a b."`, `1: queue "b." is not a valid queue`},
		{`allow_responses: "true"`, `1: error parsing response permissions, expected a boolean or a map, got a string`},
		{`allow_responses {foo: 3}`, `18: Unknown field "foo" parsing permissions`},
		{`allow_responses {max: "x"}`, `18: max: expected an integer, got a string`},
		{`allow_responses {expires: 3}`, `18: error parsing expires, not a duration string`},
		{`allow_responses {expires: "x"}`, `18: error parsing expires: time: invalid duration "x"`},
	} {
		for _, key := range []string{"permissions", "users: [ {user: a, permissions"} {
			closing := strings.Repeat("}]", strings.Count(key, "["))
			_, err := config.Parse("weir.conf", []byte("authorization { "+key+" {\n"+tt.block+"\n}"+closing+" }\n"))
			if want := "weir.conf:2:" + tt.want; err == nil || err.Error() != want {
				t.Errorf("%s\n got %v\nwant %s", tt.block, err, want)
			}
		}
	}
	_, err := config.Parse("weir.conf", []byte("authorization {\n permissions: 3\n}\n"))
	if want := "weir.conf:2:2: Expected permissions to be a map/struct, got an integer"; err == nil || err.Error() != want {
		t.Errorf(" got %v\nwant %s", err, want)
	}
}

// TestUsersBesideWebSocketAuthorization is the sixth check of catalogue §1.1.
func TestUsersBesideWebSocketAuthorization(t *testing.T) {
	const users = "authorization { users: [ {user: a} ] }\n"
	for _, tt := range []struct{ text, want string }{
		{users + "websocket { port: -1, no_tls: true, authorization { user: a } }",
			"websocket authentication username not compatible with presence of users/nkeys"},
		{users + "websocket { port: -1, no_tls: true, authorization { token: a } }",
			"websocket authentication token not compatible with presence of users/nkeys"},
		{users + "websocket { port: -1, no_tls: true, authorization { timeout: 1 } }", ""},
		{users + "websocket { authorization { token: a } }", ""}, // without a port nothing is checked
		{"authorization { users: [] }\nwebsocket { port: -1, no_tls: true, authorization { token: a } }", ""},
	} {
		wantInvalid(t, tt.text, tt.want)
	}
}

// TestUsersOfAProgram are not read from a file and checked all the same.
func TestUsersOfAProgram(t *testing.T) {
	bad := &perm.Config{Publish: perm.Rule{Deny: []string{"a..b"}}}
	for want, users := range map[string][]auth.User{
		`user entry requires a user`: {{Password: "x"}},
		`duplicate user "a"`:         {{Name: "a"}, {Name: "a"}},
		`invalid permissions for user "a": publish: deny: subject "a..b" is not a valid subject`: {{Name: "a", Permissions: bad}},
	} {
		o := config.Options{Auth: auth.Config{Users: users}}
		o.SetDefaults()
		if err := o.Validate(); err == nil || err.Error() != want {
			t.Errorf(" got %v\nwant %s", err, want)
		}
	}
}

// TestPlanUsers shows who changed, and no password.
func TestPlanUsers(t *testing.T) {
	base := "authorization { users: [ {user: a, pass: hidden}, {user: b, pass: hidden} ] }"
	for from, want := range map[string]string{
		"hidden}, ":                 "auth.users: [a b] -> [a b] (recheck connections)",
		"{user: b, ":                "auth.users: [a b] -> [a x] (recheck connections)",
		", {user: b, pass: hidden}": "auth.users: [a b] -> [a] (recheck connections)",
	} {
		to := map[string]string{"hidden}, ": "other}, ", "{user: b, ": "{user: x, "}[from]
		old, next := mustParse(t, base), mustParse(t, strings.Replace(base, from, to, 1))
		if plan := config.Plan(old, next); len(plan) != 1 || plan[0].String() != want {
			t.Errorf("got %v, want %s", plan, want)
		}
	}
}
