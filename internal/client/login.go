package client

import (
	"fmt"

	"weir/internal/auth"
	"weir/internal/conn"
	"weir/internal/proto"
)

// login is who a client is, and what it came in with. It never changes.
type login struct {
	with auth.Credentials
	as   auth.Identity
}

// logIn lets the client in as who it says it is, and takes over what its CONNECT asked for.
func (c *Client) logIn(o *proto.Connect) bool {
	c.loginMu.Lock()
	defer c.loginMu.Unlock()
	with := auth.Credentials{User: o.User, Pass: o.Pass, Token: o.Token}
	if o.NKey != "" {
		with.NKey, with.Sig, with.Nonce = o.NKey, o.Sig, c.nonce
	}
	policy, _ := c.env.Auth()
	as, ok := c.identify(policy, auth.Identity{}, with)
	if !ok || o.NewAccount || o.Account != "" {
		return false
	}
	if with == (auth.Credentials{}) && as == (auth.Identity{}) {
		c.login.Store(nil)
	} else {
		c.login.Store(&login{with, as})
	}
	c.regrant(as.Perms)
	c.accept(o, as.Name)
	return true
}

// identify says who the client is: by its certificate where the listener maps those to users, else by what it said.
func (c *Client) identify(policy *auth.Policy, old auth.Identity, with auth.Credentials) (auth.Identity, bool) {
	if c.env.MapCertificates == nil || !c.env.MapCertificates() || !policy.Lists() {
		return policy.Renew(old, with)
	}
	t := c.Link.TLS()
	if t == nil {
		return auth.Identity{}, false
	}
	certs := t.ConnectionState().PeerCertificates
	if len(certs) == 0 {
		return auth.Identity{}, false
	}
	return policy.LoginCertificate(certs[0], with.Pass)
}

// Recheck holds the client against what is configured now: it may have to go, or may do something else than before.
func (c *Client) Recheck() {
	c.loginMu.Lock()
	defer c.loginMu.Unlock()
	told := c.identity.Load()
	if c.awaiting {
		return // its CONNECT is still to come
	}
	var old login
	if l := c.login.Load(); l != nil {
		old = *l
	}
	policy, _ := c.env.Auth()
	as, ok := c.identify(policy, old.as, old.with)
	switch {
	case !ok && old.with.User != "" && !policy.Known(old.with):
		c.Close(conn.ClientClosed, "") // a user that is gone: without a word, as nats-server does
		return
	case !ok:
		c.violation(old.with.User)
		return
	case as == old.as:
		return
	}
	c.login.Store(&login{with: old.with, as: as})
	c.regrant(as.Perms)
	if told != nil && told.User != as.Name {
		now := *told
		now.User = as.Name
		c.identity.Store(&now)
	}
}

// violation ends the connection of a client that may not come in, or not stay.
func (c *Client) violation(user string) {
	text := "authentication error"
	if user != "" {
		text += fmt.Sprintf(" - User %q", user)
	}
	c.Log.Error(text, "conn", c.Name())
	c.Close(conn.AuthenticationViolation, string(proto.AppendErr(nil, proto.ErrAuthorization)))
}
