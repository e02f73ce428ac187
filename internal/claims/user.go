package claims

import (
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/auth"
	"weir/internal/perm"
)

// refusal is why somebody may not come in. To the peer all are [auth.ErrDenied].
type refusal string

func (r refusal) Error() string { return string(r) }

// Is makes a refusal an [auth.ErrDenied].
func (r refusal) Is(target error) bool { return target == auth.ErrDenied }

// Why users are refused, for the log.
const (
	errNoToken      = refusal("authentication requires a user JWT")
	errUserToken    = refusal("user JWT not valid")
	errPinned       = refusal("account is not one of the pinned accounts")
	errLookup       = refusal("account JWT lookup error")
	errExpired      = refusal("account JWT has expired")
	errIssuer       = refusal("user JWT issuer is not known")
	errScope        = refusal("scoped users require no permissions or limits set")
	errTemplateUser = refusal("user JWT generated invalid permissions")
	errPermissions  = refusal("permissions of the user JWT are not valid")
	errBearer       = refusal("account does not allow bearer tokens")
	errType         = refusal("connection type not allowed")
	errSignature    = refusal("signature not verified")
	errRevoked      = refusal("user authentication revoked")
	errSource       = refusal("bad source address")
	errHours        = refusal("outside connect times")
)

// vouched is somebody whom an account let in. It never changes.
type vouched struct {
	token   string
	subject string // the user's public key
	name    string
	tags    []string
	issuer  string // the key that signed
	account string
	issued  int64
	expires int64 // Unix nanoseconds; 0 means never
	bearer  bool
	proxied bool // only behind a proxy
	signer  *signer
	limits  auth.Limits
	perms   *perm.Set // nil: those of the account
	own     bool      // it has permissions of its own, though they may allow everything
	called  string    // how logs call it in place of its key; of who is let in by a callout
}

// Token is part of [auth.Claims].
func (v *vouched) Token() string { return v.token }

// Show is part of [auth.Claims].
func (v *vouched) Show() auth.Shown {
	s := auth.Shown{JWT: v.token, Name: v.name, Issuer: v.issuer, Tags: v.tags}
	if v.bearer { // whoever has it can come in with it
		s.JWT = ""
	}
	return s
}

// identity is what somebody is by its own claims and by those of its account now.
func (v *vouched) identity(t *tenant) auth.Identity {
	id := auth.Identity{
		Name: v.subject, Account: t.name, Perms: v.perms, Limits: stricter(v.limits, t.limits), Expires: v.expires, Claims: v,
	}
	if !v.own {
		id.Perms = t.defaults
	}
	if v.called != "" {
		id.Name = v.called
	}
	return id
}

// userOf reads the JWT of who comes in, or the sentinel where it brought none that can be read.
func (t *trust) userOf(token string) (*jwt.UserClaims, string, error) {
	if token != "" {
		if u, err := decode[*jwt.UserClaims](token); err == nil {
			return u, token, nil
		}
	}
	if t.sentinel == "" {
		return nil, "", errNoToken
	}
	u, err := decode[*jwt.UserClaims](t.sentinel)
	if err != nil {
		return nil, "", errUserToken
	}
	return u, t.sentinel, nil
}

// accountOfUser is the public key of the account that a user says it belongs to.
func accountOfUser(u *jwt.UserClaims) string {
	if u.IssuerAccount != "" {
		return u.IssuerAccount
	}
	return u.Issuer
}

// vouch holds a user against its account. The order of the checks is nats-server's where a peer could tell.
func (t *tenant) vouch(u *jwt.UserClaims, token string, cr auth.Credentials, from auth.Peer, now time.Time) (*vouched, error) {
	s := t.signers[u.Issuer]
	if s == nil {
		return nil, errIssuer
	}
	v := &vouched{
		token: token, subject: u.Subject, name: u.Name, tags: u.Tags, issuer: u.Issuer, account: t.name, issued: u.IssuedAt, signer: s,
	}
	if !valid(u) || !nkeys.IsValidPublicUserKey(u.Subject) {
		return nil, errUserToken
	}
	if err := t.grant(v, u); err != nil {
		return nil, err
	}
	if !v.own && t.badDefaults {
		return nil, errPermissions
	}
	switch {
	case u.ProxyRequired && cr.Proxy == "": // the template may want one, too
		return nil, auth.ErrProxyRequired
	case t.expired(now):
		return nil, errExpired
	case u.BearerToken && t.noBearer:
		return nil, errBearer
	case !typeAllowed(u.AllowedConnectionTypes, from.Type):
		return nil, errType
	case !u.BearerToken && !cr.SignedBy(u.Subject):
		return nil, errSignature
	case t.revokes(u.Subject, u.IssuedAt):
		return nil, errRevoked
	case !fromThere(u.Src, from.Addr):
		return nil, errSource
	}
	until, ok := open(u.Times, u.Locale, now)
	if !ok {
		return nil, errHours
	}
	v.bearer, v.proxied, v.limits = u.BearerToken, u.ProxyRequired, limits(&u.NatsLimits)
	v.expires = earlier(u.Expires, until)
	return v, nil
}

// grant gives v its permissions. Where the account has a callout, that is not for its users to ask.
func (t *tenant) grant(v *vouched, u *jwt.UserClaims) error {
	if err := t.grantAll(v, u, v.signer); err != nil {
		return err
	}
	if v.own && t.external.IsEnabled() {
		v.perms = auth.Quieted(v.perms)
	}
	return nil
}

// grantAll gives v the permissions of the user, or of the template of the key that signed it, which u then takes over.
func (t *tenant) grantAll(v *vouched, u *jwt.UserClaims, s *signer) (err error) {
	if s.scope == nil {
		v.own = permissions(&u.Permissions) != nil
		if v.perms, err = compile(&u.Permissions); err != nil {
			return errPermissions
		}
		return nil
	}
	if !u.HasEmptyPermissions() || !s.scoped(u) {
		return errScope
	}
	u.UserPermissionLimits = s.scope.Template
	if s.fixed {
		v.own, v.perms = permissions(&u.Permissions) != nil, s.perms
		return nil
	}
	h := holder{name: u.Name, subject: u.Subject, accountName: t.tag, account: u.IssuerAccount, tags: u.Tags, accountTags: t.tags}
	filled, err := h.fill(s.scope.Template.Permissions)
	if err != nil {
		return errTemplateUser
	}
	v.own = true
	if v.perms, err = compile(&filled); err != nil {
		return errTemplateUser
	}
	return nil
}

// scoped reports whether the scope is that of the key that signed u.
func (s *signer) scoped(u *jwt.UserClaims) bool { return s.scope.Key == u.Issuer }

// typeAllowed reports whether claims allow a connection of a type. Of several names those that are not known do not count; if
// none of them is known, that allows nothing (catalogue §6.5).
func typeAllowed(names []string, by auth.Type) bool {
	if len(names) == 0 {
		return true
	}
	known, _ := auth.ParseTypes(names)
	for _, t := range known {
		if t == by {
			return true
		}
	}
	return false
}

// earlier is the end of a JWT (Unix seconds, 0 for never) or that of the hours (zero for none), in Unix nanoseconds.
func earlier(expires int64, until time.Time) int64 {
	switch {
	case expires == 0 && until.IsZero():
		return 0
	case expires == 0:
		return until.UnixNano()
	}
	at := time.Unix(min(expires, maxExpiry), 0)
	if !until.IsZero() && until.Before(at) {
		at = until
	}
	return at.UnixNano()
}

// maxExpiry is the last second that fits Unix nanoseconds, in the year 2262.
const maxExpiry int64 = (1<<63 - 1) / int64(time.Second)
