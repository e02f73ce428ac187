package client

import (
	"cmp"
	"errors"
	"unique"

	"weir/internal/auth"
	"weir/internal/conn"
	"weir/internal/proto"
)

// infoRoom is a capacity in bytes in which most INFO lines fit.
const infoRoom = 640

// infoLine is the INFO of this client; after CONNECT it also names the client's account.
func (c *Client) infoLine(connected bool) string {
	ip, _ := c.Host()
	return string(c.appendInfo(make([]byte, 0, infoRoom), connected, ip))
}

// appendInfo appends the INFO that says the given address.
func (c *Client) appendInfo(dst []byte, connected bool, ip string) []byte {
	v, b := c.visitor(), proto.Binding{}
	v.ClientIP = ip
	if connected {
		name := c.Account().Name()
		b = proto.Binding{ConnectInfo: true, RemoteAccount: name, IsSystemAccount: name == c.env.System}
	} else {
		v.Nonce = c.hello.nonce
	}
	return c.rendered(dst, &v, &b)
}

// visitor is what is told of this client at any time.
func (c *Client) visitor() proto.Visitor {
	v := proto.Visitor{ClientID: c.ID, PayloadLimit: int(c.seat.maxPayload.Load())}
	if named := c.Link.NamedHost(); named != "" {
		v.Host, v.Port = proto.SplitHost(named, c.Link.Secure())
	}
	return v
}

// rendered appends the INFO line with what is this client's own.
func (c *Client) rendered(dst []byte, v *proto.Visitor, b *proto.Binding) []byte {
	return c.env.Info(c.Link.IsWebSocket() && c.Link.Secure()).Append(dst, v, b)
}

// errNoRetreat is nats-server's.
var errNoRetreat = errors.New("client does not support Lame Duck Mode or is not ready to receive the notification")

// SendAway asks the client to go to another server, by an INFO. The error says that it can not be asked.
func (c *Client) SendAway() error {
	c.mu.Lock()
	ponged := c.ponged
	c.mu.Unlock()
	if !ponged || !c.async.Load() {
		return errNoRetreat
	}
	v := c.visitor()
	v.Leave = true
	v.ClientIP, _ = c.Host()
	c.Send(string(c.rendered(make([]byte, 0, infoRoom), &v, &proto.Binding{})))
	return nil
}

// SendInfo sends an INFO that something has changed, to a client that understands that.
func (c *Client) SendInfo() {
	if c.async.Load() {
		c.Send(c.infoLine(false))
	}
}

// asksLong reports whether it may take long to find out who a client is: passwords are hashed, signatures verified, accounts fetched.
func (c *Client) asksLong() bool {
	policy, _ := c.env.Auth()
	return policy.Required() || c.env.Proxies().NeedNonce()
}

// connect handles CONNECT.
func (c *Client) connect(line []byte) error {
	o := c.options()
	if err := o.Merge(line); err != nil {
		return err
	}
	if !c.connected && !c.stopAuthTimer() {
		return conn.ErrClosing // too late: the timer is closing the connection
	}
	c.fillIn(&o)
	left := c.Account()
	if err := c.logIn(&o); err != nil {
		if errors.Is(err, errTooLate) || c.Closing() {
			return conn.ErrClosing // likewise
		}
		c.claim(&o)
		c.Link.Leave() // a log may block
		c.violation(o.User, err)
		return conn.ErrClosing
	}
	c.arrivedFrom(left)
	switch {
	case o.Protocol < 0 || o.Protocol > 1:
		c.Close(conn.BadClientProtocolVersion, string(proto.AppendErr(nil, proto.ErrClientProtocol)))
		return conn.ErrClosing
	case o.NoResponders && !c.headers.Load():
		c.Close(conn.NoRespondersRequiresHeaders, string(proto.AppendErr(nil, proto.ErrNoRespondersNeedHeaders)))
		return conn.ErrClosing
	}
	c.PingSoon()
	c.ok()
	return nil
}

// asked is what CONNECT asked for.
type asked struct {
	verbose, pedantic bool
	noReplies         bool // wants to know of requests that nobody listens to
}

// options is what a further CONNECT starts from: fields that it leaves out keep their values, or nats-server's defaults
// before the first one.
func (c *Client) options() proto.Connect {
	o := proto.DefaultConnect()
	if !c.connected {
		return o
	}
	o.Verbose, o.Pedantic, o.Echo = c.asked.verbose, c.asked.pedantic, !c.noEcho
	o.Headers, o.NoResponders = c.headers.Load(), c.asked.noReplies
	if c.async.Load() {
		o.Protocol = 1
	}
	on := c.library.Value()
	o.Name, o.Lang, o.Version = c.name, on.lang, on.version
	if l := c.login.Load(); l != nil {
		o.User, o.Pass, o.Token = l.with.User, l.with.Pass, l.with.Token
		o.NKey, o.Sig = l.with.NKey, l.with.Sig
		if l.as.Claims != nil {
			o.JWT = l.as.Claims.Token()
		}
	}
	return o
}

// fillIn takes from cookies what CONNECT left empty, field by field (catalogue §6.3).
func (c *Client) fillIn(o *proto.Connect) {
	if c.hello.arrived == nil {
		return
	}
	o.User = cmp.Or(o.User, c.hello.arrived.User)
	o.Pass = cmp.Or(o.Pass, c.hello.arrived.Pass)
	o.Token = cmp.Or(o.Token, c.hello.arrived.Token)
	o.JWT = cmp.Or(o.JWT, c.hello.arrived.JWT)
}

// enter lets in a client that has not said CONNECT, as no_auth_user (catalogue §6.2). Cookies do not count here, and no
// proxy can have signed anything: whether it would have to is not told.
func (c *Client) enter() error {
	c.Link.Leave() // it may ask, and log
	o := c.options()
	if !c.stopAuthTimer() {
		return conn.ErrClosing
	}
	left := c.Account()
	if err := c.logIn(&o); err != nil {
		if c.Closing() {
			return conn.ErrClosing
		}
		if _, refused := errors.AsType[*auth.Refusal](err); !refused {
			err = auth.ErrDenied
		}
		c.violation("", err)
		return conn.ErrClosing
	}
	c.arrivedFrom(left)
	return nil
}

// accept takes over what CONNECT asked for.
func (c *Client) accept(o *proto.Connect) {
	headers := o.Headers && !c.env.Config().NoHeaders
	c.asked.verbose, c.asked.pedantic = o.Verbose, o.Pedantic
	c.asked.noReplies = o.NoResponders
	c.noEcho = !o.Echo
	c.pub.NoEcho = c.noEcho
	c.awaiting, c.connected = false, true
	c.lim.ConnectOnly, c.lim.NoHeaders = false, !headers
	c.lim.MaxPayload = int(c.seat.maxPayload.Load())
	c.headers.Store(headers)
	c.Out.AcceptCopies(headers)
	if headers {
		c.Speak(dialectHeaders)
	} else {
		c.Speak(dialectPlain)
	}
	c.async.Store(o.Protocol >= 1)
	c.mu.Lock()
	c.name, c.library = o.Name, unique.Make(library{o.Lang, o.Version})
	c.mu.Unlock()
	c.Link.Trust()
}

// stopAuthTimer reports false if the client took too long, or what it came in with has run out.
func (c *Client) stopAuthTimer() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.authTimer
	c.authTimer = nil
	return t == nil || t.Stop()
}

// dropSubs removes all subscriptions; the client starts over.
func (c *Client) dropSubs() {
	c.mu.Lock()
	subs := c.subs.all(nil)
	c.subs = sids{}
	c.mu.Unlock()
	for _, s := range subs {
		c.Account().Unsubscribe(s)
	}
}
