package system

import (
	"time"

	"weir/internal/monitor"
)

// Intervals, the same as nats-server's.
const (
	// statsFirst is how long after the start STATSZ is said first. The interval doubles until it is statsEvery.
	statsFirst = 250 * time.Millisecond
	statsEvery = 10 * time.Second
	// countsEvery is how often the number of an account's connections is told again.
	countsEvery = 30 * time.Second
)

// heartbeat says how the server is, from time to time, until it stops.
func (s *System) heartbeat() {
	every := statsFirst
	told := s.start
	for {
		select {
		case <-time.After(every):
		case <-s.stop:
			return
		}
		every = min(2*every, statsEvery)
		s.broadcastStats()
		if now := time.Now(); now.Sub(told) >= countsEvery {
			told = now
			s.repeatCounts()
		}
	}
}

// broadcastStats says STATSZ to who listens.
func (s *System) broadcastStats() {
	s.announce(s.own("STATSZ"), func() any { return s.stats() })
}

// serverStats is STATSZ.
type serverStats struct {
	Server serverInfo `json:"server"`
	Stats  stats      `json:"statsz"`
}

// stats is how the server is used.
type stats struct {
	Start            time.Time        `json:"start"`
	Mem              int64            `json:"mem"`
	Cores            int              `json:"cores"`
	CPU              float64          `json:"cpu"`
	Connections      int              `json:"connections"`
	TotalConnections uint64           `json:"total_connections"`
	ActiveAccounts   int              `json:"active_accounts"`
	NumSubs          int              `json:"subscriptions"`
	Sent             count            `json:"sent"`
	SentToClients    count            `json:"sent_to_clients"`
	Received         count            `json:"received"`
	FromClients      count            `json:"received_from_clients"`
	SlowConsumers    int64            `json:"slow_consumers"`
	SlowStats        *monitor.PerKind `json:"slow_consumer_stats,omitempty"`
	Stale            int64            `json:"stale_connections,omitempty"`
	StaleStats       *monitor.PerKind `json:"stale_connection_stats,omitempty"`
	ActiveServers    int              `json:"active_servers,omitempty"`
	MemLimit         int64            `json:"gomemlimit,omitempty"`
	MaxProcs         int              `json:"gomaxprocs,omitempty"`
}

func (s *System) stats() serverStats {
	v := s.env.Pages.Varz()
	in, out := count{v.InMsgs, v.InBytes}, count{v.OutMsgs, v.OutBytes}
	m := serverStats{Server: s.stamp(), Stats: stats{
		Start: v.Start, Mem: v.Mem, Cores: v.Cores, CPU: v.CPU,
		Connections: v.Connections, TotalConnections: v.TotalConnections, NumSubs: v.Subscriptions,
		Sent: out, SentToClients: out, Received: in, FromClients: in,
		SlowConsumers: v.SlowConsumers, Stale: v.StaleConnections, ActiveServers: 1,
		MemLimit: v.GOMEMLIMIT, MaxProcs: v.GOMAXPROCS,
	}}
	if v.SlowConsumers > 0 {
		m.Stats.SlowStats = &v.SlowConsumerStats
	}
	if v.StaleConnections > 0 {
		m.Stats.StaleStats = &v.StaleConnectionStats
	}
	for _, a := range s.env.Accounts.All() {
		if a.Clients() > 0 {
			m.Stats.ActiveAccounts++
		}
	}
	return m
}
