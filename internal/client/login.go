package client

import (
	"errors"
	"fmt"
	"time"

	"weir/internal/auth"
	"weir/internal/conn"
	"weir/internal/proto"
)

// login is who a client is, and what it came in with. It never changes.
type login struct {
	with auth.Credentials
	as   auth.Identity
}

// logIn lets the client in as who it says it is, and takes over what its CONNECT asked for. The error is one of package auth.
func (c *Client) logIn(o *proto.Connect) error {
	from := c.Link.Client().Addr()
	if !c.env.Logins.Hears(from) {
		return auth.ErrDenied
	}
	err := c.logInAs(o)
	if errors.Is(err, auth.ErrDenied) {
		c.env.Logins.Failed(from)
	}
	return err
}

// logInAs is logIn for who is heard. Who the client is may take a while to find out, and nothing is locked meanwhile.
func (c *Client) logInAs(o *proto.Connect) error {
	proxy, err := c.vouching(o.ProxySig)
	if err != nil {
		return err
	}
	policy, patience := c.env.Auth()
	with := c.credentials(o, policy, proxy)
	var as auth.Identity
	if err = auth.ErrDenied; !o.NewAccount && o.Account == "" {
		as, err = c.identify(policy, auth.Identity{}, with, c.arrival(o, policy, patience))
	}
	with.JWT = "" // the claims have it
	c.loginMu.Lock()
	defer c.loginMu.Unlock()
	if err == nil {
		as, err = c.current(policy, as, with)
	}
	renewed := false
	if err == nil && c.connected {
		renewed, err = c.comeAgain(as, o.JWT)
	}
	if err == nil {
		err = c.settle(as.Account)
	}
	if err == nil && as.Claims != nil {
		// What has changed while it was asked: from here on who changes something finds the client in its account.
		as, err = c.identify(policy, as, with, nil)
	}
	if err != nil {
		if proxy != "" { // for /connz: whose clients those are that fail
			c.login.Store(&login{with: auth.Credentials{Proxy: proxy}})
		}
		return err
	}
	if with == (auth.Credentials{}) && as == (auth.Identity{}) {
		c.login.Store(nil)
	} else {
		c.login.Store(&login{with, as})
	}
	c.regrant(as.Perms, renewed)
	if !c.bound(as.Limits) {
		return errNoSubscriptions
	}
	c.accept(o)
	c.expireAt(as.Expires)
	return nil
}

// current holds a client that a policy lets in against what is configured now. Under loginMu: a reload that comes later finds
// somebody to look at.
func (c *Client) current(policy *auth.Policy, as auth.Identity, with auth.Credentials) (auth.Identity, error) {
	if c.Closing() {
		return as, conn.ErrClosing
	}
	if !c.env.Proxies().Trust(with.Proxy) {
		return as, auth.ErrProxyNotTrusted
	}
	if now, _ := c.env.Auth(); now != policy {
		return c.identify(now, as, with, nil)
	}
	return as, nil
}

// credentials is what a CONNECT brought for a policy.
func (c *Client) credentials(o *proto.Connect, policy *auth.Policy, proxy string) auth.Credentials {
	with := auth.Credentials{User: o.User, Pass: o.Pass, Token: o.Token, NKey: o.NKey, Proxy: proxy}
	if policy.Delegates() {
		with.JWT = o.JWT
	}
	if with.NKey != "" || with.JWT != "" || o.Sig != "" && policy.Asks() {
		with.Sig, with.Nonce = o.Sig, c.hello.nonce
	}
	return with
}

// arrival is what a callout is told of the client; nil where there is none.
func (c *Client) arrival(o *proto.Connect, policy *auth.Policy, patience time.Duration) *auth.Arrival {
	if !policy.Asks() && !policy.Delegates() {
		return nil
	}
	a := &auth.Arrival{
		ID: c.ID, Kind: "nats", Name: o.Name, Lang: o.Lang, Version: o.Version, Protocol: o.Protocol, Patience: patience,
	}
	a.Host, _ = c.Host()
	if c.Link.IsWebSocket() {
		a.Kind = "websocket"
	}
	if c.hello.arrived != nil {
		a.Forwarded = c.hello.arrived.Forwarded
	}
	return a
}

// vouching is the trusted proxy whose signature sig is. A further CONNECT without one leaves it as it was.
func (c *Client) vouching(sig string) (string, error) {
	if l := c.login.Load(); l != nil && sig == "" {
		return l.with.Proxy, nil
	}
	return c.env.Proxies().Vouching(sig, c.hello.nonce)
}

// identify says who the client is: by its certificate where the listener maps those to users, else by what it said. Without
// an arrival nobody is asked about it.
func (c *Client) identify(policy *auth.Policy, old auth.Identity, with auth.Credentials, a *auth.Arrival) (auth.Identity, error) {
	from := auth.Peer{Addr: c.Link.Client().Addr(), Arrival: a}
	from.Mapped = c.env.MapCertificates != nil && c.env.MapCertificates()
	if t := c.Link.TLS(); t != nil && (from.Mapped || a != nil) {
		state := t.ConnectionState()
		from.TLS = &state
	}
	return policy.Admit(old, with, from)
}

// CloseUnpinned ends the connection if its certificate is not let in any more, and reports whether it did.
func (c *Client) CloseUnpinned() bool {
	if c.env.Pinned == nil || c.env.Pinned(c.Link.TLS()) {
		return false
	}
	c.Log().Debug("certificate is not pinned any more", "conn", c.Name())
	c.Close(conn.TLSHandshakeError, "")
	return true
}

// Recheck holds the client against what is configured now: it may have to go, or may do something else than before.
func (c *Client) Recheck() {
	c.loginMu.Lock()
	defer c.loginMu.Unlock()
	if c.awaiting {
		return // its CONNECT is still to come
	}
	var old login
	if l := c.login.Load(); l != nil {
		old = *l
	}
	if !c.env.Proxies().Trust(old.with.Proxy) { // also of a client that could do without
		c.violation(old.with.User, auth.ErrProxyNotTrusted)
		return
	}
	policy, _ := c.env.Auth()
	as, err := c.identify(policy, old.as, old.with, nil)
	switch {
	case dismissalFor(err) != nil:
		c.dismiss(err)
		return
	case errors.Is(err, auth.ErrDenied) && old.with.User+old.with.NKey != "" && !policy.Delegates() && !policy.Known(old.with):
		c.Close(conn.ClientClosed, "") // a user that is gone: without a word, as nats-server does
		return
	case err != nil:
		c.violation(old.with.User, err)
		return
	case as.Account != old.as.Account && policy.Delegates():
		c.violation(old.with.User, auth.ErrDenied)
		return
	case c.env.Accounts.Lookup(c.Account().Name()) != c.Account(), as.Account != old.as.Account:
		c.Close(conn.ClientClosed, "") // its account is gone, or it has another one: likewise, it may come again
		return
	case !c.bound(as.Limits):
		c.violation("", errNoSubscriptions)
		return
	case as == old.as:
		return
	}
	c.login.Store(&login{with: old.with, as: as})
	c.regrant(as.Perms, as.Name == old.as.Name)
}

// violation ends the connection of a client that may not come in, or not stay, for an error of package auth. The client
// hears the same of all of them; on WebSocket the close frame tells them apart.
func (c *Client) violation(user string, err error) {
	reason := conn.AuthenticationViolation
	switch {
	case errors.Is(err, errAccountFull):
		c.accountFull()
		return
	case errors.Is(err, errNoSubscriptions):
		c.Close(conn.MaxSubscriptionsExceeded, string(proto.AppendErr(nil, proto.ErrMaxSubscriptions)))
		return
	case errors.Is(err, auth.ErrProxyNotTrusted):
		reason = conn.ProxyNotTrusted
	case errors.Is(err, auth.ErrProxyRequired):
		reason = conn.ProxyRequired
	}
	switch _, refused := errors.AsType[*auth.Refusal](err); {
	case refused:
		c.Log().Warn(err.Error(), "conn", c.Name())
	case err != auth.ErrDenied: //nolint:errorlint // an error that says more
		c.Log().Debug(err.Error(), "conn", c.Name())
	}
	text := auth.ErrDenied.Error()
	if user != "" {
		text += fmt.Sprintf(" - User %q", user)
	}
	c.Log().Error(text, "conn", c.Name())
	if c.env.Witness != nil {
		c.env.Witness.Refused(c, reason, err)
	}
	c.Close(reason, string(proto.AppendErr(nil, proto.ErrAuthorization)))
}
