package client_test

import (
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/auth"
	"weir/internal/conn"
	"weir/internal/perm"
)

// compiled are permissions.
func compiled(t testing.TB, c perm.Config) *perm.Set {
	t.Helper()
	set, err := perm.Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// again is a further CONNECT.
func (p *peer) again(fields string) {
	p.t.Helper()
	p.send("CONNECT {\"verbose\":false" + fields + "}\r\nPING\r\n")
}

// Another JWT of the same user in the same account renews what the client came in with; its subscriptions stay, but for
// those that it may not have any more. All else begins anew, as in nats-server.
func TestRenewal(t *testing.T) {
	for _, row := range []struct {
		name, fields string
		change       func(*testing.T, *vouch)
		says, hears  []string // at the CONNECT, and of a message to a and to b
	}{
		{"another JWT", `,"jwt":"k"`, func(*testing.T, *vouch) {}, nil, []string{"MSG a 1 0", "", "MSG b 2 0", ""}},
		{"other permissions", `,"jwt":"k"`, func(t *testing.T, v *vouch) {
			v.id.Perms = compiled(t, perm.Config{Subscribe: perm.Rule{Deny: []string{"a"}}})
		}, []string{`-ERR 'Permissions Violation for Subscription to "a" (sid "1")'`}, []string{"MSG b 2 0", ""}},
		{"the same JWT", `,"jwt":"j"`, func(*testing.T, *vouch) {}, nil, nil},
		{"no JWT", ``, func(*testing.T, *vouch) {}, nil, nil},
		{"another user", `,"jwt":"k"`, func(_ *testing.T, v *vouch) { v.id.Name = "V" }, nil, nil},
		{"another account", `,"jwt":"k"`, func(_ *testing.T, v *vouch) { v.id.Account = "other" }, nil, nil},
		{"a user who is somebody without it", `,"jwt":"k"`, func(_ *testing.T, v *vouch) { v.as = "j" }, nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := &vouch{id: auth.Identity{Name: "U", Account: "app"}}
			h := operated(t, v)
			p, other := h.connect(`,"jwt":"j"`), h.connect(`,"jwt":"x"`)
			p.send("SUB a 1\r\nSUB b 2\r\nPING\r\n")
			p.want("PONG")
			row.change(t, v)
			p.again(row.fields)
			p.want(append(row.says, "PONG")...)
			go other.send("PUB a 0\r\n\r\nPUB b 0\r\n\r\nPING\r\n")
			if len(row.hears) > 0 {
				p.want(row.hears...)
			}
			other.want("PONG")
			p.send("PING\r\n")
			p.want("PONG")
		})
	}
}

// After a renewal only the new JWT's end counts, if it has one.
func TestRenewedExpiry(t *testing.T) {
	for name, lasts := range map[string]time.Duration{"later": 5 * time.Second, "sooner": time.Second, "never": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				v := &vouch{id: auth.Identity{Name: "U", Account: "app", Expires: start.Add(3 * time.Second).UnixNano()}}
				h := operated(t, v)
				p := h.connect(`,"jwt":"j"`)
				p.send("SUB a 1\r\nPING\r\n")
				p.want("PONG")
				if v.id.Expires = 0; lasts > 0 {
					v.id.Expires = start.Add(lasts).UnixNano()
				}
				p.again(`,"jwt":"k"`)
				p.want("PONG")
				if lasts == 0 {
					<-time.After(4 * time.Second)
					p.again("")
					if line := p.line(); line == "PING" {
						p.want("PONG")
					}
					if n := h.env.Registry.Closes(conn.AuthenticationExpired); n != 0 {
						t.Error("it had to go")
					}
					return
				}
				for line := p.line(); line != "-ERR 'User Authentication Expired'"; line = p.line() {
					if line != "PING" {
						t.Fatalf("got %q", line)
					}
				}
				p.want("EOF")
				if d := time.Since(start); d != lasts {
					t.Errorf("after %v", d)
				}
			})
		})
	}
}

// A renewal that comes to its end after the old JWT's is too late, and the client hears why.
func TestRenewalTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vouch{id: auth.Identity{Name: "U", Account: "app", Expires: time.Now().Add(time.Second).UnixNano()}}
		h := operated(t, v)
		p := h.connect(`,"jwt":"j"`)
		v.takes = 2 * time.Second
		p.send("CONNECT {\"verbose\":false,\"jwt\":\"k\"}\r\n")
		p.want("-ERR 'User Authentication Expired'", "EOF")
		<-time.After(2 * time.Second)
		synctest.Wait()
		if n, m := h.env.Registry.Closes(conn.AuthenticationExpired), h.env.Registry.Closes(conn.AuthenticationViolation); n != 1 || m != 0 {
			t.Errorf("%d ends of an expired user, %d of a wrong one", n, m)
		}
	})
}

// Who renews may still answer what it was asked; another user may not.
func TestRenewedAnswers(t *testing.T) {
	answering := perm.Config{Publish: allow("x"), Responses: &perm.Responses{MaxMsgs: 2}}
	for user, says := range map[string][]string{
		"U": {"PONG"}, "V": {`-ERR 'Permissions Violation for Publish to "to.me"'`, "PONG"},
	} {
		t.Run(user, func(t *testing.T) {
			v := &vouch{id: auth.Identity{Name: "U", Account: "app"}}
			h := operated(t, v)
			other := h.connect(`,"jwt":"x"`)
			v.id.Perms = compiled(t, answering)
			p := h.connect(`,"jwt":"j"`)
			p.send("SUB ask 1\r\nPING\r\n")
			p.want("PONG")
			go other.send("PUB ask to.me 0\r\n\r\n")
			p.want("MSG ask 1 to.me 0", "")
			v.id.Name, v.id.Perms = user, compiled(t, answering)
			p.again(`,"jwt":"k"`)
			p.want("PONG")
			p.send("PUB to.me 0\r\n\r\nPING\r\n")
			p.want(says...)
		})
	}
}

// A JWT that is not let in ends the connection, as at the first CONNECT.
func TestRenewalRefused(t *testing.T) {
	v := &vouch{id: auth.Identity{Name: "U", Account: "app"}}
	h := operated(t, v)
	p := h.connect(`,"jwt":"j"`)
	v.denies = "k"
	p.send("CONNECT {\"verbose\":false,\"jwt\":\"k\"}\r\n")
	p.want("-ERR 'Authorization Violation'", "EOF")
}
