package system

import (
	"encoding/json"
	"strconv"
	"strings"

	"weir/internal/account"
	"weir/internal/client"
	"weir/internal/proto"
	"weir/internal/service"
	"weir/internal/subject"
)

// subscribers answers how many subscriptions of clients there are to what the body names: a subject, or a subject and a queue
// group. For a subject with wildcards they are those that lie in it. Who asks by an import is told of its own account.
func (s *System) subscribers(m *service.Message) {
	of := m.Account
	if header := proto.Get(m.Header, account.RequestInfo); header != nil {
		var who account.Client
		if json.Unmarshal(header, &who) != nil {
			return
		}
		switch {
		case who.Service != "":
			of = s.env.Accounts.Lookup(who.Service)
		case who.Account != "":
			of = s.env.Accounts.Lookup(who.Account)
		}
	}
	if of == nil {
		return
	}
	name, queue, grouped := strings.Cut(strings.TrimSpace(string(m.Body)), " ")
	m.Respond(strconv.AppendInt(nil, int64(interest(of, name, queue, grouped)), 10), 0)
}

// interest is the number of an account's subscriptions to a subject, or of those in one queue group.
func interest(of *account.Account, name, queue string, grouped bool) (n int) {
	if subject.HasWildcard(name) {
		of.Subs().All(func(in, group string, sub *account.Sub) bool {
			if (!grouped || group == queue) && ofClient(sub) && subject.Subset(in, name) {
				n++
			}
			return true
		})
		return n
	}
	if !subject.ValidLiteral(name) {
		return 0
	}
	r := of.Subs().Match([]byte(name))
	if !grouped {
		n += clients(r.Plain)
	}
	for _, g := range r.Queues {
		if !grouped || g.Name == queue {
			n += clients(g.Members)
		}
	}
	return n
}

func clients(subs []*account.Sub) (n int) {
	for _, sub := range subs {
		if ofClient(sub) {
			n++
		}
	}
	return n
}

// ofClient reports whether it is a client's own, and not of a service in here nor made for an import.
func ofClient(sub *account.Sub) bool {
	_, ok := sub.Owner.(*client.Client)
	return ok && sub.Own()
}
