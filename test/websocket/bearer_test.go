package websocket

import (
	"encoding/base64"
	"strings"
	"testing"

	"weir/test/operator"
	"weir/test/process"
)

// bearers switches on what a block does not do by itself.
const bearers = "bearer_header: true\n  bearer_subprotocol: true"

const (
	bearerHeader = "Authorization: Bearer "
	offer        = "Sec-WebSocket-Protocol: "
)

// TestBearer: the upgrade may bring a token in a header or in a subprotocol. The header goes before the subprotocol, that
// before the cookies, and CONNECT before them all, field by field.
func TestBearer(t *testing.T) {
	const (
		token = "authorization { token: s3cr3t! }"
		users = "authorization { users: [ {user: ann, password: secret} ] }"
		names = bearers + "\n  token_cookie: t\n  user_cookie: u\n  pass_cookie: p"
	)
	rows := []struct {
		name, config, edge string
		header             []string
		fields             string
		in                 bool
	}{
		{"header", token, names, []string{bearerHeader + "s3cr3t!"}, ``, true},
		{"subprotocol", token, names, []string{offer + "nats, nats.bearer.s3cr3t!"}, ``, true},
		{"subprotocol in base64url", token, names, []string{offer + "nats, nats.bearer64.czNjcjN0IQ"}, ``, true},
		{"wrong", token, names, []string{bearerHeader + "x"}, ``, false},
		{"wrong subprotocol", token, names, []string{offer + "nats, nats.bearer.x"}, ``, false},
		{"another scheme", token, names, []string{"Authorization: Basic s3cr3t!"}, ``, false},
		{"CONNECT goes first", token, names, []string{bearerHeader + "x"}, `,"auth_token":"s3cr3t!"`, true},
		{"CONNECT goes first even if it is wrong", token, names, []string{bearerHeader + "s3cr3t!"}, `,"auth_token":"x"`, false},
		{"header before subprotocol", token, names, []string{bearerHeader + "s3cr3t!", offer + "nats, nats.bearer.x"}, ``, true},
		{"header before subprotocol even if it is wrong", token, names, []string{bearerHeader + "x", offer + "nats, nats.bearer.s3cr3t!"}, ``, false},
		{"header before cookie", token, names, []string{bearerHeader + "s3cr3t!", "Cookie: t=x"}, ``, true},
		{"header before cookie even if it is wrong", token, names, []string{bearerHeader + "x", "Cookie: t=s3cr3t!"}, ``, false},
		{"subprotocol before cookie", token, names, []string{offer + "nats, nats.bearer.s3cr3t!", "Cookie: t=x"}, ``, true},
		{"cookie", token, names, []string{offer + "nats", "Cookie: t=s3cr3t!"}, ``, true},
		{"a header's owner is not a cookie's", users, names, []string{bearerHeader + "x", "Cookie: u=ann; p=secret"}, ``, false},
		{"the cookie's owner without that", users, names, []string{"Cookie: u=ann; p=secret"}, ``, true},
		{"header not wanted", token, "bearer_subprotocol: true", []string{bearerHeader + "s3cr3t!"}, ``, false},
		{"subprotocol not wanted", token, "bearer_header: true", []string{offer + "nats, nats.bearer.s3cr3t!"}, ``, false},
		{"nobody asked", "", names, []string{bearerHeader + "x"}, ``, true},
	}
	process.OnWeir(t, func(t *testing.T) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				server := process.Start(t, process.Weir, process.Options{Config: row.config, WebSocket: row.edge, Args: []string{"-DV"}})
				s := dial(t, server, row.header...)
				s.send(data(`CONNECT {"verbose":false` + row.fields + "}\r\nPING\r\n"))
				s.wantLogin(row.in)
				if text := server.Log().String(); strings.Contains(text, "s3cr3t") || strings.Contains(text, "czNjcjN0IQ") {
					t.Errorf("the log tells the token:\n%s", text)
				}
			})
		}
		t.Run("CONNECT is needed all the same", func(t *testing.T) {
			s := dial(t, process.Start(t, process.Weir, process.Options{Config: token, WebSocket: names}), bearerHeader+"s3cr3t!")
			s.send(data("PING\r\n"))
			s.wantLogin(false)
		})
	})
}

// TestBearerUnasked: without the keys neither server looks at the header or the subprotocol, not even for guests.
func TestBearerUnasked(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{Config: "no_auth_user: ann\nauthorization { users: [ {user: ann, password: secret} ] }"})
		for _, header := range []string{bearerHeader + "x", "Sec-WebSocket-Protocol: nats.bearer.x"} {
			s := dial(t, server, header)
			s.send(data("CONNECT {\"verbose\":false}\r\nPING\r\n"))
			s.want("PONG")
		}
	})
}

// TestBearerJWT: with operators a JWT of NATS is one, whatever place it comes from.
func TestBearerJWT(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		o := operator.New(t, nil)
		a := o.Account(nil)
		server := process.Start(t, process.Weir, process.Options{Config: o.Config(), WebSocket: bearers + "\n  jwt_cookie: jwt"})
		keyed, token, other := user(a, nil, nil), user(a, nil, operator.Bearer), user(o.Account(nil), nil, nil)
		protocol := func(c card) string { return offer + "nats.bearer." + c.Token + ", nats" }
		encoded := func(c card) string {
			return offer + "nats, nats.bearer64." + base64.RawURLEncoding.EncodeToString([]byte(c.Token))
		}
		for _, row := range []struct {
			name       string
			card       card
			header     string
			told, sign bool
			in         bool
		}{
			{"header, bearer", token, bearerHeader + token.Token, false, false, true},
			{"header", keyed, bearerHeader + keyed.Token, false, false, false},
			{"header, signed", keyed, bearerHeader + keyed.Token, false, true, true},
			{"header, signed by another", other, bearerHeader + keyed.Token, false, true, false},
			{"header, but another in CONNECT", keyed, bearerHeader + token.Token, true, true, true},
			{"header, but another without a signature in CONNECT", keyed, bearerHeader + token.Token, true, false, false},
			{"header, no JWT", token, bearerHeader + "abc", false, false, false},
			{"header before cookie", token, bearerHeader + token.Token + "\r\nCookie: jwt=" + keyed.Token, false, false, true},
			{"subprotocol, bearer", token, protocol(token), false, false, true},
			{"subprotocol, signed", keyed, protocol(keyed), false, true, true},
			{"subprotocol in base64url", token, encoded(token), false, false, true},
		} {
			t.Run(row.name, func(t *testing.T) {
				s, info := dialInfo(t, server, row.header)
				if got := s.Response.Header.Get("Sec-WebSocket-Protocol"); got != "nats" && strings.Contains(row.header, offer) {
					t.Errorf("agreed to %q", got)
				}
				s.send(data(row.card.connectLine(t, info, row.told, row.sign)))
				s.wantLogin(row.in)
			})
		}
		if strings.Contains(server.Log().String(), token.Token) {
			t.Error("the log tells a bearer token")
		}
	})
}

// TestBearerAnswer: the answer is nats where that is offered, and what carried the secret only where there is no other: a
// browser gives up without an answer that it has offered.
func TestBearerAnswer(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		on, off := process.Start(t, process.Weir, process.Options{WebSocket: bearers}), process.Start(t, process.Weir, process.Options{})
		for _, row := range []struct {
			name, offers, on, off string
		}{
			{"first", "nats, nats.bearer.abc", "nats", "nats"},
			{"last", "nats.bearer.abc, nats", "nats", "nats"},
			{"on two lines", "nats.bearer.abc\r\n" + offer + "nats", "nats", "nats"},
			{"alone", "nats.bearer.abc", "nats.bearer.abc", ""},
			{"alone in base64url", "nats.bearer64.YWJj", "nats.bearer64.YWJj", ""},
			{"with others", "mqtt, nats.bearer.abc", "nats.bearer.abc", ""},
			{"that can not be read", "nats.bearer64.a+b", "", ""},
			{"without a secret", "nats.bearer.", "", ""},
		} {
			t.Run(row.name, func(t *testing.T) {
				for server, want := range map[*process.Server]string{on: row.on, off: row.off} {
					s := dial(t, server, offer+row.offers)
					if got := strings.Join(s.Response.Header["Sec-Websocket-Protocol"], ";"); got != want {
						t.Errorf("got %q, want %q", got, want)
					}
				}
			})
		}
	})
}

// TestBearerRefused: a refused upgrade is logged, and what it brought is not.
func TestBearerRefused(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		server := process.Start(t, process.Weir, process.Options{WebSocket: bearers + "\n  same_origin: true", Args: []string{"-DV"}})
		_, err := over(t, server, process.Dial(t, server.WebSocket), "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://b\r\n"+
			bearerHeader+"s3cr3t\r\n"+offer+"nats.bearer.s3cr3t\r\n\r\n")
		if err == nil {
			t.Fatal("upgraded")
		}
		line, err := server.Log().Wait("origin is not that of the server", process.Patience)
		if err != nil {
			t.Fatal(err)
		}
		if text := server.Log().String(); strings.Contains(text, "s3cr3t") {
			t.Errorf("the log tells the token: %s\n%s", line, text)
		}
	})
}
