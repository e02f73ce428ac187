package client

import (
	"weir/internal/account"
	"weir/internal/proto"
	"weir/internal/subject"
)

// systemGroup is a queue group that clients may not join, as in nats-server.
const systemGroup = "_sys_"

// subscribe handles SUB. Its errors do not end the connection.
func (c *Client) subscribe(a *proto.Args) {
	names := string(a.Subject) + string(a.Queue) + string(a.SID)
	n, q := len(a.Subject), len(a.Subject)+len(a.Queue)
	s := &account.Sub{Subject: names[:n], Queue: names[n:q], SID: names[q:], Owner: c, Out: &c.Out}
	most := c.env.Config().MaxSubTokens
	c.mu.Lock()
	g := c.grant.Load()
	allowed := g.maySubscribe(s)
	short := most <= 0 || subject.Tokens(a.Subject) <= most
	known := c.subs.get(a.SID) != nil
	full := !known && c.seat.full(c.subs.len())
	if allowed && short && !known && !full && !c.closed {
		g.watch(s)
		c.subs.put(s)
	}
	c.mu.Unlock()
	switch {
	case !allowed:
		c.subscribeDenied(a)
		return
	case !short:
		c.line(string(proto.AppendTooManyTokens(nil, a.Subject)))
		return
	case full:
		c.fail(proto.ErrMaxSubscriptions)
		return
	case known: // the sid keeps its first subject, as in nats-server
	case c.Account().Subscribe(s) != nil:
		c.forget(s)
		c.fail(proto.ErrInvalidSubject)
		return
	}
	c.ok()
}

// unsubscribe handles UNSUB.
func (c *Client) unsubscribe(a *proto.Args) {
	c.mu.Lock()
	s := c.subs.get(a.SID)
	c.mu.Unlock()
	if s != nil && (a.Max == 0 || !s.Limit(int64(a.Max))) {
		c.forget(s)
		c.Account().Unsubscribe(s)
	}
	c.ok()
}

// Expired is part of account.Subscriber.
func (c *Client) Expired(s *account.Sub) { c.forget(s) }

// forget removes s, if it is still the one with its sid.
func (c *Client) forget(s *account.Sub) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subs.drop(s)
}
