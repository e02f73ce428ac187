package client

import (
	"cmp"
	"time"
	"unique"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/conn"
	"weir/internal/perm"
	"weir/internal/proto"
)

// Witness hears of who comes and goes. Its methods run in the goroutine that does it, and must not block.
type Witness interface {
	// Connected says that c has logged in; left is the account that it was in before, the global one at first, and nil if it
	// has stayed.
	Connected(c *Client, left *account.Account)
	// Disconnected says that c has gone, for the reason.
	Disconnected(c *Client, r conn.Reason)
	// Refused says that the login of c failed by err, one of package auth, and that it will be closed for the reason.
	Refused(c *Client, r conn.Reason, err error)
}

// arrivedFrom tells that the client has logged in, and has been in an account before.
func (c *Client) arrivedFrom(left *account.Account) {
	if c.env.Witness == nil {
		return
	}
	if left == c.Account() {
		left = nil
	}
	c.env.Witness.Connected(c, left)
}

// Left is part of conn.Leaver: it leaves the traffic of a client that has gone to its account.
func (c *Client) Left(last *conn.Info, r conn.Reason) {
	t := account.Traffic{InMsgs: last.InMsgs, InBytes: last.InBytes}
	if r.SlowConsumer() {
		t.SlowConsumers = 1
	}
	c.Account().Keep(t)
	if c.env.Witness != nil {
		c.env.Witness.Disconnected(c, r)
	}
}

// claim notes who a client says it is that was not let in, for monitoring and events.
func (c *Client) claim(o *proto.Connect) {
	user := cmp.Or(o.NKey, o.User)
	if user == "" && o.Token != "" {
		user = auth.TokenName
	}
	c.loginMu.Lock()
	defer c.loginMu.Unlock()
	l := login{as: auth.Identity{Name: user}}
	if old := c.login.Load(); old != nil {
		l.with.Proxy = old.with.Proxy
	}
	c.login.Store(&l)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.name, c.library = o.Name, unique.Make(library{o.Lang, o.Version})
}

// Profile is what events tell of the client; NameTag is for whoever knows what people call its account.
func (c *Client) Profile() account.Client {
	p := c.who(true)
	p.Server, p.NameTag = "", ""
	return p
}

// Permissions are those of the client's user; nil if it may do everything.
func (c *Client) Permissions() *perm.Set {
	if g := c.grant.Load(); g != nil {
		return g.perms
	}
	return nil
}

// Expires is when the client has to go; zero if it never has.
func (c *Client) Expires() time.Time {
	if l := c.login.Load(); l != nil && l.as.Expires != 0 {
		return time.Unix(0, l.as.Expires)
	}
	return time.Time{}
}
