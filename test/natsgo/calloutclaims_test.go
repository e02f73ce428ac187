package natsgo

import (
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"weir/test/callout"
	"weir/test/operator"
	"weir/test/process"
)

// house is an operator with an account whose callout puts people into others.
type house struct {
	*operator.Operator
	auth, app, closed, system *operator.Account

	service         operator.User
	signing, scoped operator.Key
}

// newHouse makes one; xkey may be empty.
func newHouse(t *testing.T, xkey string) *house {
	h := &house{Operator: operator.New(t, nil), signing: operator.NewKey(t, nkeys.CreateAccount), scoped: operator.NewKey(t, nkeys.CreateAccount)}
	h.app = h.Account(func(c *jwt.AccountClaims) {
		c.SigningKeys.Add(h.signing.Public)
		s := jwt.NewUserScope()
		s.Key = h.scoped.Public
		s.Template.Permissions.Pub.Allow.Add("scoped.{{name()}}", "$SYS.REQ.USER.INFO")
		c.SigningKeys.AddScopedSigner(s)
	})
	h.closed, h.system = h.Account(nil), h.Account(nil)
	h.auth = h.Account(nil)
	h.service = h.auth.User(nil, nil)
	h.auth.Set(func(c *jwt.AccountClaims) {
		c.EnableExternalAuthorization(h.service.Public)
		c.Authorization.AllowedAccounts.Add(h.app.Key.Public)
		c.Authorization.XKey = xkey
	})
	return h
}

// trusts is the configuration of a server that trusts the house. There is a system account: without one, nats-server panics when
// it should ask.
func (h *house) trusts(sentinel operator.User) string {
	return h.Config() + "system_account: " + h.system.Key.Public + "\ndefault_sentinel: " + sentinel.Token + "\n"
}

// issue is a user for a request, signed by a key; of is its account where that is a signing key.
func issue(w *world, r *callout.Request, by operator.Key, of string, change func(*jwt.UserClaims)) string {
	w.Helper()
	c := jwt.NewUserClaims(r.UserNkey)
	c.IssuerAccount = of
	if change != nil {
		change(c)
	}
	token, err := c.Encode(by)
	w.must(err)
	return token
}

// answer lets people in, or not, by the name that they give.
func (h *house) answer(w *world, r *callout.Request) {
	app := h.app.Key.Public
	user := func(by operator.Key, of string, change func(*jwt.UserClaims)) {
		r.Respond(r.Response(issue(w, r, by, of, change), nil))
	}
	switch r.ConnectOptions.Username {
	case "app":
		user(h.app.Key, "", func(c *jwt.UserClaims) { c.Permissions.Pub.Allow.Add("$SYS.REQ.USER.INFO") })
	case "signing":
		user(h.signing, app, nil)
	case "scoped":
		user(h.scoped, app, func(c *jwt.UserClaims) {
			c.Name = "ann"
			c.SetScoped(true)
		})
	case "home":
		user(h.auth.Key, "", nil)
	case "closed":
		user(h.closed.Key, "", nil)
	case "unknown key":
		user(h.closed.Key, app, nil)
	case "unknown signer":
		r.Respond(r.ResponseBy(h.app.Key, issue(w, r, h.app.Key, "", nil), nil))
	case "expired":
		user(h.app.Key, "", func(c *jwt.UserClaims) { c.Expires = time.Now().Add(-time.Minute).Unix() })
	default:
		r.Refuse("no")
	}
}

// TestCalloutOfAnAccount: an account's claims want its users decided about by a callout. A bearer who may do nothing, or the
// default sentinel, is what people bring with whatever else they have.
func TestCalloutOfAnAccount(t *testing.T) {
	keys := callout.NewKeys(t)
	h := newHouse(t, "")
	sentinel := h.auth.User(nil, func(c *jwt.UserClaims) {
		operator.Bearer(c)
		c.Permissions.Pub.Deny.Add(">")
		c.Name = "sentinel"
	})
	signed := h.auth.User(nil, nil)
	keys.Issuer = h.auth.Key
	config := h.trusts(sentinel) + "authorization { timeout: 5 }"
	everyWay(t, process.Options{Config: config}, func(w *world) {
		asked := make(chan *callout.Request, 10)
		service := callout.Serve(w, w.connect(credentials(w, h.service)), keys, func(r *callout.Request) {
			asked <- r
			h.answer(w, r)
		})
		seed, err := signed.Seed()
		w.must(err)
		for _, row := range []struct{ user, account, name string }{
			{"app", h.app.Key.Public, "app"},
			{"signing", h.app.Key.Public, "signing"},
			{"scoped", h.app.Key.Public, "ann"},
			{"home", h.auth.Key.Public, "home"},
		} {
			for how, option := range map[string]nats.Option{
				"sentinel": nats.UserJWT(func() (string, error) { return sentinel.Token, nil }, func([]byte) ([]byte, error) { return nil, nil }),
				"signed":   nats.UserJWTAndSeed(signed.Token, string(seed)),
				"nothing":  func(*nats.Options) error { return nil },
			} {
				nc := w.connect(option, nats.UserInfo(row.user, "x"))
				r := await(w, asked, "request")
				token := sentinel.Token
				if how == "signed" {
					token = signed.Token
				}
				if r.ConnectOptions.JWT != token || r.Subject != h.auth.Key.Public || r.ConnectOptions.Username != row.user {
					w.Errorf("%s, %s: %+v", row.user, how, r.ConnectOptions)
				}
				if how != "signed" && r.ClientInformation.NameTag != "sentinel" {
					w.Errorf("%s, %s: %+v", row.user, how, r.ClientInformation)
				}
				if i := w.info(nc); i.Account != row.account || i.User != row.name {
					w.Errorf("%s, %s: is %+v", row.user, how, i)
				}
				nc.Close()
			}
		}
		for _, user := range []string{"closed", "unknown key", "unknown signer", "expired", "refused"} {
			before := service.Asked.Load()
			w.refused("authorization violation", nats.UserInfo(user, "x"))
			if service.Asked.Load() == before {
				w.Errorf("%s: nobody was asked", user)
			}
			for len(asked) > 0 {
				<-asked
			}
		}
	})
}

// TestCalloutOfAnAccountSealed encrypts for the account's curve key.
func TestCalloutOfAnAccountSealed(t *testing.T) {
	keys := callout.NewKeys(t)
	h := newHouse(t, keys.Curve.Public)
	keys.Issuer = h.auth.Key
	sentinel := h.auth.User(nil, operator.Bearer)
	everyWay(t, process.Options{Config: h.trusts(sentinel)}, func(w *world) {
		callout.Serve(w, w.connect(credentials(w, h.service)), keys, func(r *callout.Request) {
			c := jwt.NewUserClaims(r.UserNkey)
			token, err := c.Encode(h.app.Key)
			w.must(err)
			r.RespondSealed(r.Response(token, nil))
		})
		if i := w.info(w.connect(nats.UserInfo("ann", "x"))); i.Account != h.app.Key.Public || i.User != "ann" {
			w.Errorf("is %+v", i)
		}
	})
}
