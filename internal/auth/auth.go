package auth

import (
	"crypto/subtle"
	"errors"
	"reflect"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"weir/internal/perm"
)

// TokenName stands for whoever came in with the token.
const TokenName = "[REDACTED]"

// Credentials is what a CONNECT brought. With an NKey or a JWT there are also its signature and what had to be signed.
type Credentials struct {
	User, Pass, Token string
	NKey, Sig, Nonce  string
	// JWT are claims, which only an [Authority] can read.
	JWT string
	// Proxy is who vouched for the client, see [Proxies.Vouching]; empty for nobody. By itself it says nothing of a user.
	Proxy string
}

// none reports whether cr names nobody.
func (cr Credentials) none() bool {
	return cr == Credentials{Proxy: cr.Proxy, Sig: cr.Sig, Nonce: cr.Nonce}
}

// Errors of [Policy.Login] and of [Proxies.Vouching]. Their texts are those that nats-server logs.
var (
	// ErrDenied: the credentials are wrong or missing, or may not be used here.
	ErrDenied = errors.New("authentication error")
	// ErrProxyRequired: who it is may come in only through a trusted proxy, and no such proxy vouched for the client.
	ErrProxyRequired = errors.New("proxy connection required")
	// ErrProxyNotTrusted: a proxy vouched that is not trusted, or not any more.
	ErrProxyNotTrusted = errors.New("proxy is not trusted")
)

// Identity is who came in. The zero value is somebody whom nobody asked.
type Identity struct {
	// Name is how logs and monitoring call it; never a secret.
	Name string
	// Account is the name of its account; empty means the global one.
	Account string
	// Perms is what it may do; nil allows everything.
	Perms *perm.Set
	// Limits are its own, apart from those of the server.
	Limits Limits
	// Expires is when it has to go, in Unix nanoseconds; 0 means never.
	Expires int64
	// Claims is what an [Authority] remembers; nil where none was asked.
	Claims Claims

	by *user
}

// Policy is a compiled [Config]. It never changes and may be asked by any number of goroutines.
type Policy struct {
	users         map[string]*user
	nkeys         map[string]*user
	token, single *user
	guest         *user // who comes in without credentials; nil for nobody
	stranger      *user // who is none of these and learns that only behind a proxy; nil where all learn it

	authority Authority // who is asked instead of all of these; nil for nobody
	callout   *Callout  // who is asked beside these; nil for nobody
	oracle    Oracle    // asks callout
	by        Type
	listening []string             // accounts of callouts
	defaults  map[string]*perm.Set // of accounts, for whom the callout lets in
}

// user is one entry that a CONNECT is held against.
type user struct {
	User
	perms       *perm.Set
	barred      bool // may not come in by connections of this type
	certificate bool // needs its certificate
}

// Required reports whether a connection must authenticate.
func (p *Policy) Required() bool {
	return p.users != nil || p.nkeys != nil || p.token != nil || p.single != nil || p.guest != nil || p.authority != nil || p.callout != nil
}

// PlainPasswords reports whether somebody can read a password in the configuration, or a user comes in without one. As in
// nats-server, tokens do not count, nor do users who are their certificates.
func (p *Policy) PlainPasswords() bool {
	if p.single != nil && p.single.Password != "" && !isBcrypt(p.single.Password) {
		return true
	}
	for _, u := range p.users {
		if !u.certificate && !isBcrypt(u.Password) {
			return true
		}
	}
	return false
}

// Guests reports whether one may come in without credentials, and so without a CONNECT.
func (p *Policy) Guests() bool { return p.guest != nil }

// Login says who comes in with cr. It takes long where the secret is a bcrypt hash. The error is [ErrDenied] or
// [ErrProxyRequired]: as in nats-server, the proxy goes before the secret.
func (p *Policy) Login(cr Credentials) (Identity, error) { return p.Renew(Identity{}, cr) }

// Renew is Login for who came in with cr before, under another Policy. What has not changed since is not done again: a
// secret is not checked, and permissions are the same Set.
func (p *Policy) Renew(old Identity, cr Credentials) (Identity, error) {
	if !p.Required() {
		return Identity{}, nil
	}
	u, given := p.find(cr)
	switch {
	case u == nil || u.barred:
		return Identity{}, ErrDenied
	case u.ProxyRequired && cr.Proxy == "":
		return Identity{}, ErrProxyRequired
	case u == p.stranger, u.certificate && u != p.guest:
		return Identity{}, ErrDenied
	}
	if u.NKey != "" && u != p.guest { // a guest signs nothing, as in nats-server
		if known := old.by != nil && old.by.NKey == u.NKey; !known && !cr.SignedBy(cr.NKey) {
			return Identity{}, ErrDenied
		}
		return u.renewed(old), nil
	}
	guest := u == p.guest && cr.none()
	if !guest && (old.by == nil || old.by.Name != u.Name || old.by.Password != u.Password) {
		if !matches(u.Password, given) {
			return Identity{}, ErrDenied
		}
	}
	return u.renewed(old), nil
}

// renewed is who comes in as u; its permissions are those of before where they say the same.
func (u *user) renewed(old Identity) Identity {
	id := Identity{Name: u.Name, Account: u.Account, Perms: u.perms, by: u}
	if old.by != nil && reflect.DeepEqual(old.by.Permissions, u.Permissions) {
		id.Perms = old.Perms
	}
	return id
}

// Known reports whether cr names one of the users of the Config's list.
func (p *Policy) Known(cr Credentials) bool {
	if cr.NKey != "" {
		return p.nkeys[cr.NKey] != nil
	}
	return p.users[cr.User] != nil
}

// find is the entry that decides about cr, and the secret to hold against it. A user of the list goes before the token,
// which goes before the single user: nats-server's order.
func (p *Policy) find(cr Credentials) (u *user, given string) {
	switch {
	case cr.NKey != "" && p.nkeys != nil:
		return p.nkeys[cr.NKey], ""
	case p.guest != nil && cr.none():
		return p.guest, ""
	case p.users[cr.User] != nil:
		return p.users[cr.User], cr.Pass
	case p.users != nil && cr.User != "":
		return nil, ""
	case p.token != nil:
		return p.token, cr.Token
	case p.single != nil && equal(p.single.Name, cr.User):
		return p.single, cr.Pass
	}
	return p.stranger, ""
}

// matches compares a given secret with a configured one, which may be a bcrypt hash.
func matches(want, got string) bool {
	if isBcrypt(want) {
		return bcrypt.CompareHashAndPassword([]byte(want), []byte(got)) == nil
	}
	return equal(want, got)
}

// equal takes the same time wherever the two differ.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// isBcrypt reports whether s looks like a bcrypt hash: $2a$, $2b$, $2x$ or $2y$.
func isBcrypt(s string) bool {
	return len(s) >= 60 && strings.HasPrefix(s, "$2") && strings.IndexByte("abxy", s[2]) >= 0 && s[3] == '$'
}
