package resolver

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"time"

	"weir/internal/conf"
)

// Kind is where a resolver has the JWTs of accounts.
type Kind string

// Kinds of resolvers. The empty one is none.
const (
	Memory Kind = "memory"
	Web    Kind = "url"
	Full   Kind = "full"
	Cache  Kind = "cache"
)

// Config is where the JWTs of accounts are. The zero value is no resolver.
type Config struct {
	Kind Kind
	// URL is where a Web resolver asks, with the public key of the account behind it.
	URL string
	// Dir is the directory of a Full or Cache resolver. It is made if it is not there.
	Dir string
	// Limit is how many JWTs may be in Dir: a Full resolver refuses more (0 means no limit), a Cache forgets the one that
	// was not used for the longest time (0 means 1,000).
	Limit int
	// TTL is how long a Cache keeps a JWT that is not used; 0 means until the JWT expires.
	TTL time.Duration
	// AllowDelete lets the operator delete accounts of a Full resolver: their files are renamed, or with HardDelete removed.
	AllowDelete, HardDelete bool
	// Interval and Timeout are for what is asked of other servers.
	Interval, Timeout time.Duration
}

// FetchTimeout bounds one question to a web server, the same as nats-server's: below the time that a client has to log in.
const FetchTimeout = 1900 * time.Millisecond

// Errors of resolvers.
var (
	// ErrNotFound: the resolver has no JWT of the account.
	ErrNotFound = errors.New("account missing")
	// ErrReadOnly: the resolver takes no JWTs.
	ErrReadOnly = errors.New("store operation not supported for URL Resolver")
	// ErrFull: the directory holds as many JWTs as it may.
	ErrFull = errors.New("jwt store is full")
	// ErrName: not the public key of an account.
	ErrName = errors.New("will only fetch valid account keys")
)

const wanted = `error parsing account resolver, should be MEM or URL("url") or a map containing dir and type state=[FULL|CACHE])`

var (
	inMemory = regexp.MustCompile(`(?i)^\s*MEM(ORY)?\s*$`)
	onTheWeb = regexp.MustCompile(`(?i)^\s*URL\(\s*"?([^\s"]+?)"?\s*\)\s*$`)
)

// Read reads a word, or a block.
func Read(r *conf.Reader, c *Config, v conf.Value) {
	*c = Config{}
	switch x := v.V.(type) {
	case string:
		m := onTheWeb.FindStringSubmatch(x)
		switch {
		case inMemory.MatchString(x):
			c.Kind = Memory
		case m != nil:
			c.Kind, c.URL = Web, m[1]
		default:
			r.Fail(v.At, "%s", wanted)
		}
	case map[string]any:
		b := block{}
		conf.Read(r, v, keys, &b)
		*c = b.check(r, v)
	default:
		r.Fail(v.At, "error parsing operator resolver, wrong type: %s", conf.Kind(v.V))
	}
}

// block is the block of a resolver while it is read.
type block struct {
	Config
	kind        string
	hard, timed bool // hard_delete, timeout are there
}

var keys = conf.Table[block]{
	"type":         conf.Text(func(b *block) *string { return &b.kind }),
	"dir":          conf.Text(func(b *block) *string { return &b.Dir }),
	"allow_delete": conf.Flag(func(b *block) *bool { return &b.AllowDelete }),
	"hard_delete": func(r *conf.Reader, b *block, v conf.Value) {
		b.HardDelete, _ = r.Flag(v)
		b.hard = true
	},
	"limit":    conf.Int(func(b *block) *int { return &b.Limit }),
	"ttl":      conf.Duration(func(b *block) *time.Duration { return &b.TTL }),
	"interval": conf.Duration(func(b *block) *time.Duration { return &b.Interval }),
	"timeout": func(r *conf.Reader, b *block, v conf.Value) {
		conf.Duration(func(b *block) *time.Duration { return &b.Timeout })(r, b, v)
		b.timed = true
	},
}

// check refuses what makes no sense together; v is the block.
func (b *block) check(r *conf.Reader, v conf.Value) Config {
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
		return Config{Kind: Memory}
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
		r.Fail(v.At, "%s", wanted)
		return Config{}
	}
	if b.Dir == "" {
		r.Fail(v.At, "dir has no value and needs to point to a directory")
	} else if info, err := os.Stat(b.Dir); err == nil && (!info.IsDir() || info.Mode().Perm()&0o200 == 0) {
		r.Fail(v.At, "dir needs to point to an accessible directory")
	}
	return b.Config
}
