package account

import (
	"slices"

	"weir/internal/subject"
)

// A subscription to something that the account imports has shadows: subscriptions of the same receiver in the exporters'
// accounts. Messages that come by them are renamed on their way.

// special is what makes a subscription more than one of a visitor. It never changes.
type special struct {
	service   *serviceImport // takes requests to another account
	responses *Account       // takes answers of this account's services back
	stream    *streamImport  // shadow of of
	of        *Sub
}

// shadow gives s the shadows in the exporters' accounts that it does not have yet.
func (a *Account) shadow(s *Sub) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.gone.Load() {
		return
	}
	all := a.shadows[s]
	had := len(all)
	for _, i := range a.routes.Load().streams {
		from, ok := i.remote(s.Subject)
		if !ok || slices.ContainsFunc(all[:had], func(x *Sub) bool { return x.special.stream == i }) {
			continue
		}
		x := &Sub{Subject: from, Queue: s.Queue, SID: s.SID, Owner: s.Owner, Out: s.Out, special: &special{stream: i, of: s}}
		if i.from.subs.Insert(from, s.Queue, x) == nil {
			all = append(all, x)
		}
	}
	if len(all) == had {
		return
	}
	if a.shadows == nil {
		a.shadows = make(map[*Sub][]*Sub)
	}
	a.shadows[s] = all
}

// unshadow takes the shadows of s away.
func (a *Account) unshadow(s *Sub) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, x := range a.shadows[s] {
		x.fade()
	}
	delete(a.shadows, s)
}

// unshadowBut takes away the shadows that are not of the imports of r.
func (a *Account) unshadowBut(r *routes) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for s, all := range a.shadows {
		all = slices.DeleteFunc(all, func(x *Sub) bool {
			if slices.Contains(r.streams, x.special.stream) {
				return false
			}
			x.fade()
			return true
		})
		if a.shadows[s] = all; len(all) == 0 {
			delete(a.shadows, s)
		}
	}
}

// fade takes a shadow away.
func (s *Sub) fade() {
	s.gone.Store(true)
	s.special.stream.from.subs.Remove(s.Subject, s.Queue, s)
}

// remote is the subject in the exporter's account of all that reaches a subscription to local by the import.
func (i *streamImport) remote(local string) (string, bool) {
	common, ok := subject.Intersect(local, i.local)
	if !ok {
		return "", false
	}
	switch {
	case i.reverse != nil:
		return i.reverse.Apply(common), true
	case i.transform != nil, i.name != nil:
		return i.subject, true
	}
	return common, true
}
