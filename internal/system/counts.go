package system

import (
	"time"

	"weir/internal/account"
	"weir/internal/monitor"
)

// counted is the event of an account whose number of connections changed, or did not for a while.
type counted struct {
	typed
	Server serverInfo `json:"server"`
	monitor.AccountStat
}

// rest is how many times as long as it took to count connections nobody counts them again.
const rest = 4

// countSubjects are those of counted, the old and the new one.
func countSubjects(name string) [2]string {
	return [...]string{"$SYS.SERVER.ACCOUNT." + name + ".CONNS", "$SYS.ACCOUNT." + name + ".SERVER.CONNS"}
}

// counts reports whether somebody wants to know how many connections an account has. That of the global one is not told.
func (s *System) counts(a *account.Account) bool {
	if a.Name() == account.Global {
		return false
	}
	for _, to := range countSubjects(a.Name()) {
		if s.account.Subs().HasInterest([]byte(to)) {
			return true
		}
	}
	return false
}

// count notes that the number of connections of an account changed.
func (s *System) count(a *account.Account) {
	if !s.counts(a) {
		return
	}
	s.mu.Lock()
	s.changed[a] = struct{}{}
	first := !s.telling
	s.telling = true
	s.mu.Unlock()
	if first {
		go s.tellCounts()
	}
}

// tellCounts tells of the accounts that changed until there are none.
func (s *System) tellCounts() {
	for {
		s.mu.Lock()
		changed := s.changed
		s.changed = make(map[*account.Account]struct{})
		s.telling = len(changed) > 0
		s.mu.Unlock()
		if len(changed) == 0 {
			return
		}
		var names []string
		for a := range changed {
			names = append(names, a.Name())
		}
		begun := time.Now()
		s.sendCounts(names)
		select {
		case <-time.After(rest * time.Since(begun)):
		case <-s.stop:
			return
		}
	}
}

// sendCounts tells of the accounts of those names.
func (s *System) sendCounts(names []string) {
	for _, stat := range s.env.Pages.AccountStats(names, true).Accounts {
		s.seats(&stat)
		t := newTyped(typeCounts)
		for _, to := range countSubjects(stat.Account) {
			s.announce(to, func() any { return counted{t, s.stamp(), stat} })
		}
	}
}

// seats counts the connections as the account's limit does: one that has just gone may be on the pages for a moment.
func (s *System) seats(stat *monitor.AccountStat) {
	if a := s.env.Accounts.Lookup(stat.Account); a != nil {
		stat.Conns = a.Clients()
		stat.TotalConns = stat.Conns
	}
}

// repeatCounts tells of all accounts that have connections.
func (s *System) repeatCounts() {
	var names []string
	for _, a := range s.env.Accounts.All() {
		if a.Clients() > 0 && s.counts(a) {
			names = append(names, a.Name())
		}
	}
	if len(names) > 0 {
		s.sendCounts(names)
	}
}
