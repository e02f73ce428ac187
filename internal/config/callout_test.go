package config_test

import (
	"reflect"
	"strings"
	"testing"

	"weir/internal/auth"
	"weir/internal/config"
)

// callIssuer is the public half of an account's key.
const (
	callIssuer = "ABJHLOVMPA4CI6R5KLNGOB4GSLNIY7IOUPAJC4YFNDLQVIOBYQGUWVLA"
)

// TestCallout reads every key by all its names.
func TestCallout(t *testing.T) {
	want := &auth.Callout{
		Issuer: callIssuer, Account: "A", Users: []string{"a", "b"}, Accounts: []string{"A"}, Types: []auth.Type{auth.WebSocket},
		Forward: auth.Forward{Headers: []string{"X-Tenant", "Dnt"}, Cookies: []string{"session"}, Query: []string{"room"}},
	}
	for _, keys := range []string{"account: A, auth_users: [ a, b ]", "acc: A, users: [ a, b ]"} {
		o := mustParse(t, "accounts { A {} }\nauthorization { auth_callout { issuer: "+callIssuer+", "+keys+
			", allowed_accounts: [ A ], connection_types: [ websocket ], forward { headers: [ x-tenant, DNT ], cookies: [ session ], query: [ room ] } } }")
		if !reflect.DeepEqual(o.Auth.Callout, want) {
			t.Errorf("%s: got %+v", keys, o.Auth.Callout)
		}
		o.SetDefaults()
		if err := o.Validate(); err != nil {
			t.Error(err)
		}
		if got := o.CalloutWarnings(); !reflect.DeepEqual(got, []string{
			`Authorization callout user "a" not valid`, `Authorization callout user "b" not valid`,
		}) {
			t.Errorf("%s: warnings %q", keys, got)
		}
	}
}

// TestCalloutOfListeners: a block's own callout goes before the top-level one, false before both, and neither is a reason to
// leave the top-level users out.
func TestCalloutOfListeners(t *testing.T) {
	block := func(account string) string {
		return "auth_callout { issuer: " + callIssuer + ", account: " + account + ", auth_users: [ a ] }"
	}
	o := mustParse(t, "accounts { A { users [ { user: a, password: a } ] }, B {} }\nauthorization { "+block("A")+` }
websocket [ { port: 1, no_tls: true }, { port: 2, no_tls: true, authorization { auth_callout: false } }, { port: 3, no_tls: true, authorization { `+block("B")+" } } ]")
	o.SetDefaults()
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"A", "", "B"} {
		got, c := "", o.WebSocketAuth(o.WebSockets[i])
		if c.Callout != nil {
			got = c.Callout.Account
		}
		if got != want || len(c.Users) != 1 || !reflect.DeepEqual(c.Listening, []string{"A", "B"}) {
			t.Errorf("%d: %q, %+v", i, got, c)
		}
	}
	if got := o.CalloutWarnings(); got != nil {
		t.Errorf("warnings %q", got)
	}
}

// TestCalloutInvalid holds what only the whole configuration can tell.
func TestCalloutInvalid(t *testing.T) {
	block := "authorization { user: a, password: a, auth_callout { issuer: " + callIssuer + ", auth_users: [ a ]\nMORE } }\n"
	for text, want := range map[string]string{
		"allowed_accounts: [ NONE ]": `auth_callout allowed account "NONE" not found in configured accounts`,
	} {
		o := mustParse(t, strings.Replace(block, "MORE", text, 1))
		o.SetDefaults()
		if err := o.Validate(); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	o := mustParse(t, strings.Replace(block, "MORE", "account: NONE", 1))
	if got := o.CalloutWarnings(); !reflect.DeepEqual(got, []string{`Authorization callout account "NONE" not valid`}) {
		t.Errorf("warnings %q", got)
	}
	o = &config.Options{Auth: auth.Config{Callout: &auth.Callout{Issuer: callIssuer, XKey: "x"}}}
	o.SetDefaults()
	if err := o.Validate(); err == nil || err.Error() != "auth_callout: not a valid public xkey" {
		t.Error(err)
	}
}
