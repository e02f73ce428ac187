package account

import "weir/internal/subject"

// edge is an import: messages go from one account's subject to another's.
type edge struct {
	from, to               string // accounts
	fromSubject, toSubject string
	index                  int
	importer               string
	subject                string
}

// cycles refuses imports by which a message would come back to where it was published: one of streams, or of services,
// after the other.
func cycles(configs []Config) error {
	for _, service := range []bool{false, true} {
		edges := make(map[string][]edge)
		for _, c := range configs {
			for i := range c.Imports {
				m := &c.Imports[i]
				if m.Service != service {
					continue
				}
				e := edge{from: m.Account, to: c.Name, fromSubject: m.Subject, toSubject: unnumbered(m.to()), index: i, importer: c.Name, subject: m.Subject}
				if service { // requests go the other way
					e.from, e.to, e.fromSubject, e.toSubject = e.to, e.from, e.toSubject, e.fromSubject
				}
				edges[e.from] = append(edges[e.from], e)
			}
		}
		for _, list := range edges {
			for _, e := range list {
				if reaches(edges, e.to, e.toSubject, e, nil) {
					return &Error{e.importer, "import", e.index, e.subject, ErrCycle}
				}
			}
		}
	}
	return nil
}

// reaches reports whether what is published to s in the account called at goes through the edge goal.
func reaches(edges map[string][]edge, at, s string, goal edge, seen []edge) bool {
	for _, e := range edges[at] {
		if !subject.Overlap(e.fromSubject, s) {
			continue
		}
		if e == goal {
			return true
		}
		known := false
		for _, o := range seen {
			known = known || o == e
		}
		if !known && reaches(edges, e.to, e.toSubject, goal, append(seen, e)) {
			return true
		}
	}
	return false
}
