package account

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"weir/internal/subject"
)

// routes is where messages of an account go besides its own subscriptions. It never changes.
type routes struct {
	of       Config // what it was compiled of
	exports  []Export
	mappings []*mapping
	streams  []*streamImport
	services []*serviceImport
}

// same reports whether r leads where other does.
func (r *routes) same(other *routes) bool {
	return reflect.DeepEqual(r.of, other.of) &&
		slices.EqualFunc(r.streams, other.streams, func(a, b *streamImport) bool { return a.from == b.from }) &&
		slices.EqualFunc(r.services, other.services, func(a, b *serviceImport) bool {
			return a.to == b.to && reflect.DeepEqual(a.export, b.export)
		})
}

// noRoutes are those of an account that shares nothing.
var noRoutes = new(routes)

// streamImport brings messages of another account to subscriptions of the importer.
type streamImport struct {
	into      *Account
	from      *Account
	subject   string             // in the exporter's account
	local     string             // pattern of what they become in the importer's
	transform *subject.Transform // nil where they keep their names
	reverse   *subject.Transform
}

// serviceImport takes requests of the importer to another account.
type serviceImport struct {
	local     string
	to        *Account
	transform *subject.Transform // nil where they keep their names
	fixed     []byte             // what they all become; nil where that depends
	export    *Export
	share     bool
	sub       *Sub // in the importer's tree
}

// compileStream makes a streamImport of an import whose exporter is known.
func compileStream(m *Import, into, from *Account) (*streamImport, error) {
	t, err := m.transform()
	if err != nil {
		return nil, err
	}
	i := &streamImport{into: into, from: from, subject: m.Subject, local: unnumbered(m.to()), transform: t}
	if t != nil {
		i.reverse = t.Reverse()
	}
	return i, nil
}

// compileService makes a serviceImport of an import whose exporter is known.
func compileService(m *Import, to *Account, e *Export) (*serviceImport, error) {
	t, err := m.transform()
	if err != nil {
		return nil, err
	}
	i := &serviceImport{local: unnumbered(m.to()), to: to, transform: t, export: e, share: m.Share}
	i.sub = &Sub{Subject: i.local, special: &special{service: i}}
	return i, nil
}

// unnumbered is the pattern of the subjects that a destination makes.
func unnumbered(s string) string {
	tokens := strings.Split(s, ".")
	for i, token := range tokens {
		if len(token) > 1 && token[0] == '$' && '0' <= token[1] && token[1] <= '9' || strings.HasPrefix(token, "{{") {
			tokens[i] = "*"
		}
	}
	return strings.Join(tokens, ".")
}

// exported finds the export of exporter that covers m, an import of importer, and checks that importer may use it.
func exported(exports []Export, m *Import, importer string) (*Export, error) {
	for i := range exports {
		e := &exports[i]
		if e.Service != m.Service || !subject.Subset(m.Subject, e.Subject) {
			continue
		}
		if !e.admits(m, importer) {
			return nil, ErrNotAuthorized
		}
		return e, nil
	}
	return nil, ErrNotExported
}

// admits reports whether importer may import m.
func (e *Export) admits(m *Import, importer string) bool {
	if e.Accounts != nil && !slices.Contains(e.Accounts, importer) {
		return false
	}
	if e.TokenPosition > 0 {
		tokens := strings.Split(m.Subject, ".")
		if e.TokenPosition > len(tokens) || tokens[e.TokenPosition-1] != importer {
			return false
		}
	}
	if !e.Token {
		return true
	}
	until := max(e.Revoked[importer], e.Revoked["*"])
	return m.Activated && (until == 0 || m.IssuedAt > until)
}

// threshold is how long a service may take to answer.
func (e *Export) threshold() time.Duration {
	if e.Threshold > 0 {
		return e.Threshold
	}
	return DefaultThreshold
}
