package monitor

import (
	"slices"
	"time"

	"weir/internal/account"
	"weir/internal/conn"
)

// AccountStats is /accstatz.
type AccountStats struct {
	ID       string        `json:"server_id"`
	Now      time.Time     `json:"now"`
	Accounts []AccountStat `json:"account_statz"`
}

// AccountStat is how one account is used.
type AccountStat struct {
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

// accstatz shows the accounts that have connections, or all of them if that is asked for.
func (m *Pages) accstatz(q *query) (any, error) {
	all := q.flag("unused")
	if q.err != nil {
		return nil, q.err
	}
	return m.AccountStats(nil, all), nil
}

// AccountStats is how the accounts of these names are used, or all of them for none. Those without connections are left out
// unless unused is set.
func (m *Pages) AccountStats(names []string, unused bool) AccountStats {
	s := AccountStats{ID: m.Base().ID, Now: time.Now().UTC(), Accounts: []AccountStat{}}
	tally := m.tally()
	for _, a := range m.sortedAccounts() {
		if len(names) > 0 && !slices.Contains(names, a.Name()) || !unused && tally[a.Name()].clients == 0 {
			continue
		}
		s.Accounts = append(s.Accounts, newAccountStat(a, m.Tag(a.Name()), tally[a.Name()]))
	}
	return s
}

// newAccountStat is how a is used.
func newAccountStat(a *account.Account, tag string, now usage) AccountStat {
	t := a.Kept()
	t.InMsgs += now.inMsgs
	t.InBytes += now.inBytes
	return AccountStat{
		Account: a.Name(), Name: tag, Conns: now.clients, TotalConns: now.clients, NumSubs: a.Subs().Len(),
		Sent:     traffic{count: count{t.OutMsgs, t.OutBytes}},
		Received: traffic{count: count{t.InMsgs, t.InBytes}}, SlowConsumers: t.SlowConsumers,
	}
}

// usage is what the connections of an account publish.
type usage struct {
	clients         int
	inMsgs, inBytes int64
}

// tally looks at all connections, by account.
func (m *Pages) tally() map[string]usage {
	all := make(map[string]usage)
	var i conn.Info
	for _, c := range m.Registry.Conns() {
		c.Glance(&i)
		u := all[i.Client.Account]
		u.clients++
		u.inMsgs += i.InMsgs
		u.inBytes += i.InBytes
		all[i.Client.Account] = u
	}
	return all
}
