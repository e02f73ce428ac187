package websocket

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/test/process"
)

// operator vouches for accounts, which are in the memory of a server.
type operator struct {
	t        *testing.T
	pair     nkeys.KeyPair
	token    string
	accounts map[string]string // JWTs by public key
}

func newOperator(t *testing.T) *operator {
	t.Helper()
	o := &operator{t: t, accounts: map[string]string{}}
	var public string
	o.pair, public = keyOf(t, nkeys.CreateOperator)
	o.token = encode(t, jwt.NewOperatorClaims(public), o.pair)
	return o
}

func keyOf(t *testing.T, create func() (nkeys.KeyPair, error)) (nkeys.KeyPair, string) {
	t.Helper()
	pair, err := create()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return pair, public
}

func encode(t *testing.T, c jwt.Claims, by nkeys.KeyPair) string {
	t.Helper()
	token, err := c.Encode(by)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// config is the part of a configuration file that trusts the operator.
func (o *operator) config() string {
	var b strings.Builder
	fmt.Fprintf(&b, "operator: %s\nresolver: MEMORY\nresolver_preload {\n", o.token)
	for _, name := range slices.Sorted(maps.Keys(o.accounts)) {
		fmt.Fprintf(&b, "  %s: %s\n", name, o.accounts[name])
	}
	return b.String() + "}\n"
}

// vouched is an account.
type vouched struct {
	*operator
	pair   nkeys.KeyPair
	public string
}

func (o *operator) account(change func(*jwt.AccountClaims)) *vouched {
	o.t.Helper()
	pair, public := keyOf(o.t, nkeys.CreateAccount)
	a := &vouched{o, pair, public}
	a.set(change)
	return a
}

// set makes new claims of the account; a server has to be told.
func (a *vouched) set(change func(*jwt.AccountClaims)) {
	a.t.Helper()
	c := jwt.NewAccountClaims(a.public)
	if change != nil {
		change(c)
	}
	a.accounts[a.public] = encode(a.t, c, a.operator.pair)
}

// card is what a client brings.
type card struct {
	token  string
	pair   nkeys.KeyPair
	public string
}

// user makes a user of the account, signed by the key by, or by the account itself.
func (a *vouched) user(by nkeys.KeyPair, change func(*jwt.UserClaims)) card {
	a.t.Helper()
	pair, public := keyOf(a.t, nkeys.CreateUser)
	c := jwt.NewUserClaims(public)
	if by == nil {
		by = a.pair
	} else {
		c.IssuerAccount = a.public
	}
	if change != nil {
		change(c)
	}
	return card{encode(a.t, c, by), pair, public}
}

func bearer(c *jwt.UserClaims) { c.BearerToken = true }

func types(names ...string) func(*jwt.UserClaims) {
	return func(c *jwt.UserClaims) { c.AllowedConnectionTypes.Add(names...) }
}

// connectLine is a CONNECT with a JWT and a signature, of which each may be missing, and a PING.
func (c card) connectLine(t *testing.T, info string, token, sign bool) string {
	t.Helper()
	fields := map[string]any{"verbose": false, "pedantic": false, "protocol": 1, "headers": true}
	if token {
		fields["jwt"] = c.token
	}
	if sign {
		fields["sig"] = signNonce(t, info, c.pair)
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
func (c *plainClient) wantGone() {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c.r); err != nil && !isReset(err) {
		c.t.Error(err)
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
	*vouched
	t      *testing.T
	server *process.Server
	seen   int // reloads
}

func tenant(t *testing.T, target process.Target, first func(*jwt.AccountClaims)) *tenancy {
	t.Helper()
	o := newOperator(t)
	a := o.account(first)
	return &tenancy{vouched: a, t: t, server: process.Start(t, target, process.Options{Config: o.config()})}
}

// update gives the account other claims, and lets the server know.
func (y *tenancy) update(change func(*jwt.AccountClaims)) {
	y.t.Helper()
	before := y.config()
	y.set(change)
	reload(y.t, y.server, &y.seen, replace(before, y.config()))
}

// hours is a time of day from now on, in whole hours.
func hours(from, to int) []jwt.TimeRange {
	clock := func(h int) string { return time.Now().Add(time.Duration(h) * time.Hour).Format("15:04:05") }
	return []jwt.TimeRange{{Start: clock(from), End: clock(to)}}
}
