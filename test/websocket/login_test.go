package websocket

import (
	"testing"
	"time"

	"weir/test/process"
)

// The credentials of a configuration with one set at the top and one in the websocket block.
const (
	topUser   = "authorization { user: normal, password: client }"
	topToken  = "authorization { token: clienttoken }"
	edgeUser  = "authorization { user: websocket, pass: client }"
	edgeToken = "authorization { token: websockettoken }"
)

var logins = []struct {
	name, top, edge, fields string
	in                      bool
}{
	// parity: 9.1.54.1
	{"top user, another one", topUser, "", `,"user":"websocket","pass":"client"`, false},
	// parity: 9.1.54.2
	{"top user", topUser, "", `,"user":"normal","pass":"client"`, true},
	// parity: 9.1.54.3
	{"edge user, another one", "", edgeUser, `,"user":"normal","pass":"client"`, false},
	// parity: 9.1.54.4
	{"edge user", "", edgeUser, `,"user":"websocket","pass":"client"`, true},
	// parity: 9.1.54.5
	{"both users, the top one", topUser, edgeUser, `,"user":"normal","pass":"client"`, false},
	// parity: 9.1.54.6
	{"both users, the edge one", topUser, edgeUser, `,"user":"websocket","pass":"client"`, true},
	// parity: 9.1.56.1
	{"top token, another one", topToken, "", `,"auth_token":"badtoken"`, false},
	// parity: 9.1.56.2
	{"top token", topToken, "", `,"auth_token":"clienttoken"`, true},
	// parity: 9.1.56.3
	{"edge token, another one", "", edgeToken, `,"auth_token":"badtoken"`, false},
	// parity: 9.1.56.4
	{"edge token", "", edgeToken, `,"auth_token":"websockettoken"`, true},
	// parity: 9.1.56.5
	{"both tokens, the top one", topToken, edgeToken, `,"auth_token":"clienttoken"`, false},
	// parity: 9.1.56.6
	{"both tokens, the edge one", topToken, edgeToken, `,"auth_token":"websockettoken"`, true},
	{"top user and edge token", topUser, edgeToken, `,"user":"normal","pass":"client"`, false},
}

// TestLogins has catalogue §6.1: the block's credentials are in place of those at the top.
func TestLogins(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range logins {
			t.Run(row.name, func(t *testing.T) {
				server := process.Start(t, target, process.Options{Config: row.top, WebSocket: row.edge})
				s := dial(t, server)
				s.send(data(`CONNECT {"verbose":false` + row.fields + "}\r\nPING\r\n"))
				s.wantLogin(row.in)
			})
		}
	})
}

// wantLogin expects the answer to a PING behind a CONNECT, or that the client has to go.
func (s *session) wantLogin(in bool) {
	s.t.Helper()
	if in {
		s.want("PONG")
		return
	}
	s.want("-ERR 'Authorization Violation'")
	s.wantClose(1008, "Authentication Failure", false)
}

// TestCookieLogins has credentials from cookies only.
func TestCookieLogins(t *testing.T) {
	const users, names = "user_cookie: un\n  pass_cookie: pw", "token_cookie: tok"
	rows := []struct {
		name, top, cookies, header string
		in                         bool
	}{
		// parity: 9.1.54.7
		{"user and password", topUser, users, "un=normal; pw=client", true},
		// parity: 9.1.54.8
		{"wrong user", topUser, users, "un=eve; pw=client", false},
		// parity: 9.1.54.9
		{"wrong password", topUser, users, "un=normal; pw=x", false},
		// parity: 9.1.54.10
		{"token", topToken, names, "tok=clienttoken", true},
		// parity: 9.1.54.11
		{"wrong token", topToken, names, "tok=x", false},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				s := dial(t, process.Start(t, target, process.Options{Config: row.top, WebSocket: row.cookies}), "Cookie: "+row.header)
				s.send(data("CONNECT {\"verbose\":false,\"user\":\"\",\"pass\":\"\"}\r\nPING\r\n"))
				s.wantLogin(row.in)
			})
		}
	})
}

// TestLoginTime has the time that a client may take to log in.
func TestLoginTime(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		// parity: 9.1.55.1
		t.Run("top, late but in time", func(t *testing.T) {
			s := dial(t, process.Start(t, target, process.Options{Config: "authorization { user: ann, password: p, timeout: 10 }"}))
			<-time.After(100 * time.Millisecond)
			s.send(data("CONNECT {\"verbose\":false,\"user\":\"ann\",\"pass\":\"p\"}\r\nPING\r\n"))
			s.wantLogin(true)
		})
		// parity: 9.1.55.2
		t.Run("the block's own", func(t *testing.T) {
			options := process.Options{Config: "authorization { user: ann, password: p, timeout: 60 }", WebSocket: "authorization { timeout: 0.05 }"}
			s := dial(t, process.Start(t, target, options))
			s.want("-ERR 'Authentication Timeout'")
			s.wantClose(1008, "Authentication Timeout", false)
		})
	})
}

// TestNoAuthUser has users who may publish to a subject of their name only: that tells who came in.
func TestNoAuthUser(t *testing.T) {
	const users = `authorization { users: [
		{ user: noauth, password: p, permissions: { publish: noauth } }
		{ user: user, password: p, permissions: { publish: user } }
		{ user: wsnoauth, password: p, permissions: { publish: wsnoauth } }
		{ user: wsuser, password: p, permissions: { publish: wsuser } }
	] }
	`
	rows := []struct{ name, top, edge, connect, who string }{
		// parity: 9.1.60.1
		{"top", "no_auth_user: noauth", "", `CONNECT {"verbose":false}`, "noauth"},
		// parity: 9.1.60.2
		{"top, and credentials", "no_auth_user: noauth", "", `CONNECT {"verbose":false,"user":"user","pass":"p"}`, "user"},
		// parity: 9.1.60.3
		{"edge", "no_auth_user: noauth", "no_auth_user: wsnoauth", `CONNECT {"verbose":false}`, "wsnoauth"},
		// parity: 9.1.60.4
		{"edge, and credentials", "no_auth_user: noauth", "no_auth_user: wsnoauth", `CONNECT {"verbose":false,"user":"wsuser","pass":"p"}`, "wsuser"},
		{"edge alone", "", "no_auth_user: wsnoauth", `CONNECT {"verbose":false}`, "wsnoauth"},
		// parity: 9.3.72
		{"top, no CONNECT", "no_auth_user: noauth", "", "", "noauth"},
		// parity: 9.1.70
		{"edge, no CONNECT", "no_auth_user: noauth", "no_auth_user: wsnoauth", "", "wsnoauth"},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				s := dial(t, process.Start(t, target, process.Options{Config: users + row.top, WebSocket: row.edge}))
				text := "PING\r\n"
				if row.connect != "" {
					text = row.connect + "\r\n" + text
				}
				s.send(data(text))
				s.want("PONG")
				verbose := row.connect == "" // until CONNECT says otherwise
				for _, name := range []string{"noauth", "user", "wsnoauth", "wsuser"} {
					s.send(data("PUB " + name + " 0\r\n\r\n"))
					if name != row.who {
						s.want(`-ERR 'Permissions Violation for Publish to "` + name + `"'`)
					} else if verbose {
						s.want("+OK")
					}
				}
				s.alive()
			})
		}
	})
}

// TestPingInterval is that of the block: the server asks again and again, in NATS's own words.
//
// parity: 9.1.71
func TestPingInterval(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := connect(t, process.Start(t, target, process.Options{WebSocket: `ping_interval: "100ms"`}))
		for range 4 {
			s.want("PING")
			s.send(data("PONG\r\n"))
		}
	})
}

// TestDrain is what a client does that leaves in good order: it ends its subscriptions, hears what was on its way, and
// closes.
//
// parity: 9.4.12.4
func TestDrain(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{})
		s, other := connect(t, server), connect(t, server)
		s.send(data("SUB a 1\r\nPING\r\n"))
		s.want("PONG")
		other.send(data("PUB a 1\r\nx\r\nPING\r\n"))
		other.want("PONG")
		s.send(data("UNSUB 1\r\nPING\r\n"))
		s.want("MSG a 1 1", "x", "PONG")
		other.send(data("PUB a 1\r\ny\r\nPING\r\n"))
		other.want("PONG")
		s.alive()
		s.send(closeFrame(1000, ""))
		s.wantClose(1000, "", false)
	})
}
