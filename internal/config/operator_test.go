package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/config"
	"weir/internal/resolver"
)

// operator is the JWT of a new operator, and one of its accounts by public key.
func operator(t *testing.T, change func(*jwt.OperatorClaims)) (token, account, accountToken string) {
	t.Helper()
	public := func(pair nkeys.KeyPair, err error) (nkeys.KeyPair, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		p, err := pair.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		return pair, p
	}
	op, opPublic := public(nkeys.CreateOperator())
	_, account = public(nkeys.CreateAccount())
	c := jwt.NewOperatorClaims(opPublic)
	if change != nil {
		change(c)
	}
	token, err := c.Encode(op)
	if err != nil {
		t.Fatal(err)
	}
	if accountToken, err = jwt.NewAccountClaims(account).Encode(op); err != nil {
		t.Fatal(err)
	}
	return token, account, accountToken
}

// With operators, what they do not allow is refused, and what one of them says is taken over.
func TestOperators(t *testing.T) {
	token, account, accountToken := operator(t, nil)
	file := func(more string) string {
		return "operator: " + token + "\nresolver: MEMORY\nresolver_preload { " + account + ": " + accountToken + " }\n" + more
	}
	for more, want := range map[string]string{
		"":                           "",
		"system_account: " + account: "",
		"accounts { A {} }":          "operators do not allow Accounts to be configured directly",
		"authorization { users: [ { user: a, password: b } ] }":                                       "operators do not allow users to be configured directly",
		"websocket { port: -1, no_tls: true, authorization { users: [ { user: a, password: b } ] } }": "operators do not allow users to be configured directly",
		"no_auth_user: a": "no_auth_user not compatible with Trusted Operator",
		"websocket { port: -1, no_tls: true, no_auth_user: a }": "no_auth_user not compatible with Trusted Operator",
		"websocket { port: -1, no_tls: true, jwt_cookie: jwt }": "",
		"default_sentinel: a":                      "default sentinel JWT not valid",
		`resolver_tls { ca_file: "nowhere.pem" }`:  "weir.conf:4:1: open nowhere.pem: no such file or directory",
		`resolver_tls { insecure: true }`:          "",
		"trusted_keys: " + strings.Repeat("A", 20): "weir.conf:4:1: trust key required to be a valid public operator nkey",
	} {
		if got := verdict(file(more)); got != want {
			t.Errorf("%s\n got %s\nwant %s", more, got, want)
		}
	}
}

// The system account of the operator is that of the server.
func TestOperatorSystemAccount(t *testing.T) {
	_, account, _ := operator(t, nil)
	token, _, _ := operator(t, func(c *jwt.OperatorClaims) {
		c.SystemAccount, c.AccountServerURL = account, "http://127.0.0.1:1/jwt/v1"
	})
	o := mustParse(t, "operator: "+token)
	for range 2 {
		o.SetDefaults()
		if o.Accounts.SystemName() != account || o.Accounts.Claims.SystemAccount != account || o.Accounts.Claims.Resolver.Kind != resolver.Web {
			t.Errorf("%q, %+v", o.Accounts.SystemName(), o.Accounts.Claims.Resolver)
		}
		if err := o.Validate(); err != nil {
			t.Error(err)
		}
	}
	if o := mustParse(t, "port: 1"); o.Accounts.SystemName() != "$SYS" {
		t.Errorf("without an operator it is %q", o.Accounts.SystemName())
	}
}

// A plan shows neither a JWT nor the password of a URL, and an operator can not be changed.
func TestPlanOperators(t *testing.T) {
	first, account, preload := operator(t, nil)
	second, _, _ := operator(t, nil)
	load := func(text string) *config.Options {
		o := mustParse(t, text)
		o.SetDefaults()
		return o
	}
	for _, tt := range []struct{ old, next, want string }{
		{"operator: " + first + "\nresolver: MEM", "operator: " + first + "\nresolver: MEM", "[]"},
		{"operator: " + first + "\nresolver: MEM", "operator: " + second + "\nresolver: MEM", "[claims.operators: 1 JWTs -> 1 JWTs (refuse)]"},
		{"resolver: MEM", "resolver: MEM\nresolver_preload { " + account + ": " + preload + " }", "[claims.resolver_preload: 0 accounts -> 1 accounts (recheck connections)]"},
		{"default_sentinel: a", "default_sentinel: b", "[claims.default_sentinel: [redacted] -> [redacted] (swap)]"},
	} {
		if got := fmt.Sprint(config.Plan(load(tt.old), load(tt.next))); got != tt.want {
			t.Errorf("%s\n%s\n got %s\nwant %s", tt.old, tt.next, got, tt.want)
		}
	}
	got := fmt.Sprint(config.Plan(load("resolver: URL(http://a:secret@b/)"), load("resolver: URL(http://a:other@b/)")))
	if !strings.Contains(got, "claims.resolver: ") || strings.Contains(got, "secret") || strings.Contains(got, "other") {
		t.Errorf("plan %s", got)
	}
}
