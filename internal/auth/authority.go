package auth

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/netip"
)

// Authority says who comes in where nobody is listed: operator mode, in which clients bring claims that an account has
// signed, or an account that asks somebody else. It may be asked by any number of goroutines, and may take its time.
type Authority interface {
	// Renew says who comes in with cr from there. old is what it said of the same client before, the zero value at a login.
	// After one, that is enough: cr need not hold the JWT any more. The error is [ErrDenied], [ErrProxyRequired] or, for who
	// is in already, [ErrAccountExpired], [ErrRevoked] or [ErrSigner].
	Renew(old Identity, cr Credentials, from Peer) (Identity, error)
}

// Errors of [Policy.Admit] for who was in already. At a login they are all [ErrDenied].
var (
	// ErrAccountExpired: the claims of the account have run out.
	ErrAccountExpired = errors.New("account authentication expired")
	// ErrRevoked: the account does not vouch any more for claims that it signed then.
	ErrRevoked = errors.New("user authentication revoked")
	// ErrSigner: the key that signed is not the account's any more, or grants something else now. Who comes again may get in.
	ErrSigner = errors.New("signing key changed")
)

// Peer is who is at the other end, as the connection knows it.
type Peer struct {
	// Type is how it comes in; a Policy knows that.
	Type Type
	// Addr is its address; of who comes through a trusted proxy, the one that the proxy tells. That of a Unix socket is not valid.
	Addr netip.Addr
	// TLS is what it negotiated; nil without TLS, or where somebody in front of the server did.
	TLS *tls.ConnectionState
	// Mapped says that its certificate tells which user of the list it is.
	Mapped bool
	// Arrival is for who may be asked; nil where nobody may, because the client is in already.
	Arrival *Arrival
}

// certificates are those that the peer showed.
func (p *Peer) certificates() []*x509.Certificate {
	if p.TLS == nil {
		return nil
	}
	return p.TLS.PeerCertificates
}

// Limits of one connection because of who it is: 0 means none, and -1 that nothing is allowed.
type Limits struct {
	// Subscriptions is their number, Payload the largest body in bytes.
	Subscriptions, Payload int
}

// Claims is what an [Authority] remembers of somebody.
type Claims interface {
	// Token is the JWT, for a CONNECT that does not bring it again.
	Token() string
	// Show is what monitoring may tell.
	Show() Shown
}

// Shown is what monitoring tells of claims: the JWT unless it is a bearer token, which would be a secret, the key or account
// that issued it, and what people call the user.
type Shown struct {
	JWT, Issuer string
	Name        string
	Tags        []string
}

// Delegate makes a Policy that asks an Authority and nobody else, for connections of one type.
func Delegate(to Authority, by Type) *Policy { return &Policy{authority: to, by: by} }

// Delegates reports whether an [Authority] is asked: then a JWT counts.
func (p *Policy) Delegates() bool { return p.authority != nil }

// Admit is [Policy.Renew] for who is known by more than its credentials. It takes its time where somebody else is asked.
func (p *Policy) Admit(old Identity, cr Credentials, from Peer) (Identity, error) {
	switch from.Type = p.by; {
	case p.authority != nil:
		return p.authority.Renew(old, cr, from)
	case p.callout != nil:
		return p.consult(old, cr, from)
	}
	return p.list(old, cr, from)
}
