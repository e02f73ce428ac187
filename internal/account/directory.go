package account

import (
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Directory is all accounts of a server by name. It is safe for use by any number of goroutines.
type Directory struct {
	all    atomic.Pointer[map[string]*Account]
	mu     sync.Mutex // held while all and the accounts' routes change
	system string     // under mu: name of the system account; empty for none
}

// NewDirectory makes one with nothing but the global account.
func NewDirectory() *Directory {
	d := new(Directory)
	d.all.Store(&map[string]*Account{Global: New(Global)})
	return d
}

// SetSystem says which account answers the others' questions about themselves, from the next Apply on.
func (d *Directory) SetSystem(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.system = name
}

// Lookup is the account of that name; nil if there is none.
func (d *Directory) Lookup(name string) *Account { return (*d.all.Load())[name] }

// Global is the account of everybody who is not put into another one.
func (d *Directory) Global() *Account { return d.Lookup(Global) }

// All are the accounts by name.
func (d *Directory) All() []*Account {
	all := *d.all.Load()
	list := make([]*Account, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[name])
	}
	return list
}

// Apply makes the accounts those of configs, and the global one. Accounts that stay keep their subscriptions and messages
// under way; whoever is in one that goes has to leave. An error is an *Error, and then nothing has changed.
func (d *Directory) Apply(configs []Config) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	old := *d.all.Load()
	all := make(map[string]*Account, len(configs)+1)
	exports := make(map[string][]Export, len(configs))
	keep := func(name string) {
		if all[name] = old[name]; all[name] == nil {
			all[name] = New(name)
		}
	}
	keep(Global)
	for i := range configs {
		c := &configs[i]
		if err := c.Validate(); err != nil {
			return err
		}
		if c.Name != Global && all[c.Name] != nil {
			return &Error{Account: c.Name, Part: PartAccount, Subject: c.Name, Err: ErrDuplicate}
		}
		keep(c.Name)
		exports[c.Name] = slices.Clone(c.Exports)
	}
	plans := make(map[*Account]*routes, len(all))
	for i := range configs {
		r, err := compile(&configs[i], all, exports)
		if err != nil {
			return err
		}
		plans[all[configs[i].Name]] = r
	}
	if err := cycles(configs); err != nil {
		return err
	}
	all[Global].limits.Store(new(Limits)) // unless it is among them
	for i := range configs {
		limits := configs[i].Limits
		all[configs[i].Name].limits.Store(&limits)
	}
	d.all.Store(&all)
	system := all[d.system]
	for _, a := range all {
		r := plans[a]
		if r == nil {
			r = noRoutes
		}
		if !r.same(a.routes.Load()) { // else messages under way would miss a subscription that comes back
			a.reroute(r)
		}
		a.lead(system)
	}
	for name, a := range old {
		if all[name] == nil {
			a.reroute(noRoutes)
			a.lead(nil)
		}
	}
	return nil
}

// compile makes the routes of one account.
func compile(c *Config, all map[string]*Account, exports map[string][]Export) (*routes, error) {
	r := &routes{of: Config{Exports: c.Exports, Imports: c.Imports, Mappings: c.Mappings}, exports: exports[c.Name]}
	for i := range c.Exports {
		e := &c.Exports[i]
		for _, name := range e.Accounts {
			if all[name] == nil {
				return nil, &Error{c.Name, PartExport, i, e.Service, name, ErrNoAccount}
			}
		}
	}
	for i := range c.Mappings {
		m, err := compileMapping(&c.Mappings[i])
		if err != nil {
			return nil, &Error{c.Name, PartMapping, i, false, c.Mappings[i].Source, err}
		}
		r.mappings = append(r.mappings, m)
	}
	for i := range c.Imports {
		m := &c.Imports[i]
		if all[m.Account] == nil {
			return nil, &Error{c.Name, PartImport, i, m.Service, m.Account, ErrNoAccount}
		}
		if err := r.take(m, all[c.Name], all[m.Account], exports[m.Account]); err != nil {
			return nil, &Error{c.Name, PartImport, i, m.Service, m.Subject, err}
		}
	}
	return r, nil
}

// take adds an import of the account into: the one that is there already, if it has not changed.
func (r *routes) take(m *Import, into, from *Account, exports []Export) error {
	e, err := exported(exports, m, into.name)
	if err != nil {
		return err
	}
	old := into.routes.Load()
	if m.Service {
		s, err := compileService(m, from, e)
		if err != nil {
			return err
		}
		for _, o := range old.services {
			if o.of == s.of && o.to == s.to && reflect.DeepEqual(o.export, s.export) {
				s = o
			}
		}
		if slices.ContainsFunc(r.services, func(o *serviceImport) bool { return o.to == s.to && o.local == s.local }) {
			return ErrDuplicate
		}
		r.services = append(r.services, s)
		return nil
	}
	s, err := compileStream(m, into, from)
	if err != nil {
		return err
	}
	for _, o := range old.streams {
		if o.of == s.of && o.from == s.from {
			s = o
		}
	}
	if slices.ContainsFunc(r.streams, func(o *streamImport) bool { return o.from == s.from && o.subject == s.subject }) {
		return ErrDuplicate
	}
	r.streams = append(r.streams, s)
	return nil
}

// reroute puts r into place. What is imported before and after it is so all the while.
func (a *Account) reroute(r *routes) {
	old := a.routes.Swap(r)
	a.since.Store(time.Now().UnixNano())
	for _, i := range r.services {
		if !slices.Contains(old.services, i) {
			a.subs.Insert(i.local, "", i.sub) //nolint:errcheck // it was compiled
		}
	}
	for _, i := range old.services {
		if !slices.Contains(r.services, i) {
			a.subs.Remove(i.local, "", i.sub)
		}
	}
	if slices.Equal(old.streams, r.streams) {
		return
	}
	if len(r.streams) > 0 {
		a.subs.All(func(_, _ string, s *Sub) bool {
			if s.special == nil {
				a.shadow(s)
			}
			return true
		})
	}
	a.unshadowBut(r)
}
