package claims

import (
	"reflect"
	"slices"
	"time"

	"github.com/nats-io/jwt/v2"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/perm"
)

// tenant is an account as its claims describe it. It never changes: new claims make another one.
type tenant struct {
	name, token string
	tag         string   // what people call it
	tags        []string // for templates of its signing keys
	issuer      string
	expires     int64 // Unix seconds; 0 means never
	signers     map[string]*signer
	revoked     map[string]int64
	noBearer    bool
	limits      auth.Limits
	defaults    *perm.Set // of users without permissions
	defaultsOf  jwt.Permissions
	badDefaults bool // they can not be read: such users may not come in
	external    jwt.ExternalAuthorization

	config  account.Config
	imports []*jwt.ActivationClaims // one for each import of config; nil without a token

	loaded time.Time
	// stopgap says that no JWT could be had yet: the system account has to be there in any case.
	stopgap bool
	// incomplete says that accounts from which it imports could not be had.
	incomplete bool
}

// signer is a key that may sign users of an account. With a scope, its template is what they may do, whatever they bring.
type signer struct {
	scope *jwt.UserScope
	perms *perm.Set // of the template, where it is the same for all users
	fixed bool
}

// newTenant makes a tenant of the JWT of the account name. old is the one before, or nil: what has not changed is taken
// over, so that its users can tell.
func newTenant(name, token string, t *trust, old *tenant) (*tenant, error) {
	c, err := decode[*jwt.AccountClaims](token)
	if err != nil {
		return nil, err
	}
	if c.Subject != name || !t.keys[c.Issuer] || !valid(c) {
		return nil, ErrValidation
	}
	n := &tenant{
		name: name, token: token, tag: c.Name, tags: c.Tags, issuer: c.Issuer, expires: c.Expires,
		revoked: c.Revocations, noBearer: c.Limits.DisallowBearer, limits: limits(&c.Limits.NatsLimits),
		external: c.Authorization, loaded: time.Now(),
	}
	n.signers = newSigners(c, t.strict[c.Issuer], old)
	if n.defaultsOf = c.DefaultPermissions; old != nil && reflect.DeepEqual(old.defaultsOf, n.defaultsOf) &&
		old.external.IsEnabled() == n.external.IsEnabled() {
		n.defaults, n.badDefaults = old.defaults, old.badDefaults
	} else {
		n.defaults, err = compile(&n.defaultsOf)
		if n.badDefaults = err != nil; n.external.IsEnabled() {
			n.defaults = auth.Quieted(n.defaults)
		}
	}
	n.config, n.imports = accountOf(c)
	return n, nil
}

// newSigners are the keys that may sign users of c. A strict operator wants signing keys, and not the account's own.
func newSigners(c *jwt.AccountClaims, strict bool, old *tenant) map[string]*signer {
	all := make(map[string]*signer, len(c.SigningKeys)+1)
	for key, scope := range c.SigningKeys {
		s := &signer{}
		switch scope := scope.(type) {
		case nil:
		case *jwt.UserScope:
			s.scope = scope
		default:
			continue // of a kind that is not known: it can not sign here
		}
		if old != nil && old.signers[key] != nil && reflect.DeepEqual(old.signers[key].scope, s.scope) {
			s = old.signers[key]
		} else if s.scope != nil && !hasBlanks(&s.scope.Template.Permissions) {
			perms, err := compile(&s.scope.Template.Permissions)
			s.perms, s.fixed = perms, err == nil // else its users find out
		}
		all[key] = s
	}
	if !strict {
		if all[c.Subject] = new(signer); old != nil && old.signers[c.Subject] != nil {
			all[c.Subject] = old.signers[c.Subject]
		}
	}
	return all
}

// newStopgap is the system account until its JWT can be had. Only its own key may sign users.
func newStopgap(name string) *tenant {
	return &tenant{
		name: name, signers: map[string]*signer{name: new(signer)}, config: account.Config{Name: name},
		loaded: time.Now(), stopgap: true,
	}
}

// expired reports whether the claims have run out.
func (t *tenant) expired(now time.Time) bool { return t.expires != 0 && t.expires <= now.Unix() }

// revokes reports whether claims of a user that were issued then do not count any more.
func (t *tenant) revokes(user string, issued int64) bool {
	for _, key := range [...]string{user, jwt.All} {
		if until, ok := t.revoked[key]; ok && until >= issued {
			return true
		}
	}
	return false
}

// exporters are the accounts that it imports from.
func (t *tenant) exporters() (names []string) {
	for i := range t.config.Imports {
		if name := t.config.Imports[i].Account; name != t.name && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// activated is the configuration of the account at a time: with the activations of its imports that count then, which
// exporter, the account of a name, may have to confirm.
func (t *tenant) activated(now time.Time, exporter func(string) *tenant) account.Config {
	c := t.config
	c.Imports = slices.Clone(c.Imports)
	for i, act := range t.imports {
		if act == nil || !current(act, now) {
			continue
		}
		m := &c.Imports[i]
		if act.IssuerAccount != "" { // signed by a key of the exporter's; else by itself, as the claims are valid
			e := exporter(m.Account)
			if e == nil || act.IssuerAccount != e.name || e.signers[act.Issuer] == nil {
				continue
			}
		}
		m.Activated, m.IssuedAt = true, act.IssuedAt
	}
	return c
}

// current reports whether an activation counts at a time.
func current(act *jwt.ActivationClaims, now time.Time) bool {
	return (act.Expires == 0 || act.Expires > now.Unix()) && act.NotBefore <= now.Unix()
}

// next is when the tenant will not be what it is now, in Unix seconds; 0 for never.
func (t *tenant) next(now time.Time) int64 {
	next := int64(0)
	at := func(when int64) {
		if when > now.Unix() && (next == 0 || when < next) {
			next = when
		}
	}
	at(t.expires)
	for _, act := range t.imports {
		if act != nil {
			at(act.Expires)
			at(act.NotBefore)
		}
	}
	return next
}
