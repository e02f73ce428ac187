package client_test

import (
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/perm"
)

// twoUsers is a house with the users app and guest; guest may only subscribe to open.
func twoUsers(noAuthUser string) *house {
	return &house{timeout: time.Second, auth: auth.Config{NoAuthUser: noAuthUser, Users: []auth.User{
		{Name: "app", Password: "secret"},
		{Name: "guest", Password: "unguessable", Permissions: &perm.Config{Subscribe: perm.Rule{Allow: []string{"open"}}}},
	}}}
}

// Who brings no credentials comes in as no_auth_user, with its permissions; wrong ones still do not help.
func TestNoAuthUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := twoUsers("guest").start(t)
		p := h.connect("")
		p.send("SUB open 1\r\nSUB closed 2\r\nPUB open 1\r\nx\r\n")
		p.want("-ERR 'Permissions Violation for Subscription to \"closed\"'", "MSG open 1 1", "x")
		q := h.connect(`,"user":"app","pass":"secret"`)
		q.send("SUB closed 1\r\nPING\r\n")
		q.want("PONG")
		r := h.dial()
		r.line()
		r.send("CONNECT {\"user\":\"app\",\"pass\":\"wrong\"}\r\n")
		r.want("-ERR 'Authorization Violation'", "EOF")
	})
}

// With a no_auth_user a client may do without CONNECT, also for longer than the login may take.
func TestNoConnectAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := twoUsers("guest").start(t).dial()
		p.line()
		p.send("PING\r\n")
		p.want("PONG")
		<-time.After(1900 * time.Millisecond)
		p.send("SUB open 1\r\n")
		p.want("+OK")
	})
}

// Cookies stand in for what CONNECT leaves empty, field by field.
func TestCookies(t *testing.T) {
	for _, row := range []struct {
		name    string
		arrived auth.Credentials
		connect string
		ok      bool
	}{
		{"both", auth.Credentials{User: "app", Pass: "secret"}, `{}`, true},
		{"user only", auth.Credentials{User: "app"}, `{"pass":"secret"}`, true},
		{"CONNECT wins", auth.Credentials{User: "app", Pass: "secret"}, `{"pass":"wrong"}`, false},
		{"wrong", auth.Credentials{User: "app", Pass: "wrong"}, `{}`, false},
		{"none", auth.Credentials{}, `{}`, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := twoUsers("")
				h.arrived = &client.Arrived{Credentials: row.arrived}
				p := h.start(t).dial()
				p.line()
				p.send("CONNECT " + row.connect + "\r\n")
				if row.ok {
					p.want("+OK")
				} else {
					p.want("-ERR 'Authorization Violation'", "EOF")
				}
			})
		})
	}
}

// Cookies do not count for a client that skips CONNECT.
func TestCookiesNeedConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := twoUsers("guest")
		h.arrived = &client.Arrived{Credentials: auth.Credentials{User: "app", Pass: "secret"}}
		p := h.start(t).dial()
		p.line()
		p.send("SUB closed 1\r\n")
		p.want("-ERR 'Permissions Violation for Subscription to \"closed\"'")
	})
}
