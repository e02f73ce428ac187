package websocket

import (
	"testing"

	"weir/test/process"
)

// TestCookies has catalogue §2.7 and §6.3: a cookie fills a field that CONNECT has left empty, and nothing else.
func TestCookies(t *testing.T) {
	const (
		user  = "authorization { user: ann, password: secret }"
		token = "authorization { token: secret }"
		names = "user_cookie: u\n  pass_cookie: p\n  token_cookie: t"
	)
	rows := []struct {
		name, config, cookie, fields string
		in                           bool
	}{
		{"user and password", user, "u=ann; p=secret", ``, true},
		{"among others", user, "a=b; u=ann; c=d; p=secret; u2=eve", ``, true},
		{"password from CONNECT", user, "u=ann", `,"pass":"secret"`, true},
		{"user from CONNECT", user, "p=secret", `,"user":"ann"`, true},
		{"CONNECT goes first", user, "u=eve; p=x", `,"user":"ann","pass":"secret"`, true},
		{"CONNECT goes first even if it is wrong", user, "u=ann; p=secret", `,"user":"eve"`, false},
		{"in quotes", user, `u="ann"; p="secret"`, ``, true},
		// parity: 9.4.10.3
		{"the last of a name", user, "u=eve; p=secret; u=ann", ``, true},
		{"name in another case", user, "U=ann; p=secret", ``, false},
		{"wrong password", user, "u=ann; p=x", ``, false},
		{"none", user, "", ``, false},
		{"token", token, "t=secret", ``, true},
		{"wrong token", token, "t=x", ``, false},
		{"token in the wrong cookie", token, "p=secret", ``, false},
		{"nobody asked", "", "u=ann; p=secret; t=x", ``, true},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				server := process.Start(t, target, process.Options{Config: row.config, WebSocket: names})
				header := []string{}
				if row.cookie != "" {
					header = append(header, "Cookie: "+row.cookie)
				}
				s := dial(t, server, header...)
				s.send(data(`CONNECT {"verbose":false` + row.fields + "}\r\nPING\r\n"))
				if row.in {
					s.want("PONG")
					return
				}
				s.want("-ERR 'Authorization Violation'")
				s.wantClose(1008, "Authentication Failure", false)
			})
		}
		// parity: 9.4.10.2
		t.Run("CONNECT is needed all the same", func(t *testing.T) {
			s := dial(t, process.Start(t, target, process.Options{Config: user, WebSocket: names}), "Cookie: u=ann; p=secret")
			s.send(data("PING\r\n"))
			s.want("-ERR 'Authorization Violation'")
			s.wantClose(1008, "Authentication Failure", false)
		})
	})
}
