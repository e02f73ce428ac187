package account

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"weir/internal/subject"
)

// System is the name of the system account where none is configured.
const System = "$SYS"

// Config is one account. The zero value, with a name, is an account without limits that shares nothing.
type Config struct {
	// Name is unique, and for accounts of an operator their public nkey. NKey is an account's public key in a file.
	Name, NKey string
	Limits     Limits
	Exports    []Export
	Imports    []Import
	Mappings   []Mapping
}

// Limits of an account; 0 means none.
type Limits struct {
	// Connections and Leafs are how many clients, and leaf nodes, may be connected; Subscriptions how many subscriptions one
	// connection may have; Payload is the largest body in bytes.
	Connections, Leafs, Subscriptions, Payload int
	// NoConnections says that a limit of 0 connections was meant, as claims can say.
	NoConnections bool
}

// Export offers a stream, or a service, to other accounts.
type Export struct {
	Subject string
	Service bool
	// Accounts are the names of those that may import it; nil means all. With Token an import needs an activation.
	Accounts []string
	Token    bool
	// TokenPosition, from 1, is which token of the subject has to be the name of the importing account; 0 means none.
	TokenPosition int

	// Of services: how many answers there are, how long the first of them may take (0 means DefaultThreshold), and where
	// samples of their latency go.
	Response  Response
	Threshold time.Duration
	Latency   *Latency
	// AllowTrace lets traces of messages go on in this account.
	AllowTrace bool
	// Revoked are the activations that do not count any more: by the importer's name (or * for all) the Unix time up to
	// which they were issued.
	Revoked map[string]int64
}

// Response is how many answers a service gives to a request.
type Response uint8

// The zero value is one answer.
const (
	Singleton Response = iota
	Stream
	Chunked
)

// DefaultThreshold is how long a service may take to answer.
const DefaultThreshold = 2 * time.Minute

// Latency is where samples of a service's latency are published.
type Latency struct {
	// Subject is in the exporting account.
	Subject string
	// Sampling is how many of a hundred requests are measured; 0 means those that ask for it by their trace headers.
	Sampling int
}

// Import uses another account's export.
type Import struct {
	Service bool
	// Account is the exporter, Subject what it exports, or a part of that.
	Account, Subject string
	// To is the subject in the importing account; empty means Subject. Wildcards of the other side are $1, $2 …
	To string
	// Share tells the service who asks.
	Share bool
	// AllowTrace lets traces of messages go on in the exporter's account.
	AllowTrace bool
	// Activated says that a valid activation is there, and when it was issued (Unix seconds).
	Activated bool
	IssuedAt  int64
}

// Mapping sends messages for a subject elsewhere.
type Mapping struct {
	Source string
	To     []Weighted
}

// Weighted is one destination of a mapping.
type Weighted struct {
	// Subject is a destination as [subject.NewTransform] takes it.
	Subject string
	// Weight is for how many of a hundred messages it is chosen, at most 100.
	Weight int
	// Cluster, if not empty, names the cluster whose servers choose it.
	Cluster string
}

// Errors of [Config.Validate] and of [Directory.Apply].
var (
	ErrSubject       = errors.New("invalid subject")
	ErrDuplicate     = errors.New("duplicate entry")
	ErrWeight        = errors.New("individual weights need to be <= 100")
	ErrTotalWeight   = errors.New("total weight needs to be <= 100")
	ErrNoAccount     = errors.New("unknown account")
	ErrNotExported   = errors.New("not exported")
	ErrNotAuthorized = errors.New("import not authorized")
	ErrCycle         = errors.New("import forms a cycle")
	ErrTokenPosition = errors.New("account token position is not a wildcard of the subject")
	ErrLatency       = errors.New("latency needs a service with one answer, a literal subject and a sampling of at most 100")
)

// Error says which part of which account is wrong.
type Error struct {
	Account string
	// Part is "export", "import" or "mapping", Index its place in the list, Subject its subject.
	Part    string
	Index   int
	Subject string
	Err     error
}

func (e *Error) Error() string {
	return fmt.Sprintf("account %q: %s %q: %v", e.Account, e.Part, e.Subject, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Validate reports the first part that is wrong by itself, as an *Error; whether accounts fit each other is found out by
// [Directory.Apply].
func (c *Config) Validate() error {
	for i := range c.Exports {
		e := &c.Exports[i]
		if err := e.validate(); err != nil {
			return &Error{c.Name, "export", i, e.Subject, err}
		}
	}
	for i := range c.Imports {
		m := &c.Imports[i]
		if _, err := m.transform(); err != nil {
			return &Error{c.Name, "import", i, m.Subject, err}
		}
	}
	for i := range c.Mappings {
		m := &c.Mappings[i]
		if _, err := compileMapping(m); err != nil {
			return &Error{c.Name, "mapping", i, m.Source, err}
		}
	}
	return nil
}

func (e *Export) validate() error {
	if !subject.Valid(e.Subject) {
		return ErrSubject
	}
	if e.TokenPosition != 0 {
		tokens := strings.Split(e.Subject, ".")
		if e.TokenPosition < 0 || e.TokenPosition > len(tokens) || tokens[e.TokenPosition-1] != "*" {
			return ErrTokenPosition
		}
	}
	l := e.Latency
	if l != nil && (!e.Service || e.Response != Singleton || !subject.ValidLiteral(l.Subject) || l.Sampling < 0 || l.Sampling > 100) {
		return ErrLatency
	}
	return nil
}

// to is the subject in the importing account.
func (m *Import) to() string {
	if m.To == "" {
		return m.Subject
	}
	return m.To
}

// transform is how subjects of the exporter become those of the importer, for a stream; the other way round for a service.
// It is nil where they are the same.
func (m *Import) transform() (*subject.Transform, error) {
	to := m.to()
	switch {
	case !subject.Valid(m.Subject) || !subject.Valid(to):
		return nil, ErrSubject
	case to == m.Subject:
		return nil, nil
	case !m.Service:
		return subject.NewReversible(m.Subject, numberedUnless(to))
	}
	// The wildcards of a service are in the importer's subject, or $1 there stands for one of the exporter's.
	if subject.HasWildcard(to) || !strings.Contains(to, "$") && !strings.Contains(to, "{{") {
		return subject.NewReversible(to, numberedUnless(m.Subject))
	}
	t, err := subject.NewReversible(m.Subject, to)
	if err != nil {
		return nil, err
	}
	return t.Reverse(), nil
}

// numberedUnless gives the wildcards of a subject numbers unless they have some.
func numberedUnless(s string) string {
	if subject.HasWildcard(s) {
		return subject.Numbered(s)
	}
	return s
}
