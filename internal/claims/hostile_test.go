package claims_test

import (
	"encoding/base32"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/auth"
	"weir/internal/claims"
)

// shortKey is a public key of a kind that holds fewer bytes than a key has, with a right checksum.
func shortKey(t testing.TB, prefix nkeys.PrefixByte, n int) string {
	t.Helper()
	raw := append([]byte{byte(prefix)}, make([]byte, n)...)
	crc := uint16(0)
	for _, b := range raw { // CRC-16/XMODEM, as in the ADR of nkeys
		crc ^= uint16(b) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	raw = append(raw, byte(crc), byte(crc>>8))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
}

// A JWT whose keys are too short, or that is strange in other ways, lets nobody in and does no harm.
//
// advisory: GHSA-g33f-6538-grxh CVE-2020-26521
func TestHostileTokens(t *testing.T) {
	h := newHouse(t)
	app := h.account(nil)
	h.run()
	k, right := h.user(app, nil)
	c := jwt.NewUserClaims(k.public)
	with := func(change map[string]any) string { return payload(t, c, change) }
	for name, token := range map[string]string{
		"a short issuer":      rawToken(t, app, rawHeader, with(map[string]any{"iss": shortKey(t, nkeys.PrefixByteAccount, 4)})),
		"an issuer of 0":      rawToken(t, app, rawHeader, with(map[string]any{"iss": shortKey(t, nkeys.PrefixByteAccount, 0)})),
		"a short subject":     rawToken(t, app, rawHeader, with(map[string]any{"iss": app.public, "sub": shortKey(t, nkeys.PrefixByteUser, 4)})),
		"no subject":          rawToken(t, app, rawHeader, with(map[string]any{"iss": app.public, "sub": ""})),
		"an account for user": rawToken(t, app, rawHeader, with(map[string]any{"iss": app.public, "sub": app.public})),
		"a number for key":    rawToken(t, app, rawHeader, with(map[string]any{"iss": 1})),
		"a newer version":     rawToken(t, app, rawHeader, with(map[string]any{"iss": app.public, "nats": map[string]any{"type": "user", "version": 99}})),
		"null":                rawToken(t, app, rawHeader, `null`),
		"a list":              rawToken(t, app, rawHeader, `[]`),
		"deep":                rawToken(t, app, rawHeader, strings.Repeat("[", 100_000)),
		"no algorithm":        rawToken(t, app, `{"typ":"JWT","alg":"none"}`, with(map[string]any{"iss": app.public})),
		"no header":           rawToken(t, app, `null`, with(map[string]any{"iss": app.public})),
		"too large":           strings.Repeat("e", 2<<20),
		"dots":                "...",
		"empty parts":         "..",
		"a short signature":   right[:strings.LastIndexByte(right, '.')+5],
	} {
		if _, err := h.authority.Renew(auth.Identity{}, signed(t, k, token), here); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := h.authority.Update("", token); err == nil {
			t.Errorf("%s is taken for an account", name)
		}
		if _, err := h.authority.Delete(token); err == nil {
			t.Errorf("%s is taken for a request to delete", name)
		}
	}
	h.mustIn(k, right)
}

// The library panics at this request; nobody but this request may notice.
func TestHostileDelete(t *testing.T) {
	h := newHouse(t)
	h.account(nil)
	h.run()
	token := rawToken(t, h.operator, `{"typ":"jwt","alg":"ed25519"}`, `{"iss":"`+h.operator.public+`","type":"user","sub":"x"}`)
	body := token[strings.IndexByte(token, '.')+1 : strings.LastIndexByte(token, '.')]
	sig, err := h.operator.Sign([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	token = token[:strings.LastIndexByte(token, '.')+1] + rawBase64(sig)
	if _, err := h.authority.Delete(token); !errors.Is(err, claims.ErrToken) {
		t.Errorf("%v", err)
	}
}

// Whatever stands in claims that are signed as they should be, they are let in or refused.
func FuzzUser(f *testing.F) {
	h := newHouse(f)
	app := h.account(func(c *jwt.AccountClaims) {
		s := jwt.NewUserScope()
		s.Template.Pub.Allow.Add("a.{{tag(x)}}.{{name()}}")
		s.Template.Sub.Deny.Add("{{account-tag(y)}}", "{{subject()}}")
		s.Key = newKey(f, nkeys.CreateAccount).public
		c.SigningKeys.AddScopedSigner(s)
	})
	h.run()
	k, _ := h.user(app, nil)
	c := jwt.NewUserClaims(k.public)
	f.Add(payload(f, c, map[string]any{"iss": app.public}))
	c.Times, c.Locale = []jwt.TimeRange{{Start: "10:00:00", End: "09:00:00"}}, "Europe/Berlin"
	c.Src.Set("10.0.0.0/8")
	c.Pub.Allow.Add("a.*", ">", "b q")
	c.Sub.Deny.Add("a b")
	c.Resp = &jwt.ResponsePermission{MaxMsgs: -1, Expires: -1}
	c.AllowedConnectionTypes.Add("WEBSOCKET")
	f.Add(payload(f, c, map[string]any{"iss": app.public, "exp": int64(-1), "nbf": int64(1) << 62}))
	f.Add(payload(f, c, map[string]any{"iss": app.public, "exp": int64(math.MaxInt64), "aud": "x"}))
	f.Add(`{"type":"user","sub":"` + k.public + `","iss":"` + app.public + `","nats":{"src":"10.0.0.0/8","pub":{}}}`)
	f.Add(`{"iss":"` + app.public + `"}`)
	f.Fuzz(func(t *testing.T, text string) {
		h.t = t
		id, err := h.authority.Renew(auth.Identity{}, signed(t, k, rawToken(t, app, rawHeader, text)), here)
		switch {
		case err == nil && (id.Account != app.public || id.Claims == nil):
			t.Errorf("%s: %+v", text, id)
		case err != nil && !errors.Is(err, auth.ErrDenied) && !errors.Is(err, auth.ErrProxyRequired):
			t.Errorf("%s: %v", text, err)
		}
	})
}

// Whatever stands in the claims of an account, it is an account or it is not.
func FuzzAccount(f *testing.F) {
	h := newHouse(f)
	app := h.account(nil)
	h.run()
	k, token := h.user(app, nil)
	h.mustIn(k, token)
	seed := func(change func(*jwt.AccountClaims)) {
		c := jwt.NewAccountClaims(app.public)
		change(c)
		f.Add(payload(f, c, map[string]any{"iss": h.operator.public, "nats": natsPart(f, c)}))
	}
	seed(func(*jwt.AccountClaims) {})
	seed(func(c *jwt.AccountClaims) {
		c.Exports.Add(&jwt.Export{Subject: "a.*.>", Type: jwt.Service, TokenReq: true, AccountTokenPosition: 2,
			Latency: &jwt.ServiceLatency{Sampling: 50, Results: "l"}, Revocations: jwt.RevocationList{"*": 1}})
		c.Imports.Add(&jwt.Import{Subject: "b.*", Account: app.public, Type: jwt.Stream, LocalSubject: "c.$1", Token: "x.y.z"},
			&jwt.Import{Subject: "b.*", Account: k.public, Type: jwt.Service, To: "d.$1", Share: true})
		c.Mappings["m.*"] = []jwt.WeightedMapping{{Subject: "n.$1", Weight: 40}, {Subject: "o.{{partition(3,1)}}", Weight: 255}}
		c.DefaultPermissions.Sub.Deny.Add("x.>.y", "z q")
		s := jwt.NewUserScope()
		s.Key = k.public
		s.Template.Pub.Allow.Add("{{tag()}}", "{{}}", "{{x")
		c.SigningKeys.AddScopedSigner(s)
		c.Revocations = jwt.RevocationList{"*": -1}
		c.Expires = -1
	})
	f.Fuzz(func(t *testing.T, text string) {
		h.t = t
		h.authority.Update("", rawToken(t, h.operator, rawHeader, text)) //nolint:errcheck // either is right
		h.in(k, token)                                                   //nolint:errcheck // likewise
	})
}

// Whatever stands in a template, no more subjects come out than may.
func FuzzTemplate(f *testing.F) {
	h := newHouse(f)
	scoped := newKey(f, nkeys.CreateAccount)
	app := h.account(nil)
	h.run()
	first, firstToken := h.user(app, nil)
	h.mustIn(first, firstToken)
	for _, entry := range []string{"a.{{tag(x)}}.b", "{{name()}}.{{subject()}}", "{{account-name()}}>{{ account-tag( y ) }}", "{{tag(x)}}{{tag(x)}}{{tag(x)}}", "}}{{", "{{{name()}}}"} {
		f.Add(entry, "name", "x:1")
	}
	f.Fuzz(func(t *testing.T, entry, name, tag string) {
		h.t = t
		token := h.accountToken(app, func(c *jwt.AccountClaims) {
			s := jwt.NewUserScope()
			s.Key = scoped.public
			s.Template.Pub.Allow.Add(entry)
			c.SigningKeys.AddScopedSigner(s)
		})
		if _, err := h.authority.Update("", token); err != nil {
			return
		}
		k, user := h.user(scoped, func(c *jwt.UserClaims) {
			c.SetScoped(true)
			c.IssuerAccount, c.Name, c.Tags = app.public, name, jwt.TagList{tag, tag + "2", tag + "3"}
		})
		id, err := h.in(k, user)
		if err == nil && entry != "" && id.Perms == nil {
			t.Errorf("%q allows everything", entry)
		}
	})
}
