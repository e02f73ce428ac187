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

// same reports whether r leads where other does. Imports that have not changed are the same ones in both.
func (r *routes) same(other *routes) bool {
	return reflect.DeepEqual(r.of, other.of) && slices.Equal(r.streams, other.streams) && slices.Equal(r.services, other.services)
}

// noRoutes are those of an account that shares nothing.
var noRoutes = new(routes)

// streamImport brings messages of another account to subscriptions of the importer.
type streamImport struct {
	of        Import
	into      *Account
	from      *Account
	subject   string             // in the exporter's account
	local     string             // pattern of what they become in the importer's
	name      []byte             // the one name that they all get; nil if there is none
	transform *subject.Transform // nil where they keep their names, or have but one
	reverse   *subject.Transform
}

// serviceImport takes requests of the importer to another account.
type serviceImport struct {
	of        Import
	local     string
	to        *Account
	name      []byte             // the one name that they all get; nil if there is none
	transform *subject.Transform // nil where they keep their names, or have but one
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
	i := &streamImport{of: *m, into: into, from: from, subject: m.Subject, local: m.to(), transform: t}
	switch {
	case t != nil:
		i.local, i.reverse = unnumbered(i.local), t.Reverse()
	case i.local != m.Subject:
		i.name = []byte(i.local)
	}
	return i, nil
}

// compileService makes a serviceImport of an import whose exporter is known.
func compileService(m *Import, to *Account, e *Export) (*serviceImport, error) {
	t, err := m.transform()
	if err != nil {
		return nil, err
	}
	i := &serviceImport{of: *m, local: m.to(), to: to, transform: t, export: e, share: m.Share}
	switch {
	case t != nil:
		i.local = unnumbered(i.local)
	case i.local != m.Subject:
		i.name = []byte(m.Subject)
	}
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

// Exported is the one of the exports that an import is about: of just its subject, or else one that covers that; nil if there
// is none.
func Exported(exports []Export, m *Import) (found *Export) {
	for i := range exports {
		e := &exports[i]
		switch {
		case e.Service != m.Service:
		case e.Subject == m.Subject:
			return e
		case found == nil && subject.Subset(m.Subject, e.Subject):
			found = e
		}
	}
	return found
}

// exported is the export that m, an import of importer, is about, if importer may use it.
func exported(exports []Export, m *Import, importer string) (*Export, error) {
	found := Exported(exports, m)
	switch {
	case found == nil:
		return nil, ErrNotExported
	case !found.admits(m, importer):
		return nil, ErrNotAuthorized
	}
	return found, nil
}

// admits reports whether importer may import m. A token of the subject, or an activation, decides alone, as in the reference.
func (e *Export) admits(m *Import, importer string) bool {
	switch {
	case e.TokenPosition > 0:
		tokens := strings.Split(m.Subject, ".")
		return e.TokenPosition <= len(tokens) && tokens[e.TokenPosition-1] == importer
	case e.Token:
		until := max(e.Revoked[importer], e.Revoked["*"])
		return m.Activated && (until == 0 || m.IssuedAt > until)
	}
	return e.Accounts == nil || slices.Contains(e.Accounts, importer)
}

// threshold is how long a service may take to answer.
func (e *Export) threshold() time.Duration {
	if e.Threshold > 0 {
		return e.Threshold
	}
	return DefaultThreshold
}
