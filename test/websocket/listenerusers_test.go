package websocket

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"weir/test/process"
)

// TestListenersLogins has a login of its own on every listener, and one with that of the client port: who may come in through
// one is nobody at the others.
func TestListenersLogins(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		pair, public := newKey(t)
		const block = "host: 127.0.0.1, port: -1, no_tls: true"
		server := process.Start(t, process.Weir, process.Options{File: `
			host: 127.0.0.1
			port: -1
			authorization { token: top, timeout: 60 }
			websocket: [
				{ ` + block + `, name: same }
				{ ` + block + `, name: token, authorization { token: "$2a$04$TmvdYQs6vL6LxSYE2Wr7oeS1zAOjc444dgI0wIrz1gfUcWGv2AoIO" } }
				{ ` + block + `, name: single, authorization { user: ann, password: apple, timeout: 0.1 } }
				{ ` + block + `, name: users, no_auth_user: page, authorization { default_permissions { publish: page }
					users: [ {user: bob, password: p, permissions { publish: bob }}, {user: page}, {nkey: ` + public + `, permissions { publish: key }} ] } }
			]`})
		addresses := map[string]string{"client port": server.Client}
		for _, m := range regexp.MustCompile(`websocket clients on ws://(\S+)(?: \((\S+)\))?`).FindAllStringSubmatch(server.Log().String(), -1) {
			if m[2] == "" {
				m[2] = "same"
			}
			addresses[m[2]] = m[1]
		}
		come := func(t *testing.T, listener string) (talker, string) {
			if listener == "client port" {
				c := process.DialRaw(t, addresses[listener])
				return plain{c}, c.Info
			}
			return dialInfo(t, &process.Server{Target: process.Weir, WebSocket: addresses[listener]})
		}
		for _, row := range []struct{ fields, who, in string }{
			{`,"auth_token":"top"`, "", "client port, same"},
			{`,"auth_token":"secret"`, "", "token"},
			{`,"user":"ann","pass":"apple"`, "", "single"},
			{`,"user":"bob","pass":"p"`, "bob", "users"},
			{``, "page", "users"},
			{"nkey", "key", "users"},
			{`,"user":"ann","pass":"x"`, "", ""},
		} {
			for listener := range addresses {
				t.Run(row.fields+" at "+listener, func(t *testing.T) {
					c, info := come(t, listener)
					fields := row.fields
					if fields == "nkey" {
						if fields = ""; listener == "users" {
							fields = fmt.Sprintf(`,"nkey":%q,"sig":%q`, public, signNonce(t, info, pair))
						}
					}
					c.say(`CONNECT {"verbose":false` + fields + "}\r\nPING\r\n")
					if !slices.Contains(strings.Split(row.in, ", "), listener) {
						c.want("-ERR 'Authorization Violation'")
						return
					}
					c.want("PONG")
					for _, name := range []string{"bob", "page", "key"} {
						if c.say("PUB " + name + " 0\r\n\r\n"); row.who != "" && name != row.who {
							c.want(`-ERR 'Permissions Violation for Publish to "` + name + `"'`)
						}
					}
					c.say("PING\r\n")
					c.want("PONG")
				})
			}
		}
		t.Run("timeout", func(t *testing.T) {
			c, _ := come(t, "single")
			c.want("-ERR 'Authentication Timeout'")
		})
	})
}

// TestListenersUsers has a websocket block with users of its own, in accounts: they are nobody on the client port, and its
// users are nobody here.
func TestListenersUsers(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		server := process.Start(t, process.Weir, process.Options{
			Config: `
				accounts { A { users: [ {user: inner, password: i} ] }, B {} }
			`,
			WebSocket: `
				no_auth_user: page
				authorization { users: [ {user: outer, password: o, account: A}, {user: page, password: p, account: B, permissions { subscribe: news }} ] }
			`,
		})
		login := func(user, pass string) *session {
			s := dial(t, server)
			s.send(data(`CONNECT {"verbose":false,"user":"` + user + `","pass":"` + pass + "\"}\r\nPING\r\n"))
			return s
		}
		inner := process.DialRaw(t, server.Client)
		inner.Send("CONNECT {\"verbose\":false,\"user\":\"inner\",\"pass\":\"i\"}\r\nSUB news 1\r\nPING\r\n")
		inner.Want("PONG")
		outer := login("outer", "o")
		outer.want("PONG")
		outer.send(data("PUB news 2\r\nhi\r\n"))
		inner.Want("MSG news 1 2", "hi")
		page := dial(t, server)
		page.send(data("CONNECT {\"verbose\":false}\r\nSUB other 1\r\nSUB news 2\r\nPING\r\n"))
		page.want("-ERR 'Permissions Violation for Subscription to \"other\"'", "PONG")

		login("inner", "i").wantClose(1008, "Authentication Failure", false)
		plain := process.DialRaw(t, server.Client)
		plain.Send("CONNECT {\"verbose\":false,\"user\":\"outer\",\"pass\":\"o\"}\r\n")
		plain.Want("-ERR 'Authorization Violation'")
	})
}
