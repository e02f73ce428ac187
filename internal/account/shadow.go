package account

import "weir/internal/subject"

// A subscription to something that the account imports has shadows: subscriptions of the same receiver in the exporters'
// accounts. Messages that come by them are renamed on their way.

// special is what makes a subscription more than one of a visitor. It never changes.
type special struct {
	service   *serviceImport // takes requests to another account
	responses *Account       // takes answers of this account's services back
	stream    *streamImport  // shadow of of
	of        *Sub
}

// shadow gives s its shadows, unless it has them.
func (a *Account) shadow(s *Sub) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.routes.Load()
	if _, known := a.shadows[s]; known || s.gone.Load() {
		return
	}
	a.shadowLocked(s, r)
}

// shadowLocked puts shadows into the exporters' accounts.
func (a *Account) shadowLocked(s *Sub, r *routes) {
	var all []*Sub
	for _, i := range r.streams {
		from, ok := i.remote(s.Subject)
		if !ok {
			continue
		}
		x := &Sub{Subject: from, Queue: s.Queue, SID: s.SID, Owner: s.Owner, Out: s.Out, special: &special{stream: i, of: s}}
		if i.from.subs.Insert(from, s.Queue, x) == nil {
			all = append(all, x)
		}
	}
	if all == nil {
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
	a.unshadowLocked(s)
}

func (a *Account) unshadowLocked(s *Sub) {
	for _, x := range a.shadows[s] {
		x.gone.Store(true)
		x.special.stream.from.subs.Remove(x.Subject, x.Queue, x)
	}
	delete(a.shadows, s)
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
