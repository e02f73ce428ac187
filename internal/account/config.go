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

// Limits of an account; 0 means none, and -1 that nothing is allowed.
type Limits struct {
	// Connections and Leafs are how many clients, and leaf nodes, may be connected; Subscriptions how many subscriptions one
	// connection may have; Payload is the largest body in bytes.
	Connections, Leafs, Subscriptions, Payload int
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

// Errors of [Config.Validate] and of [Directory.Apply]. Their texts are the reference's.
var (
	ErrSubject       = errors.New("invalid subject")
	ErrDuplicate     = errors.New("already exists")
	ErrSameMapping   = errors.New("duplicate entry")
	ErrWeight        = errors.New("individual weights need to be <= 100")
	ErrTotalWeight   = errors.New("total weight needs to be <= 100")
	ErrNoAccount     = errors.New("account not defined")
	ErrNotAuthorized = errors.New("not authorized")
	ErrNotExported   = fmt.Errorf("%w: not exported", ErrNotAuthorized)
	ErrCycle         = errors.New("import forms a cycle")
	ErrTokenPosition = errors.New("account_token_position is not that of a * of the subject")
	ErrResults       = errors.New("invalid publish subject")
	ErrResponse      = errors.New("bad service response type")
	ErrSampling      = errors.New("bad sampling percentage, should be 1-100")
)

// The parts of an account that an [Error] can be about.
const (
	PartAccount = "account"
	PartExport  = "export"
	PartImport  = "import"
	PartMapping = "mapping"
)

// Error says which part of which account is wrong.
type Error struct {
	Account string
	// Part is one of the constants above, Index its place in the list; Service says that it is a service and no stream.
	Part    string
	Index   int
	Service bool
	// Subject is that of the part, or the name of an account that is missing.
	Subject string
	Err     error
}

func (e *Error) Error() string {
	kind := e.Part
	switch {
	case e.Part == PartAccount || e.Part == PartMapping:
	case e.Service:
		kind = "service " + e.Part
	default:
		kind = "stream " + e.Part
	}
	text := fmt.Sprintf("Error adding %s %q: ", kind, e.Subject)
	switch {
	case errors.Is(e.Err, ErrNoAccount):
		return fmt.Sprintf("account %q: %q %v for %s", e.Account, e.Subject, e.Err, kind)
	case errors.Is(e.Err, ErrNotAuthorized), e.Part == PartImport && errors.Is(e.Err, ErrDuplicate):
		text += kind + " "
	}
	return fmt.Sprintf("account %q: %s%v", e.Account, text, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Validate reports the first part that is wrong by itself, as an *Error; whether accounts fit each other is found out by
// [Directory.Apply].
func (c *Config) Validate() error {
	for i := range c.Exports {
		e := &c.Exports[i]
		err := e.validate()
		if err == nil && e.Latency != nil && serves(c.Exports, e.Latency.Subject) {
			err = e.measured(ErrResults) // its samples would be requests
		}
		if err != nil {
			return &Error{c.Name, PartExport, i, e.Service, e.Subject, err}
		}
	}
	for i := range c.Imports {
		m := &c.Imports[i]
		if _, err := m.transform(); err != nil {
			return &Error{c.Name, PartImport, i, m.Service, m.Subject, err}
		}
	}
	for i := range c.Mappings {
		m := &c.Mappings[i]
		if _, err := compileMapping(m); err != nil {
			return &Error{c.Name, PartMapping, i, false, m.Source, err}
		}
	}
	return nil
}

// validate checks an export. One whose subject is not valid is of no use to anybody, and no error in the reference.
func (e *Export) validate() error {
	if e.TokenPosition != 0 {
		tokens := strings.Split(e.Subject, ".")
		if e.TokenPosition < 0 || e.TokenPosition > len(tokens) || tokens[e.TokenPosition-1] != "*" {
			return ErrTokenPosition
		}
	}
	l := e.Latency
	switch {
	case l == nil:
		return nil
	case !subject.ValidLiteral(l.Subject):
		return e.measured(ErrResults)
	case !e.Service || e.Response != Singleton:
		return e.measured(ErrResponse)
	case l.Sampling < 0 || l.Sampling > 100:
		return e.measured(ErrSampling)
	}
	return nil
}

// measured is an error about the latency of an export.
func (e *Export) measured(err error) error {
	return fmt.Errorf("service latency sampling on subject %q: %w", e.Latency.Subject, err)
}

// serves reports whether requests to the subject go to one of the services.
func serves(exports []Export, to string) bool {
	for i := range exports {
		if exports[i].Service && subject.Subset(to, exports[i].Subject) {
			return true
		}
	}
	return false
}

// to is the subject in the importing account.
func (m *Import) to() string {
	if m.To == "" {
		return m.Subject
	}
	return m.To
}

// transform is how subjects of the exporter become those of the importer, for a stream; the other way round for a service.
// It is nil where they are the same, and where the exporter's has no wildcard: then there is but one name to give.
func (m *Import) transform() (*subject.Transform, error) {
	to := m.to()
	switch {
	case !subject.Valid(m.Subject) || !subject.Valid(to):
		return nil, ErrSubject
	case to == m.Subject, !subject.HasWildcard(m.Subject):
		return nil, nil
	}
	t, err := subject.NewReversible(m.Subject, numberedUnless(to))
	if err != nil {
		return nil, fmt.Errorf("failed to create mapping transform from %q to %q: %w", m.Subject, to, err)
	}
	if m.Service {
		t = t.Reverse()
	}
	return t, nil
}

// numberedUnless gives the wildcards of a subject numbers unless they have some.
func numberedUnless(s string) string {
	if subject.HasWildcard(s) {
		return subject.Numbered(s)
	}
	return s
}
