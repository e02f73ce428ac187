package system

import (
	"encoding/json"
	"errors"
	"time"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/conn"
	"weir/internal/subject"
)

// Types of events.
const (
	typeConnect    = "io.nats.server.advisory.v1.client_connect"
	typeDisconnect = "io.nats.server.advisory.v1.client_disconnect"
	typeCounts     = "io.nats.server.advisory.v1.account_connections"
)

// typed is what an event begins with.
type typed struct {
	Type string    `json:"type"`
	ID   string    `json:"id"`
	Time time.Time `json:"timestamp"`
}

func newTyped(kind string) typed { return typed{kind, account.NewName(22), time.Now().UTC()} }

// connected is the event of a client that has logged in.
type connected struct {
	typed
	Server serverInfo     `json:"server"`
	Client account.Client `json:"client"`
}

// disconnected is the event of a client that has gone, or has to.
type disconnected struct {
	typed
	Server   serverInfo     `json:"server"`
	Client   account.Client `json:"client"`
	Sent     count          `json:"sent"` // by the client
	Received count          `json:"received"`
	Reason   string         `json:"reason"`
}

type count struct {
	Msgs  int64 `json:"msgs"`
	Bytes int64 `json:"bytes"`
}

// announce publishes an event in the system account if somebody listens there.
func (s *System) announce(to string, event func() any) { s.announceIn(s.account, to, event) }

// announceIn publishes an event if somebody listens. The name of an account may make a subject that is none.
func (s *System) announceIn(in *account.Account, to string, event func() any) {
	if s.silent.Load() || !in.Subs().HasInterest([]byte(to)) || !subject.ValidLiteral(to) {
		return
	}
	if body, err := json.Marshal(event()); err == nil {
		in.Announce(to, body)
	}
}

// Connected is part of client.Witness.
func (s *System) Connected(c *client.Client, left *account.Account) {
	if s.silent.Load() {
		return
	}
	a := c.Account()
	s.count(a)
	if left != nil {
		s.count(left)
	}
	s.announce("$SYS.ACCOUNT."+a.Name()+".CONNECT", func() any {
		e := connected{newTyped(typeConnect), s.stamp(), s.profile(c)}
		e.Client.RTT = 0
		return e
	})
}

// Disconnected is part of client.Witness.
func (s *System) Disconnected(c *client.Client, r conn.Reason) {
	if s.silent.Load() {
		return
	}
	s.count(c.Account())
	s.announce("$SYS.ACCOUNT."+c.Account().Name()+".DISCONNECT", func() any { return s.farewell(c, r) })
}

// Refused is part of client.Witness. The client's account hears of it as well; of whom a callout refused, that is the
// account of the callout, which hears why.
func (s *System) Refused(c *client.Client, r conn.Reason, err error) {
	if s.silent.Load() {
		return
	}
	s.announce(s.own("CLIENT.AUTH.ERR"), func() any { return s.farewell(c, r) })
	in, why := c.Account(), r.String()
	if refusal, ok := errors.AsType[*auth.Refusal](err); ok {
		if in, why = s.env.Accounts.Lookup(refusal.Account), refusal.Text; in == nil {
			return
		}
	}
	s.announceIn(in, "$SYS.ACCOUNT.CLIENT.AUTH.ERR", func() any {
		e := s.farewell(c, r)
		e.Client.Account, e.Reason = in.Name(), why
		return e
	})
}

// profile is what events tell of a client.
func (s *System) profile(c *client.Client) account.Client {
	p := c.Profile()
	p.NameTag = s.env.Pages.Tag(p.Account)
	return p
}

// farewell is the event of a client that goes for the reason.
func (s *System) farewell(c *client.Client, r conn.Reason) disconnected {
	var i conn.Info
	c.Glance(&i)
	e := disconnected{
		typed: newTyped(typeDisconnect), Server: s.stamp(), Client: s.profile(c), Reason: r.String(),
		Sent: count{i.InMsgs, i.InBytes}, Received: count{i.OutMsgs, i.OutBytes},
	}
	e.Client.Stop = &e.Time
	return e
}
