package natsgo

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"weir/test/callout"
	"weir/test/operator"
	"weir/test/process"
)

// serve connects the service of a world.
func (w *world) serve(keys callout.Keys, answer func(*callout.Request)) *callout.Service {
	w.Helper()
	return callout.Serve(w, w.connect(nats.UserInfo("auth", "auth")), keys, answer)
}

// info is who a connection is, as the server says.
type info struct {
	User        string
	Account     string
	Permissions *struct {
		Publish, Subscribe struct{ Allow, Deny []string }
	}
	Expires time.Duration
}

func (w *world) info(nc *nats.Conn) info {
	w.Helper()
	m, err := nc.Request("$SYS.REQ.USER.INFO", nil, process.Patience)
	w.must(err)
	var answer struct{ Data info }
	w.must(json.Unmarshal(m.Data, &answer))
	return answer.Data
}

// TestCallout asks about whoever is no auth_user, whatever credentials there are, and lets people in as the answer says.
func TestCallout(t *testing.T) {
	keys := callout.NewKeys(t)
	key, listed := operator.NewKey(t, nkeys.CreateUser), operator.NewKey(t, nkeys.CreateUser)
	token := operator.New(t, nil).Account(nil).User(nil, nil)
	config := fmt.Sprintf(`accounts {
  AUTH { users [ { user: auth, password: auth }, { nkey: %s } ] }
  APP { users [ { user: bob, password: bob } ] }
}
authorization { timeout: 5, %s }`, listed.Public, keys.Block(""))
	sign := func(k operator.Key) nats.Option { return nats.Nkey(k.Public, k.Sign) }
	everyWay(t, process.Options{Config: config}, func(w *world) {
		asked := make(chan *callout.Request, 10)
		service := w.serve(keys, func(r *callout.Request) {
			asked <- r
			r.Allow("APP", func(c *jwt.UserClaims) {
				c.Permissions.Pub.Allow.Add("ok", "$SYS.REQ.USER.INFO")
				c.Expires = time.Now().Add(time.Hour).Unix()
				if r.ConnectOptions.Username == "named" {
					c.Name = "somebody"
				}
			})
		})
		for _, row := range []struct {
			name    string
			options []nats.Option
			user    string
			check   func(*callout.Request) bool
		}{
			{"nothing", nil, "", func(r *callout.Request) bool { return r.ClientInformation.User == "" }},
			{"password", []nats.Option{nats.UserInfo("ann", "secret"), nats.Name("page")}, "ann", func(r *callout.Request) bool {
				o := r.ConnectOptions
				return o.Username == "ann" && o.Password == "secret" && o.Name == "page" && o.Lang == "go" && o.Protocol == 1 &&
					r.ClientInformation.Name == "page" && r.ClientInformation.User == "ann"
			}},
			{"another name", []nats.Option{nats.UserInfo("named", "x")}, "somebody", nil},
			{"a user of another account", []nats.Option{nats.UserInfo("bob", "bob")}, "bob", nil},
			{"its wrong password", []nats.Option{nats.UserInfo("bob", "x")}, "bob", nil},
			{"token", []nats.Option{nats.Token("t0ken")}, "[REDACTED]", func(r *callout.Request) bool { return r.ConnectOptions.Token == "t0ken" }},
			{"nkey", []nats.Option{sign(key)}, key.Public, func(r *callout.Request) bool {
				return r.ConnectOptions.Nkey == key.Public && r.ConnectOptions.SignedNonce != "" && r.ClientInformation.Nonce != ""
			}},
			{"JWT", []nats.Option{credentials(w, token)}, "", func(r *callout.Request) bool {
				return r.ConnectOptions.JWT == "" && r.ConnectOptions.SignedNonce != "" // nobody here has checked it
			}},
		} {
			nc := w.connect(row.options...)
			r := await(w, asked, "request for "+row.name)
			if i := r.ClientInformation; i.Host != "127.0.0.1" || i.ID == 0 || i.Kind != "Client" || i.Type != map[bool]string{true: "websocket", false: "nats"}[w.way.edge] {
				w.Errorf("%s: client_info %+v", row.name, i)
			}
			if r.Server.ID == "" || r.Server.ID != r.Issuer || r.Server.Version == "" || r.Subject != keys.Issuer.Public || r.Audience != "nats-authorization-request" || r.Sealed {
				w.Errorf("%s: %+v", row.name, r)
			}
			if (r.TLS != nil) != w.way.secure || r.TLS != nil && (r.TLS.Version == "" || r.TLS.Cipher == "") {
				w.Errorf("%s: client_tls %+v", row.name, r.TLS)
			}
			if row.check != nil && !row.check(r) {
				w.Errorf("%s: connect_opts %+v client_info %+v", row.name, r.ConnectOptions, r.ClientInformation)
			}
			i := w.info(nc)
			if i.Account != "APP" || i.User != row.user || i.Permissions == nil || len(i.Permissions.Publish.Allow) != 2 || i.Expires < 50*time.Minute {
				w.Errorf("%s: is %+v", row.name, i)
			}
		}
		before := service.Asked.Load()
		service2 := w.connect(sign(listed)) // of AUTH, but no auth_user
		if service.Asked.Load() != before+1 {
			w.Error("the user with a key was not asked about")
		}
		service2.Close()
		w.refused("authorization violation", nats.UserInfo("auth", "wrong"))
		if n := service.Asked.Load(); n != before+1 {
			w.Errorf("an auth_user with a wrong password was asked about")
		}
	})
}

// TestCalloutRefused holds every answer that lets nobody in.
func TestCalloutRefused(t *testing.T) {
	keys, stranger := callout.NewKeys(t), operator.NewKey(t, nkeys.CreateAccount)
	user := operator.NewKey(t, nkeys.CreateUser)
	server := operator.NewKey(t, nkeys.CreateServer)
	config := callout.Accounts + "authorization { timeout: 1, " + keys.Block("") + " }"
	type response = jwt.AuthorizationResponseClaims
	respond := func(change func(*callout.Request, *response)) func(*callout.Request) {
		return func(r *callout.Request) {
			r.Respond(r.Response(r.User("APP", nil), func(c *response) { change(r, c) }))
		}
	}
	allow := func(account string, change func(*jwt.UserClaims)) func(*callout.Request) {
		return func(r *callout.Request) { r.Allow(account, change) }
	}
	answers := map[string]func(*callout.Request){
		"silence":         func(*callout.Request) {},
		"refusal":         func(r *callout.Request) { r.Refuse("not today") },
		"empty":           func(r *callout.Request) { r.Respond("") },
		"garbage":         func(r *callout.Request) { r.Respond("eyJ garbage") },
		"sealed":          func(r *callout.Request) { r.Respond("xkv1 garbage") },
		"user alone":      func(r *callout.Request) { r.Respond(r.User("APP", nil)) },
		"another user":    respond(func(_ *callout.Request, c *response) { c.Subject = user.Public }),
		"another server":  respond(func(_ *callout.Request, c *response) { c.Audience = server.Public }),
		"no server":       respond(func(_ *callout.Request, c *response) { c.Audience = "" }),
		"expired answer":  respond(func(_ *callout.Request, c *response) { c.Expires = time.Now().Add(-time.Minute).Unix() }),
		"both":            respond(func(_ *callout.Request, c *response) { c.Error = "no" }),
		"another signer":  func(r *callout.Request) { r.Respond(r.ResponseBy(stranger, r.User("APP", nil), nil)) },
		"user of another": func(r *callout.Request) { r.UserNkey, user.Public = user.Public, r.UserNkey; r.Allow("APP", nil) },
		"its key": func(r *callout.Request) {
			c := jwt.NewUserClaims(operatorKey(t))
			c.Audience = "APP"
			token, _ := c.Encode(keys.Issuer)
			r.Respond(r.Response(token, nil))
		},
		"user signed by another": func(r *callout.Request) {
			c := jwt.NewUserClaims(r.UserNkey)
			c.Audience = "APP"
			token, _ := c.Encode(stranger)
			r.Respond(r.Response(token, nil))
		},
		"no account":             allow("", nil),
		"an unknown account":     allow("NONE", nil),
		"an issuer account":      allow("APP", func(c *jwt.UserClaims) { c.IssuerAccount = stranger.Public }),
		"an expired user":        allow("APP", func(c *jwt.UserClaims) { c.Expires = time.Now().Add(-time.Minute).Unix() }),
		"a user to come":         allow("APP", func(c *jwt.UserClaims) { c.NotBefore = time.Now().Add(time.Hour).Unix() }),
		"another kind":           allow("APP", func(c *jwt.UserClaims) { c.AllowedConnectionTypes.Add("MQTT") }),
		"an unknown kind":        allow("APP", func(c *jwt.UserClaims) { c.AllowedConnectionTypes.Add("CARRIER_PIGEON") }),
		"a proxy":                allow("APP", func(c *jwt.UserClaims) { c.ProxyRequired = true }),
		"another time of day":    allow("APP", func(c *jwt.UserClaims) { c.Times = notNow() }),
		"a permission not valid": allow("APP", func(c *jwt.UserClaims) { c.Permissions.Pub.Allow.Add("a..b") }),
	}
	delete(answers, "user of another")
	everyWay(t, process.Options{Config: config}, func(w *world) {
		service := w.serve(keys, func(r *callout.Request) { answers[r.ConnectOptions.Username](r) })
		for name := range answers {
			if name == "silence" && w.way.name != "nats" && w.way.name != "ws" {
				continue
			}
			before := service.Asked.Load()
			w.refused("authorization violation", nats.UserInfo(name, "hidden-secret"))
			if service.Asked.Load() == before {
				w.Errorf("%s: nobody was asked", name)
			}
		}
	})
}

func operatorKey(t *testing.T) string { return operator.NewKey(t, nkeys.CreateUser).Public }

// notNow are hours that are not now.
func notNow() []jwt.TimeRange {
	from := time.Now().Add(2 * time.Hour)
	return []jwt.TimeRange{{Start: from.Format("15:04:05"), End: from.Add(time.Hour).Format("15:04:05")}}
}

// TestCalloutSealed encrypts requests for the service, which may encrypt its answers: then anybody may have signed them.
func TestCalloutSealed(t *testing.T) {
	keys, stranger := callout.NewKeys(t), operator.NewKey(t, nkeys.CreateAccount)
	config := callout.Accounts + "authorization { timeout: 5, " + keys.Block("xkey: "+keys.Curve.Public) + " }"
	everyWay(t, process.Options{Config: config}, func(w *world) {
		w.serve(keys, func(r *callout.Request) {
			if !r.Sealed || r.Server.XKey == "" {
				w.Error("the request was not sealed")
			}
			good := r.Response(r.User("APP", nil), nil)
			switch r.ConnectOptions.Username {
			case "sealed":
				r.RespondSealed(good)
			case "open":
				r.Respond(good)
			case "sealed by a stranger":
				r.RespondSealed(r.ResponseBy(stranger, r.User("APP", nil), nil))
			case "open by a stranger":
				r.Respond(r.ResponseBy(stranger, r.User("APP", nil), nil))
			default:
				r.Respond("xkv1 garbage")
			}
		})
		for _, name := range []string{"sealed", "open", "sealed by a stranger"} {
			if i := w.info(w.connect(nats.UserInfo(name, "x"))); i.Account != "APP" || i.User != name {
				w.Errorf("%s: %+v", name, i)
			}
		}
		w.refused("authorization violation", nats.UserInfo("open by a stranger", "x"))
		w.refused("authorization violation", nats.UserInfo("garbage", "x"))
	})
}
