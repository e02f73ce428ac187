package system

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"weir/internal/account"
	"weir/internal/client"
	"weir/internal/perm"
	"weir/internal/proto"
	"weir/internal/service"
)

// accountToken is the place of the account's name in subjects of requests about one.
const accountToken = 3

var errNoJetStream = errors.New("jetstream not enabled")

// listenToTenants subscribes to requests about one account. CONNZ, STATZ and the user's INFO may come from the account itself.
func (s *System) listenToTenants(at *listening) {
	at.tenants(ofAccount("CONNZ"), func(m *service.Message) {
		o := new(connOptions)
		s.answer(m, o, func() (any, error) {
			o.Account = accountOf(m)
			return s.page("/connz", o)
		})
	})
	at.tenants(ofAccount("STATZ"), func(m *service.Message) {
		o := new(statOptions)
		if name := accountOf(m); name != "PING" { // that one is for all accounts, below
			s.answer(m, o, func() (any, error) { return s.accountStats([]string{name}, o.Unused) })
		}
	})
	at.tenants("$SYS.REQ.USER.*.INFO", s.userInfo)
	at.tenants("$SYS.DEBUG.SUBSCRIBERS", s.subscribers)
	at.operator("$SYS.REQ.ACCOUNT.PING.STATZ", func(m *service.Message) {
		o := new(statOptions)
		s.answer(m, o, func() (any, error) { return s.accountStats(o.Accounts, o.Unused) })
	})
	at.operator(ofAccount("SUBSZ"), func(m *service.Message) {
		o := new(subsOptions)
		s.answer(m, o, func() (any, error) {
			o.Account, o.Subs = accountOf(m), true
			return s.page("/subsz", o)
		})
	})
	at.operator(ofAccount("LEAFZ"), func(m *service.Message) {
		o := new(leafOptions)
		s.answer(m, o, func() (any, error) {
			o.Account = accountOf(m)
			return s.page("/leafz", o)
		})
	})
	at.operator(ofAccount("JSZ"), func(m *service.Message) {
		s.answer(m, new(jetStreamOptions), func() (any, error) { return null, errNoJetStream })
	})
	at.operator(ofAccount("INFO"), func(m *service.Message) {
		s.answer(m, new(filter), func() (any, error) {
			d, err := s.env.Pages.Account(accountOf(m))
			if err != nil {
				return null, err
			}
			return d, nil
		})
	})
	at.operator(ofAccount("CONNS"), s.connections)
}

func ofAccount(what string) string { return "$SYS.REQ.ACCOUNT.*." + what }

// accountOf is the name of the account that a request is about.
func accountOf(m *service.Message) string { return strings.Split(m.Subject, ".")[accountToken] }

// accountStats leaves a request about accounts without connections unanswered, unless those are wanted.
func (s *System) accountStats(names []string, unused bool) (any, error) {
	stats := s.env.Pages.AccountStats(names, unused)
	if len(stats.Accounts) == 0 && !unused {
		return nil, errSilent
	}
	return stats, nil
}

// connections answers how many connections an account has, as the event does; not at all if it has none.
func (s *System) connections(m *service.Message) {
	var o struct {
		Account string `json:"acc"`
	}
	name := accountOf(m)
	o.Account = name
	if len(m.Body) > 0 && json.Unmarshal(m.Body, &o) != nil || o.Account != name {
		return
	}
	for _, stat := range s.env.Pages.AccountStats([]string{name}, false).Accounts {
		s.respond(m, counted{newTyped(typeCounts), s.stamp(), stat})
	}
}

// userInfo is who asks, and what that user may do.
type userInfo struct {
	User        string        `json:"user"`
	Account     string        `json:"account"`
	AccountName string        `json:"account_name,omitempty"`
	UserName    string        `json:"user_name,omitempty"`
	Permissions *permissions  `json:"permissions,omitempty"`
	Expires     time.Duration `json:"expires,omitempty"`
}

type permissions struct {
	Publish   rule       `json:"publish"`
	Subscribe rule       `json:"subscribe"`
	Responses *responses `json:"responses,omitempty"`
}

type rule struct {
	Allow []string `json:"allow,omitempty"`
	Deny  []string `json:"deny,omitempty"`
}

type responses struct {
	Max int           `json:"max"`
	TTL time.Duration `json:"ttl"`
}

// userInfo answers a user who it is. Nothing but the header that the account has put there says who asks.
func (s *System) userInfo(m *service.Message) {
	var who account.Client
	if header := proto.Get(m.Header, account.RequestInfo); header != nil && json.Unmarshal(header, &who) != nil {
		s.respond(m, response{Server: s.stamp(), Error: &failure{Code: http.StatusBadRequest}})
		return
	}
	i := userInfo{User: who.User, Account: who.Account, UserName: who.NameTag}
	if s.env.Accounts.Lookup(who.Account) != nil {
		i.AccountName = s.env.Pages.Tag(who.Account)
	}
	if c := s.asker(&who); c != nil {
		i.Permissions = newPermissions(c.Permissions())
		if at := c.Expires(); !at.IsZero() {
			i.Expires = time.Until(at).Truncate(time.Second)
		}
	}
	s.respond(m, response{Server: s.stamp(), Data: &i})
}

// asker is the client that asks, if it is still there.
func (s *System) asker(who *account.Client) *client.Client {
	c := s.env.Registry.Find(who.ID)
	if c == nil {
		return nil
	}
	v, ok := c.Visitor().(*client.Client)
	if !ok || v.Account().Name() != who.Account {
		return nil
	}
	return v
}

func newPermissions(p *perm.Set) *permissions {
	if p == nil {
		return nil
	}
	c := p.Config()
	out := &permissions{
		Publish:   rule{unique(c.Publish.Allow), unique(c.Publish.Deny)},
		Subscribe: rule{unique(c.Subscribe.Allow), unique(c.Subscribe.Deny)},
	}
	if c.Responses != nil {
		out.Responses = &responses{c.Responses.MaxMsgs, c.Responses.TTL}
	}
	return out
}

// unique is the list in order, without what is there twice.
func unique(list []string) []string {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
