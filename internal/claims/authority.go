package claims

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/resolver"
)

// Env is what an [Authority] needs of the server. Its functions may be called from any goroutine.
type Env struct {
	Log *slog.Logger
	// Apply makes the accounts of the server those of the configs, as [account.Directory.Apply] does.
	Apply func([]account.Config) error
	// Changed says that the claims of an account, or their validity, have changed: who is in by them is held against them
	// anew. It is called from a goroutine of its own, one account after the other.
	Changed func(account string)
	// TLS is for the web server of a resolver; nil means the usual one.
	TLS *tls.Config
}

// Authority decides by signed claims who comes in. It is safe for use by any number of goroutines.
type Authority struct {
	env     Env
	belief  atomic.Pointer[belief]
	refused atomic.Int64 // users of accounts that are not pinned

	complained atomic.Int64 // when a fetch failed and that was logged, Unix seconds

	applying sync.Mutex // held while the accounts of the server change; before mu
	applied  int        // the wish that the accounts fulfil
	left     map[part]bool

	mu      sync.Mutex // guards all below
	tenants map[string]*tenant
	loads   map[string]*load
	wish    int       // counts changes of tenants
	told    time.Time // up to which expiries were told
	timer   *time.Timer
	closed  bool
	news    []string // accounts whose users have to be told; a goroutine is at it unless there are none
	telling bool
}

// belief is what a configuration was made into. It never changes.
type belief struct {
	*trust
	kind     resolver.Kind
	resolver resolver.Resolver // nil for none
	deletes  bool              // the operator may delete accounts
}

// load is an account that somebody is fetching.
type load struct {
	done   chan struct{}
	tenant *tenant
	err    error
}

// retryAfter is how long an account that is not as it should be is left alone before its JWT is fetched again.
const retryAfter = time.Second

// New makes an Authority of a valid configuration and fetches the system account. Where that is not to be had yet, and the
// resolver is not memory, a stopgap takes its place.
func New(c Config, env Env) (*Authority, error) {
	a := &Authority{env: env, tenants: map[string]*tenant{}, loads: map[string]*load{}, told: time.Now()}
	commit, err := a.prepare(c, env.TLS)
	if err != nil {
		return nil, err
	}
	b := commit()
	if err := resolver.Probe(b.resolver); err != nil {
		return nil, err
	}
	if b.system == "" {
		return a, nil
	}
	if _, err := a.lookup(b.system); err != nil {
		if b.kind == resolver.Memory || b.kind == "" {
			return nil, fmt.Errorf("error resolving system account: %w", err)
		}
		env.Log.Info("Using bootstrapping system account")
		return a, a.install(b.system, nil, newStopgap(b.system))
	}
	return a, nil
}

// Close stops the timers.
func (a *Authority) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	if a.timer != nil {
		a.timer.Stop()
	}
}

// prepare does all of a configuration that can fail; what it returns puts it in force.
func (a *Authority) prepare(c Config, secure *tls.Config) (commit func() *belief, err error) {
	t, err := newTrust(&c)
	if err != nil {
		return nil, err
	}
	r, err := resolver.Open(c.Resolver, resolver.Env{TLS: secure, Ends: ends})
	if err != nil {
		return nil, err
	}
	if r != nil {
		for name, token := range c.Preload {
			if err := preload(r, name, token); err != nil {
				return nil, err
			}
		}
	}
	b := &belief{trust: t, kind: c.Resolver.Kind, resolver: r, deletes: c.Resolver.AllowDelete}
	return func() *belief {
		a.belief.Store(b)
		a.warn(c.Preload)
		return b
	}, nil
}

// Renew is part of [auth.Authority]. Where the account has others decide about the user, the error is a [*Delegated].
func (a *Authority) Renew(old auth.Identity, cr auth.Credentials, from auth.Peer) (auth.Identity, error) {
	if v, ok := old.Claims.(*vouched); ok {
		return a.again(v, cr)
	}
	b := a.belief.Load()
	u, token, err := b.userOf(cr.JWT)
	if err != nil {
		return auth.Identity{}, err
	}
	if u.ProxyRequired && cr.Proxy == "" {
		return auth.Identity{}, auth.ErrProxyRequired
	}
	name := accountOfUser(u)
	if !b.admits(name) {
		a.refused.Add(1)
		return auth.Identity{}, errPinned
	}
	t, err := a.lookup(name)
	if err != nil {
		return auth.Identity{}, errLookup
	}
	v, err := t.vouch(u, token, cr, from, time.Now())
	if err != nil {
		return auth.Identity{}, err
	}
	if t.external.IsEnabled() && !t.external.AuthUsers.Contains(u.Subject) {
		return auth.Identity{}, &Delegated{Account: t.name, XKey: t.external.XKey, Token: token, User: u.Subject, Name: u.Name, Tags: u.Tags}
	}
	return v.identity(t), nil
}

// again holds somebody who is in against the claims of the account now. Nothing is fetched for it.
func (a *Authority) again(v *vouched, cr auth.Credentials) (auth.Identity, error) {
	t := a.known(v.account)
	switch {
	case t == nil, !a.belief.Load().admits(v.account):
		return auth.Identity{}, errLookup
	case t.expired(time.Now()):
		return auth.Identity{}, auth.ErrAccountExpired
	case v.bearer && t.noBearer:
		return auth.Identity{}, errBearer
	case t.revokes(v.subject, v.issued):
		return auth.Identity{}, auth.ErrRevoked
	case t.signers[v.issuer] != v.signer:
		return auth.Identity{}, auth.ErrSigner
	case v.proxied && cr.Proxy == "":
		return auth.Identity{}, auth.ErrProxyRequired
	}
	return v.identity(t), nil
}

// Refused is how many users of accounts that are not pinned wanted to come in.
func (a *Authority) Refused() int64 { return a.refused.Load() }

// known is the tenant of that name as it is; nil if it was not fetched.
func (a *Authority) known(name string) *tenant {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.tenants[name]
}

// lookup is the tenant of that name, fetched if need be. Who asks meanwhile waits for the same answer.
func (a *Authority) lookup(name string) (*tenant, error) {
	now := time.Now()
	a.mu.Lock()
	t := a.tenants[name]
	if t != nil && !t.stale(now) {
		a.mu.Unlock()
		return t, nil
	}
	l, under := a.loads[name]
	if !under {
		l = &load{done: make(chan struct{})}
		a.loads[name] = l
	}
	a.mu.Unlock()
	if under {
		<-l.done
		return l.tenant, l.err
	}
	defer func() {
		a.mu.Lock()
		delete(a.loads, name)
		a.mu.Unlock()
		close(l.done)
	}()
	l.tenant, l.err = a.load(name, t)
	return l.tenant, l.err
}

// stale reports whether to ask the resolver again.
func (t *tenant) stale(now time.Time) bool {
	return (t.stopgap || t.incomplete || t.expired(now)) && now.Sub(t.loaded) >= retryAfter
}

// load fetches an account that is not known, or that is stale.
func (a *Authority) load(name string, old *tenant) (*tenant, error) {
	token, err := a.fetch(name)
	var n *tenant
	if err == nil {
		n, err = newTenant(name, token, a.belief.Load().trust, old)
	}
	switch {
	case err == nil:
	case old == nil:
		a.complain(err)
		return nil, err
	default: // as it was, for a while
		copied := *old
		n = &copied
		n.loaded = time.Now()
	}
	if err := a.install(name, old, n); err != nil {
		return nil, err
	}
	return a.known(name), nil
}

// ends is when the JWT of an account runs out; zero for never.
func ends(token string) time.Time {
	c, err := decode[*jwt.AccountClaims](token)
	if err != nil || c.Expires <= 0 {
		return time.Time{}
	}
	return time.Unix(c.Expires, 0)
}

// complain logs that an account can not be had, once in a second: anybody can name one.
func (a *Authority) complain(err error) {
	now := time.Now().Unix()
	if a.complained.Swap(now) != now {
		a.env.Log.Warn(fmt.Sprintf("Account fetch failed: %v", err))
	}
}

// fetch asks the resolver.
func (a *Authority) fetch(name string) (string, error) {
	r := a.belief.Load().resolver
	switch {
	case !nkeys.IsValidPublicAccountKey(name):
		return "", resolver.ErrName
	case r == nil:
		return "", resolver.ErrNotFound
	}
	return r.Fetch(name)
}
