package server

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/config"
)

// vouchers is an operator, its account, and a bearer token of a user.
type vouchers struct {
	t                 *testing.T
	operator, account nkeys.KeyPair
	name              string // of the account
}

func newVouchers(t *testing.T) *vouchers {
	v := &vouchers{t: t}
	var err error
	if v.operator, err = nkeys.CreateOperator(); err != nil {
		t.Fatal(err)
	}
	if v.account, err = nkeys.CreateAccount(); err != nil {
		t.Fatal(err)
	}
	v.name = v.public(v.account)
	return v
}

func (v *vouchers) public(pair nkeys.KeyPair) string {
	v.t.Helper()
	public, err := pair.PublicKey()
	if err != nil {
		v.t.Fatal(err)
	}
	return public
}

func (v *vouchers) encode(c jwt.Claims, by nkeys.KeyPair) string {
	v.t.Helper()
	token, err := c.Encode(by)
	if err != nil {
		v.t.Fatal(err)
	}
	return token
}

// options is a configuration that trusts the operator; change is of its JWT, or nil.
func (v *vouchers) options(change func(*jwt.OperatorClaims), more string) *Options {
	v.t.Helper()
	c := jwt.NewOperatorClaims(v.public(v.operator))
	if change != nil {
		change(c)
	}
	o, err := config.Parse("weir.conf", []byte(fmt.Sprintf("listen: \"127.0.0.1:-1\"\noperator: %s\n%s", v.encode(c, v.operator), more)))
	if err != nil {
		v.t.Fatal(err)
	}
	return o
}

func (v *vouchers) preload() string {
	return fmt.Sprintf("resolver: MEMORY\nresolver_preload { %s: %s }\n", v.name, v.encode(jwt.NewAccountClaims(v.name), v.operator))
}

// connect is a CONNECT of a new user.
func (v *vouchers) connect() string {
	v.t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		v.t.Fatal(err)
	}
	c := jwt.NewUserClaims(v.public(pair))
	c.BearerToken = true
	line, err := json.Marshal(map[string]any{"verbose": false, "jwt": v.encode(c, v.account)})
	if err != nil {
		v.t.Fatal(err)
	}
	return "CONNECT " + string(line) + "\r\nPING\r\n"
}

// What an operator wants and the server is not, and a system account that is not there, keep the server from starting.
func TestOperatorsRefuse(t *testing.T) {
	v := newVouchers(t)
	for _, tt := range []struct {
		change     func(*jwt.OperatorClaims)
		more, want string
	}{
		{func(c *jwt.OperatorClaims) { c.AssertServerVersion = "99.0.0" }, "resolver: MEMORY", "expected major version 99 > server major version 2"},
		{nil, "resolver: MEMORY\nsystem_account: " + v.name, "error resolving system account: account missing"},
		{nil, "resolver: URL(http://ann:secret@127.0.0.1:1/)", `could not fetch <"http://ann:xxxxx@127.0.0.1:1/">`},
	} {
		_, err := New(v.options(tt.change, tt.more), slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

// A reload can not change the operator; it can take an account away, whose users have to go.
func TestReloadOperators(t *testing.T) {
	v := newVouchers(t)
	s, err := New(v.options(nil, v.preload()), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown()
	dial := func() (net.Conn, *bufio.Reader) {
		t.Helper()
		nc, err := net.Dial("tcp", s.ClientAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nc.Close() })
		if err := nc.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(nc)
		if _, err := r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		return nc, r
	}
	line := func(r *bufio.Reader) string {
		text, err := r.ReadString('\n')
		if err != nil {
			return err.Error()
		}
		return strings.TrimSpace(text)
	}
	nc, r := dial()
	fmt.Fprint(nc, v.connect())
	if got := line(r); got != "PONG" {
		t.Fatal(got)
	}
	stranger := newVouchers(t)
	for _, o := range []*Options{stranger.options(nil, stranger.preload()), mustParse(t, "listen: \"127.0.0.1:-1\"")} {
		if err := s.Reload(o); err == nil || !strings.Contains(err.Error(), "not supported for claims.operators") {
			t.Errorf("another operator: %v", err)
		}
	}
	fmt.Fprint(nc, "PING\r\n")
	if got := line(r); got != "PONG" {
		t.Fatal(got)
	}
	same := v.options(nil, v.preload())
	same.Accounts.Claims.Operators = s.options.Load().Accounts.Claims.Operators // issued in another second it would be another JWT
	if err := s.Reload(same); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(nc, "PING\r\n")
	if got := line(r); got != "PONG" {
		t.Fatal(got)
	}
	empty := v.options(nil, "resolver: MEMORY\n")
	empty.Accounts.Claims.Operators = same.Accounts.Claims.Operators
	if err := s.Reload(empty); err != nil {
		t.Fatal(err)
	}
	if got := line(r); got != "-ERR 'Authorization Violation'" {
		t.Errorf("who was in: %s", got)
	}
	nc, r = dial()
	fmt.Fprint(nc, v.connect())
	if got := line(r); got != "-ERR 'Authorization Violation'" {
		t.Errorf("who comes: %s", got)
	}
}

func mustParse(t *testing.T, text string) *Options {
	t.Helper()
	o, err := config.Parse("weir.conf", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return o
}
