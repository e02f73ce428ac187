package conn

import (
	"cmp"
	"errors"
	"time"
)

// Defaults of [Config], the same as nats-server's.
const (
	DefaultMaxConnections = 64 * 1024
	DefaultMaxPending     = 64 << 20
	DefaultWriteDeadline  = 10 * time.Second
	DefaultPingInterval   = 2 * time.Minute
	DefaultPingMax        = 2
)

// Config holds the limits that every kind of connection shares. The zero value of a field means its default.
type Config struct {
	// MaxConnections is the number of connections of all kinds together; negative lets nobody in.
	MaxConnections int
	// MaxPending is the number of bytes that may wait for one receiver before it is closed as a slow consumer.
	MaxPending int64
	// WriteDeadline is how long one write to a full socket may take before the receiver is closed as a slow consumer.
	WriteDeadline time.Duration
	// WriteTimeout is what becomes of such a receiver: WriteRetry keeps it as long as it takes something within each deadline,
	// all else closes it.
	WriteTimeout string
	// PingInterval is the silence after which a peer is sent a PING.
	PingInterval time.Duration
	// PingMax is the number of PINGs that may go unanswered before the connection is stale.
	PingMax int
}

// WriteRetry is the WriteTimeout of receivers that may be slow, a word of nats-server's.
const WriteRetry = "retry"

// RetryWrites reports whether receivers may be slow.
func (c *Config) RetryWrites() bool { return c.WriteTimeout == WriteRetry }

// WithDefaults returns c with every zero field replaced by its default.
func (c Config) WithDefaults() Config {
	c.MaxConnections = cmp.Or(c.MaxConnections, DefaultMaxConnections)
	c.MaxPending = cmp.Or(c.MaxPending, DefaultMaxPending)
	c.WriteDeadline = cmp.Or(c.WriteDeadline, DefaultWriteDeadline)
	c.PingInterval = cmp.Or(c.PingInterval, DefaultPingInterval)
	c.PingMax = cmp.Or(c.PingMax, DefaultPingMax)
	return c
}

// Validate reports the first field that no server can run with.
func (c Config) Validate() error {
	switch {
	case c.MaxPending < 0:
		return errors.New("max_pending can not be negative")
	case c.WriteDeadline < 0:
		return errors.New("write_deadline can not be negative")
	case c.PingInterval < 0:
		return errors.New("ping_interval can not be negative")
	}
	return nil
}
