package account

import "weir/internal/subject"

// imported is an import that the search for cycles has seen. Its subjects are without numbers for their wildcards.
type imported struct {
	from           string // the exporter
	subject, local string
}

// cycles refuses the imports by which a message could come back to where it was published, as far as the reference does: it
// looks at them in their order, streams first, and what it lets pass a server has to start with. Requests that circle all the
// same are stopped where they come to a service for the second time.
func cycles(configs []Config) error {
	exports := make(map[string][]Export, len(configs))
	for i := range configs {
		exports[configs[i].Name] = configs[i].Exports
	}
	for _, service := range []bool{false, true} {
		s := search{service: service, exports: exports, imports: make(map[string][]imported)}
		for i := range configs {
			if err := s.add(&configs[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// search looks for cycles among services, or among streams.
type search struct {
	service bool
	exports map[string][]Export
	imports map[string][]imported
}

// add takes in the imports of one account.
func (s *search) add(c *Config) error {
	for i := range c.Imports {
		m := &c.Imports[i]
		if m.Service != s.service {
			continue
		}
		local := m.to()
		if subject.HasWildcard(m.Subject) {
			local = unnumbered(local)
		}
		again := s.circles(m.Account, local, map[string]bool{c.Name: true})
		if !s.service { // streams are looked for by both names
			again = again || s.circles(m.Account, m.Subject, map[string]bool{c.Name: true})
		}
		if again {
			return &Error{c.Name, PartImport, i, m.Service, m.Subject, ErrCycle}
		}
		s.imports[c.Name] = append(s.imports[c.Name], imported{m.Account, m.Subject, local})
	}
	return nil
}

// circles reports whether an account that was visited is reached by the imports of at that have to do with name.
func (s *search) circles(at, name string, visited map[string]bool) bool {
	if !s.service && !s.streams(at, name) {
		return false
	}
	for _, m := range s.imports[at] {
		far, near := m.local, m.local // what name is held against, and what becomes of it
		if s.service {
			far, near = m.subject, m.local
		}
		if !subject.Overlap(name, far) {
			continue
		}
		if visited[m.from] {
			return true
		}
		visited[at] = true
		next := name
		if subject.Subset(near, name) {
			next = near
		}
		if s.circles(m.from, next, visited) {
			return true
		}
	}
	return false
}

// streams reports whether the account exports a stream that name is part of.
func (s *search) streams(at, name string) bool {
	for i := range s.exports[at] {
		if e := &s.exports[at][i]; !e.Service && subject.Subset(name, e.Subject) {
			return true
		}
	}
	return false
}
