package client_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/conn"
	"weir/internal/perm"
)

// token is the claims of a test.
type token string

func (c token) Token() string    { return string(c) }
func (c token) Show() auth.Shown { return auth.Shown{JWT: string(c)} }

// vouch is an Authority that lets everybody with a JWT in as what it says.
type vouch struct {
	id   auth.Identity
	err  error // for who is in already
	last auth.Credentials

	as     token         // the claims of whoever comes in, if not those of its JWT
	denies string        // a JWT that lets nobody in
	takes  time.Duration // to say who somebody is
}

func (v *vouch) Renew(old auth.Identity, cr auth.Credentials, _ auth.Peer) (auth.Identity, error) {
	if cr.JWT == "" && old.Claims == nil {
		return auth.Identity{}, auth.ErrDenied
	}
	id := v.id
	if cr.JWT != "" {
		<-time.After(v.takes)
		v.last, id.Claims = cr, token(cr.JWT)
		if v.as != "" {
			id.Claims = v.as
		}
		if cr.JWT == v.denies {
			return auth.Identity{}, auth.ErrDenied
		}
		return id, nil
	}
	id.Claims = old.Claims
	return id, v.err
}

// operated is a house in operator mode, with the accounts app and other.
func operated(t *testing.T, v *vouch) *house {
	h := new(house).start(t)
	h.policy.Store(auth.Delegate(v, auth.Standard))
	h.timeout = time.Minute
	if err := h.env.Accounts.Apply([]account.Config{{Name: "app", Limits: account.Limits{Subscriptions: 5}}, {Name: "other"}}); err != nil {
		t.Fatal(err)
	}
	return h
}

// only is the one client of a house that is not closing.
func (h *house) only() *client.Client {
	h.t.Helper()
	for _, c := range h.env.Registry.Conns() {
		if !c.Closing() {
			return c.Visitor().(*client.Client)
		}
	}
	h.t.Fatal("nobody is in")
	return nil
}

// A client brings its JWT and the signature of the nonce, is put into the account, and told its limits.
func TestClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vouch{id: auth.Identity{Name: "U", Account: "app", Limits: auth.Limits{Payload: 7}}}
		h := operated(t, v)
		p := h.dial()
		p.line()
		p.send("CONNECT {\"verbose\":false,\"jwt\":\"j\",\"sig\":\"s\",\"protocol\":1}\r\nPING\r\n")
		p.want("PONG")
		if info := p.line(); !contains(info, `"max_payload":7,`, `"remote_account":"app"`) {
			t.Error(info)
		}
		if v.last.JWT != "j" || v.last.Sig != "s" || v.last.Nonce == "" {
			t.Errorf("asked %+v", v.last)
		}
		p.send("CONNECT {\"verbose\":false,\"protocol\":1}\r\nPING\r\n") // what it leaves out stays
		p.want("PONG")
		if v.last.JWT != "j" || v.last.Sig != "s" {
			t.Errorf("asked %+v", v.last)
		}
		p.send("SUB a 1\r\nSUB b 2\r\nSUB c 3\r\nSUB d 4\r\nSUB e 5\r\nSUB f 6\r\nPING\r\n")
		p.want("-ERR 'maximum subscriptions exceeded'", "PONG")

		stranger := h.dial()
		stranger.line()
		stranger.send("CONNECT {\"user\":\"U\"}\r\n")
		stranger.want("-ERR 'Authorization Violation'", "EOF")
	})
}

func contains(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// What changes while a client comes in counts, too.
func TestChangeWhileComing(t *testing.T) {
	h := operated(t, &vouch{id: auth.Identity{Account: "app"}, err: auth.ErrRevoked})
	p := h.dial()
	p.line()
	p.send("CONNECT {\"jwt\":\"j\"}\r\n")
	p.want("-ERR 'Authorization Violation'", "EOF")
}

// When the claims of a client run out it has to go; those of a later CONNECT count.
func TestExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := func(d time.Duration) int64 { return time.Now().Add(d).UnixNano() }
		v := &vouch{id: auth.Identity{Account: "app", Expires: in(time.Second)}}
		h := operated(t, v)
		p := h.connect(`,"jwt":"j"`)
		v.id.Expires = in(5 * time.Second)
		p.send("CONNECT {\"verbose\":false,\"jwt\":\"k\"}\r\nPING\r\n")
		p.want("PONG")
		start := time.Now()
		for line := p.line(); line != "-ERR 'User Authentication Expired'"; line = p.line() {
			if line != "PING" {
				t.Fatalf("got %q", line)
			}
		}
		p.want("EOF")
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("after %v", d)
		}
		synctest.Wait()
		if n := h.env.Registry.Closes(conn.AuthenticationExpired); n != 1 {
			t.Errorf("%d such ends", n)
		}
	})
}

// What the claims say of who is in already counts at once.
func TestDismissals(t *testing.T) {
	denied, err := perm.Compile(perm.Config{Publish: perm.Rule{Deny: []string{"x"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(*vouch)
		says   []string
		reason conn.Reason // 0 for a client that stays
	}{
		{"nothing", func(*vouch) {}, []string{"PONG"}, 0},
		{"permissions", func(v *vouch) { v.id.Perms = denied }, []string{`-ERR 'Permissions Violation for Publish to "x"'`, "PONG"}, 0},
		{"room for what it has", func(v *vouch) { v.id.Limits.Subscriptions = 2 }, []string{"PONG"}, 0},
		{"less room", func(v *vouch) { v.id.Limits.Subscriptions = 1 }, []string{"-ERR 'maximum subscriptions exceeded'", "EOF"}, conn.MaxSubscriptionsExceeded},
		{"no room", func(v *vouch) { v.id.Limits.Subscriptions = -1 }, []string{"-ERR 'maximum subscriptions exceeded'", "EOF"}, conn.MaxSubscriptionsExceeded},
		{"no payload", func(v *vouch) { v.id.Limits.Payload = -1 }, []string{"PONG"}, 0},
		{"revoked", func(v *vouch) { v.err = auth.ErrRevoked }, []string{"-ERR 'User Authentication Revoked'", "EOF"}, conn.CredentialsRevoked},
		{"account expired", func(v *vouch) { v.err = auth.ErrAccountExpired }, []string{"-ERR 'Account Authentication Expired'", "EOF"}, conn.AuthenticationExpired},
		{"signer", func(v *vouch) { v.err = auth.ErrSigner }, []string{"EOF"}, conn.AuthenticationViolation},
		{"denied", func(v *vouch) { v.err = auth.ErrDenied }, []string{"-ERR 'Authorization Violation'", "EOF"}, conn.AuthenticationViolation},
		{"another account", func(v *vouch) { v.id.Account = "other" }, []string{"-ERR 'Authorization Violation'", "EOF"}, conn.AuthenticationViolation},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := &vouch{id: auth.Identity{Name: "U", Account: "app"}}
			h := operated(t, v)
			p := h.connect(`,"jwt":"j"`)
			p.send("SUB a 1\r\nSUB b 2\r\nPING\r\n")
			p.want("PONG")
			tt.change(v)
			h.recheck()
			if tt.reason == 0 {
				p.send("PUB x 0\r\n\r\nPING\r\n")
			}
			p.want(tt.says...)
			if tt.reason != 0 && h.env.Registry.Closes(tt.reason) != 1 {
				t.Error("closed for another reason")
			}
		})
	}
}

// A limit on messages counts from the next one on; a client without a seat is told so.
func TestSmallerPayload(t *testing.T) {
	v := &vouch{id: auth.Identity{Account: "app"}}
	h := operated(t, v)
	p := h.connect(`,"jwt":"j"`)
	v.id.Limits.Payload = 4
	h.recheck()
	p.send("PUB a 4\r\nfour\r\nPING\r\n")
	p.want("PONG")
	p.send("PUB a 5\r\n")
	p.want("-ERR 'Maximum Payload Violation'", "EOF")

	p = h.connect(`,"jwt":"j"`)
	h.only().Evict()
	p.want("-ERR 'maximum account active connections exceeded'", "EOF")
}
