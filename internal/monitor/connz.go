package monitor

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"weir/internal/account"
	"weir/internal/conn"
	"weir/internal/subject"
)

// connList is /connz.
type connList struct {
	ID     string    `json:"server_id"`
	Now    time.Time `json:"now"`
	Num    int       `json:"num_connections"`
	Total  int       `json:"total"`
	Offset int       `json:"offset"`
	Limit  int       `json:"limit"`
	Conns  []connRow `json:"connections"`
}

// connQuery is what /connz was asked.
type connQuery struct {
	order         order
	offset, limit int
	open, closed  bool // which connections
	id            uint64
	user, account string
	subject       string // an interest in which the connections have
	mqtt          string
	subs, detail  bool // show subscriptions
	auth          bool // show who authenticated
}

// Errors of /connz, worded as nats-server's.
var (
	errSortByStop   = errors.New("sort by stop only valid on closed connections")
	errSortByReason = errors.New("sort by reason only valid on closed connections")
)

// connQuery reads the parameters, and reports the first that is wrong in nats-server's order.
func (q *query) connQuery() (connQuery, error) {
	c := connQuery{auth: q.flag("auth")}
	c.subs, c.detail = q.subs()
	c.offset, c.limit = q.page()
	c.id = q.unsigned("cid")
	if c.id > 0 {
		c.limit = 1
	}
	c.open, c.closed = q.state()
	c.user, c.account, c.mqtt = q.text("user"), q.text("acc"), q.text("mqtt_client")
	if s := q.text("filter_subject"); s != ">" {
		c.subject = s
	}
	if q.err != nil {
		return c, q.err
	}
	name := q.text("sort")
	var known bool
	if c.order, known = orders[name]; !known {
		return c, fmt.Errorf("invalid sorting option: %s", name)
	}
	if c.order.onlyClosed != nil && c.open {
		return c, c.order.onlyClosed
	}
	return c, nil
}

// state reads which connections are wanted.
func (q *query) state() (open, closed bool) {
	switch s := q.text("state"); strings.ToLower(s) {
	case "", "open":
		return true, false
	case "closed":
		return false, true
	case "any", "all":
		return true, true
	default:
		if q.err == nil {
			q.err = fmt.Errorf("Error decoding state for %s", s) //nolint:staticcheck // its text is shown as it is
		}
		return false, false
	}
}

// order is one way to sort connections: by a number, or by a text. The zero value is by id.
type order struct {
	number     func(i *conn.Info, now time.Time) int64
	text       func(i *conn.Info) string
	descending bool
	onlyClosed error // not nil if open connections cannot be sorted so
}

var orders = map[string]order{
	"":           {},
	"cid":        {},
	"start":      {},
	"subs":       {number: func(i *conn.Info, _ time.Time) int64 { return int64(i.NumSub) }, descending: true},
	"pending":    {number: func(i *conn.Info, _ time.Time) int64 { return i.Pending }, descending: true},
	"msgs_to":    {number: func(i *conn.Info, _ time.Time) int64 { return i.OutMsgs }, descending: true},
	"msgs_from":  {number: func(i *conn.Info, _ time.Time) int64 { return i.InMsgs }, descending: true},
	"bytes_to":   {number: func(i *conn.Info, _ time.Time) int64 { return i.OutBytes }, descending: true},
	"bytes_from": {number: func(i *conn.Info, _ time.Time) int64 { return i.InBytes }, descending: true},
	"last":       {number: func(i *conn.Info, _ time.Time) int64 { return i.Active.UnixNano() }, descending: true},
	"idle":       {number: func(i *conn.Info, now time.Time) int64 { return int64(now.Sub(i.Active)) }, descending: true},
	"rtt":        {number: func(i *conn.Info, _ time.Time) int64 { return int64(i.RTT) }, descending: true},
	// The youngest first, as in nats-server.
	"uptime": {number: func(i *conn.Info, now time.Time) int64 { return int64(lifeEnd(i, now).Sub(i.Start)) }},
	"stop":   {number: func(i *conn.Info, _ time.Time) int64 { return i.Stop.UnixNano() }, descending: true, onlyClosed: errSortByStop},
	"reason": {text: func(i *conn.Info) string { return i.Reason.String() }, onlyClosed: errSortByReason},
}

// lifeEnd is when the connection closed, or now.
func lifeEnd(i *conn.Info, now time.Time) time.Time {
	if i.Stop.IsZero() {
		return now
	}
	return i.Stop
}

// candidate is a connection, with what it is sorted by. Closed ones have gone, open ones conn.
type candidate struct {
	id     uint64
	number int64
	text   string
	conn   *conn.Conn
	gone   *conn.Info
}

// compare sorts by o; those that are equal by id.
func (o order) compare(a, b candidate) int {
	by := cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.text, b.text))
	if o.descending {
		by = -by
	}
	return cmp.Or(by, cmp.Compare(a.id, b.id))
}

// search collects the connections that a query wants.
type search struct {
	connQuery
	tag        func(account string) string
	now        time.Time
	interested map[uint64]bool // ids of the open connections with an interest in the subject
	total      int             // before the filters but that of the account
	found      *firstRows[candidate]
	hit        bool // something was found
}

func (m *Pages) connz(q *query) (any, error) {
	c, err := q.connQuery()
	if err != nil {
		return nil, err
	}
	s := search{connQuery: c, tag: m.Tag, now: time.Now().UTC(), found: pageRows(c.offset, c.limit, c.order.compare)}
	if c.subject != "" {
		s.interested = m.interested(c.subject, c.account)
	}
	if c.open {
		s.addOpen(m.Registry.Conns())
	}
	if c.closed {
		s.addClosed(m.Registry.Closed())
	}
	rows := s.found.from(c.offset)
	list := connList{
		ID: m.Base().ID, Now: s.now, Num: len(rows), Total: s.total, Offset: c.offset, Limit: c.limit,
		Conns: make([]connRow, len(rows)),
	}
	for i, r := range rows {
		list.Conns[i] = s.describe(r)
	}
	return list, nil
}

// addOpen looks at every connection, but not closely unless the query depends on it.
func (s *search) addOpen(all []*conn.Conn) {
	closely := s.account != "" || s.user != "" || s.order.number != nil
	var i conn.Info
	for _, c := range all {
		if closely {
			c.Glance(&i)
		}
		if s.counts(&i) && s.wants(c.ID, &i) && (s.subject == "" || s.interested[c.ID]) {
			s.add(candidate{id: c.ID, conn: c}, &i)
		}
	}
}

// addClosed looks at the connections that are gone. What they were subscribed to is not known any more.
func (s *search) addClosed(all []conn.Info) {
	for n := range all {
		i := &all[n]
		if s.counts(i) && s.wants(i.ID, i) {
			s.add(candidate{id: i.ID, gone: i}, i)
		}
	}
}

// counts reports whether a connection is of the account, and counts it if so.
func (s *search) counts(i *conn.Info) bool {
	if s.account != "" && i.Client.Account != s.account {
		return false
	}
	s.total++
	return true
}

// wants reports whether a connection is let through by the filters. An id is that of one connection, and none is MQTT's.
func (s *search) wants(id uint64, i *conn.Info) bool {
	if s.id > 0 && (s.id != id || s.hit) {
		return false
	}
	return (s.user == "" || i.Client.User == s.user) && s.mqtt == ""
}

func (s *search) add(c candidate, i *conn.Info) {
	s.hit = true
	if s.order.number != nil {
		c.number = s.order.number(i, s.now)
	}
	if s.order.text != nil {
		c.text = s.order.text(i)
	}
	s.found.add(c)
}

// interested is who subscribes to a subject that overlaps with the given one, in an account or in all.
func (m *Pages) interested(pattern, of string) map[uint64]bool {
	ids := make(map[uint64]bool)
	for _, a := range m.Accounts() {
		if of != "" && a.Name() != of {
			continue
		}
		a.Subs().All(func(to, _ string, sub *account.Sub) bool {
			if sub.Own() && subject.Overlap(pattern, to) {
				ids[owner(sub)] = true
			}
			return true
		})
	}
	return ids
}
