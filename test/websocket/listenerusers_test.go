package websocket

import (
	"testing"

	"weir/test/process"
)

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
