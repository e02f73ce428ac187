package websocket

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/test/operator"
	"weir/test/process"
)

// TestJWTConnectionTypes: a JWT may allow some ways to come in only. Types that are not known do not count, unless there is
// no other.
//
// parity: 9.1.63
func TestJWTConnectionTypes(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := operator.New(t, nil)
		a := o.Account(nil)
		server := process.Start(t, target, process.Options{Config: o.Config()})
		for _, row := range []struct {
			name  string
			types []string
			in    bool
		}{
			{"all", nil, true},
			{"another", []string{"STANDARD"}, false},
			{"both, in any case", []string{"STANDARD", "websocket"}, true},
			{"with an unknown one", []string{"WEBSOCKET", "SomeNewType"}, true},
			{"an unknown one only", []string{"SomeNewType"}, false},
		} {
			t.Run(row.name, func(t *testing.T) { user(a, nil, types(row.types...)).come(t, server).wantLogin(row.in) })
		}
	})
}

// TestJWTCookie: a cookie may hold the JWT, which is enough if it is a bearer token; that of CONNECT goes first.
//
// parity: 9.1.64
func TestJWTCookie(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := operator.New(t, nil)
		a := o.Account(nil)
		server := process.Start(t, target, process.Options{Config: o.Config(), WebSocket: "jwt_cookie: jwt"})
		keyed, token := user(a, nil, nil), user(a, nil, operator.Bearer)
		for _, row := range []struct {
			name        string
			card        card
			cookie      string
			token, sign bool
			in          bool
		}{
			{"in CONNECT", keyed, "", true, true, true},
			{"in CONNECT, no signature", keyed, "", true, false, false},
			{"in CONNECT, bearer", token, "", true, false, true},
			{"cookie", keyed, keyed.Token, false, false, false},
			{"cookie, signed", keyed, keyed.Token, false, true, true},
			{"cookie, bearer", token, token.Token, false, false, true},
			{"cookie, but another in CONNECT", keyed, token.Token, true, true, true},
			{"a bearer in the cookie, but another without a signature in CONNECT", keyed, token.Token, true, false, false},
			{"nothing", keyed, "", false, false, false},
		} {
			t.Run(row.name, func(t *testing.T) {
				var header []string
				if row.cookie != "" {
					header = []string{"Cookie: jwt=" + row.cookie}
				}
				s, info := dialInfo(t, server, header...)
				s.send(data(row.card.connectLine(t, info, row.token, row.sign)))
				s.wantLogin(row.in)
			})
		}
	})
}

// TestJWTExpires: who came in with claims has to go when they run out, or those of the account.
func TestJWTExpires(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		soon := func() int64 { return time.Now().Add(2 * time.Second).Unix() }
		// parity: 9.1.20.11
		t.Run("user", func(t *testing.T) {
			o := operator.New(t, nil)
			a := o.Account(nil)
			server := process.Start(t, target, process.Options{Config: o.Config()})
			s := user(a, nil, func(c *jwt.UserClaims) { c.Expires = soon() }).enter(t, server)
			s.wantLeave("User Authentication Expired", 1008, "Authentication Expired")
		})
		t.Run("account", func(t *testing.T) {
			o := operator.New(t, nil)
			a := o.Account(func(c *jwt.AccountClaims) { c.Expires = soon() + 2 }) // the server starts before that
			server := process.Start(t, target, process.Options{Config: o.Config()})
			c := user(a, nil, nil)
			c.enter(t, server).wantLeave("Account Authentication Expired", 1008, "Authentication Expired")
			c.come(t, server).wantLogin(false)
		})
	})
}

// TestJWTUpdates gives an account other claims while clients are in.
func TestJWTUpdates(t *testing.T) {
	for name, test := range map[string]func(*testing.T, process.Target){
		// parity: 9.1.20.12
		"a user revoked": revokeUser,
		// parity: 9.1.20.9
		"fewer subscriptions": func(t *testing.T, target process.Target) {
			y := tenant(t, target, nil)
			s := user(y.Account, nil, nil).enter(t, y.server)
			s.send(data("SUB a 1\r\nSUB b 2\r\nSUB c 3\r\nPING\r\n"))
			s.want("PONG")
			y.update(func(c *jwt.AccountClaims) { c.Limits.Subs = 1 })
			s.wantLeave("maximum subscriptions exceeded", 1008, "Maximum Subscriptions Exceeded")
		},
		"fewer connections": func(t *testing.T, target process.Target) {
			y := tenant(t, target, nil)
			c := user(y.Account, nil, nil)
			first := c.enter(t, y.server)
			second := c.enter(t, y.server)
			y.update(func(c *jwt.AccountClaims) { c.Limits.Conn = 1 })
			second.wantLeave("maximum account active connections exceeded", 1008, "Maximum Account Connections Exceeded")
			first.alive()
		},
		"smaller messages": func(t *testing.T, target process.Target) {
			y := tenant(t, target, nil)
			s := user(y.Account, nil, nil).enter(t, y.server)
			y.update(func(c *jwt.AccountClaims) { c.Limits.Payload = 4 })
			if target == process.Weir { // nats-server tells nobody
				wantTold(t, s, 4)
			}
			s.send(data("SUB a 1\r\nPUB a 4\r\nfour\r\nPING\r\n"))
			s.want("MSG a 1 4", "four", "PONG")
			s.send(data("PUB a 5\r\nseven\r\n"))
			s.wantLeave("Maximum Payload Violation", 1009, "Maximum Message Payload Exceeded")
		},
		"no bearer tokens": func(t *testing.T, target process.Target) {
			y := tenant(t, target, nil)
			s := user(y.Account, nil, operator.Bearer).enter(t, y.server)
			y.update(func(c *jwt.AccountClaims) { c.Limits.DisallowBearer = true })
			s.wantLeave("Authorization Violation", 1008, "Authentication Failure")
		},
		"default permissions": func(t *testing.T, target process.Target) {
			y := tenant(t, target, nil)
			s := user(y.Account, nil, nil).enter(t, y.server)
			s.send(data("PUB a 0\r\n\r\nPING\r\n"))
			s.want("PONG")
			y.update(func(c *jwt.AccountClaims) { c.DefaultPermissions.Pub.Allow.Add("b") })
			s.send(data("PUB a 0\r\n\r\nPUB b 0\r\n\r\nPING\r\n"))
			s.want(`-ERR 'Permissions Violation for Publish to "a"'`, "PONG")
		},
		"a signing key removed": func(t *testing.T, target process.Target) {
			pair := operator.NewKey(t, nkeys.CreateAccount)
			y := tenant(t, target, func(c *jwt.AccountClaims) { c.SigningKeys.Add(pair.Public) })
			s := user(y.Account, pair, nil).enter(t, y.server)
			y.update(nil)
			s.wantLeave("", 1008, "Authentication Failure")
		},
		// parity: 9.3.56 9.3.57
		"types of a signing key": changeScope,
	} {
		t.Run(name, func(t *testing.T) { process.Each(t, test) })
	}
}

func revokeUser(t *testing.T, target process.Target) {
	y := tenant(t, target, nil)
	gone, stays := user(y.Account, nil, nil), user(y.Account, nil, nil)
	s, other := gone.enter(t, y.server), stays.enter(t, y.server)
	y.update(func(c *jwt.AccountClaims) { c.Revocations = jwt.RevocationList{gone.Public: time.Now().Unix()} })
	s.wantLeave("User Authentication Revoked", 1008, "Credentials Revoked")
	other.alive()
	gone.come(t, y.server).wantLogin(false)
}

func changeScope(t *testing.T, target process.Target) {
	pair := operator.NewKey(t, nkeys.CreateAccount)
	scope := func(names ...string) func(*jwt.AccountClaims) {
		return func(c *jwt.AccountClaims) {
			s := jwt.NewUserScope()
			s.Key, s.Template.AllowedConnectionTypes = pair.Public, names
			c.SigningKeys.AddScopedSigner(s)
		}
	}
	y := tenant(t, target, scope("STANDARD"))
	c := user(y.Account, pair, func(c *jwt.UserClaims) { c.SetScoped(true) })
	c.come(t, y.server).wantLogin(false)
	plain := process.DialRaw(t, y.server.Client)
	plain.Send(c.connectLine(t, plain.Info, true, true))
	plainLogin(t, plain, true)
	y.update(scope("STANDARD", "WEBSOCKET"))
	wantGone(t, plain)
	c.come(t, y.server).wantLogin(true)
}

// TestJWTLimits holds clients to what their claims and those of the account say.
func TestJWTLimits(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := operator.New(t, nil)
		scopeKey := operator.NewKey(t, nkeys.CreateAccount)
		one := o.Account(func(c *jwt.AccountClaims) { c.Limits.Conn = 1 })
		none := o.Account(func(c *jwt.AccountClaims) { c.Limits.Conn = 0 })
		open := o.Account(func(c *jwt.AccountClaims) {
			c.Name = "shop"
			s := jwt.NewUserScope()
			s.Key = scopeKey.Public
			s.Template.Pub.Allow.Add("to.{{name()}}", "team.{{tag(team)}}", "{{account-name()}}.x")
			s.Template.Sub.Allow.Add("from.{{subject()}}.*")
			c.SigningKeys.AddScopedSigner(s)
		})
		server := process.Start(t, target, process.Options{Config: o.Config()})
		// parity: 9.1.20.6
		t.Run("connections", func(t *testing.T) {
			c := user(one, nil, nil)
			first := c.enter(t, server)
			c.come(t, server).wantLeave("maximum account active connections exceeded", 1008, "Maximum Account Connections Exceeded")
			first.alive()
			user(none, nil, nil).come(t, server).wantLeave("maximum account active connections exceeded", 1008, "Maximum Account Connections Exceeded")
		})
		t.Run("subscriptions and payload", func(t *testing.T) {
			s := user(open, nil, func(c *jwt.UserClaims) { c.Limits.Subs, c.Limits.Payload = 1, 4 }).come(t, server)
			s.want("PONG")
			if info := s.line(); !strings.Contains(info, `"max_payload":4,`) || !strings.Contains(info, `"remote_account":"`+open.Key.Public+`"`) {
				t.Error(info)
			}
			s.send(data("SUB a 1\r\nSUB b 2\r\nPING\r\n"))
			s.want("-ERR 'maximum subscriptions exceeded'", "PONG")
			s.send(data("PUB a 5\r\nseven\r\n"))
			s.wantLeave("Maximum Payload Violation", 1009, "Maximum Message Payload Exceeded")
		})
		t.Run("a template", func(t *testing.T) {
			c := user(open, scopeKey, func(c *jwt.UserClaims) {
				c.SetScoped(true)
				c.Name, c.Tags = "ann", jwt.TagList{"team:red", "team:blue"}
			})
			s := c.enter(t, server)
			s.send(data("PUB to.ann 0\r\n\r\nPUB team.red 0\r\n\r\nPUB team.blue 0\r\n\r\nPUB shop.x 0\r\n\r\nSUB from." + c.Public + ".* 1\r\nPING\r\n"))
			s.want("PONG")
			s.send(data("PUB to.bob 0\r\n\r\nPUB team.green 0\r\n\r\nSUB from.* 2\r\nPING\r\n"))
			s.want(`-ERR 'Permissions Violation for Publish to "to.bob"'`, `-ERR 'Permissions Violation for Publish to "team.green"'`,
				`-ERR 'Permissions Violation for Subscription to "from.*"'`, "PONG")
		})
		t.Run("isolation", func(t *testing.T) {
			other := user(one, nil, nil)
			process.Await(process.Patience, func() bool { // until the client of before is gone
				s := other.come(t, server)
				defer s.Close() //nolint:errcheck // the test ends with it
				return s.line() == "PONG"
			})
			s := user(open, nil, nil).enter(t, server)
			s.send(data("SUB > 1\r\nPING\r\n"))
			s.want("PONG")
			s.send(data("PUB a 0\r\n\r\nPING\r\n"))
			s.want("MSG a 1 0", "", "PONG")
		})
	})
}

// TestJWTWhereAndWhen lets users in from some networks, at some hours, and behind a proxy only.
func TestJWTWhereAndWhen(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := operator.New(t, nil)
		open := o.Account(nil)
		server := process.Start(t, target, process.Options{Config: o.Config()})
		for name, row := range map[string]struct {
			change func(*jwt.UserClaims)
			in     bool
		}{
			"this network":    {func(c *jwt.UserClaims) { c.Src.Set("10.0.0.0/8,127.0.0.0/8") }, true},
			"another network": {func(c *jwt.UserClaims) { c.Src.Set("10.0.0.0/8") }, false},
			"these hours":     {func(c *jwt.UserClaims) { c.Times = hours(-1, 1) }, true},
			"other hours":     {func(c *jwt.UserClaims) { c.Times = hours(2, 3) }, false},
			"not yet":         {func(c *jwt.UserClaims) { c.NotBefore = time.Now().Add(time.Hour).Unix() }, false},
			"proxy":           {func(c *jwt.UserClaims) { c.ProxyRequired = true }, false},
		} {
			t.Run(name, func(t *testing.T) {
				s := user(open, nil, row.change).come(t, server)
				if name == "proxy" {
					s.wantLeave("Authorization Violation", 1011, "Proxy Required")
					return
				}
				s.wantLogin(row.in)
			})
		}
	})
}

// TestJWTBehindProxy: the networks of a JWT are about the client, not about the proxy that it comes through.
func TestJWTBehindProxy(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		o := operator.New(t, nil)
		open := o.Account(nil)
		server := process.Start(t, process.Weir, process.Options{Config: o.Config(), WebSocket: `trusted_proxies: "127.0.0.1/32"`})
		u := user(open, nil, func(c *jwt.UserClaims) { c.Src.Set("203.0.113.0/24") })
		for from, in := range map[string]bool{"203.0.113.7": true, "198.51.100.7": false, "203.0.113.7, 198.51.100.7": false, "": false} {
			t.Run(from, func(t *testing.T) {
				var header []string
				if from != "" {
					header = append(header, "X-Forwarded-For: "+from)
				}
				s, info := dialInfo(t, server, header...)
				s.send(data(u.connectLine(t, info, true, true)))
				s.wantLogin(in)
			})
		}
	})
}

// TestSentinel: who brings no JWT comes in with that of the configuration.
func TestSentinel(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := operator.New(t, nil)
		a := o.Account(nil)
		sentinel := user(a, nil, func(c *jwt.UserClaims) { c.BearerToken = true; c.Pub.Deny.Add("x") })
		server := process.Start(t, target, process.Options{Config: o.Config() + "default_sentinel: " + sentinel.Token + "\n"})
		for name, connect := range map[string]string{
			"nothing": `{"verbose":false}`, "a password": `{"verbose":false,"user":"a","pass":"b"}`, "no JWT": `{"verbose":false,"jwt":"x"}`,
		} {
			t.Run(name, func(t *testing.T) {
				s := dial(t, server)
				s.send(data("CONNECT " + connect + "\r\nPUB x 0\r\n\r\nPING\r\n"))
				s.want(`-ERR 'Permissions Violation for Publish to "x"'`, "PONG")
			})
		}
		t.Run("no CONNECT", func(t *testing.T) {
			s := dial(t, server)
			s.send(data("PING\r\n"))
			s.wantLogin(false)
		})
	})
}

// TestJWTMonitoring: /connz shows who a client is by its claims, but no token that would let somebody in; nor does a log.
func TestJWTMonitoring(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := operator.New(t, nil)
		signing := operator.NewKey(t, nkeys.CreateAccount)
		a := o.Account(func(c *jwt.AccountClaims) {
			c.Name = "shop"
			c.SigningKeys.Add(signing.Public)
		})
		server := process.Start(t, target, process.Options{Config: o.Config() + "debug: true\ntrace: true\n"})
		keyed, token := user(a, nil, nil), user(a, signing, operator.Bearer)
		keyed.enter(t, server)
		token.enter(t, server)
		var got struct {
			Connections []struct {
				User    string `json:"authorized_user"`
				Account string `json:"account"`
				JWT     string `json:"jwt"`
				Issuer  string `json:"issuer_key"`
				Tag     string `json:"name_tag"`
			} `json:"connections"`
		}
		server.Page(t, "/connz?auth=1", &got)
		if len(got.Connections) != 2 {
			t.Fatalf("%+v", got)
		}
		for i, want := range []struct{ user, jwt, issuer string }{
			{keyed.Public, keyed.Token, a.Key.Public}, {token.Public, "", signing.Public},
		} {
			c := got.Connections[i]
			if c.User != want.user || c.JWT != want.jwt || c.Issuer != want.issuer || c.Account != a.Key.Public || c.Tag != "shop" {
				t.Errorf("%+v, want %+v", c, want)
			}
		}
		if text := server.Log().String(); target == process.Weir && strings.Contains(text, token.Token) { // nats-server logs it
			t.Error("a bearer token is in the log")
		}
		var account struct {
			Detail struct {
				JWT    string `json:"jwt"`
				Issuer string `json:"issuer_key"`
				Tag    string `json:"name_tag"`
				Claims struct {
					Subject string `json:"sub"`
				} `json:"decoded_jwt"`
			} `json:"account_detail"`
		}
		server.Page(t, "/accountz?acc="+a.Key.Public, &account)
		if d := account.Detail; d.JWT != o.Accounts[a.Key.Public] || d.Issuer != o.Public || d.Tag != "shop" || d.Claims.Subject != a.Key.Public {
			t.Errorf("%+v", d)
		}
		var all struct {
			Operators []string `json:"trusted_operators_jwt"`
		}
		server.Page(t, "/varz", &all)
		if len(all.Operators) != 1 || all.Operators[0] != o.Token {
			t.Errorf("operators %q", all.Operators)
		}
	})
}
