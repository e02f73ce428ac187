package monitor

import (
	"errors"
	"net/http"
	"time"
)

// The pages of what is not built say what those of a nats-server do that is not configured for it.

type routeList struct {
	ID     string     `json:"server_id"`
	Name   string     `json:"server_name"`
	Now    time.Time  `json:"now"`
	Num    int        `json:"num_routes"`
	Routes []struct{} `json:"routes"`
}

func (m *Pages) routez(q *query) (any, error) {
	q.subs()
	base := m.Base()
	return routeList{ID: base.ID, Name: base.Name, Now: time.Now().UTC(), Routes: []struct{}{}}, q.err
}

type gatewayList struct {
	ID       string              `json:"server_id"`
	Now      time.Time           `json:"now"`
	Outbound map[string]struct{} `json:"outbound_gateways"`
	Inbound  map[string]struct{} `json:"inbound_gateways"`
}

func (m *Pages) gatewayz(q *query) (any, error) {
	q.subs()
	q.flag("accs")
	none := map[string]struct{}{}
	return gatewayList{ID: m.Base().ID, Now: time.Now().UTC(), Outbound: none, Inbound: none}, q.err
}

type leafList struct {
	ID    string     `json:"server_id"`
	Now   time.Time  `json:"now"`
	Num   int        `json:"leafnodes"`
	Leafs []struct{} `json:"leafs"`
}

func (m *Pages) leafz(q *query) (any, error) {
	q.flag("subs")
	return leafList{ID: m.Base().ID, Now: time.Now().UTC(), Leafs: []struct{}{}}, q.err
}

// jetStream is /jsz of a server without JetStream.
type jetStream struct {
	Memory          int64          `json:"memory"`
	Storage         int64          `json:"storage"`
	ReservedMemory  int64          `json:"reserved_memory"`
	ReservedStorage int64          `json:"reserved_storage"`
	Accounts        int            `json:"accounts"`
	HAAssets        int            `json:"ha_assets"`
	API             jetStreamAPI   `json:"api"`
	ID              string         `json:"server_id"`
	Now             time.Time      `json:"now"`
	Disabled        bool           `json:"disabled"`
	Config          jetStreamLimit `json:"config"`
	Streams         int            `json:"streams"`
	Consumers       int            `json:"consumers"`
	Messages        int64          `json:"messages"`
	Bytes           int64          `json:"bytes"`
	Total           int            `json:"total"`
}

type jetStreamAPI struct {
	Level  int   `json:"level"`
	Total  int64 `json:"total"`
	Errors int64 `json:"errors"`
}

type jetStreamLimit struct {
	MaxMemory  int64 `json:"max_memory"`
	MaxStorage int64 `json:"max_storage"`
}

// ErrNotLeader is the answer of /jsz to who wants it from the leader only: there is none.
var ErrNotLeader = errors.New("filtered response: not leader")

func (m *Pages) jsz(q *query) (any, error) {
	for _, name := range []string{"accounts", "streams", "consumers", "direct-consumers", "config"} {
		q.flag(name)
	}
	q.page()
	leader := q.flag("leader-only")
	q.flag("raft")
	q.flag("stream-leader-only")
	if q.err == nil && leader {
		return nil, ErrNotLeader
	}
	return jetStream{ID: m.Base().ID, Now: time.Now().UTC(), Disabled: true}, q.err
}

// ipqueuesz is the queues inside a nats-server; there are none here.
func (m *Pages) ipqueuesz(q *query) (any, error) {
	q.flag("all")
	return struct{}{}, q.err
}

func raftz(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusNotFound, "No Raft nodes registered")
}
