package monitor_test

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/account"
	"weir/internal/conn"
)

// connPage is what tests read of /connz.
type connPage struct {
	Num    int `json:"num_connections"`
	Total  int
	Offset int
	Limit  int
	Conns  []struct {
		ID     uint64 `json:"cid"`
		Type   string
		Reason string
		RTT    string
		Uptime string
		Idle   string
		Stop   *time.Time
		Subs   int      `json:"subscriptions"`
		List   []string `json:"subscriptions_list"`
		User   string   `json:"authorized_user"`
		Tag    string   `json:"name_tag"`
	} `json:"connections"`
}

func (p *connPage) ids() (ids []uint64) {
	for _, c := range p.Conns {
		ids = append(ids, c.ID)
	}
	return ids
}

func (h *house) list(path string) *connPage {
	h.t.Helper()
	p := new(connPage)
	h.read(path, p)
	if p.Num != len(p.Conns) {
		h.t.Errorf("%s: num_connections is %d of %d", path, p.Num, len(p.Conns))
	}
	return p
}

// wantIDs compares the ids of /connz and its total.
func (h *house) wantIDs(path, want string, total int) {
	h.t.Helper()
	p := h.list(path)
	if got := strings.Trim(fmt.Sprint(p.ids()), "[]"); got != want || p.Total != total {
		h.t.Errorf("%s: %s of %d, want %s of %d", path, got, p.Total, want, total)
	}
}

// crowd is three open connections and three closed ones that every order sorts differently enough. It lets time pass, so it
// must be in a bubble.
func crowd(t *testing.T, pass func(time.Duration)) *house {
	h := newHouse(t)
	h.accounts = append(h.accounts, account.New("A"))
	a := h.add(conn.Identity{User: "ann"}, "nats")
	pass(10 * time.Second)
	b := h.add(conn.Identity{User: "bob", Account: "A"}, "websocket")
	pass(10 * time.Second)
	c := h.add(conn.Identity{User: "ann"}, "nats")
	pass(10 * time.Second)
	h.subscribe(a, "foo.*", "")
	h.subscribe(a, "bar", "q")
	h.subscribe(c, "bar", "")
	h.subscribe(b, "foo.x", "")
	h.subscribe(b, "foo.y", "")
	h.subscribe(b, "foo.z", "")
	a.Received(1, 100)
	b.Received(3, 50)
	c.Received(2, 10)
	b.size = 50
	b.deliver(1)
	pass(10 * time.Second)
	a.deliver(2)
	a.peer.Close()
	b.peer.Close()
	b.Out.PushLine("0123456789")
	c.Out.PushLine("01234")
	stale := h.add(conn.Identity{User: "ann"}, "nats").arrive()
	pass(3 * time.Second)
	stale.leave(conn.StaleConnection)
	gone := h.add(conn.Identity{User: "bob", Account: "A"}, "nats")
	h.subscribe(gone, "foo.x", "")
	gone.arrive()
	pass(2 * time.Second)
	gone.leave(conn.ClientClosed)
	slow := h.add(conn.Identity{}, "nats").arrive()
	pass(time.Second)
	slow.leave(conn.SlowConsumerPendingBytes)
	for _, g := range []*guest{c, a, b} {
		pass(time.Millisecond)
		g.keepAlive() // which takes the time since the start for a round trip
	}
	return h
}

func TestConnzOrders(t *testing.T) {
	open := map[string]string{
		"": "1 2 3", "cid": "1 2 3", "start": "1 2 3",
		"subs": "2 1 3", "pending": "2 3 1",
		"msgs_to": "1 2 3", "msgs_from": "2 3 1", "bytes_to": "2 1 3", "bytes_from": "1 2 3",
		"last": "1 2 3", "idle": "3 2 1", "uptime": "3 2 1", "rtt": "1 2 3",
	}
	closed := map[string]string{
		"": "4 5 6", "stop": "6 5 4", "reason": "5 6 4", "uptime": "6 5 4", "subs": "5 4 6", "last": "6 5 4", "idle": "4 5 6",
	}
	both := map[string]string{
		"": "1 2 3 4 5 6", "subs": "2 1 3 5 4 6", "uptime": "6 5 4 3 2 1", "last": "6 5 1 4 2 3", "pending": "2 3 1 4 5 6",
	}
	synctest.Test(t, func(t *testing.T) {
		h := crowd(t, time.Sleep)
		for state, orders := range map[string]map[string]string{"open": open, "closed": closed, "any": both, "ALL": both} {
			for _, by := range slices.Sorted(maps.Keys(orders)) {
				total := strings.Count(orders[by], " ") + 1
				h.wantIDs("/connz?state="+state+"&sort="+by, orders[by], total)
			}
		}
	})
}

func TestConnzPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := crowd(t, time.Sleep)
		for query, want := range map[string]string{
			"limit=2":                        "1 2",
			"limit=2&offset=1":               "2 3",
			"offset=2&limit=5":               "3",
			"offset=3":                       "",
			"offset=100&limit=1":             "",
			"limit=0":                        "1 2 3",
			"limit=-4":                       "1 2 3",
			"offset=-1&limit=1":              "1",
			"limit=1&sort=idle":              "3",
			"limit=1&sort=idle&offset=2":     "1",
			"limit=9223372036854775807":      "1 2 3",
			"offset=1&sort=pending":          "3 1",
			"offset=9223372036854775807":     "",
			"mqtt_client=x":                  "",
			"callback=f&limit=1":             "1",
			"cid=2":                          "2",
			"cid=2&limit=7":                  "2",
			"cid=2&offset=1":                 "",
			"cid=4":                          "", // is closed
			"cid=99":                         "",
			"user=ann":                       "1 3",
			"user=nobody":                    "",
			"cid=2&user=ann":                 "",
			"filter_subject=foo.x":           "1 2",
			"filter_subject=*.x":             "1 2",
			"filter_subject=bar":             "1 3",
			"filter_subject=foo.%3E&limit=1": "1",
			"filter_subject=%3E":             "1 2 3",
			"filter_subject=none":            "",
		} {
			h.wantIDs("/connz?"+query, want, 3)
		}
		for query, want := range map[string]struct {
			ids   string
			total int
		}{
			"acc=A":                           {"2", 1},
			"acc=$G":                          {"1 3", 2},
			"acc=$G&limit=1&offset=1":         {"3", 2},
			"acc=NONE":                        {"", 0},
			"acc=A&filter_subject=foo.x":      {"2", 1},
			"acc=$G&filter_subject=foo.x":     {"1", 2},
			"acc=A&state=any":                 {"2 5", 2},
			"acc=A&state=closed":              {"5", 1},
			"acc=$G&state=closed":             {"4 6", 2},
			"acc=A&cid=1":                     {"", 1},
			"user=bob&state=any":              {"2 5", 6},
			"state=closed&user=ann":           {"4", 3},
			"state=closed&cid=5":              {"5", 3},
			"state=closed&cid=1":              {"", 3},
			"state=any&cid=5":                 {"5", 6},
			"state=any&cid=2":                 {"2", 6},
			"state=any&limit=2&offset=3":      {"4 5", 6},
			"state=any&mqtt_client=x":         {"", 6},
			"state=any&filter_subject=foo.x":  {"1 2 4 5 6", 6},
			"state=closed&sort=stop&limit=1":  {"6", 3},
			"state=Closed&sort=reason&cid=99": {"", 3},
		} {
			h.wantIDs("/connz?"+query, want.ids, want.total)
		}
		if p := h.list("/connz?cid=2&limit=7&offset=-3"); p.Limit != 1 || p.Offset != 0 {
			t.Errorf("limit %d, offset %d", p.Limit, p.Offset)
		}
		if p := h.list(fmt.Sprintf("/connz?limit=%d", math.MaxInt)); p.Limit != math.MaxInt {
			t.Errorf("limit %d", p.Limit)
		}
	})
}

func TestConnzRefuses(t *testing.T) {
	h := newHouse(t)
	for query, want := range map[string]string{
		"sort=foo":                   "invalid sorting option: foo",
		"sort=CID":                   "invalid sorting option: CID",
		"sort=stop":                  "sort by stop only valid on closed connections",
		"sort=stop&state=any":        "sort by stop only valid on closed connections",
		"sort=reason":                "sort by reason only valid on closed connections",
		"limit=x":                    `Error decoding int for 'limit': strconv.Atoi: parsing "x": invalid syntax`,
		"limit=99999999999999999999": `Error decoding int for 'limit': strconv.Atoi: parsing "99999999999999999999": value out of range`,
		"offset=y":                   `Error decoding int for 'offset': strconv.Atoi: parsing "y": invalid syntax`,
		"cid=-1":                     `Error decoding uint64 for 'cid': strconv.ParseUint: parsing "-1": invalid syntax`,
		"state=bogus":                "Error decoding state for bogus",
		"subs=maybe":                 `Error decoding boolean for 'subs': strconv.ParseBool: parsing "maybe": invalid syntax`,
		"auth=q":                     `Error decoding boolean for 'auth': strconv.ParseBool: parsing "q": invalid syntax`,
		"auth=q&subs=r&limit=s":      `Error decoding boolean for 'auth': strconv.ParseBool: parsing "q": invalid syntax`,
		"state=bogus&limit=x":        `Error decoding int for 'limit': strconv.Atoi: parsing "x": invalid syntax`,
		"sort=foo&state=bogus":       "Error decoding state for bogus",
	} {
		w := h.get("/connz?" + query)
		if w.Code != http.StatusBadRequest || w.Body.String() != want {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
		if got := w.Header().Get("Content-Type"); got != "text/plain; charset=utf-8" {
			t.Errorf("%s: %s", query, got)
		}
	}
}

func TestConnzShowsOnlyWhatIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := crowd(t, time.Sleep)
		for _, c := range h.list("/connz?state=any").Conns {
			if c.List != nil || c.User != "" || c.Tag != "" {
				t.Errorf("%+v", c)
			}
		}
		p := h.list("/connz?state=any&auth=1&subs=true")
		users := []string{"ann", "bob", "ann", "ann", "bob", ""}
		tags := []string{"$G", "A", "$G", "", "A", ""}
		lists := [][]string{{"foo.*", "bar"}, {"foo.x", "foo.y", "foo.z"}, {"bar"}, nil, nil, nil}
		types := []string{"nats", "websocket", "nats", "nats", "nats", "nats"}
		reasons := []string{"", "", "", "Stale Connection", "Client Closed", "Slow Consumer (Pending Bytes)"}
		subs := []int{2, 3, 1, 0, 1, 0}
		for i, c := range p.Conns {
			if c.User != users[i] || c.Tag != tags[i] || !slices.Equal(c.List, lists[i]) || c.Type != types[i] ||
				c.Reason != reasons[i] || c.Subs != subs[i] || (c.Stop != nil) != (i > 2) {
				t.Errorf("%d: %+v", i, c)
			}
		}
		if c := p.Conns[3]; c.Uptime != "3s" || c.Idle != "3s" { // of the moment when it closed
			t.Errorf("%+v", c)
		}
		if c := p.Conns[0]; c.Uptime != "46s" || c.Idle != "6s" {
			t.Errorf("%+v", c)
		}
	})
}

// Subscriptions are listed in the order of their ids, which are numbers mostly.
func TestConnzSortsSubscriptions(t *testing.T) {
	h := newHouse(t)
	g := h.add(conn.Identity{}, "nats")
	for _, s := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"} {
		h.subscribe(g, s, "")
	}
	slices.Reverse(g.subs)
	if got := strings.Join(h.list("/connz?subs=1").Conns[0].List, ""); got != "abcdefghijk" {
		t.Error(got)
	}
}

// Very many connections are looked at, but only those of the page are described, and memory is spent on those only.
func TestConnzDescribesThePageOnly(t *testing.T) {
	const many, page = 5000, 10
	h := newHouse(t)
	guests := make([]*guest, many)
	for i := range guests {
		guests[i] = h.add(conn.Identity{}, "nats")
		guests[i].Received(int64(many-i), 0)
	}
	count := func(path string) (described, listed int64) {
		for _, g := range guests {
			g.described.Store(0)
			g.listed.Store(0)
		}
		if n := h.list(path).Num; n != page {
			t.Errorf("%s: %d rows", path, n)
		}
		for _, g := range guests {
			described += g.described.Load()
			listed += g.listed.Load()
		}
		return described, listed
	}
	if described, listed := count("/connz?limit=10&offset=20&subs=1"); described != page || listed != page {
		t.Errorf("described %d, listed %d", described, listed)
	}
	if described, listed := count("/connz?limit=10&sort=msgs_from&subs=1"); described != many+page || listed != page {
		t.Errorf("described %d, listed %d", described, listed)
	}
	h.wantIDs("/connz?limit=3&sort=msgs_from", "1 2 3", many)
	h.wantIDs("/connz?limit=3&sort=msgs_from&offset=4990", "4991 4992 4993", many)
	h.wantIDs("/connz?limit=3&offset=4998", "4999 5000", many)
	for _, path := range []string{"/connz?limit=10", "/connz?limit=10&sort=msgs_from", "/connz?limit=10&user=x"} {
		if n := testing.AllocsPerRun(3, func() { h.get(path) }); n > many/10 {
			t.Errorf("%s: %.0f allocations", path, n)
		}
	}
}

func BenchmarkConnz(b *testing.B) {
	h := newHouse(nil)
	for i := range conn.DefaultMaxConnections {
		h.add(conn.Identity{}, "nats").Received(int64(i*7919%conn.DefaultMaxConnections), 0)
	}
	for _, query := range []string{"limit=100", "limit=100&sort=msgs_from", "limit=1024&sort=idle&offset=30000"} {
		b.Run(query, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if w := h.get("/connz?" + query); w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
		})
	}
}
