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

// seat is the client's place in an account.
type seat struct {
	at    atomic.Pointer[account.Account] // the global one until CONNECT
	taken bool                            // under loginMu: the account counts it
}

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
	c.bound(to.Limits())
	return nil
}

// leave gives the seat back. Under loginMu.
func (c *Client) leave() {
	if c.seat.taken {
		c.Account().Leave()
		c.seat.taken = false
	}
}

// bound holds the client to the limits of its account where they are closer than the server's.
func (c *Client) bound(l account.Limits) {
	config := c.env.Config()
	c.maxSubs = closer(config.MaxSubscriptions, l.Subscriptions)
	c.lim.MaxPayload = closer(config.MaxPayload, l.Payload)
}

// closer is the smaller of two limits of which 0, or less, is none.
func closer(a, b int) int {
	if a <= 0 || b > 0 && b < a {
		return b
	}
	return a
}

// who is what services learn of the client: little, unless it agreed to share more.
func (c *Client) who(detailed bool) account.Client {
	w := account.Client{Account: c.Account().Name(), RTT: c.RTT()}
	if !detailed {
		return w
	}
	start := c.Start.UTC()
	w.Start, w.ID, w.Server = &start, c.ID, c.env.Info(false).ServerName
	w.Host, _ = c.Host()
	w.Kind, w.ClientType = "Client", "nats"
	if c.Link.IsWebSocket() {
		w.ClientType = "websocket"
	}
	if id := c.identity.Load(); id != nil {
		w.User, w.Name, w.Lang, w.Version = id.User, id.Name, id.Lang, id.Version
	}
	return w
}

// accountFull tells the client that its account has no seat for it.
func (c *Client) accountFull() {
	c.Log.Error(errAccountFull.Error(), "conn", c.Name(), "account", c.Account().Name())
	c.Close(conn.MaxAccountConnectionsExceeded, string(proto.AppendErr(nil, proto.ErrMaxAccountConnections)))
}
