package claims_test

import (
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/claims"
	"weir/internal/resolver"
)

// Errors of a configuration are nats-server's.
func TestValidate(t *testing.T) {
	h := newHouse(t)
	operator := h.operator.public
	account, other := newKey(t, nkeys.CreateAccount), newKey(t, nkeys.CreateAccount)
	system := func(name string) func(*jwt.OperatorClaims) {
		return func(c *jwt.OperatorClaims) { c.SystemAccount = name }
	}
	_, plain := h.user(account, nil)
	_, bearer := h.user(account, func(c *jwt.UserClaims) { c.BearerToken = true })
	_, scoped := h.user(other, func(c *jwt.UserClaims) { c.SetScoped(true); c.IssuerAccount = account.public })
	memory := resolver.Config{Kind: resolver.Memory}
	for _, tt := range []struct {
		name     string
		operator func(*jwt.OperatorClaims) // nil for none
		change   func(*claims.Config)
		want     string
	}{
		{"nothing", nil, func(*claims.Config) {}, ""},
		{"keys alone", nil, func(c *claims.Config) { c.TrustedKeys = []string{operator} }, ""},
		{"a key that is none", nil, func(c *claims.Config) { c.TrustedKeys = []string{"x"} }, `trust key "x" required to be a valid public operator nkey`},
		{"a sentinel alone", nil, func(c *claims.Config) { c.Sentinel = bearer }, "default sentinel requires operators and accounts"},
		{"a preload for a web server", nil, func(c *claims.Config) {
			c.Resolver = resolver.Config{Kind: resolver.Web, URL: "http://a"}
			c.Preload = map[string]string{"a": "b"}
		}, "resolver preloads only available for writeable resolver types MEM/DIR/CACHE_DIR"},
		{"a URL that is none", nil, func(c *claims.Config) {
			c.Resolver = resolver.Config{Kind: resolver.Web, URL: "http://secret@%"}
		}, "error parsing account resolver url"},

		{"an operator", system(""), func(c *claims.Config) {}, ""},
		{"an operator that is none", system(""), func(c *claims.Config) { c.Operators = []string{plain} }, "error parsing operator JWT: not a JWT of the right kind"},
		{"no resolver", system(""), func(c *claims.Config) { c.Resolver.Kind = "" }, "operators require an account resolver to be configured"},
		{"keys, too", system(""), func(c *claims.Config) { c.TrustedKeys = []string{operator} }, "conflicting options for 'TrustedKeys' and 'TrustedOperators'"},
		{"a sentinel that is none", system(""), func(c *claims.Config) { c.Sentinel = "x" }, "default sentinel JWT not valid"},
		{"a sentinel with a key", system(""), func(c *claims.Config) { c.Sentinel = plain }, "default sentinel must be a bearer token"},
		{"a sentinel", system(""), func(c *claims.Config) { c.Sentinel = bearer }, ""},
		{"a sentinel that a template may make one", system(""), func(c *claims.Config) { c.Sentinel = scoped }, ""},
		{"the operator's system account", system(account.public), func(*claims.Config) {}, ""},
		{"the same system account", system(account.public), func(c *claims.Config) { c.SystemAccount = account.public }, ""},
		{"another system account", system(account.public), func(c *claims.Config) { c.SystemAccount = other.public }, "system_account in config and operator JWT must be identical"},
		{"a system account of the configuration", system(""), func(c *claims.Config) { c.SystemAccount = account.public }, ""},
		{"a directory without one", system(""), func(c *claims.Config) { c.Resolver.Kind = resolver.Full },
			"using nats based account resolver - the system account needs to be specified in configuration or the operator jwt"},
		{"a directory with one", system(account.public), func(c *claims.Config) { c.Resolver.Kind = resolver.Cache }, ""},
		{"a signing key that is none", func(c *jwt.OperatorClaims) { c.SigningKeys.Add("x") }, func(*claims.Config) {},
			`trusted Keys "x" are required to be a valid public operator nkey`},
		{"a pinned account that is none", system(""), func(c *claims.Config) { c.Pinned = []string{operator} },
			`pinned account key is not a valid public account nkey`},
	} {
		c := claims.Config{}
		if tt.operator != nil {
			h.setOperator(tt.operator)
			c.Operators, c.Resolver = h.config.Operators, memory
		}
		tt.change(&c)
		c = c.Completed()
		if got := text(c.Validate()); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if c.On() != (len(c.Operators)+len(c.TrustedKeys) > 0) {
			t.Errorf("%s: on is %v", tt.name, c.On())
		}
	}
}

// A single operator's JWT says what the configuration does not.
func TestCompleted(t *testing.T) {
	h := newHouse(t)
	account := newKey(t, nkeys.CreateAccount)
	h.setOperator(func(c *jwt.OperatorClaims) {
		c.SystemAccount, c.AccountServerURL = account.public, "http://127.0.0.1:1/jwt/v1"
	})
	one := h.config.Operators
	c := claims.Config{Operators: one}.Completed()
	if c.SystemAccount != account.public || c.Resolver.Kind != resolver.Web || c.Resolver.URL != "http://127.0.0.1:1/jwt/v1/accounts" {
		t.Errorf("%+v", c)
	}
	c = claims.Config{Operators: one, SystemAccount: "x", Resolver: resolver.Config{Kind: resolver.Memory}}.Completed()
	if c.SystemAccount != "x" || c.Resolver.Kind != resolver.Memory {
		t.Errorf("%+v", c)
	}
	c = claims.Config{Operators: append(one, one...)}.Completed()
	if c.SystemAccount != "" || c.Resolver.Kind != "" {
		t.Errorf("of two operators: %+v", c)
	}
}

// An operator may want a newer server.
func TestSuits(t *testing.T) {
	h := newHouse(t)
	name := "operator " + h.operator.public
	for want, refused := range map[string]string{
		"": "", "2.15.2": "", "1.99.99": "", "2.14.9": "", "2.15.1": "",
		"3.0.0":  name + " expected major version 3 > server major version 2",
		"2.16.0": name + " expected minor version 16 > server minor version 15",
		"2.15.3": name + " expected update version 3 > server update version 2",
		"2.15":   name + " expects version 2.15 got error instead: asserted server version must be of the form <major>.<minor>.<update>",
		"2.x.1":  name + " expects version 2.x.1 got error instead: asserted server version must be of the form <major>.<minor>.<update>",
	} {
		h.setOperator(func(c *jwt.OperatorClaims) { c.AssertServerVersion = want })
		if got := text(h.config.Suits("2.15.2")); got != refused {
			t.Errorf("%q: %q, want %q", want, got, refused)
		}
	}
}

// The JWT of an operator may be in a file with lines around it.
func TestReadOperator(t *testing.T) {
	h := newHouse(t)
	token := h.config.Operators[0]
	decorated, err := jwt.DecorateJWT(token)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{token, token + "\n", string(decorated)} {
		if got, err := claims.ReadOperator([]byte(text)); err != nil || got != token {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", token[:len(token)-3]} {
		if _, err := claims.ReadOperator([]byte(text)); err == nil {
			t.Errorf("%q is an operator", text)
		}
	}
	account := newKey(t, nkeys.CreateAccount)
	if claims.CheckAccount(h.accountToken(account, nil)) != nil || claims.CheckAccount(token) == nil {
		t.Error("an account is not one, or an operator is")
	}
}
