package claims

import (
	"os"
	"strings"

	"github.com/nats-io/nkeys"

	"weir/internal/conf"
	"weir/internal/resolver"
)

// Keys are the keys of a configuration file that are about operators and their accounts, apart from system_account, which is
// there without them too, and resolver_tls.
var Keys = conf.Table[Config]{
	"operator operators root roots root_operator root_operators": setOperators,
	"trusted trusted_keys":                        setTrusted,
	"resolver account_resolver accounts_resolver": func(r *conf.Reader, c *Config, v conf.Value) { resolver.Read(r, &c.Resolver, v) },
	"resolver_preload":                            setPreload,
	"resolver_pinned_accounts":                    conf.Texts(func(c *Config) *[]string { return &c.Pinned }),
	"default_sentinel":                            conf.Text(func(c *Config) *string { return &c.Sentinel }),
}.Split()

// inline begins every JWT: `{"`, in base64.
const inline = "eyJ"

// setOperators reads JWTs, or the files that they are in.
func setOperators(r *conf.Reader, c *Config, v conf.Value) {
	list, _ := r.Texts(v)
	c.Operators = nil
	for _, s := range list {
		text, err := os.ReadFile(s)
		if err != nil && strings.HasPrefix(s, inline) {
			text, err = []byte(s), nil
		}
		var token string
		if err == nil {
			token, err = ReadOperator(text)
		}
		if err != nil {
			r.Fail(v.At, "error parsing operator JWT: %v", err)
			continue
		}
		c.Operators = append(c.Operators, token)
	}
}

func setTrusted(r *conf.Reader, c *Config, v conf.Value) {
	c.TrustedKeys, _ = r.Texts(v)
	for _, key := range c.TrustedKeys {
		if !nkeys.IsValidPublicOperatorKey(key) {
			r.Fail(v.At, "trust key %srequired to be a valid public operator nkey", shown(key))
		}
	}
}

// maxShown is how much of a bad key an error shows: what is longer may be most of a secret one.
const maxShown = 16

// shown is a bad key in quotes, and a blank, if it can not be a secret.
func shown(key string) string {
	if len(key) > maxShown {
		return ""
	}
	return `"` + key + `" `
}

// setPreload reads JWTs by the public keys of their accounts.
func setPreload(r *conf.Reader, c *Config, v conf.Value) {
	if _, ok := v.V.(map[string]any); !ok {
		r.Fail(v.At, "preload should be a map of account_public_key:account_jwt")
		return
	}
	c.Preload = make(map[string]string)
	for _, m := range r.Members(v) {
		token, ok := m.V.(string)
		switch {
		case !ok:
			r.Fail(m.At, "preload map value should be a string JWT")
		case CheckAccount(token) != nil:
			r.Fail(m.At, "invalid account JWT")
		default:
			c.Preload[m.Key] = token
		}
	}
}
