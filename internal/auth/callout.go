package auth

import (
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/nats-io/nkeys"

	"weir/internal/perm"
)

// CalloutSubject is where a callout is asked (ADR-26).
const CalloutSubject = "$SYS.REQ.USER.AUTH"

// Callout is a service that is asked who comes in, after the users of a Config have been looked at (ADR-26). Its keys are
// those of an auth_callout block.
type Callout struct {
	// Issuer is the public key of an account. What is signed by it is the service's answer.
	Issuer string
	// Account is where the service listens; empty means the global account.
	Account string
	// Users are those of the Config that are not asked about, such as the service itself. Key: auth_users.
	Users []string
	// XKey is the service's public curve key: requests are encrypted for it, and answers may be. Empty means neither.
	XKey string
	// Accounts, if there are any, are those whose users are asked about, beside the global one. Key: allowed_accounts.
	Accounts []string
	// Types are the ways to come in that are asked about; empty means all. Key: connection_types. New.
	Types []Type
	// Forward is what the service is told of an upgrade. New.
	Forward Forward
}

// Forward names what of a request for an upgrade a callout gets to see. Nothing else of it leaves the server.
type Forward struct {
	// Headers are in canonical form.
	Headers, Cookies, Query []string
}

// Errors of a Callout.
var (
	// ErrIssuer and ErrXKey refuse what is not a key of that kind.
	ErrIssuer = errors.New("not a valid public account nkey")
	ErrXKey   = errors.New("not a valid public xkey")
)

// Validate reports the first key that is none.
func (c *Callout) Validate() error {
	switch {
	case !nkeys.IsValidPublicAccountKey(c.Issuer):
		return ErrIssuer
	case c.XKey != "" && !ValidXKey(c.XKey):
		return ErrXKey
	}
	return nil
}

// ValidXKey reports whether s is the public half of a curve key.
func ValidXKey(s string) bool { return nkeys.IsValidPublicCurveKey(s) }

// covers reports whether connections of that type are asked about. On a nil Callout none are.
func (c *Callout) covers(t Type) bool {
	return c != nil && (len(c.Types) == 0 || slices.Contains(c.Types, t))
}

// delegates reports whether a user of an account is asked about. Who was not let in is in the global one.
func (c *Callout) delegates(account string) bool {
	return account == "" || account == globalAccount || len(c.Accounts) == 0 || slices.Contains(c.Accounts, account)
}

// globalAccount is the name of the account of whom nobody put into another one.
const globalAccount = "$G"

// In is the name of the account where the service listens.
func (c *Callout) In() string {
	if c.Account == "" {
		return globalAccount
	}
	return c.Account
}

// Errors of a login that a callout decides about.
var (
	// ErrUnanswered: there was no answer in time. It says nothing about the credentials.
	ErrUnanswered = errors.New("authorization callout response not received in time")
	// ErrAskAgain: who is in already would have to be asked about. Who comes again is.
	ErrAskAgain = errors.New("user has to be authorized by a callout")
)

// Refusal is why a callout let nobody in.
type Refusal struct {
	// Account is where the callout was asked.
	Account string
	// Text is for the log and for events, in nats-server's words.
	Text string
	// Err is [ErrDenied], [ErrProxyRequired] or [ErrUnanswered].
	Err error
}

// Error is the text.
func (r *Refusal) Error() string { return r.Text }

// Unwrap is Err.
func (r *Refusal) Unwrap() error { return r.Err }

// Arrival is what a callout is told of a client beside its credentials.
type Arrival struct {
	// ID is the connection's, Host the address of the client as far as it is known.
	ID   uint64
	Host string
	// Kind is nats or websocket.
	Kind string
	// Name, Lang, Version and Protocol are what CONNECT said.
	Name, Lang, Version string
	Protocol            int
	// Forwarded is of its upgrade; nil where nothing is forwarded.
	Forwarded *Forwarded
	// Patience is how long the client may wait for the answer.
	Patience time.Duration
}

// Forwarded is what of an upgrade goes to a callout, see [Forward].
type Forwarded struct {
	Origin  string              `json:"origin,omitempty"`
	Headers map[string][]string `json:"headers,omitempty"`
	Cookies map[string]string   `json:"cookies,omitempty"`
	Query   map[string][]string `json:"query,omitempty"`
}

// Question is what an [Oracle] is asked.
type Question struct {
	*Callout
	Credentials
	From Peer
	// ProxyMissing says that the user of that name needs a proxy, and has none.
	ProxyMissing bool
}

// Oracle asks callouts. It may be asked by any number of goroutines, and takes its time.
type Oracle interface {
	// Ask says who comes in. The error is a [*Refusal].
	Ask(q *Question) (Identity, error)
}

// Ask makes a Policy whose callout, if it has one, is asked through an Oracle.
func (p *Policy) Ask(through Oracle) *Policy {
	p.oracle = through
	return p
}

// Asks reports whether a callout may be asked.
func (p *Policy) Asks() bool { return p.callout != nil }

// Forwards is what a callout gets to see of an upgrade; the zero value for nothing.
func (p *Policy) Forwards() (f Forward) {
	if p.callout != nil {
		f = p.callout.Forward
	}
	return f
}

// Nothing reports whether nothing is forwarded, not even an Origin.
func (f *Forward) Nothing() bool { return len(f.Headers)+len(f.Cookies)+len(f.Query) == 0 }

// answered is what a Policy remembers of somebody whom a callout let in.
type answered struct {
	Claims // as the Oracle showed it; nil for nothing
	by     *Callout
}

// Token is empty: there is no JWT that the client could bring again.
func (a *answered) Token() string { return "" }

// Show is part of [Claims].
func (a *answered) Show() Shown {
	if a.Claims == nil {
		return Shown{}
	}
	return a.Claims.Show()
}

// consult says who comes in where there is a callout: what the list says, unless the callout has to be asked. Who was asked
// about once stays what it is while the callout is the same.
func (p *Policy) consult(old Identity, cr Credentials, from Peer) (Identity, error) {
	if a, ok := old.Claims.(*answered); ok && p.same(a.by) {
		return old, nil
	}
	id, err := p.list(old, cr, from)
	if p.bypasses(cr, from) || err == nil && !p.callout.delegates(id.Account) {
		return id, err
	}
	if from.Arrival == nil {
		return Identity{}, ErrAskAgain
	}
	q := Question{Callout: p.callout, Credentials: p.completed(cr), From: from, ProxyMissing: errors.Is(err, ErrProxyRequired)}
	if id, err = p.oracle.Ask(&q); err != nil {
		return Identity{}, err
	}
	if id.Perms == nil {
		id.Perms = p.defaults[id.Account]
	}
	if slices.Contains(p.listening, id.Account) {
		id.Perms = Quieted(id.Perms)
	}
	id.Claims = &answered{id.Claims, p.callout}
	return id, nil
}

// same reports whether who was let in by c would be asked about in the same way now.
func (p *Policy) same(c *Callout) bool {
	return c.Issuer == p.callout.Issuer && c.In() == p.callout.In() && reflect.DeepEqual(c.Accounts, p.callout.Accounts)
}

// list is what the users of the Config say.
func (p *Policy) list(old Identity, cr Credentials, from Peer) (Identity, error) {
	switch {
	case !from.Mapped || !p.Lists():
		return p.Renew(old, cr)
	case len(from.certificates()) == 0:
		return Identity{}, ErrDenied
	}
	return p.LoginCertificate(from.certificates()[0], cr)
}

// bypasses reports whether cr names a user that the callout is not asked about. Whether it is that user is another question.
func (p *Policy) bypasses(cr Credentials, from Peer) bool {
	var u *user
	if certs := from.certificates(); !from.Mapped || !p.Lists() {
		u, _ = p.find(cr)
	} else if len(certs) > 0 {
		u = p.certified(certs[0])
	}
	return u != nil && u != p.token && u.Name != "" && slices.Contains(p.callout.Users, u.Name)
}

// completed is cr with what stands for credentials where there are none, as in nats-server: those of no_auth_user.
func (p *Policy) completed(cr Credentials) Credentials {
	switch {
	case p.guest == nil || !cr.none():
	case p.guest.NKey != "":
		cr.NKey = p.guest.NKey
	default:
		cr.User, cr.Pass = p.guest.Name, p.guest.Password
	}
	return cr
}

// quiet makes permissions with which a user can not ask callouts.
type quiet struct {
	in   []string // the accounts where they listen
	made map[*perm.Config]*perm.Config
}

// permissions are those of a user, who may share them with others.
func (q *quiet) permissions(u *User) *perm.Config {
	account := u.Account
	if account == "" {
		account = globalAccount
	}
	if !slices.Contains(q.in, account) {
		return u.Permissions
	}
	made, known := q.made[u.Permissions]
	if !known {
		if q.made == nil {
			q.made = make(map[*perm.Config]*perm.Config)
		}
		made = withoutCallout(u.Permissions)
		q.made[u.Permissions] = made
	}
	return made
}

// Quieted are the permissions, nil for all, without that to ask a callout.
func Quieted(s *perm.Set) *perm.Set {
	var c perm.Config
	if s != nil {
		c = s.Config()
	}
	q, err := perm.Compile(*withoutCallout(&c))
	if err != nil {
		return s // never: s was compiled of the same
	}
	return q
}

func withoutCallout(p *perm.Config) *perm.Config {
	var out perm.Config
	if p != nil {
		out = *p
	}
	out.Publish.Deny = append(slices.Clip(out.Publish.Deny), CalloutSubject)
	return &out
}
