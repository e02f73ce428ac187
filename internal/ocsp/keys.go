package ocsp

import (
	"slices"
	"strings"
	"time"

	"weir/internal/conf"
)

var peerKeys = conf.Table[Peer]{
	"verify":                           conf.Flag(func(p *Peer) *bool { return &p.Verify }),
	"ca_timeout":                       seconds(0, func(p *Peer) *time.Duration { return &p.Timeout }),
	"allowed_clockskew":                seconds(-1, func(p *Peer) *time.Duration { return &p.Skew }),
	"cache_ttl_when_next_update_unset": seconds(-1, func(p *Peer) *time.Duration { return &p.TTL }),
	"warn_only":                        conf.Flag(func(p *Peer) *bool { return &p.WarnOnly }),
	"unknown_is_good":                  conf.Flag(func(p *Peer) *bool { return &p.UnknownIsGood }),
	"allow_when_ca_unreachable":        conf.Flag(func(p *Peer) *bool { return &p.AllowWhenUnreachable }),
}

var cacheKeys = conf.Table[Cache]{
	"type":             setCacheType,
	"local_store":      conf.Text(func(c *Cache) *string { return &c.Dir }),
	"preserve_revoked": conf.Flag(func(c *Cache) *bool { return &c.PreserveRevoked }),
	"save_interval":    setSaveInterval,
}

var staplingKeys = conf.Table[Config]{
	"mode": setMode,
	"url": func(r *conf.Reader, c *Config, v conf.Value) {
		if u, ok := r.Text(v); ok {
			c.Responders = []string{u}
		}
	},
	"urls": conf.Texts(func(c *Config) *[]string { return &c.Responders }),
}

// ReadPeer reads ocsp_peer: a switch, or a block.
func ReadPeer(r *conf.Reader, p *Peer, v conf.Value) {
	*p = Peer{}
	switch x := v.V.(type) {
	case bool:
		p.Verify = x
	case map[string]any:
		conf.ReadOr(r, v, peerKeys, p, "error parsing tls peer config, unknown field [%q]")
	default:
		r.Fail(v.At, "error parsing ocsp peer config: unsupported type: expected a boolean or a map, got %s", conf.Kind(v.V))
	}
}

// ReadCache reads ocsp_cache: a switch, or a block.
func ReadCache(r *conf.Reader, c *Cache, v conf.Value) {
	*c = Cache{}
	switch x := v.V.(type) {
	case bool:
		c.Off = !x
	case map[string]any:
		conf.ReadOr(r, v, cacheKeys, c, "error parsing OCSP peer cache config, unknown field [%q]")
	default:
		r.Fail(v.At, "error parsing OCSP peer cache config: unsupported type: expected a boolean or a map, got %s", conf.Kind(v.V))
	}
}

// ReadStapling reads ocsp, a switch or a block, into the fields of c that are about staples.
func ReadStapling(r *conf.Reader, c *Config, v conf.Value) {
	c.Mode, c.Responders = Auto, nil
	switch x := v.V.(type) {
	case bool:
		if !x {
			c.Mode = Never
		}
	case map[string]any:
		conf.ReadOr(r, v, staplingKeys, c, "error parsing ocsp config: unsupported field %q")
	default:
		r.Fail(v.At, "error parsing ocsp config: unsupported type: expected a boolean or a map, got %s", conf.Kind(v.V))
	}
}

func setMode(r *conf.Reader, c *Config, v conf.Value) {
	s, ok := r.Text(v)
	if !ok {
		return
	}
	m := slices.Index(modes[:], strings.ToLower(s))
	if m < 0 {
		r.Fail(v.At, "error parsing ocsp config: unsupported ocsp mode %q", s)
		return
	}
	c.Mode = Mode(m)
}

func setCacheType(r *conf.Reader, c *Cache, v conf.Value) {
	s, ok := r.Text(v)
	if !ok {
		return
	}
	switch strings.ToLower(s) {
	case "none":
		c.Off = true
	case "local":
		c.Off = false
	default:
		r.Fail(v.At, "error parsing OCSP peer cache config, unknown type [%s]", s)
	}
}

// setSaveInterval reads whole seconds, one at least.
func setSaveInterval(r *conf.Reader, c *Cache, v conf.Value) {
	d, before := time.Duration(0), len(r.Errors)
	readSeconds(r, &d, v)
	if len(r.Errors) == before {
		c.SaveInterval = max(d.Truncate(time.Second), MinSaveInterval)
	}
}

var readSeconds = conf.Seconds(func(d *time.Duration) *time.Duration { return d })

// seconds sets a duration: zero as none, and a negative one not at all.
func seconds(none time.Duration, field func(*Peer) *time.Duration) conf.Set[Peer] {
	return func(r *conf.Reader, p *Peer, v conf.Value) {
		d := time.Duration(-1)
		switch readSeconds(r, &d, v); {
		case d > 0:
			*field(p) = d
		case d == 0:
			*field(p) = none
		}
	}
}
