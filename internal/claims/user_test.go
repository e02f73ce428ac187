package claims_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/auth"
)

// street is a house whose accounts differ in what they think of their users.
type street struct {
	*house
	signing, scoped, stranger                                          key // of app: its own keys, and nobody's
	app, allRevoked, olderRevoked, noBearer, expired, callout, foreign key
	swapped                                                            key // has the JWT of another account
	revokedUser                                                        key
}

func newStreet(t *testing.T) *street {
	h := newHouse(t)
	s := &street{house: h, revokedUser: newKey(t, nkeys.CreateUser)}
	for _, k := range []*key{&s.signing, &s.scoped, &s.stranger, &s.foreign, &s.swapped} {
		*k = newKey(t, nkeys.CreateAccount)
	}
	s.app = h.account(func(c *jwt.AccountClaims) {
		c.SigningKeys.Add(s.signing.public)
		scope := jwt.NewUserScope()
		scope.Key, scope.Template.BearerToken = s.scoped.public, true
		c.SigningKeys.AddScopedSigner(scope)
		c.Revocations = jwt.RevocationList{s.revokedUser.public: unix(time.Hour)}
	})
	s.allRevoked = h.account(func(c *jwt.AccountClaims) { c.Revocations = jwt.RevocationList{"*": unix(time.Hour)} })
	s.olderRevoked = h.account(func(c *jwt.AccountClaims) { c.Revocations = jwt.RevocationList{"*": unix(-time.Hour)} })
	s.noBearer = h.account(func(c *jwt.AccountClaims) { c.Limits.DisallowBearer = true })
	s.expired = h.account(func(c *jwt.AccountClaims) { c.Expires = unix(-time.Hour) })
	s.callout = h.account(func(c *jwt.AccountClaims) { c.EnableExternalAuthorization(s.revokedUser.public) })
	h.config.Preload[s.foreign.public] = h.encode(jwt.NewAccountClaims(s.foreign.public), newKey(t, nkeys.CreateOperator))
	h.config.Preload[s.swapped.public] = h.config.Preload[s.app.public]
	h.run()
	return s
}

// userRow is a user: who signed it, what it asks for, and what the error says; empty for who comes in.
type userRow struct {
	name   string
	by     key
	change func(*jwt.UserClaims)
	want   string
}

func both(fs ...func(*jwt.UserClaims)) func(*jwt.UserClaims) {
	return func(c *jwt.UserClaims) {
		for _, f := range fs {
			f(c)
		}
	}
}

func userRows(s *street) []userRow {
	app, of := s.app, func(c *jwt.UserClaims) { c.IssuerAccount = s.app.public }
	return []userRow{
		{"signed by the account", app, nil, ""},
		{"signed by a signing key", s.signing, of, ""},
		{"signed by another account", s.stranger, nil, "account JWT lookup error"},
		{"signed by a stranger for the account", s.stranger, of, "user JWT issuer is not known"},
		{"the account of another operator", s.foreign, nil, "account JWT lookup error"},
		{"a JWT of another account", s.swapped, nil, "account JWT lookup error"},
		{"an expired account", s.expired, nil, "account JWT lookup error"},
		{"an account that wants a callout", s.callout, nil, "account wants its users authorized by a callout"},

		{"expired", app, func(c *jwt.UserClaims) { c.Expires = unix(-time.Minute) }, "user JWT not valid"},
		{"not yet valid", app, func(c *jwt.UserClaims) { c.NotBefore = unix(time.Minute) }, "user JWT not valid"},
		{"valid for a while", app, func(c *jwt.UserClaims) { c.Expires = unix(time.Minute) }, ""},
		{"all revoked", s.allRevoked, nil, "user authentication revoked"},
		{"those before revoked", s.olderRevoked, nil, ""},
		{"bearer where none may", s.noBearer, func(c *jwt.UserClaims) { c.BearerToken = true }, "account does not allow bearer tokens"},

		{"a type", app, func(c *jwt.UserClaims) { c.AllowedConnectionTypes.Add("STANDARD", "WebSocket") }, ""},
		{"another type", app, func(c *jwt.UserClaims) { c.AllowedConnectionTypes.Add("STANDARD") }, "connection type not allowed"},
		{"a type and an unknown one", app, func(c *jwt.UserClaims) { c.AllowedConnectionTypes.Add("NEW", "WEBSOCKET") }, ""},
		{"another type and an unknown one", app, func(c *jwt.UserClaims) { c.AllowedConnectionTypes.Add("NEW", "MQTT") }, "connection type not allowed"},
		{"only unknown types", app, func(c *jwt.UserClaims) { c.AllowedConnectionTypes.Add("NEW") }, "connection type not allowed"},

		{"a network", app, func(c *jwt.UserClaims) { c.Src.Set("192.168.0.0/16,10.0.0.0/8") }, ""},
		{"another network", app, func(c *jwt.UserClaims) { c.Src.Set("192.168.0.0/16") }, "bad source address"},
		{"no network", app, func(c *jwt.UserClaims) { c.Src.Set("10.0.0.1") }, "user JWT not valid"},
		{"a zone that is not there", app, func(c *jwt.UserClaims) { c.Locale = "../../etc/passwd" }, "user JWT not valid"},

		{"a subject with too many words", app, func(c *jwt.UserClaims) { c.Pub.Allow.Add("a b c") }, "user JWT not valid"},
		{"a subject that is none", app, func(c *jwt.UserClaims) { c.Pub.Allow.Add("a.>.b") }, "permissions of the user JWT are not valid"},
		{"a proxy that is not there", app, func(c *jwt.UserClaims) { c.ProxyRequired = true }, "proxy connection required"},

		{"scoped", s.scoped, both(of, func(c *jwt.UserClaims) { c.SetScoped(true) }), ""},
		{"scoped, with limits of its own", s.scoped, of, "scoped users require no permissions or limits set"},
		{"scoped, with permissions of its own", s.scoped, both(of, func(c *jwt.UserClaims) { c.SetScoped(true); c.Pub.Allow.Add("a") }),
			"scoped users require no permissions or limits set"},
	}
}

// Every link of the chain, and everything that a user's claims may ask for, is checked.
//
// advisory: CVE-2020-26892
func TestUsers(t *testing.T) {
	s := newStreet(t)
	for _, tt := range userRows(s) {
		k, token := s.user(tt.by, tt.change)
		id, err := s.in(k, token)
		if got := text(err); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			continue
		}
		if err != nil && !errors.Is(err, auth.ErrDenied) && !errors.Is(err, auth.ErrProxyRequired) {
			t.Errorf("%s: %v is no refusal", tt.name, err)
		}
		if err == nil && (id.Name != k.public || s.directory.Lookup(id.Account) == nil) {
			t.Errorf("%s: came in as %+v", tt.name, id)
		}
	}
	c := jwt.NewUserClaims(s.revokedUser.public)
	if _, err := s.in(s.revokedUser, s.encode(c, s.app)); text(err) != "user authentication revoked" {
		t.Errorf("revoked: %v", err)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Only who holds the key of the user comes in, unless the JWT is a bearer token.
func TestSignatures(t *testing.T) {
	h := newHouse(t)
	app := h.account(nil)
	h.run()
	k, token := h.user(app, nil)
	other, _ := h.user(app, nil)
	_, bearer := h.user(app, func(c *jwt.UserClaims) { c.BearerToken = true })
	right := signed(t, k, token)
	for _, tt := range []struct {
		name string
		cr   auth.Credentials
		ok   bool
	}{
		{"right", right, true},
		{"another's signature", signed(t, other, token), false},
		{"no signature", auth.Credentials{JWT: token, Nonce: nonce}, false},
		{"of another nonce", auth.Credentials{JWT: token, Sig: right.Sig, Nonce: "x"}, false},
		{"of no nonce", auth.Credentials{JWT: token, Sig: right.Sig}, false},
		{"no base64", auth.Credentials{JWT: token, Sig: "%", Nonce: nonce}, false},
		{"bearer", auth.Credentials{JWT: bearer}, true},
		{"bearer, with any signature", auth.Credentials{JWT: bearer, Sig: "%", Nonce: nonce}, true},
		{"nothing", auth.Credentials{}, false},
		{"a name and a password", auth.Credentials{User: "a", Pass: "p"}, false},
		{"the JWT of the account", auth.Credentials{JWT: h.config.Preload[app.public]}, false},
		{"half a JWT", auth.Credentials{JWT: bearer[:len(bearer)/2]}, false},
		{"a JWT with another signature", auth.Credentials{JWT: bearer[:len(bearer)-4] + "AAAA"}, false},
	} {
		if _, err := h.authority.Renew(auth.Identity{}, tt.cr, here); (err == nil) != tt.ok || err != nil && !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// The sentinel stands for who brings no JWT that can be read.
func TestSentinel(t *testing.T) {
	h := newHouse(t)
	app := h.account(nil)
	sentinel, token := h.user(app, func(c *jwt.UserClaims) { c.BearerToken = true })
	h.config.Sentinel = token
	h.run()
	for _, cr := range []auth.Credentials{{}, {User: "a", Pass: "b"}, {JWT: "x"}, {JWT: "a.b.c"}} {
		if id, err := h.authority.Renew(auth.Identity{}, cr, here); err != nil || id.Name != sentinel.public {
			t.Errorf("%+v: %+v, %v", cr, id, err)
		}
	}
	k, own := h.user(app, nil)
	if id := h.mustIn(k, own); id.Name != k.public {
		t.Error("the sentinel goes before a JWT")
	}
	if _, err := h.authority.Renew(auth.Identity{}, auth.Credentials{JWT: own}, here); err == nil {
		t.Error("a user without a signature came in as the sentinel")
	}
}

// With pinned accounts the others are kept out, but for the system account.
func TestPinned(t *testing.T) {
	h := newHouse(t)
	app, other, system := h.account(nil), h.account(nil), h.account(nil)
	h.config.SystemAccount, h.config.Pinned = system.public, []string{app.public}
	h.run()
	for _, tt := range []struct {
		account key
		ok      bool
	}{{app, true}, {system, true}, {other, false}} {
		k, token := h.user(tt.account, nil)
		if _, err := h.in(k, token); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.account.public, err)
		}
	}
	if n := h.authority.Refused(); n != 1 {
		t.Errorf("%d refused", n)
	}
}

// A strict operator wants signing keys: for accounts, and for their users.
func TestStrictSigningKeys(t *testing.T) {
	h := newHouse(t)
	signing := newKey(t, nkeys.CreateOperator)
	h.setOperator(func(c *jwt.OperatorClaims) { c.SigningKeys.Add(signing.public); c.StrictSigningKeyUsage = true })
	byMaster := h.account(nil)
	accountKey, userKey := newKey(t, nkeys.CreateAccount), newKey(t, nkeys.CreateAccount)
	c := jwt.NewAccountClaims(accountKey.public)
	c.SigningKeys.Add(userKey.public)
	h.config.Preload[accountKey.public] = h.encode(c, signing)
	h.run()
	for _, tt := range []struct {
		name string
		by   key
		of   string
		ok   bool
	}{
		{"all with signing keys", userKey, accountKey.public, true},
		{"the user by the account's own key", accountKey, "", false},
		{"the account by the operator's own key", byMaster, "", false},
	} {
		k, token := h.user(tt.by, func(c *jwt.UserClaims) { c.IssuerAccount = tt.of })
		if _, err := h.in(k, token); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for token, want := range map[string]string{
		h.accountToken(accountKey, nil): "operator requires issuer to be a signing key",
		h.encode(c, signing):            "",
	} {
		if _, err := h.authority.Update("", token); text(err) != want {
			t.Errorf("update: %v, want %q", err, want)
		}
	}
}

// Permissions come from the user, from the template of its signing key, or from the account.
func TestPermissions(t *testing.T) {
	h := newHouse(t)
	scoped, free := newKey(t, nkeys.CreateAccount), newKey(t, nkeys.CreateAccount)
	app := h.account(func(c *jwt.AccountClaims) {
		c.DefaultPermissions.Pub.Allow.Add("default")
		s := jwt.NewUserScope()
		s.Key = scoped.public
		s.Template.Pub.Allow.Add("template")
		c.SigningKeys.AddScopedSigner(s)
		s = jwt.NewUserScope()
		s.Key = free.public
		c.SigningKeys.AddScopedSigner(s)
	})
	h.run()
	of := func(c *jwt.UserClaims) { c.IssuerAccount = app.public; c.SetScoped(true) }
	for _, tt := range []struct {
		name   string
		by     key
		change func(*jwt.UserClaims)
		may    string
	}{
		{"none of its own", app, nil, "default"},
		{"its own", app, func(c *jwt.UserClaims) { c.Pub.Allow.Add("own") }, "own"},
		{"a rule for the other direction only", app, func(c *jwt.UserClaims) { c.Sub.Allow.Add("x") }, "anything"},
		{"template", scoped, of, "template"},
		{"template that says nothing", free, of, "default"},
	} {
		k, token := h.user(tt.by, tt.change)
		id := h.mustIn(k, token)
		if !id.Perms.CanPublish([]byte(tt.may)) || tt.may != "anything" && id.Perms.CanPublish([]byte("anything")) {
			t.Errorf("%s: may not publish to %s, or to anything", tt.name, tt.may)
		}
	}
	k, token := h.user(app, func(c *jwt.UserClaims) { c.Resp = &jwt.ResponsePermission{MaxMsgs: 1} })
	if id := h.mustIn(k, token); id.Perms.CanPublish([]byte("x")) || id.Perms.NewReplies() == nil {
		t.Error("a user that may only answer may publish, or may not answer")
	}
	a, tokenA := h.user(scoped, of)
	b, tokenB := h.user(scoped, of)
	if h.mustIn(a, tokenA).Perms != h.mustIn(b, tokenB).Perms {
		t.Error("a template was compiled for each user")
	}
}

// The stricter one of the user's limits and the account's counts; 0 in claims is nothing at all.
func TestLimits(t *testing.T) {
	h := newHouse(t)
	limited := h.account(func(c *jwt.AccountClaims) { c.Limits.Subs, c.Limits.Payload = 10, 100 })
	open := h.account(nil)
	none := h.account(func(c *jwt.AccountClaims) { c.Limits.Subs = 0 })
	h.run()
	for _, tt := range []struct {
		name          string
		account       key
		subs, payload int64
		want          auth.Limits
	}{
		{"none", open, -1, -1, auth.Limits{}},
		{"the user's", open, 5, 50, auth.Limits{Subscriptions: 5, Payload: 50}},
		{"the account's", limited, -1, -1, auth.Limits{Subscriptions: 10, Payload: 100}},
		{"both", limited, 5, 500, auth.Limits{Subscriptions: 5, Payload: 100}},
		{"nothing, by the user", limited, 0, 0, auth.Limits{Subscriptions: -1, Payload: -1}},
		{"nothing, by the account", none, 5, -1, auth.Limits{Subscriptions: -1}},
	} {
		k, token := h.user(tt.account, func(c *jwt.UserClaims) { c.Limits.Subs, c.Limits.Payload = tt.subs, tt.payload })
		if id := h.mustIn(k, token); id.Limits != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, id.Limits, tt.want)
		}
	}
}

// Who comes in is told until when: the end of the JWT, or of the hours.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is midnight, UTC, of the first day of 2000
		h := newHouse(t)
		app := h.account(nil)
		h.run()
		start := time.Now()
		for _, tt := range []struct {
			name    string
			expires time.Duration
			times   []jwt.TimeRange
			want    time.Duration // -1 for who may not come in
		}{
			{"never", 0, nil, 0},
			{"the JWT", time.Hour, nil, time.Hour},
			{"the hours", 0, []jwt.TimeRange{{Start: "23:00:00", End: "02:00:00"}}, 2 * time.Hour},
			{"the hours before the JWT", 3 * time.Hour, []jwt.TimeRange{{Start: "23:00:00", End: "02:00:00"}}, 2 * time.Hour},
			{"the JWT before the hours", time.Hour, []jwt.TimeRange{{Start: "23:00:00", End: "02:00:00"}}, time.Hour},
			{"the longer hours", 0, []jwt.TimeRange{{Start: "23:00:00", End: "02:00:00"}, {Start: "22:00:00", End: "05:00:00"}}, 5 * time.Hour},
			{"other hours", 0, []jwt.TimeRange{{Start: "08:00:00", End: "17:00:00"}}, -1},
		} {
			k, token := h.user(app, func(c *jwt.UserClaims) {
				if c.Times, c.Locale = tt.times, "UTC"; tt.expires > 0 {
					c.Expires = start.Add(tt.expires).Unix()
				}
			})
			id, err := h.in(k, token)
			want := int64(0)
			if tt.want > 0 {
				want = start.Add(tt.want).UnixNano()
			}
			if (err == nil) != (tt.want >= 0) || id.Expires != want {
				t.Errorf("%s: %v, %v", tt.name, time.Unix(0, id.Expires).UTC(), err)
			}
		}
	})
}
