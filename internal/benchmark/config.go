package benchmark

import (
	"fmt"
	"slices"
	"time"

	"weir/internal/subject"
)

// Command is a kind of load.
type Command string

// The kinds of load.
const (
	Pub     Command = "pub"
	Sub     Command = "sub"
	Request Command = "request"
	Fanout  Command = "fanout"
	Idle    Command = "idle"
)

// Commands is all of them.
var Commands = []Command{Pub, Sub, Request, Fanout, Idle}

// Empty is the [Config.Size] of messages without a byte.
const Empty = -1

// Defaults of [Config], and bounds.
const (
	DefaultServer     = "nats://127.0.0.1:4222"
	DefaultSubject    = "bench"
	DefaultSize       = 128
	DefaultMessages   = 100_000 // of pub and sub
	DefaultRoundTrips = 10_000  // messages of request and fanout
	DefaultSubs       = 100     // clients of fanout
	DefaultIdle       = 1000    // clients of idle
	DefaultHold       = 30 * time.Second
	DefaultWindow     = 16
	DefaultTimeout    = 10 * time.Second

	maxSize    = 64 << 20
	maxClients = 1 << 20
	maxWindow  = 1 << 16
	maxRate    = 1e9
)

// Config is a load. The zero value of a field means its default.
type Config struct {
	Command Command
	Target  Target
	// Clients has one run for each of its numbers: publishers of pub, subscribers of sub and fanout, requesters,
	// connections of idle.
	Clients []int
	// Publishers of fanout, 1 by default.
	Publishers int
	// Responders of request. 0 leaves the answers to somebody else.
	Responders int
	// Messages of one run: all publishers or requesters together; for sub, of each subscriber. By default there is no
	// limit if there is a Duration.
	Messages int64
	// Size of a message in bytes; [Empty] means none.
	Size int
	// Subject to use. Each connection of idle has one of its own below it.
	Subject string
	// Duration ends a run that has not ended by itself; 0 means never. Connections of idle are kept so long.
	Duration time.Duration
	// Rate is messages per second, of all clients together; of idle, connections per second. 0 means as fast as possible.
	Rate float64
	// Window is how many messages of fanout may be on their way.
	Window int
	// Progress is how often Run tells how far it is, once a second by default.
	Progress time.Duration
}

// FieldError is a value that can not be used. Field is the name of its flag.
type FieldError struct{ Field, Problem string }

func (e *FieldError) Error() string { return "--" + e.Field + ": " + e.Problem }

func wrong(field, format string, args ...any) error {
	return &FieldError{field, fmt.Sprintf(format, args...)}
}

// WithDefaults returns c with every zero field replaced by its default.
func (c Config) WithDefaults() Config {
	clients, messages := 1, int64(DefaultMessages)
	switch c.Command {
	case Request:
		messages = DefaultRoundTrips
	case Fanout:
		clients, messages = DefaultSubs, DefaultRoundTrips
	case Idle:
		clients, messages = DefaultIdle, 0
		fill(&c.Duration, DefaultHold)
	}
	if len(c.Clients) == 0 {
		c.Clients = []int{clients}
	}
	if c.Duration == 0 {
		fill(&c.Messages, messages)
	}
	if c.Command == Fanout {
		fill(&c.Publishers, 1)
	}
	fill(&c.Size, DefaultSize)
	fill(&c.Subject, DefaultSubject)
	fill(&c.Window, DefaultWindow)
	fill(&c.Progress, time.Second)
	fill(&c.Target.Server, DefaultServer)
	fill(&c.Target.Timeout, DefaultTimeout)
	return c
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate reports the first field that no load can be made of, as a [FieldError]. The defaults are filled in.
func (c Config) Validate() error {
	clients := "clients"
	if c.Command == Fanout {
		clients = "subs"
	}
	switch {
	case !slices.Contains(Commands, c.Command):
		return fmt.Errorf("no load is called %q", c.Command)
	case slices.ContainsFunc(c.Clients, func(n int) bool { return n < 1 || n > maxClients }):
		return wrong(clients, "has to be 1 to %d", maxClients)
	case c.Command == Fanout && (c.Publishers < 1 || c.Publishers > maxClients):
		return wrong("clients", "has to be 1 to %d", maxClients)
	case c.Responders < 0 || c.Responders > maxClients:
		return wrong("responders", "has to be 0 to %d", maxClients)
	case c.Messages < 0:
		return wrong("msgs", "can not be negative")
	case c.Size != Empty && (c.Size < 0 || c.Size > maxSize):
		return wrong("size", "has to be 0 to %d bytes", maxSize)
	case c.Command == Fanout && c.Size < stampSize:
		return wrong("size", "fanout needs %d bytes or more, to know its messages again", stampSize)
	case c.Duration < 0:
		return wrong("duration", "can not be negative")
	case !(c.Rate >= 0 && c.Rate <= maxRate):
		return wrong("rate", "has to be 0 to %d a second", int64(maxRate))
	case c.Window < 1 || c.Window > maxWindow:
		return wrong("window", "has to be 1 to %d", maxWindow)
	case c.Target.Timeout < 0:
		return wrong("timeout", "can not be negative")
	}
	return c.validateSubject()
}

func (c Config) validateSubject() error {
	switch {
	case !subject.Valid(c.Subject):
		return wrong("subject", "%q is no subject", c.Subject)
	case c.Command != Sub && subject.HasWildcard(c.Subject):
		return wrong("subject", "%q has a wildcard, and only sub can use one", c.Subject)
	}
	return nil
}

// bytes is the size of a message.
func (c *Config) bytes() int { return max(c.Size, 0) }
