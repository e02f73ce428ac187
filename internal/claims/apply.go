package claims

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"weir/internal/account"
	"weir/internal/resolver"
)

// part is a piece of an account that could not be made.
type part struct{ account, what, subject string }

// gathering bounds the fetching of what accounts import from, in accounts and in time: somebody is waiting to come in.
const (
	maxGathered = 1000
	gatherTime  = resolver.FetchTimeout
)

// gather fetches the accounts that n imports from and that are not known, and those that these import from, and so on. What
// can not be had leaves n incomplete.
func (a *Authority) gather(n *tenant) []*tenant {
	var found []*tenant
	seen := map[string]bool{n.name: true}
	until := time.Now().Add(gatherTime)
	n.incomplete = false
	for todo := n.exporters(); len(todo) > 0; todo = todo[1:] {
		name := todo[0]
		if seen[name] || a.known(name) != nil {
			continue
		}
		seen[name] = true
		if len(seen) > maxGathered || time.Now().After(until) {
			n.incomplete = true
			break
		}
		token, err := a.fetch(name)
		var t *tenant
		if err == nil {
			t, err = newTenant(name, token, a.belief.Load().trust, nil)
		}
		if err != nil {
			n.incomplete = true
			continue
		}
		found = append(found, t)
		todo = append(todo, t.exporters()...)
	}
	return found
}

// install puts a tenant in the place of old, nil for none, unless another one has got there since, and makes it an account of
// the server.
func (a *Authority) install(name string, old, n *tenant) error {
	others := a.gather(n)
	for _, t := range others {
		a.replace(t.name, nil, t)
	}
	a.replace(name, old, n)
	if err := a.apply(); err != nil {
		a.env.Log.Error(fmt.Sprintf("Account [%s] could not be set up: %v", n.label(), err))
		a.replace(name, n, old)
		return err
	}
	if old != nil && old.token != n.token {
		a.tell(name)
	}
	return nil
}

// replace puts a tenant in the place of another one, if that is still there; nil is none.
func (a *Authority) replace(name string, old, n *tenant) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.tenants[name] != old:
		return
	case n == nil:
		delete(a.tenants, name)
	default:
		a.tenants[name] = n
	}
	a.wish++
}

// label is how logs call an account.
func (t *tenant) label() string {
	if t.tag == "" {
		return t.name
	}
	return t.name + "/" + t.tag
}

// apply makes the tenants accounts of the server. Imports that do not fit are left out: they may fit next time.
func (a *Authority) apply() error {
	a.mu.Lock()
	wish := a.wish
	a.mu.Unlock()
	a.applying.Lock()
	defer a.applying.Unlock()
	if a.applied >= wish { // who held the lock has done it
		return nil
	}
	now := time.Now()
	a.mu.Lock()
	wish = a.wish
	tenants := maps.Clone(a.tenants)
	a.mu.Unlock()
	exporter := func(name string) *tenant { return tenants[name] }
	configs := make([]account.Config, 0, len(tenants))
	for _, t := range tenants {
		configs = append(configs, t.activated(now, exporter))
	}
	slices.SortFunc(configs, func(x, y account.Config) int { return cmp.Compare(x.Name, y.Name) })
	left := map[part]bool{}
	for {
		err := a.env.Apply(configs)
		if err == nil {
			break
		}
		var e *account.Error
		if !errors.As(err, &e) || !leaveOut(configs, e) {
			return err
		}
		p := part{e.Account, e.Part, e.Subject}
		if left[p] = true; !a.left[p] {
			a.env.Log.Warn(fmt.Sprintf("Left out: %v", e))
		}
	}
	a.left, a.applied = left, wish
	a.arm(tenants, now)
	return nil
}

// leaveOut takes the part that e is about out of configs; it reports false if there is none.
func leaveOut(configs []account.Config, e *account.Error) bool {
	i, ok := slices.BinarySearchFunc(configs, e.Account, func(c account.Config, name string) int { return cmp.Compare(c.Name, name) })
	if !ok || e.Index < 0 {
		return false
	}
	c := &configs[i]
	switch {
	case e.Part == "import" && e.Index < len(c.Imports):
		c.Imports = without(c.Imports, e.Index)
	case e.Part == "export" && e.Index < len(c.Exports):
		c.Exports = without(c.Exports, e.Index)
	case e.Part == "mapping" && e.Index < len(c.Mappings):
		c.Mappings = without(c.Mappings, e.Index)
	default:
		return false
	}
	return true
}

// without is a new list without one of its members.
func without[T any](list []T, i int) []T { return slices.Concat(list[:i], list[i+1:]) }

// arm sets the timer for when the next claims expire.
func (a *Authority) arm(tenants map[string]*tenant, now time.Time) {
	next := int64(0)
	for _, t := range tenants {
		if at := t.next(now); at != 0 && (next == 0 || at < next) {
			next = at
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
	if next != 0 && !a.closed {
		wait := min(time.Duration(next-now.Unix())*time.Second, farAway)
		a.timer = time.AfterFunc(wait, a.expire)
	}
}

// farAway keeps durations from overflowing.
const farAway = 24 * time.Hour

// expire is the timer's goroutine: some claims have run out, or are valid from now on.
func (a *Authority) expire() {
	now := time.Now()
	a.mu.Lock()
	var gone []string
	for name, t := range a.tenants {
		if t.expired(now) && t.expires > a.told.Unix() {
			gone = append(gone, name)
		}
	}
	a.told = now
	a.wish++
	a.mu.Unlock()
	if err := a.apply(); err != nil {
		a.env.Log.Error(fmt.Sprintf("Accounts could not be set up: %v", err))
	}
	a.tell(gone...)
}

// tell lets the server know of accounts whose users have to be looked at.
func (a *Authority) tell(names ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.news = append(a.news, names...)
	if len(a.news) > 0 && !a.telling {
		a.telling = true
		go a.tellAll()
	}
}

// tellAll is the goroutine that calls Changed: not the one that let somebody in, which holds locks of the client.
func (a *Authority) tellAll() {
	for {
		a.mu.Lock()
		if len(a.news) == 0 {
			a.telling = false
			a.mu.Unlock()
			return
		}
		name := a.news[0]
		a.news = a.news[1:]
		a.mu.Unlock()
		a.env.Changed(name)
	}
}
