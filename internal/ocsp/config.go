package ocsp

import (
	"fmt"
	"net/url"
	"time"

	"weir/internal/conf"
)

// Config is what a server does about OCSP on all its listeners. What it asks of peers is a [Peer] per tls block.
type Config struct {
	// Mode says which of our own certificates get a staple. Keys: ocsp, ocsp.mode.
	Mode Mode
	// Responders are asked for staples in place of those that the certificates name. Keys: ocsp.url, ocsp.urls.
	Responders []string
	// StoreDir keeps staples over a restart, in its folder ocsp; empty keeps none. Key: store_dir.
	StoreDir string
	// Cache is for answers about peers. Key: ocsp_cache.
	Cache Cache
}

// Mode says which of our certificates get a staple.
type Mode int

const (
	// Auto staples those that promise one (Must-Staple, RFC 7633), whatever the status in it is. It is the default.
	Auto Mode = iota
	// Always staples all of them. One that is not good ends the server.
	Always
	// Must staples those that promise one. One that is not good ends the server.
	Must
	// Never staples none.
	Never
)

// modes are the words of the configuration.
var modes = [...]string{Auto: "auto", Always: "always", Must: "must", Never: "never"}

// String is the word for m.
func (m Mode) String() string {
	if m < 0 || int(m) >= len(modes) {
		return fmt.Sprintf("mode %d", int(m))
	}
	return modes[m]
}

// Cache says how answers about peers are kept.
type Cache struct {
	// Off keeps none. Key: type, none or local.
	Off bool
	// Dir has the file of the cache, [DefaultCacheDir] if it is empty. Key: local_store.
	Dir string
	// PreserveRevoked keeps answers that say revoked when they are out of date, for Peer.AllowWhenUnreachable.
	PreserveRevoked bool
	// SaveInterval is how long a change may wait to be written to the file; 0 means [DefaultSaveInterval].
	SaveInterval time.Duration
}

// String is one line for logs.
func (c Cache) String() string {
	if c.Off {
		return "none"
	}
	kept := ""
	if c.PreserveRevoked {
		kept = ", keeps what is revoked"
	}
	return fmt.Sprintf("%s, saved every %v%s", c.path(), orDefault(c.SaveInterval, DefaultSaveInterval), kept)
}

// Peer says how the certificates of peers are checked. Its keys are those of the map that ocsp_peer may be.
type Peer struct {
	// Verify switches it on. It needs peers to have certificates of a known authority.
	Verify bool
	// Timeout bounds one request to a responder; 0 means [DefaultTimeout]. Key: ca_timeout.
	Timeout time.Duration
	// Skew is how far the clocks of responders may be off; 0 means [DefaultSkew], negative none. Key: allowed_clockskew.
	Skew time.Duration
	// TTL is how long an answer holds that does not say so itself; 0 means [DefaultTTL], negative not at all. Key:
	// cache_ttl_when_next_update_unset.
	TTL time.Duration
	// WarnOnly logs what is wrong and lets everybody in.
	WarnOnly bool
	// UnknownIsGood lets in those of whom the responder knows nothing.
	UnknownIsGood bool
	// AllowWhenUnreachable lets in those for whom no responder answers, unless they were revoked according to the cache. Key:
	// allow_when_ca_unreachable.
	AllowWhenUnreachable bool
}

// Defaults, the same as nats-server's.
const (
	DefaultTimeout      = 2 * time.Second
	DefaultSkew         = 30 * time.Second
	DefaultTTL          = time.Hour
	DefaultCacheDir     = "_rc_"
	DefaultSaveInterval = 5 * time.Minute
	// MinSaveInterval is the shortest one that a file may ask for.
	MinSaveInterval = time.Second
)

// withDefaults is p with every duration as it is meant.
func (p Peer) withDefaults() Peer {
	p.Timeout = orDefault(p.Timeout, DefaultTimeout)
	p.Skew = orDefault(p.Skew, DefaultSkew)
	p.TTL = orDefault(p.TTL, DefaultTTL)
	return p
}

// orDefault is d, the default for 0, and 0 for what is negative.
func orDefault(d, none time.Duration) time.Duration {
	if d == 0 {
		return none
	}
	return max(d, 0)
}

// Validate reports responders that can not be asked.
func (c Config) Validate() error {
	for _, u := range c.Responders {
		if !onWeb(u) {
			return fmt.Errorf("ocsp: responder %q is no http or https URL", conf.Public(u))
		}
	}
	return nil
}

// onWeb reports whether u is the URL of a responder that can be asked.
func onWeb(u string) bool {
	parsed, err := url.ParseRequestURI(u)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != ""
}
