package claims_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/claims"
	"weir/internal/conf"
	"weir/internal/resolver"
)

// read reads the keys of a file.
func read(t *testing.T, text string) (claims.Config, error) {
	t.Helper()
	file, err := conf.Parse("weir.conf", []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var c claims.Config
	r := conf.NewReader("weir.conf")
	conf.Read(r, file, claims.Keys, &c)
	if len(r.Errors) > 0 {
		return c, r.Errors
	}
	return c, nil
}

// Every key, and its aliases.
func TestKeys(t *testing.T) {
	h := newHouse(t)
	operator, token := h.operator.public, h.config.Operators[0]
	account := h.account(nil)
	preload := h.config.Preload[account.public]
	dir := t.TempDir()
	file := filepath.Join(dir, "operator.jwt")
	decorated, err := jwt.DecorateJWT(token)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, decorated, 0o600); err != nil {
		t.Fatal(err)
	}
	one, key := claims.Config{Operators: []string{token}}, claims.Config{TrustedKeys: []string{operator}}
	in := func(r resolver.Config) claims.Config { return claims.Config{Resolver: r} }
	memory := in(resolver.Config{Kind: resolver.Memory})
	web := in(resolver.Config{Kind: resolver.Web, URL: "https://a.b/jwt/v1/accounts/"})
	rows := map[string]claims.Config{
		"operator: " + token:                                           one,
		`operators: ["` + token + `"]`:                                 one,
		`operator: "` + file + `"`:                                     one,
		`operators: ["` + file + `", "` + token + `"]`:                 {Operators: []string{token, token}},
		"trusted: " + operator:                                         key,
		"trusted_keys: [" + operator + "]":                             key,
		"default_sentinel: abc":                                        {Sentinel: "abc"},
		"resolver_pinned_accounts: A":                                  {Pinned: []string{"A"}},
		"resolver_pinned_accounts: [A, B]":                             {Pinned: []string{"A", "B"}},
		"resolver_preload { " + account.public + ": " + preload + " }": {Preload: map[string]string{account.public: preload}},

		"resolver: MEMORY":                                memory,
		"resolver: mem":                                   memory,
		"resolver { type: memory }":                       memory,
		"resolver: URL(https://a.b/jwt/v1/accounts/)":     web,
		`resolver: URL("https://a.b/jwt/v1/accounts/")`:   web,
		`resolver: "URL( https://a.b/jwt/v1/accounts/ )"`: web,
		`resolver: 'url("https://a.b/jwt/v1/accounts/")'`: web,
		`resolver { type: full, dir: "` + dir + `", allow_delete: true, hard_delete: true, limit: 10, interval: "2m", timeout: "1s" }`: in(resolver.Config{
			Kind: resolver.Full, Dir: dir, AllowDelete: true, HardDelete: true, Limit: 10, Interval: 2 * time.Minute, Timeout: time.Second,
		}),
		`resolver { type: CACHE, dir: "` + dir + `/x", ttl: "1h", limit: -1 }`: in(resolver.Config{Kind: resolver.Cache, Dir: dir + "/x", TTL: time.Hour}),
	}
	for _, name := range []string{"roots", "root", "root_operator", "root_operators"} {
		rows[name+": "+token] = one
	}
	for _, name := range []string{"account_resolver", "accounts_resolver"} {
		rows[name+": MEM"] = memory
	}
	for text, want := range rows {
		if got, err := read(t, text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", text, got, err, want)
		}
	}
}

// What is wrong is said with its place; no key that may be secret is shown.
func TestKeyErrors(t *testing.T) {
	const wanted = `error parsing account resolver, should be MEM or URL("url") or a map containing dir and type state=[FULL|CACHE])`
	seed, err := newKey(t, nkeys.CreateOperator).Seed()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"operator: nowhere.jwt":                                "1:1: error parsing operator JWT: open nowhere.jwt: no such file or directory",
		"\noperator: 1":                                        "2:1: error parsing operator: unsupported type: expected a string or a list of strings, got an integer",
		"operator: [ 1 ]":                                      "1:13: error parsing operator: unsupported type in array: expected a string, got an integer",
		"trusted: bad":                                         `1:1: trust key "bad" required to be a valid public operator nkey`,
		"trusted: " + string(seed):                             `1:1: trust key required to be a valid public operator nkey`,
		"resolver: what":                                       "1:1: " + wanted,
		"resolver: URL":                                        "1:1: " + wanted,
		"resolver: 1":                                          "1:1: error parsing operator resolver, wrong type: an integer",
		"resolver { type: what, dir: a }":                      "1:1: " + wanted,
		"resolver { dir: a }":                                  "1:1: " + wanted,
		"resolver { type: full }":                              "1:1: dir has no value and needs to point to a directory",
		"resolver { type: full, foo: 1 }":                      "1:24: unknown field \"foo\"\nweir.conf:1:1: dir has no value and needs to point to a directory",
		"resolver { type: full, dir: a, ttl: \"1s\" }":         "1:1: FULL does not accept ttl",
		"resolver { type: full, dir: a, hard_delete: true }":   "1:1: hard_delete has no effect without delete",
		"resolver { type: cache, dir: a, interval: \"1s\" }":   "1:1: CACHE does not accept sync",
		"resolver { type: cache, dir: a, allow_delete: true }": "1:1: CACHE does not accept allow_delete",
		"resolver { type: cache, dir: a, hard_delete: false }": "1:1: CACHE does not accept hard_delete",
		"resolver { type: cache, dir: a, timeout: \"0s\" }":    "1:1: Fetch timeout 0s is too small",
		"resolver { type: cache, dir: a, timeout: \"-1s\" }":   "1:1: Fetch timeout -1s is too small",
		"resolver { type: cache, dir: a, ttl: soon }":          `1:33: error parsing ttl: time: invalid duration "soon"`,
		"resolver { type: full, dir: \"" + file + "\" }":       "1:1: dir needs to point to an accessible directory",
		"resolver_preload: a":                                  "1:1: preload should be a map of account_public_key:account_jwt",
		"resolver_preload { A: 1 }":                            "1:20: preload map value should be a string JWT",
		"resolver_preload { A: b }":                            "1:20: invalid account JWT",
		"default_sentinel: 1":                                  "1:1: default_sentinel: expected a string, got an integer",
		"resolver_pinned_accounts: 1":                          "1:1: error parsing resolver_pinned_accounts: unsupported type: expected a string or a list of strings, got an integer",
	} {
		_, err := read(t, text)
		if err == nil || err.Error() != "weir.conf:"+want {
			t.Errorf("%s\n got %v\nwant weir.conf:%s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), string(seed[2:10])) {
			t.Error("a secret key is shown")
		}
	}
}
