package client

import (
	"errors"
	"sync/atomic"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/conn"
	"weir/internal/proto"
)

// errAccountFull says that the account has as many clients as it may have.
var errAccountFull = errors.New("maximum account active connections exceeded")

// errNoSubscriptions says that the client has more subscriptions than it may have, if only because it may have none.
var errNoSubscriptions = errors.New("maximum subscriptions exceeded")

// seat is the client's place in an account.
type seat struct {
	at    atomic.Pointer[account.Account] // the global one until CONNECT
	taken bool                            // under loginMu: the account counts it

	maxPayload atomic.Int64 // the largest body in bytes
	maxSubs    int          // under mu: how many subscriptions; 0 means no limit, and -1 none at all
}

// full reports whether a client with n subscriptions may not have another one.
func (s *seat) full(n int) bool { return s.maxSubs != 0 && n >= s.maxSubs }

// Account is the client's account.
func (c *Client) Account() *account.Account { return c.seat.at.Load() }

// settle puts the client into its account and takes a seat there. Under loginMu.
func (c *Client) settle(name string) error {
	to := c.env.Accounts.Global()
	if name != "" {
		to = c.env.Accounts.Lookup(name)
	}
	switch {
	case to == nil:
		return auth.ErrDenied
	case c.seat.taken && to == c.Account():
		return nil
	case !to.Join():
		return errAccountFull
	}
	c.leave()
	c.pub.Forget() // it is of the old account
	c.seat.at.Store(to)
	c.seat.taken = true
	return nil
}

// leave gives the seat back. Under loginMu.
func (c *Client) leave() {
	if c.seat.taken {
		c.Account().Leave()
		c.seat.taken = false
	}
}

// bound holds the client to its own limits and those of its account where they are closer than the server's. It reports false
// if the client has more subscriptions than that, or may have none at all. Whom an INFO has told of another largest body is told
// of this one, or it would go on with that.
func (c *Client) bound(own auth.Limits) bool {
	config, l := c.env.Config(), c.Account().Limits()
	payload := int64(max(closer(closer(config.MaxPayload, l.Payload), own.Payload), 0))
	if c.seat.maxPayload.Swap(payload) != payload {
		c.SendInfo()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seat.maxSubs = closer(closer(config.subscriptions(), l.Subscriptions), own.Subscriptions)
	n := c.subs.len()
	return c.seat.maxSubs >= 0 && (n == 0 || !c.seat.full(n-1))
}

// closer is the smaller of two limits of which 0 is none.
func closer(a, b int) int {
	switch {
	case a == 0:
		return b
	case b == 0:
		return a
	}
	return min(a, b)
}

// who is what services learn of the client: little, unless it agreed to share more.
func (c *Client) who(detailed bool) account.Client {
	w := account.Client{Account: c.Account().Name(), RTT: c.RTT()}
	if !detailed {
		return w
	}
	start := c.Start().UTC()
	w.Start, w.ID, w.Server = &start, c.ID, c.env.Info(false).ServerName
	w.Host, _ = c.Host()
	w.Kind, w.ClientType = "Client", "nats"
	if c.Link.IsWebSocket() {
		w.ClientType = "websocket"
	}
	id := c.identity()
	w.User, w.Name, w.Lang, w.Version = id.User, id.Name, id.Lang, id.Version
	shown := c.Claims()
	w.JWT, w.IssuerKey, w.NameTag, w.Tags = shown.JWT, shown.Issuer, shown.Name, shown.Tags
	return w
}

// accountFull tells the client that its account has no seat for it.
func (c *Client) accountFull() {
	c.Log().Error(errAccountFull.Error(), "conn", c.Name(), "account", c.Account().Name())
	c.Close(conn.MaxAccountConnectionsExceeded, string(proto.AppendErr(nil, proto.ErrMaxAccountConnections)))
}
