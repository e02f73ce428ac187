package monitor

import (
	"cmp"
	"fmt"
	"time"

	"weir/internal/account"
	"weir/internal/subject"
)

// subList is /subsz.
type subList struct {
	ID  string    `json:"server_id"`
	Now time.Time `json:"now"`
	subStats
	Total  int         `json:"total"`
	Offset int         `json:"offset"`
	Limit  int         `json:"limit"`
	Subs   []subDetail `json:"subscriptions_list,omitempty"`
}

// subStats is the state of one or more trees of subscriptions.
type subStats struct {
	NumSubs      int     `json:"num_subscriptions"`
	NumCache     int     `json:"num_cache"`
	NumInserts   uint64  `json:"num_inserts"`
	NumRemoves   uint64  `json:"num_removes"`
	NumMatches   uint64  `json:"num_matches"`
	CacheHitRate float64 `json:"cache_hit_rate"`
	MaxFanout    int     `json:"max_fanout"`
	AvgFanout    float64 `json:"avg_fanout"`
}

func newSubStats(s subject.Stats) subStats {
	return subStats{
		NumSubs: s.Subs, NumCache: s.Cached, NumInserts: s.Inserts, NumRemoves: s.Removes, NumMatches: s.Matches,
		CacheHitRate: s.CacheHitRate(), MaxFanout: s.Widest, AvgFanout: s.AverageFanout(),
	}
}

// subscriber is one subscription with what it is sorted by.
type subscriber struct {
	account string
	sub     *account.Sub
	cid     uint64
}

func compareSubscribers(a, b subscriber) int {
	return cmp.Or(
		cmp.Compare(a.account, b.account), cmp.Compare(a.sub.Subject, b.sub.Subject), cmp.Compare(a.sub.Queue, b.sub.Queue),
		cmp.Compare(a.cid, b.cid), compareSID(a.sub, b.sub),
	)
}

func (m *Pages) subsz(q *query) (any, error) {
	show := q.flag("subs")
	offset, limit := q.page()
	test, name := q.text("test"), q.text("acc")
	if q.err != nil {
		return nil, q.err
	}
	if test != "" && !subject.ValidLiteral(test) {
		return nil, fmt.Errorf("invalid test subject, must be valid publish subject: %s", test)
	}
	list := subList{ID: m.Base().ID, Now: time.Now().UTC(), Offset: offset, Limit: limit}
	found := pageRows(offset, limit, compareSubscribers)
	var stats subject.Stats
	for _, a := range m.Accounts() {
		if name != "" && a.Name() != name {
			continue
		}
		stats = stats.Add(a.Subs().Stats())
		if !show {
			continue
		}
		a.Subs().All(func(to, _ string, s *account.Sub) bool {
			if s.Owner != nil && (test == "" || subject.Match(to, test)) {
				list.Total++
				found.add(subscriber{a.Name(), s, owner(s)})
			}
			return true
		})
	}
	list.subStats = newSubStats(stats)
	for _, s := range found.from(offset) {
		d := detail(s.sub, s.cid)
		d.Account, d.AccountTag = s.account, m.Tag(s.account)
		list.Subs = append(list.Subs, d)
	}
	return list, nil
}
