package client

import (
	"cmp"
	"errors"
	"time"
)

// Defaults of [Config], the same as nats-server's.
const (
	DefaultMaxPayload     = 1 << 20
	DefaultMaxControlLine = 4096
	DefaultAuthTimeout    = 2 * time.Second
	// MaxPayloadLimit is the largest max_payload that may be configured: sizes on the wire are 32 bits.
	MaxPayloadLimit = 1<<31 - 1
)

// Config holds the limits of the NATS client protocol. The zero value of a field means its default.
type Config struct {
	// MaxPayload is the largest message body in bytes, headers included.
	MaxPayload int
	// MaxControlLine is the longest protocol line in bytes, without its CR LF.
	MaxControlLine int
	// MaxSubscriptions is the number of subscriptions of one client; 0 and -1 mean no limit.
	MaxSubscriptions int
	// MaxSubTokens is the number of tokens of a subscription's subject; 0 means no limit.
	MaxSubTokens int
	// NoHeaders switches message headers off for every client.
	NoHeaders bool
	// AuthTimeout is how long a client that must authenticate may take before its CONNECT.
	AuthTimeout time.Duration
	// MaxTracedLen is how many bytes of a message a trace line shows; 0 means all.
	MaxTracedLen int
}

// WithDefaults returns c with every zero field replaced by its default.
func (c Config) WithDefaults() Config {
	c.MaxPayload = cmp.Or(c.MaxPayload, DefaultMaxPayload)
	c.MaxControlLine = cmp.Or(c.MaxControlLine, DefaultMaxControlLine)
	c.AuthTimeout = cmp.Or(c.AuthTimeout, DefaultAuthTimeout)
	return c
}

// subscriptions is MaxSubscriptions, 0 for no limit.
func (c *Config) subscriptions() int { return max(c.MaxSubscriptions, 0) }

// Validate reports the first field that no server can run with.
func (c Config) Validate() error {
	switch {
	case c.MaxPayload < 0 || c.MaxPayload > MaxPayloadLimit:
		return errors.New("max_payload must be between 1 and 2147483647")
	case c.MaxControlLine < 0:
		return errors.New("max_control_line can not be negative")
	}
	return nil
}
