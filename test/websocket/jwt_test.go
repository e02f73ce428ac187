package websocket

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/test/process"
)

// TestJWTConnectionTypes: a JWT may allow some ways to come in only. Types that are not known do not count, unless there is
// no other.
//
// parity: 9.1.63
func TestJWTConnectionTypes(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := newOperator(t)
		a := o.account(nil)
		server := process.Start(t, target, process.Options{Config: o.config()})
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
			t.Run(row.name, func(t *testing.T) { a.user(nil, types(row.types...)).come(t, server).wantLogin(row.in) })
		}
	})
}

// TestJWTCookie: a cookie may hold the JWT, which is enough if it is a bearer token; that of CONNECT goes first.
//
// parity: 9.1.64
func TestJWTCookie(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := newOperator(t)
		a := o.account(nil)
		server := process.Start(t, target, process.Options{Config: o.config(), WebSocket: "jwt_cookie: jwt"})
		keyed, token := a.user(nil, nil), a.user(nil, bearer)
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
			{"cookie", keyed, keyed.token, false, false, false},
			{"cookie, signed", keyed, keyed.token, false, true, true},
			{"cookie, bearer", token, token.token, false, false, true},
			{"cookie, but another in CONNECT", keyed, token.token, true, true, true},
			{"a bearer in the cookie, but another without a signature in CONNECT", keyed, token.token, true, false, false},
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
			o := newOperator(t)
			a := o.account(nil)
			server := process.Start(t, target, process.Options{Config: o.config()})
			s := a.user(nil, func(c *jwt.UserClaims) { c.Expires = soon() }).enter(t, server)
			s.wantLeave("User Authentication Expired", 1008, "Authentication Expired")
		})
		t.Run("account", func(t *testing.T) {
			o := newOperator(t)
			a := o.account(func(c *jwt.AccountClaims) { c.Expires = soon() + 2 }) // the server starts before that
			server := process.Start(t, target, process.Options{Config: o.config()})
			c := a.user(nil, nil)
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
			s := y.user(nil, nil).enter(t, y.server)
			s.send(data("SUB a 1\r\nSUB b 2\r\nSUB c 3\r\nPING\r\n"))
			s.want("PONG")
			y.update(func(c *jwt.AccountClaims) { c.Limits.Subs = 1 })
			s.wantLeave("maximum subscriptions exceeded", 1008, "Maximum Subscriptions Exceeded")
		},
		"fewer connections": func(t *testing.T, target process.Target) {
			y := tenant(t, target, nil)
			c := y.user(nil, nil)
			first := c.enter(t, y.server)
			second := c.enter(t, y.server)
			y.update(func(c *jwt.AccountClaims) { c.Limits.Conn = 1 })
			second.wantLeave("maximum account active connections exceeded", 1008, "Maximum Account Connections Exceeded")
			first.alive()
		},
		"smaller messages": func(t *testing.T, target process.Target) {
			y := tenant(t, target, nil)
			s := y.user(nil, nil).enter(t, y.server)
			y.update(func(c *jwt.AccountClaims) { c.Limits.Payload = 4 })
			s.send(data("SUB a 1\r\nPUB a 4\r\nfour\r\nPING\r\n"))
			s.want("MSG a 1 4", "four", "PONG")
			s.send(data("PUB a 5\r\nseven\r\n"))
			s.wantLeave("Maximum Payload Violation", 1009, "Maximum Message Payload Exceeded")
		},
		"no bearer tokens": func(t *testing.T, target process.Target) {
			y := tenant(t, target, nil)
			s := y.user(nil, bearer).enter(t, y.server)
			y.update(func(c *jwt.AccountClaims) { c.Limits.DisallowBearer = true })
			s.wantLeave("Authorization Violation", 1008, "Authentication Failure")
		},
		"default permissions": func(t *testing.T, target process.Target) {
			y := tenant(t, target, nil)
			s := y.user(nil, nil).enter(t, y.server)
			s.send(data("PUB a 0\r\n\r\nPING\r\n"))
			s.want("PONG")
			y.update(func(c *jwt.AccountClaims) { c.DefaultPermissions.Pub.Allow.Add("b") })
			s.send(data("PUB a 0\r\n\r\nPUB b 0\r\n\r\nPING\r\n"))
			s.want(`-ERR 'Permissions Violation for Publish to "a"'`, "PONG")
		},
		"a signing key removed": func(t *testing.T, target process.Target) {
			pair, public := keyOf(t, nkeys.CreateAccount)
			y := tenant(t, target, func(c *jwt.AccountClaims) { c.SigningKeys.Add(public) })
			s := y.user(pair, nil).enter(t, y.server)
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
	gone, stays := y.user(nil, nil), y.user(nil, nil)
	s, other := gone.enter(t, y.server), stays.enter(t, y.server)
	y.update(func(c *jwt.AccountClaims) { c.Revocations = jwt.RevocationList{gone.public: time.Now().Unix()} })
	s.wantLeave("User Authentication Revoked", 1008, "Credentials Revoked")
	other.alive()
	gone.come(t, y.server).wantLogin(false)
}

func changeScope(t *testing.T, target process.Target) {
	pair, public := keyOf(t, nkeys.CreateAccount)
	scope := func(names ...string) func(*jwt.AccountClaims) {
		return func(c *jwt.AccountClaims) {
			s := jwt.NewUserScope()
			s.Key, s.Template.AllowedConnectionTypes = public, names
			c.SigningKeys.AddScopedSigner(s)
		}
	}
	y := tenant(t, target, scope("STANDARD"))
	c := y.user(pair, func(c *jwt.UserClaims) { c.SetScoped(true) })
	c.come(t, y.server).wantLogin(false)
	plain := dialPlain(t, y.server)
	plain.send(c.connectLine(t, plain.info, true, true))
	plain.wantLogin(true)
	y.update(scope("STANDARD", "WEBSOCKET"))
	plain.wantGone()
	c.come(t, y.server).wantLogin(true)
}

// TestJWTLimits holds clients to what their claims and those of the account say.
func TestJWTLimits(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := newOperator(t)
		scopeKey, scopePublic := keyOf(t, nkeys.CreateAccount)
		one := o.account(func(c *jwt.AccountClaims) { c.Limits.Conn = 1 })
		none := o.account(func(c *jwt.AccountClaims) { c.Limits.Conn = 0 })
		open := o.account(func(c *jwt.AccountClaims) {
			c.Name = "shop"
			s := jwt.NewUserScope()
			s.Key = scopePublic
			s.Template.Pub.Allow.Add("to.{{name()}}", "team.{{tag(team)}}", "{{account-name()}}.x")
			s.Template.Sub.Allow.Add("from.{{subject()}}.*")
			c.SigningKeys.AddScopedSigner(s)
		})
		server := process.Start(t, target, process.Options{Config: o.config()})
		// parity: 9.1.20.6
		t.Run("connections", func(t *testing.T) {
			c := one.user(nil, nil)
			first := c.enter(t, server)
			c.come(t, server).wantLeave("maximum account active connections exceeded", 1008, "Maximum Account Connections Exceeded")
			first.alive()
			none.user(nil, nil).come(t, server).wantLeave("maximum account active connections exceeded", 1008, "Maximum Account Connections Exceeded")
		})
		t.Run("subscriptions and payload", func(t *testing.T) {
			s := open.user(nil, func(c *jwt.UserClaims) { c.Limits.Subs, c.Limits.Payload = 1, 4 }).come(t, server)
			s.want("PONG")
			if info := s.line(); !strings.Contains(info, `"max_payload":4,`) || !strings.Contains(info, `"remote_account":"`+open.public+`"`) {
				t.Error(info)
			}
			s.send(data("SUB a 1\r\nSUB b 2\r\nPING\r\n"))
			s.want("-ERR 'maximum subscriptions exceeded'", "PONG")
			s.send(data("PUB a 5\r\nseven\r\n"))
			s.wantLeave("Maximum Payload Violation", 1009, "Maximum Message Payload Exceeded")
		})
		t.Run("a template", func(t *testing.T) {
			c := open.user(scopeKey, func(c *jwt.UserClaims) {
				c.SetScoped(true)
				c.Name, c.Tags = "ann", jwt.TagList{"team:red", "team:blue"}
			})
			s := c.enter(t, server)
			s.send(data("PUB to.ann 0\r\n\r\nPUB team.red 0\r\n\r\nPUB team.blue 0\r\n\r\nPUB shop.x 0\r\n\r\nSUB from." + c.public + ".* 1\r\nPING\r\n"))
			s.want("PONG")
			s.send(data("PUB to.bob 0\r\n\r\nPUB team.green 0\r\n\r\nSUB from.* 2\r\nPING\r\n"))
			s.want(`-ERR 'Permissions Violation for Publish to "to.bob"'`, `-ERR 'Permissions Violation for Publish to "team.green"'`,
				`-ERR 'Permissions Violation for Subscription to "from.*"'`, "PONG")
		})
		t.Run("isolation", func(t *testing.T) {
			other := one.user(nil, nil)
			process.Await(process.Patience, func() bool { // until the client of before is gone
				s := other.come(t, server)
				defer s.Close() //nolint:errcheck // the test ends with it
				return s.line() == "PONG"
			})
			s := open.user(nil, nil).enter(t, server)
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
		o := newOperator(t)
		open := o.account(nil)
		server := process.Start(t, target, process.Options{Config: o.config()})
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
				s := open.user(nil, row.change).come(t, server)
				if name == "proxy" {
					s.wantLeave("Authorization Violation", 1011, "Proxy Required")
					return
				}
				s.wantLogin(row.in)
			})
		}
	})
}

// TestSentinel: who brings no JWT comes in with that of the configuration.
func TestSentinel(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := newOperator(t)
		a := o.account(nil)
		sentinel := a.user(nil, func(c *jwt.UserClaims) { c.BearerToken = true; c.Pub.Deny.Add("x") })
		server := process.Start(t, target, process.Options{Config: o.config() + "default_sentinel: " + sentinel.token + "\n"})
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
