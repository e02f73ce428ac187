package client

import (
	"sync"

	"weir/internal/account"
	"weir/internal/proto"
)

// desk is what a client needs only while its goroutine works. A parked client has none, unless an operation has come in part.
type desk struct {
	parser proto.Parser
	pub    account.Publisher

	sitting *Client
	tell    func(detailed bool) account.Client // who of it, bound once
}

var desks = sync.Pool{New: func() any {
	d := new(desk)
	d.tell = func(detailed bool) account.Client { return d.sitting.who(detailed) }
	return d
}}

// sit takes a desk, if the client has none.
func (c *Client) sit() {
	if c.desk != nil {
		return
	}
	d := desks.Get().(*desk)
	d.sitting = c
	d.parser = proto.NewParser(proto.RoleServer)
	d.pub.Self, d.pub.NoEcho, d.pub.Who = c, c.noEcho, d.tell
	c.desk = d
}

// rise gives the desk back.
func (c *Client) rise() {
	d := c.desk
	c.desk = nil
	d.pub.Release()
	d.pub, d.sitting = account.Publisher{}, nil
	desks.Put(d)
}

// Idle is part of conn.Idler.
func (c *Client) Idle() {
	switch {
	case c.desk == nil:
	case c.parser.Idle():
		c.rise()
	default:
		c.pub.Release()
	}
}
