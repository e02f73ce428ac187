package client

import (
	"sync"
	"sync/atomic"
	"time"
	"unique"

	"weir/internal/account"
	"weir/internal/admission"
	"weir/internal/auth"
	"weir/internal/conn"
	"weir/internal/proto"
	"weir/internal/transport"
)

// Env is what clients need of the server, one for each listener. It is immutable; its functions may be called from any
// goroutine and answer with what is configured now.
type Env struct {
	Registry *conn.Registry
	// Accounts are all of them; a client that nobody put into another one is in the global one.
	Accounts *account.Directory
	// System is the name of the system account; empty if there is none.
	System string
	// Config is the protocol's limits.
	Config func() *Config
	// Info is the INFO of the listener; secure is for clients over WebSocket whose own connection is encrypted, by us or by
	// a trusted proxy in front of us.
	Info func(secure bool) *proto.InfoForm
	// Auth says who may come in through the listener, and how long a client may take to say who it is.
	Auth func() (*auth.Policy, time.Duration)
	// Proxies are the trusted ones that may vouch for clients.
	Proxies func() *auth.Proxies
	// KeepAlive is that of the listener's clients.
	KeepAlive func() conn.KeepAlive
	// ProxyProtocol is who sends PROXY headers, before TLS if there is any; nil where nobody does, or the listener reads them.
	ProxyProtocol func() *admission.ProxyProtocol
	// TLS upgrades a connection after (or, if First is set, before) the first INFO; nil where the listener did that.
	TLS func() *TLSPolicy
	// Pinned reports whether a connection has one of the certificates that the listener lets in now; it is nil where all are
	// let in, and t where there is no TLS.
	Pinned func(t *transport.TLSConn) bool
	// Witness hears of who comes and goes; nil for nobody.
	Witness Witness
	// MapCertificates reports whether a client's certificate says which user it is; nil means never.
	MapCertificates func() bool
	// Logins slows down who guesses; nil does not.
	Logins *admission.Logins
	// Label is the kind of connection in log names: cid, wid.
	Label string
}

// Client is one NATS client.
type Client struct {
	conn.Conn

	// Immutable after Open.
	env   *Env
	hello *hello

	// Owned by the client's goroutine.
	*desk
	lim       proto.Limits
	noEcho    bool // its own messages do not come back
	greeted   bool // the first INFO is out
	asked     asked
	expected  bool // CONNECT must come, or stand for no_auth_user
	connected bool // CONNECT was received
	tlsFirst  bool // TLS came before INFO; immutable once the registry knows the client

	// Read by any goroutine.
	seat    seat
	headers atomic.Bool           // may be sent HMSG
	async   atomic.Bool           // may be sent INFO at any time
	login   atomic.Pointer[login] // who it is; nil if it did not say
	grant   atomic.Pointer[grant] // what that lets it do

	loginMu  sync.Mutex // held while login and grant change: by CONNECT, by a reload
	awaiting bool       // under loginMu: must authenticate first

	ponged    bool       // the first PING was answered; written under mu, by the client's goroutine
	closed    bool       // under mu: no subscription is added any more
	mu        sync.Mutex // guards all below
	subs      sids
	authTimer *time.Timer            // ends the wait for CONNECT, and then what the client came in with
	name      string                 // what the client calls itself
	library   unique.Handle[library] // nothing before CONNECT
}

// hello is what a client has before its CONNECT. Most have nothing, and share it.
type hello struct {
	nonce   string   // what it signs if it has an nkey, and a proxy in front of it; empty where neither is
	arrived *Arrived // nil for nothing
}

// Arrived is what the upgrade of a client brought.
type Arrived struct {
	// Credentials are those of cookies, for what CONNECT leaves empty.
	auth.Credentials
	// Forwarded is for a callout; nil for nothing.
	Forwarded *auth.Forwarded
}

var noHello hello

// library is what a client runs on. It is the same for very many.
type library struct{ lang, version string }

// Open takes in a connection and returns at once; its goroutine runs until it closes.
func Open(env *Env, link *transport.Conn) {
	go func() {
		transport.StretchStack()
		Serve(env, link, nil)
	}()
}

// Serve is the goroutine of one client. arrived is nil where its upgrade brought nothing. It returns when the connection ends,
// or parks.
func Serve(env *Env, link *transport.Conn, arrived *Arrived) {
	c := newClient(env, link, arrived)
	if !c.secure() {
		return
	}
	c.begin()
	c.Run()
}

func newClient(env *Env, link *transport.Conn, arrived *Arrived) *Client {
	c := &Client{env: env, hello: &noHello}
	c.Init(env.Registry, link, c, env.Label)
	c.seat.at.Store(env.Accounts.Global())
	c.library = unique.Make(library{})
	c.asked = asked{verbose: true, pedantic: true}
	c.bound(auth.Limits{})
	c.lim.NoHeaders = true // until CONNECT
	if policy, _ := env.Auth(); policy.NeedsNonce() || env.Proxies().NeedNonce() {
		c.hello = &hello{nonce: auth.NewNonce(), arrived: arrived}
	} else if arrived != nil {
		c.hello = &hello{arrived: arrived}
	}
	return c
}

// begin greets the client, unless there are too many already.
func (c *Client) begin() {
	c.Link.Detach()
	if !c.greeted {
		c.Send(c.infoLine(false))
	}
	c.loginMu.Lock() // a reload that finds the client in the registry waits until it knows what the client was asked for
	defer c.loginMu.Unlock()
	if c.env.Registry.Add(&c.Conn) != 0 {
		return
	}
	c.bound(auth.Limits{}) // to what holds now: a reload may have come before the registry knew the client
	c.Debug("Client connection created", "")
	if c.CloseUnpinned() { // likewise
		return
	}
	a, timeout := c.env.Auth()
	if a.Required() {
		c.awaiting, c.expected, c.lim.ConnectOnly = true, true, !a.Guests()
		c.mu.Lock()
		c.authTimer = time.AfterFunc(timeout, c.authTimedOut)
		c.mu.Unlock()
	} else {
		c.Link.Trust()
	}
	c.StartPings(c.env.KeepAlive)
}

// authTimedOut is the timer's goroutine.
func (c *Client) authTimedOut() {
	c.Close(conn.AuthenticationTimeout, string(proto.AppendErr(nil, proto.ErrAuthTimeout)))
}

// Closed is part of conn.Visitor.
func (c *Client) Closed(conn.Reason) {
	c.mu.Lock()
	subs := c.subs.all(nil)
	c.subs, c.closed = sids{}, true
	if c.authTimer != nil {
		c.authTimer.Stop()
	}
	c.mu.Unlock()
	for _, s := range subs {
		c.Account().Unsubscribe(s)
	}
	if c.desk != nil {
		c.rise()
	}
	if !c.loginMu.TryLock() {
		c.Link.Leave() // a reload is looking at the client
		c.loginMu.Lock()
	}
	defer c.loginMu.Unlock()
	c.leave()
}

// ChunkEnd is part of conn.Visitor.
func (c *Client) ChunkEnd() {
	if c.desk == nil {
		return
	}
	if c.pub.OwesMany() {
		c.Link.Leave()
	}
	c.pub.Flush()
}

// Describe is part of conn.Visitor.
func (c *Client) Describe(i *conn.Info, subs bool) {
	i.TLSFirst = c.tlsFirst
	i.Client = c.identity()
	if l := c.login.Load(); l != nil {
		i.Proxy = l.with.Proxy
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i.NumSub = c.subs.len()
	if subs {
		i.Subs = c.subs.all(make([]*account.Sub, 0, i.NumSub))
	}
}

// identity is what the client says of itself, and who it came in as.
func (c *Client) identity() conn.Identity {
	id := conn.Identity{Account: c.Account().Name()}
	if l := c.login.Load(); l != nil {
		id.User = l.as.Name
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	on := c.library.Value()
	id.Name, id.Lang, id.Version = c.name, on.lang, on.version
	return id
}
