package account

import (
	"slices"
	"sync/atomic"

	"weir/internal/subject"
)

// The system account answers questions of all others about themselves. They ask under subjects of their own, which lead to its
// subjects with their names in them, as nats-server's system imports do.

// systemService is one such question.
type systemService struct {
	local         string // what an account asks
	before, after string // what that is in the system account, around the name of who asks
	share         bool   // it learns which client asks
	own           bool   // the system account's own clients ask the same way
	export        *Export
}

// One server answers, so that one answer is all there is: a question leaves nothing behind.
var systemServices = [...]systemService{
	{local: "$SYS.REQ.ACCOUNT.PING.CONNZ", before: "$SYS.REQ.ACCOUNT.", after: ".CONNZ", export: systemExport("$SYS.REQ.ACCOUNT.*.CONNZ")},
	{local: "$SYS.REQ.SERVER.PING.CONNZ", before: "$SYS.REQ.ACCOUNT.", after: ".CONNZ", export: systemExport("$SYS.REQ.ACCOUNT.*.CONNZ")},
	{local: "$SYS.REQ.ACCOUNT.PING.STATZ", before: "$SYS.REQ.ACCOUNT.", after: ".STATZ", export: systemExport("$SYS.REQ.ACCOUNT.*.STATZ")},
	{local: "$SYS.REQ.USER.INFO", before: "$SYS.REQ.USER.", after: ".INFO", share: true, own: true, export: systemExport("$SYS.REQ.USER.*.INFO")},
}

func systemExport(s string) *Export { return &Export{Subject: s, Service: true} }

// SystemExports are the exports that the system account has besides those that are configured.
func SystemExports() (all []Export) {
	for i := range systemServices {
		e := *systemServices[i].export
		if !slices.ContainsFunc(all, func(o Export) bool { return o.Subject == e.Subject }) {
			all = append(all, e)
		}
	}
	return all
}

// systemRoutes are an account's ways to the system account, one for each of systemServices; nil where it has none.
type systemRoutes struct {
	ways atomic.Pointer[[len(systemServices)]*serviceImport]
}

// lead makes the account's ways those to the system account, nil for none. An import of its own of the same subject goes before
// one of ours. Whoever calls it holds Directory.mu.
func (a *Account) lead(to *Account) {
	var old, next [len(systemServices)]*serviceImport
	if ways := a.system.ways.Load(); ways != nil {
		old = *ways
	}
	for i := range systemServices {
		s := &systemServices[i]
		switch {
		case to == nil, a == to && !s.own, a.imports(s.local, to):
		case old[i] != nil && old[i].to == to:
			next[i] = old[i]
		default:
			next[i] = s.way(a.name, to)
		}
	}
	a.system.ways.Store(&next)
	for i := range next {
		if old[i] == next[i] {
			continue
		}
		if old[i] != nil {
			a.subs.Remove(old[i].local, "", old[i].sub)
		}
		if next[i] != nil {
			a.subs.Insert(next[i].local, "", next[i].sub) //nolint:errcheck // it is valid
		}
	}
}

// way leads an account of that name to the system account; nil if the name is not one token of a subject.
func (s *systemService) way(name string, to *Account) *serviceImport {
	remote := s.before + name + s.after
	if !subject.ValidLiteral(remote) || subject.Tokens(remote) != subject.Tokens(s.export.Subject) {
		return nil
	}
	i := &serviceImport{local: s.local, to: to, name: []byte(remote), export: s.export, share: s.share}
	i.sub = &Sub{Subject: s.local, special: &special{service: i}}
	return i
}

// imports reports whether the account itself imports the service from another one under the local subject.
func (a *Account) imports(local string, from *Account) bool {
	for _, i := range a.routes.Load().services {
		if i.to == from && i.local == local {
			return true
		}
	}
	return false
}

// imported are the account's ways as imports, for who describes it.
func (r *systemRoutes) imported() (all []Import) {
	ways := r.ways.Load()
	if ways == nil {
		return nil
	}
	for _, i := range ways {
		if i != nil {
			all = append(all, Import{Service: true, Account: i.to.name, Subject: string(i.name), To: i.local, Share: i.share})
		}
	}
	return all
}
