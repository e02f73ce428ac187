package claims

import (
	"fmt"
	"time"

	"github.com/nats-io/jwt/v2"

	"weir/internal/auth"
)

// Delegated says that an account has a callout decide about a user whom it would let in by its claims.
type Delegated struct {
	// Account is where the callout listens, XKey its curve key, if it has one.
	Account, XKey string
	// Token is the user's JWT, which may be the sentinel; User, Name and Tags are what it says.
	Token, User, Name string
	Tags              []string
}

// Error says that the callout was not asked.
func (d *Delegated) Error() string { return "account wants its users authorized by a callout" }

// Is makes it an [auth.ErrDenied] for who does not ask.
func (d *Delegated) Is(target error) bool { return target == auth.ErrDenied }

// Decode reads a JWT of a kind and checks that its issuer signed it.
func Decode[T jwt.Claims](token string) (T, error) { return decode[T](token) }

// Signs reports whether a key may sign for an account: it is the account's own, or one of its signing keys.
func (a *Authority) Signs(account, key string) bool {
	t := a.known(account)
	return key == account || t != nil && t.signers[key] != nil
}

// Answered says who comes in by the answer of a callout in an account: u is what it signed, from whom it is for. name is how
// logs call who comes in. The error has nats-server's words.
func (a *Authority) Answered(in string, u *jwt.UserClaims, cr auth.Credentials, from auth.Peer, name string) (auth.Identity, error) {
	home := a.known(in)
	target := accountOfUser(u)
	if home == nil || target != in && !home.allows(target) {
		return auth.Identity{}, fmt.Errorf("account %q not permitted as valid account option for auth callout for account %q", u.Issuer, in)
	}
	t, err := a.lookup(target)
	switch {
	case !a.belief.Load().admits(target):
		return auth.Identity{}, errPinned
	case err != nil:
		return auth.Identity{}, fmt.Errorf("no valid account %q for auth callout response on account %q", target, in)
	case t.signers[u.Issuer] == nil:
		return auth.Identity{}, fmt.Errorf("user JWT issuer %q is not known", u.Issuer)
	}
	v := &vouched{
		subject: u.Subject, name: u.Name, tags: u.Tags, issuer: u.Issuer, account: t.name, issued: u.IssuedAt,
		signer: t.signers[u.Issuer], called: name,
	}
	if err := t.grant(v, u); err != nil {
		return auth.Identity{}, err
	}
	switch {
	case !v.own && t.badDefaults:
		return auth.Identity{}, errPermissions
	case u.ProxyRequired && cr.Proxy == "":
		return auth.Identity{}, auth.ErrProxyRequired
	case t.expired(time.Now()):
		return auth.Identity{}, errExpired
	case t.revokes(v.subject, v.issued):
		return auth.Identity{}, errRevoked
	}
	v.proxied, v.limits = u.ProxyRequired, atMost(&u.NatsLimits)
	if v.expires, err = bounds(u, from, in); err != nil {
		return auth.Identity{}, err
	}
	return v.identity(t), nil
}

// allows reports whether the callout of an account may put users into another one.
func (t *tenant) allows(account string) bool {
	list := t.external.AllowedAccounts
	return list.Contains(account) || list.Contains(jwt.AnyAccount)
}

// Loose is who comes in by claims alone, which somebody trusted has signed: with their permissions, limits and end, in no
// account yet. in is the account of who signed, for errors, which have nats-server's words.
func Loose(u *jwt.UserClaims, from auth.Peer, in string) (auth.Identity, error) {
	v := &vouched{subject: u.Subject, name: u.Name, tags: u.Tags, issuer: u.Issuer}
	perms, err := compile(&u.Permissions)
	if err != nil {
		return auth.Identity{}, errPermissions
	}
	id := auth.Identity{Perms: perms, Limits: atMost(&u.NatsLimits), Claims: v}
	id.Expires, err = bounds(u, from, in)
	return id, err
}

// bounds holds claims against how somebody comes in, from where and when, and says until when they let it, in Unix nanoseconds.
func bounds(u *jwt.UserClaims, from auth.Peer, in string) (until int64, err error) {
	hours, ok := open(u.Times, u.Locale, time.Now())
	switch {
	case !ok:
		return 0, fmt.Errorf("authorized user on account %q outside of valid connect times", in)
	case !typeAllowed(u.AllowedConnectionTypes, from.Type):
		return 0, fmt.Errorf("authorized user on account %q not allowed to use connection type", in)
	case !fromThere(u.Src, from.Addr):
		return 0, errSource
	}
	return earlier(u.Expires, hours), nil
}

// atMost are the limits of claims that a callout made. A limit of 0, which the makers of such claims leave behind where they
// mean none, and which nats-server does not look at, is none.
func atMost(l *jwt.NatsLimits) auth.Limits {
	return auth.Limits{Subscriptions: max(limit(l.Subs), 0), Payload: max(limit(l.Payload), 0)}
}
