package claims

import (
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/nats-io/nkeys"

	"weir/internal/conf"
)

// Keys are the keys of a configuration file that are about operators and their accounts, apart from system_account, which is
// there without them too, and resolver_tls.
var Keys = conf.Table[Config]{
	"operator operators root roots root_operator root_operators": setOperators,
	"trusted trusted_keys":                        setTrusted,
	"resolver account_resolver accounts_resolver": setResolver,
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

const resolverWanted = `error parsing account resolver, should be MEM or URL("url") or a map containing dir and type state=[FULL|CACHE])`

var (
	inMemory = regexp.MustCompile(`(?i)^\s*MEM(ORY)?\s*$`)
	onTheWeb = regexp.MustCompile(`(?i)^\s*URL\(\s*"?([^\s"]+?)"?\s*\)\s*$`)
)

// setResolver reads a word, or a block.
func setResolver(r *conf.Reader, c *Config, v conf.Value) {
	c.Resolver = Resolver{}
	switch x := v.V.(type) {
	case string:
		m := onTheWeb.FindStringSubmatch(x)
		switch {
		case inMemory.MatchString(x):
			c.Resolver.Kind = Memory
		case m != nil:
			c.Resolver.Kind, c.Resolver.URL = Web, m[1]
		default:
			r.Fail(v.At, "%s", resolverWanted)
		}
	case map[string]any:
		b := resolverBlock{}
		conf.Read(r, v, resolverKeys, &b)
		c.Resolver = b.check(r, v)
	default:
		r.Fail(v.At, "error parsing operator resolver, wrong type: %s", conf.Kind(v.V))
	}
}

// resolverBlock is the block of a resolver while it is read.
type resolverBlock struct {
	Resolver
	kind        string
	hard, timed bool // hard_delete, timeout are there
}

var resolverKeys = conf.Table[resolverBlock]{
	"type":         conf.Text(func(b *resolverBlock) *string { return &b.kind }),
	"dir":          conf.Text(func(b *resolverBlock) *string { return &b.Dir }),
	"allow_delete": conf.Flag(func(b *resolverBlock) *bool { return &b.AllowDelete }),
	"hard_delete": func(r *conf.Reader, b *resolverBlock, v conf.Value) {
		b.HardDelete, _ = r.Flag(v)
		b.hard = true
	},
	"limit":    conf.Int(func(b *resolverBlock) *int { return &b.Limit }),
	"ttl":      conf.Duration(func(b *resolverBlock) *time.Duration { return &b.TTL }),
	"interval": conf.Duration(func(b *resolverBlock) *time.Duration { return &b.Interval }),
	"timeout": func(r *conf.Reader, b *resolverBlock, v conf.Value) {
		conf.Duration(func(b *resolverBlock) *time.Duration { return &b.Timeout })(r, b, v)
		b.timed = true
	},
}

// check refuses what makes no sense together; v is the block.
func (b *resolverBlock) check(r *conf.Reader, v conf.Value) Resolver {
	b.Limit = max(b.Limit, 0)
	if b.timed && b.Timeout <= 0 {
		r.Fail(v.At, "Fetch timeout %v is too small", b.Timeout)
	}
	wrong := func(is bool, text string) {
		if is {
			r.Fail(v.At, "%s", text)
		}
	}
	switch strings.ToUpper(b.kind) {
	case "MEM", "MEMORY":
		return Resolver{Kind: Memory}
	case "CACHE":
		b.Kind = Cache
		wrong(b.Interval != 0, "CACHE does not accept sync")
		wrong(b.AllowDelete, "CACHE does not accept allow_delete")
		wrong(b.hard, "CACHE does not accept hard_delete")
	case "FULL":
		b.Kind = Full
		wrong(b.TTL != 0, "FULL does not accept ttl")
		wrong(b.hard && !b.AllowDelete, "hard_delete has no effect without delete")
	default:
		r.Fail(v.At, "%s", resolverWanted)
		return Resolver{}
	}
	if b.Dir == "" {
		r.Fail(v.At, "dir has no value and needs to point to a directory")
	} else if info, err := os.Stat(b.Dir); err == nil && (!info.IsDir() || info.Mode().Perm()&0o200 == 0) {
		r.Fail(v.At, "dir needs to point to an accessible directory")
	}
	return b.Resolver
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
