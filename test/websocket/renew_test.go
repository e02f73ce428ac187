package websocket

import (
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"

	"weir/test/operator"
	"weir/test/process"
)

// talker is a client on any listener, after its INFO.
type talker interface {
	say(text string)
	want(lines ...string)
}

// say sends text as one message.
func (s *session) say(text string) { s.t.Helper(); s.send(data(text)) }

// plain is a client on the client port.
type plain struct{ *process.Raw }

func (p plain) say(text string)      { p.Send(text) }
func (p plain) want(lines ...string) { p.Want(lines...) }

// everyListener runs a test over tcp and over ws; come connects and hands out the INFO.
func everyListener(t *testing.T, server *process.Server, test func(t *testing.T, come func() (talker, string))) {
	t.Run("tcp", func(t *testing.T) {
		test(t, func() (talker, string) {
			c := process.DialRaw(t, server.Client)
			return plain{c}, c.Info
		})
	})
	t.Run("ws", func(t *testing.T) {
		test(t, func() (talker, string) {
			s, info := dialInfo(t, server)
			return s, info
		})
	})
}

// TestRenewal brings a second JWT. In Weir one of the same user in the same account renews what the client came in with, and its
// subscriptions stay; nats-server takes the JWT as well, and drops the subscriptions without a word. Any other JWT is a new
// beginning in both.
func TestRenewal(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := operator.New(t, nil)
		a, b := o.Account(nil), o.Account(nil)
		server := process.Start(t, target, process.Options{Config: o.Config()})
		for _, kind := range []struct {
			name   string
			signs  bool
			change func(*jwt.UserClaims)
		}{{"signed", true, nil}, {"bearer", false, operator.Bearer}} {
			first := user(a, nil, kind.change)
			both := func(change func(*jwt.UserClaims)) func(*jwt.UserClaims) {
				return func(c *jwt.UserClaims) {
					if kind.change != nil {
						kind.change(c)
					}
					change(c)
				}
			}
			for _, row := range []struct {
				name   string
				second card
				keeps  bool
				says   []string
			}{
				{"renewed", card{a.Again(first.User, nil, both(func(c *jwt.UserClaims) { c.Expires = time.Now().Add(time.Hour).Unix() }))}, true, nil},
				{"other permissions", card{a.Again(first.User, nil, both(func(c *jwt.UserClaims) { c.Sub.Deny.Add("b") }))}, true,
					[]string{`-ERR 'Permissions Violation for Subscription to "b" (sid "2")'`}},
				{"the same", first, false, nil},
				{"another user", user(a, nil, kind.change), false, nil},
				{"another account", user(b, nil, kind.change), false, nil},
			} {
				t.Run(kind.name+"/"+row.name, func(t *testing.T) {
					everyListener(t, server, func(t *testing.T, come func() (talker, string)) {
						c, info := come()
						c.say(first.connectLine(t, info, true, kind.signs) + "SUB a 1\r\nSUB b 2\r\n")
						c.want("PONG")
						takeInfo(t, c)
						c.say(row.second.connectLine(t, info, true, kind.signs) + "PUB a 0\r\n\r\nPING\r\n")
						if row.keeps && target == process.Weir {
							c.want(row.says...)
							c.want("PONG", "MSG a 1 0", "", "PONG")
						} else {
							c.want("PONG", "PONG")
						}
						c.say("SUB a 3\r\nPUB a 1\r\nx\r\nUNSUB 1\r\nUNSUB 3\r\nPING\r\n")
						if row.keeps && target == process.Weir {
							wantTwo(t, c)
						} else {
							c.want("MSG a 3 1", "x")
						}
						c.want("PONG")
					})
				})
			}
		}
	})
}

// takeInfo takes the INFO that follows the first PONG.
func takeInfo(t *testing.T, c talker) {
	t.Helper()
	switch c := c.(type) {
	case plain:
		c.Line()
	case *session:
		c.line()
	}
}

// wantTwo takes the same message for two subscriptions, in any order.
func wantTwo(t *testing.T, c talker) {
	t.Helper()
	for range 2 {
		takeInfo(t, c)
		c.want("x")
	}
}

// TestRenewalExpiry: the end of the first JWT does not matter any more after a second CONNECT, and that of the second one does.
func TestRenewalExpiry(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := operator.New(t, nil)
		a := o.Account(nil)
		server := process.Start(t, target, process.Options{Config: o.Config()})
		everyListener(t, server, func(t *testing.T, come func() (talker, string)) {
			t.Parallel()
			ends := func(in time.Duration) func(*jwt.UserClaims) {
				return func(c *jwt.UserClaims) { c.Expires = time.Now().Add(in).Unix() }
			}
			start := time.Now()
			first := user(a, nil, ends(2*time.Second))
			second := card{a.Again(first.User, nil, ends(4*time.Second))}
			c, info := come()
			c.say(first.connectLine(t, info, true, true))
			c.want("PONG")
			takeInfo(t, c)
			c.say(second.connectLine(t, info, true, true))
			c.want("PONG", "-ERR 'User Authentication Expired'")
			if d := time.Since(start); d < 2500*time.Millisecond {
				t.Errorf("it ended after %v, with the first JWT", d)
			}
		})
	})
}

// TestRenewalSigned: the second JWT needs a signature of the nonce by the same user, as the first one did. That of the first CONNECT
// is one; where the first was a bearer token, there is none.
func TestRenewalSigned(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		o := operator.New(t, nil)
		a := o.Account(nil)
		server := process.Start(t, target, process.Options{Config: o.Config()})
		everyListener(t, server, func(t *testing.T, come func() (talker, string)) {
			signed, bearer := user(a, nil, nil), user(a, nil, operator.Bearer)
			later := func(c *jwt.UserClaims) { c.Expires = time.Now().Add(time.Hour).Unix() }
			for _, row := range []struct {
				name  string
				first card
				again card
				in    bool
			}{
				{"signed before", signed, card{a.Again(signed.User, nil, later)}, true},
				{"never signed", bearer, card{a.Again(bearer.User, nil, later)}, false},
				{"signed by another", signed, user(a, nil, later), false},
			} {
				t.Run(row.name, func(t *testing.T) {
					c, info := come()
					c.say(row.first.connectLine(t, info, true, row.first.Public == signed.Public))
					c.want("PONG")
					takeInfo(t, c)
					c.say(row.again.connectLine(t, info, true, false))
					if row.in {
						c.want("PONG")
					} else {
						c.want("-ERR 'Authorization Violation'")
					}
				})
			}
		})
	})
}
