package monitor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/jwt/v2"

	"weir/internal/account"
	"weir/internal/claims"
	"weir/internal/conn"
)

// accountList is /accountz: the names of all accounts, or one of them.
type accountList struct {
	ID       string         `json:"server_id"`
	Now      time.Time      `json:"now"`
	Accounts []string       `json:"accounts,omitempty"`
	Account  *accountDetail `json:"account_detail,omitempty"`
}

type accountDetail struct {
	Name      string    `json:"account_name"`
	Updated   time.Time `json:"update_time"`
	Expired   bool      `json:"expired"`
	Complete  bool      `json:"complete"`
	JetStream bool      `json:"jetstream_enabled"`
	Leafs     int       `json:"leafnode_connections"`
	Clients   int       `json:"client_connections"`
	Subs      int       `json:"subscriptions"`
	claimed
	Sublist subStats `json:"sublist_stats"`
}

// claimed is what claims say of an account; without claims it has only a name.
type claimed struct {
	JWT       string               `json:"jwt,omitempty"`
	IssuerKey string               `json:"issuer_key,omitempty"`
	NameTag   string               `json:"name_tag,omitempty"`
	Tags      []string             `json:"tags,omitempty"`
	Claims    *jwt.AccountClaims   `json:"decoded_jwt,omitempty"`
	Revoked   map[string]time.Time `json:"revoked_user,omitempty"`
}

// describe adds what claims say.
func (d *accountDetail) describe(from *claims.Authority) {
	d.NameTag = d.Name
	if from == nil {
		return
	}
	v, ok := from.View(d.Name)
	if !ok {
		return
	}
	d.Updated, d.Expired, d.Complete = v.Updated.UTC(), v.Expired, v.Complete
	d.claimed = claimed{v.JWT, v.Issuer, v.Tag, v.Tags, v.Claims, v.Revoked}
}

// tag is what people call an account: its name, unless claims have another one for it.
func (m *monitor) tag(name string) string {
	if m.Claims != nil {
		if tag, ok := m.Claims.Tag(name); ok {
			return tag
		}
	}
	return name
}

func (m *monitor) accountz(q *query) (any, error) {
	base := m.Base()
	list := accountList{ID: base.ID, Now: time.Now().UTC()}
	name := q.text("acc")
	if name == "" {
		for _, a := range m.sortedAccounts() {
			list.Accounts = append(list.Accounts, a.Name())
		}
		return list, nil
	}
	for _, a := range m.Accounts() {
		if a.Name() == name {
			stats := newSubStats(a.Subs().Stats())
			list.Account = &accountDetail{
				Name: name, Updated: base.Start.UTC(), Complete: true, Clients: m.clients()[name],
				Subs: stats.NumSubs, Sublist: stats,
			}
			list.Account.describe(m.Claims)
			return list, nil
		}
	}
	return nil, fmt.Errorf("Account %s does not exist", name) //nolint:staticcheck // its text is shown as it is
}

// accountStats is /accstatz.
type accountStats struct {
	ID       string        `json:"server_id"`
	Now      time.Time     `json:"now"`
	Accounts []accountStat `json:"account_statz"`
}

type accountStat struct {
	Account       string  `json:"acc"`
	Name          string  `json:"name"`
	Conns         int     `json:"conns"`
	LeafNodes     int     `json:"leafnodes"`
	TotalConns    int     `json:"total_conns"`
	NumSubs       int     `json:"num_subscriptions"`
	Sent          traffic `json:"sent"`
	Received      traffic `json:"received"`
	SlowConsumers int64   `json:"slow_consumers"`
}

// traffic is what went over all connections, and how much of that over those that are not clients.
type traffic struct {
	count
	Gateways count `json:"gateways"`
	Routes   count `json:"routes"`
	Leafs    count `json:"leafs"`
}

type count struct {
	Msgs  int64 `json:"msgs"`
	Bytes int64 `json:"bytes"`
}

// accstatz shows the accounts that have connections, or all of them if that is asked for. The traffic is that of all
// connections: a server has one account.
func (m *monitor) accstatz(q *query) (any, error) {
	all := q.flag("unused")
	if q.err != nil {
		return nil, q.err
	}
	list := accountStats{ID: m.Base().ID, Now: time.Now().UTC(), Accounts: []accountStat{}}
	clients := m.clients()
	inMsgs, inBytes, outMsgs, outBytes := m.Registry.Traffic()
	for _, a := range m.sortedAccounts() {
		n := clients[a.Name()]
		if n == 0 && !all {
			continue
		}
		list.Accounts = append(list.Accounts, accountStat{
			Account: a.Name(), Name: m.tag(a.Name()), Conns: n, TotalConns: n, NumSubs: a.Subs().Len(),
			Sent:     traffic{count: count{outMsgs, outBytes}},
			Received: traffic{count: count{inMsgs, inBytes}}, SlowConsumers: m.slowConsumers(),
		})
	}
	return list, nil
}

func (m *monitor) sortedAccounts() []*account.Account {
	return slices.SortedFunc(slices.Values(m.Accounts()), func(a, b *account.Account) int {
		return cmp.Compare(a.Name(), b.Name())
	})
}

// clients counts the connections of each account.
func (m *monitor) clients() map[string]int {
	n := make(map[string]int)
	var i conn.Info
	for _, c := range m.Registry.Conns() {
		c.Glance(&i)
		n[i.Client.Account]++
	}
	return n
}
