package websocket

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/test/operator"
	"weir/test/process"
)

// card is what a client brings.
type card struct{ operator.User }

// user makes a user of the account; see [operator.Account.User].
func user(a *operator.Account, by nkeys.KeyPair, change func(*jwt.UserClaims)) card {
	return card{a.User(by, change)}
}

func types(names ...string) func(*jwt.UserClaims) {
	return func(c *jwt.UserClaims) { c.AllowedConnectionTypes.Add(names...) }
}

// connectLine is a CONNECT with a JWT and a signature, of which each may be missing, and a PING.
func (c card) connectLine(t *testing.T, info string, token, sign bool) string {
	t.Helper()
	fields := map[string]any{"verbose": false, "pedantic": false, "protocol": 1, "headers": true}
	if token {
		fields["jwt"] = c.Token
	}
	if sign {
		fields["sig"] = signNonce(t, info, c)
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return "CONNECT " + string(text) + "\r\nPING\r\n"
}

// come connects with the card; whether that works is still to be asked.
func (c card) come(t *testing.T, server *process.Server) *session {
	t.Helper()
	s, info := dialInfo(t, server)
	s.send(data(c.connectLine(t, info, true, true)))
	return s
}

// enter is come for a client that has to get in.
func (c card) enter(t *testing.T, server *process.Server) *session {
	t.Helper()
	s := c.come(t, server)
	s.want("PONG")
	s.line() // the INFO that says so
	return s
}

// wantGone reads until the server ends the connection.
func wantGone(t *testing.T, c *process.Raw) {
	t.Helper()
	if _, err := c.Rest(); err != nil && !isReset(err) {
		t.Error(err)
	}
}

// wantLeave expects an error, unless it is empty, and a close frame; nats-server may lose both.
func (s *session) wantLeave(line string, code int, text string) {
	s.t.Helper()
	got := s.end()
	if s.server.Target == process.Stock && got.Code == 1006 {
		return
	}
	if line != "" {
		line = "-ERR '" + line + "'\r\n"
	}
	if heard := strings.ReplaceAll(string(s.text), "PING\r\n", ""); heard != line && s.server.Target == process.Weir {
		s.t.Errorf("got %q, want %q", heard, line)
	}
	if got.Code != code || got.Text != text {
		s.t.Errorf("closed with %d %q, want %d %q", got.Code, got.Text, code, text)
	}
}

// tenancy is a server with one account.
type tenancy struct {
	*operator.Account
	t      *testing.T
	server *process.Server
}

func tenant(t *testing.T, target process.Target, first func(*jwt.AccountClaims)) *tenancy {
	t.Helper()
	o := operator.New(t, nil)
	a := o.Account(first)
	return &tenancy{Account: a, t: t, server: process.Start(t, target, process.Options{Config: o.Config()})}
}

// update gives the account other claims, and lets the server know.
func (y *tenancy) update(change func(*jwt.AccountClaims)) {
	y.t.Helper()
	before := y.Config()
	y.Set(change)
	y.server.Reload(y.t, replace(before, y.Config()))
}

// hours is a time of day from now on, in whole hours.
func hours(from, to int) []jwt.TimeRange {
	clock := func(h int) string { return time.Now().Add(time.Duration(h) * time.Hour).Format("15:04:05") }
	return []jwt.TimeRange{{Start: clock(from), End: clock(to)}}
}
