package client_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/auth"
	"weir/internal/conn"
	"weir/internal/perm"
)

// users is a Config of users with the password p and these permissions; nil is a user without any.
func users(perms map[string]*perm.Config) auth.Config {
	var c auth.Config
	for name, p := range perms {
		c.Users = append(c.Users, auth.User{Name: name, Password: "p", Permissions: p})
	}
	return c
}

func allow(list ...string) perm.Rule { return perm.Rule{Allow: list} }
func deny(list ...string) perm.Rule  { return perm.Rule{Deny: list} }

// as opens a client that has logged in.
func (h *house) as(user string) *peer { return h.connect(`,"user":"` + user + `","pass":"p"`) }

func TestPublishPermissions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := (&house{timeout: time.Second, auth: users(map[string]*perm.Config{
			"a": {Publish: perm.Rule{Allow: []string{"foo.*"}, Deny: []string{"foo.no"}}}, "free": nil,
		})}).start(t)
		free := h.as("free")
		free.send("SUB > 1\r\nPING\r\n")
		free.want("PONG")
		p := h.dial()
		p.line()
		p.send(`CONNECT {"user":"a","pass":"p"}` + "\r\nPUB foo.yes 1\r\na\r\nPUB foo.no 1\r\nb\r\nPUB bar 1\r\nc\r\n" +
			"PUB fo\"o 1\r\nd\r\nPUB foo.* 1\r\ne\r\nPING\r\n")
		p.want("+OK", "+OK", `-ERR 'Permissions Violation for Publish to "foo.no"'`,
			`-ERR 'Permissions Violation for Publish to "bar"'`, `-ERR 'Permissions Violation for Publish to "fo\"o"'`,
			"-ERR 'Invalid Publish Subject'", "+OK", "PONG")
		free.want("MSG foo.yes 1 1", "a", "MSG foo.* 1 1", "e")
	})
}

// Some subjects are for servers only, whoever the client is.
func TestReservedSubjects(t *testing.T) {
	const publish, reply = "-ERR 'Permissions Violation for Publish to %q'", "-ERR 'Permissions Violation for Publish with Reply of %q'"
	for _, tt := range []struct{ send, want string }{
		{"PUB _GR_.x 0", fmt.Sprintf(publish, "_GR_.x")},
		{"PUB $GR.x 0", fmt.Sprintf(publish, "$GR.x")},
		{"PUB $NRG.x 0", fmt.Sprintf(publish, "$NRG.x")},
		{"PUB $NRG. 0", fmt.Sprintf(publish, "$NRG.")},
		{"PUB a _R_.x 0", fmt.Sprintf(reply, "_R_.x")},
		{"PUB a _R_. 0", fmt.Sprintf(reply, "_R_.")},
		{"PUB a $JS.ACK.x 0", fmt.Sprintf(reply, "$JS.ACK.x")},
		{"PUB a _GR_.x 0", fmt.Sprintf(reply, "_GR_.x")},
		{"PUB a $GR.x 0", fmt.Sprintf(reply, "$GR.x")},
		{"PUB _GR_.x _R_.x 0", fmt.Sprintf(publish, "_GR_.x")},
		{"PUB _GR_. 0", ""},
		{"PUB $GR. 0", ""},
		{"PUB _R_.x 0", ""},
		{"PUB $JS.ACK.x 0", ""},
		{"PUB a $JS.ACK. 0", ""},
		{"PUB a _GR_. 0", ""},
		{"PUB a $NRG.x 0", ""},
		{"PUB _INBOX.x _INBOX.y 0", ""},
		{"PUB $SYS.x $SYS.y 0", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := new(house).start(t).connect("")
			p.send(tt.send + "\r\n\r\nPING\r\n")
			if tt.want != "" {
				p.want(tt.want)
			}
			p.want("PONG")
		})
	}
}

func TestSubscribePermissions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := (&house{timeout: time.Second, auth: users(map[string]*perm.Config{
			"a": {Subscribe: perm.Rule{Allow: []string{"foo", "bar v2.*", "wild.>"}, Deny: []string{"wild.no", "wild.* grp"}}},
		})}).start(t)
		p := h.dial()
		p.line()
		p.send(`CONNECT {"user":"a","pass":"p"}` + "\r\nSUB foo 1\r\nSUB foo any 2\r\nSUB bar 3\r\nSUB bar v2.1 4\r\nSUB bar v3 5\r\n" +
			"SUB wild.> 6\r\nSUB wild.no 7\r\nSUB wild.x grp 8\r\nSUB wild.x _sys_ 9\r\nUNSUB 3\r\nPING\r\n")
		p.want("+OK", "+OK", "+OK",
			`-ERR 'Permissions Violation for Subscription to "bar"'`, "+OK",
			`-ERR 'Permissions Violation for Subscription to "bar" using queue "v3"'`, "+OK",
			`-ERR 'Permissions Violation for Subscription to "wild.no"'`,
			`-ERR 'Permissions Violation for Subscription to "wild.x" using queue "grp"'`,
			`-ERR 'Permissions Violation for Subscription to "wild.x" using queue "_sys_"'`, "+OK", "PONG")
		if n := h.env.Accounts.Global().Subs().Len(); n != 4 {
			t.Errorf("%d subscriptions, want 4", n)
		}
	})
}

// What a wildcard would bring in spite of a deny entry is held back.
func TestDeliveryFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := (&house{timeout: time.Second, auth: users(map[string]*perm.Config{
			"a": {Subscribe: deny("foo.no", "foo.group grp")}, "free": nil,
		})}).start(t)
		a, b, free := h.as("a"), h.as("free"), h.as("free")
		a.send("SUB foo.* 1\r\nUNSUB 1 4\r\nSUB foo.* grp 2\r\nPING\r\n")
		a.want("PONG")
		b.send("SUB foo.* grp 3\r\nSUB foo.no 4\r\nPING\r\n")
		b.want("PONG")
		for range 3 { // b gets all that a's member of the group may not
			free.send("PUB foo.no 1\r\na\r\nPUB foo.group 1\r\nb\r\nPING\r\n")
			free.want("PONG")
			a.want("MSG foo.group 1 1", "b")
			got := []string{b.line(), b.line(), b.line(), b.line(), b.line(), b.line()}
			slices.Sort(got)
			if want := []string{"MSG foo.group 3 1", "MSG foo.no 3 1", "MSG foo.no 4 1", "a", "a", "b"}; !slices.Equal(got, want) {
				t.Fatalf("b got %q", got)
			}
		}
		a.send("PING\r\n")
		a.want("PONG")
	})
}

func TestAllowResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := (&house{timeout: time.Second, auth: users(map[string]*perm.Config{
			"service": {Publish: allow("log"), Responses: &perm.Responses{MaxMsgs: 2, TTL: 300 * time.Millisecond}}, "free": nil,
		})}).start(t)
		service, free := h.as("service"), h.as("free")
		const denied = `-ERR 'Permissions Violation for Publish to "inbox.1"'`
		answer := func(reply string, want ...string) {
			t.Helper()
			service.send("PUB " + reply + " 2\r\nhi\r\nPING\r\n")
			service.want(append(want, "PONG")...)
		}
		ask := func() {
			t.Helper()
			free.send("PUB ask inbox.1 0\r\n\r\nPING\r\n")
			free.want("PONG")
			service.want("MSG ask 1 inbox.1 0", "")
		}
		service.send("SUB ask 1\r\nPING\r\n")
		service.want("PONG")
		free.send("SUB inbox.* 2\r\nPING\r\n")
		free.want("PONG")
		answer("log")
		answer("inbox.1", denied) // nobody asked yet
		ask()
		for range 2 {
			answer("inbox.1")
			free.want("MSG inbox.1 2 2", "hi")
		}
		answer("inbox.1", denied)
		ask()
		<-time.After(400 * time.Millisecond)
		answer("inbox.1", denied)
		// An answer may go out in the very chunk in which the request came in.
		service.send("SUB self 3\r\nPUB log self 0\r\n\r\nPING\r\n")
		service.want("PONG")
		free.send("PUB self inbox.1 0\r\n\r\nPING\r\n")
		free.want("PONG")
		service.want("MSG self 3 inbox.1 0", "")
		answer("inbox.1")
	})
}

// A second CONNECT is somebody else altogether.
func TestSecondLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := (&house{timeout: time.Second, auth: users(map[string]*perm.Config{
			"a": {Publish: allow("a"), Subscribe: allow("a")}, "b": {Publish: allow("b"), Subscribe: allow("b")}, "free": nil,
		})}).start(t)
		p := h.as("a")
		p.send("SUB a 1\r\nCONNECT {\"user\":\"b\"}\r\nPUB a 0\r\n\r\nSUB a 1\r\nSUB b 1\r\nPUB b 0\r\n\r\nPING\r\n")
		p.want(`-ERR 'Permissions Violation for Publish to "a"'`, `-ERR 'Permissions Violation for Subscription to "a"'`,
			"MSG b 1 0", "", "PONG")
		p.send("CONNECT {\"user\":\"free\"}\r\nSUB x 1\r\nPUB x 0\r\n\r\nPING\r\n")
		p.want("MSG x 1 0", "", "PONG")
		p.send("CONNECT {\"user\":\"a\",\"pass\":\"x\"}\r\n")
		p.want("-ERR 'Authorization Violation'", "EOF")
	})
}

// TestRecheck changes who may do what under a client that has subscribed to x.>, to q in a group, and to y.
func TestRecheck(t *testing.T) {
	const silent = "EOF"
	violation := []string{"-ERR 'Authorization Violation'", "EOF"}
	single := auth.Config{Username: "a", Password: "p"}
	bound := &perm.Config{Publish: deny("z"), Subscribe: deny("x.d", "q")}
	for _, tt := range []struct {
		name     string
		from, to auth.Config
		connect  string
		want     []string // before and after PUB x.d, PUB z, and a PING
	}{
		{"nothing", users(map[string]*perm.Config{"a": nil}), users(map[string]*perm.Config{"a": nil}), "",
			[]string{"MSG x.d 1 0", "", "MSG z 9 0", "", "PONG"}},
		{"another user", users(map[string]*perm.Config{"a": nil}), users(map[string]*perm.Config{"a": nil, "b": nil}), "",
			[]string{"MSG x.d 1 0", "", "MSG z 9 0", "", "PONG"}},
		{"permissions", users(map[string]*perm.Config{"a": nil}), users(map[string]*perm.Config{"a": bound}), "",
			[]string{`-ERR 'Permissions Violation for Subscription to "q" using queue "g" (sid "2")'`,
				`-ERR 'Permissions Violation for Publish to "z"'`, "PONG"}},
		{"no permissions any more", users(map[string]*perm.Config{"a": {Publish: deny("z"), Subscribe: deny("x.d")}}),
			users(map[string]*perm.Config{"a": nil}), "", []string{"MSG x.d 1 0", "", "MSG z 9 0", "", "PONG"}},
		{"only one subscription", users(map[string]*perm.Config{"a": nil}),
			users(map[string]*perm.Config{"a": {Subscribe: allow("x.>", "q g", "z")}}), "",
			[]string{`-ERR 'Permissions Violation for Subscription to "y" (sid "3")'`, "MSG x.d 1 0", "", "MSG z 9 0", "", "PONG"}},
		{"password", users(map[string]*perm.Config{"a": nil}), auth.Config{Users: []auth.User{{Name: "a", Password: "q"}}}, "", violation},
		{"user gone", users(map[string]*perm.Config{"a": nil}), users(map[string]*perm.Config{"b": nil}), "", []string{silent}},
		{"from one user to several", single, users(map[string]*perm.Config{"a": {Publish: deny("z")}}), "",
			[]string{"MSG x.d 1 0", "", `-ERR 'Permissions Violation for Publish to "z"'`, "PONG"}},
		{"from several to one", users(map[string]*perm.Config{"a": {Publish: deny("z")}}), single, "",
			[]string{"MSG x.d 1 0", "", "MSG z 9 0", "", "PONG"}},
		{"one user's password", single, auth.Config{Username: "a", Password: "q"}, "", []string{silent}},
		{"token", auth.Config{Token: "t"}, auth.Config{Token: "u"}, `,"auth_token":"t"`, violation},
		{"from nobody to several", auth.Config{}, users(map[string]*perm.Config{"a": {Publish: deny("z")}}), "",
			[]string{"MSG x.d 1 0", "", `-ERR 'Permissions Violation for Publish to "z"'`, "PONG"}},
		{"from nobody to several, unnamed", auth.Config{}, users(map[string]*perm.Config{"a": nil}), ",", violation},
		{"nobody is asked any more", users(map[string]*perm.Config{"a": {Publish: deny("z")}}), auth.Config{}, "",
			[]string{"MSG x.d 1 0", "", "MSG z 9 0", "", "PONG"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := (&house{timeout: time.Second, auth: tt.from}).start(t)
				options := map[string]string{"": `,"user":"a","pass":"p"`, ",": ""}
				connect, known := options[tt.connect]
				if !known {
					connect = tt.connect
				}
				p := h.connect(connect)
				p.send("SUB x.> 1\r\nSUB q g 2\r\nSUB y 3\r\nSUB z 9\r\nPING\r\n")
				p.want("PONG")
				h.setAuth(tt.to)
				h.recheck()
				go p.nc.Write([]byte("PUB x.d 0\r\n\r\nPUB z 0\r\n\r\nPING\r\n")) // the pipe has no buffer and may be closed
				p.want(tt.want...)
			})
		})
	}
}

// recheck is what a reload does.
func (h *house) recheck() {
	for _, c := range h.env.Registry.Conns() {
		c.Visitor().(interface{ Recheck() }).Recheck()
	}
}

// A reload finds clients that have not said CONNECT yet: those who still must are left alone, the others were never asked.
func TestRecheckBeforeConnect(t *testing.T) {
	for _, tt := range []struct {
		from auth.Config
		want []string
	}{
		{auth.Config{Token: "t"}, []string{"PONG"}},
		{auth.Config{}, []string{"-ERR 'Authorization Violation'", "EOF"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := (&house{timeout: time.Minute, auth: tt.from}).start(t)
			p := h.dial()
			p.line()
			synctest.Wait()
			h.setAuth(auth.Config{Token: "u"})
			h.recheck()
			go p.nc.Write([]byte("CONNECT {\"auth_token\":\"u\",\"verbose\":false}\r\nPING\r\n"))
			p.want(tt.want...)
		})
	}
}

// Requests stay open over a reload that does not change the user's permissions.
func TestRecheckKeepsRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := map[string]*perm.Config{"a": {Responses: new(perm.Responses)}}
		h := (&house{timeout: time.Second, auth: users(service)}).start(t)
		p := h.as("a")
		p.send("SUB ask 1\r\nPING\r\n")
		p.want("PONG")
		h.setAuth(auth.Config{Users: append(users(service).Users, auth.User{Name: "free"})})
		h.recheck()
		free := h.connect(`,"user":"free"`)
		free.send("SUB inbox 1\r\nPUB ask inbox 0\r\n\r\nPING\r\n")
		free.want("PONG")
		p.want("MSG ask 1 inbox 0", "")
		h.recheck()
		h.setAuth(users(map[string]*perm.Config{"a": service["a"], "free": nil, "more": nil}))
		h.recheck()
		free.want("-ERR 'Authorization Violation'", "EOF") // its password is another one now
		p.send("PUB inbox 0\r\n\r\nPING\r\n")
		p.want("PONG")
	})
}

// Reloads and subscriptions at once leave nothing behind in the account, and no subscription that is not allowed.
func TestRecheckWhileSubscribing(t *testing.T) {
	h := (&house{timeout: time.Minute, auth: users(map[string]*perm.Config{"a": nil})}).start(t)
	p := h.as("a")
	const rounds = 200
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range rounds {
			bound := &perm.Config{Subscribe: deny(fmt.Sprintf("no%d", i))}
			if i%2 == 0 {
				bound.Subscribe = allow("x")
			}
			h.setAuth(users(map[string]*perm.Config{"a": bound}))
			h.recheck()
		}
	}()
	go func() {
		for i := range rounds {
			fmt.Fprintf(p.nc, "SUB no %d\r\nSUB x x%d\r\n", i, i)
		}
		<-done
		fmt.Fprint(p.nc, "PUB no 0\r\n\r\nPING\r\n")
	}()
	got := ""
	for got != "PONG" {
		if got = p.line(); got == "EOF" {
			t.Fatal("closed")
		}
	}
	h.setAuth(users(map[string]*perm.Config{"a": {Subscribe: allow("x")}}))
	h.recheck()
	if n := h.env.Accounts.Global().Subs().Len(); n != rounds {
		t.Errorf("%d subscriptions, want %d", n, rounds)
	}
	if h.env.Accounts.Global().Subs().HasInterest([]byte("no")) {
		t.Error("a subscription that is not allowed is left")
	}
}

// Permissions cost nothing per message but time.
func TestPermissionsDoNotAllocate(t *testing.T) {
	const messages = 500
	allocations := func(p *perm.Config, more string) float64 {
		h := (&house{timeout: time.Minute, limits: conn.Config{PingInterval: time.Hour}}).start(t)
		h.setAuth(users(map[string]*perm.Config{"a": p}))
		a := h.as("a")
		a.send("SUB foo.* 1\r\nSUB never 2\r\nPING\r\n")
		a.want("PONG")
		chunk := strings.Repeat("PUB foo.bar "+more+"2\r\nhi\r\n", messages) + "PUB never 0\r\n\r\n"
		buf := make([]byte, 64<<10)
		return testing.AllocsPerRun(5, func() {
			go a.nc.Write([]byte(chunk))
			for rest := []byte(nil); !strings.HasSuffix(string(rest), "never 2 0\r\n\r\n"); {
				n, err := a.nc.Read(buf)
				if err != nil {
					t.Fatal(err)
				}
				rest = append(rest[:0], buf[:n]...)
			}
		})
	}
	free := allocations(nil, "")
	if free > messages/10 {
		t.Errorf("%.0f allocations for %d messages", free, messages)
	}
	bound := &perm.Config{
		Publish:   perm.Rule{Allow: []string{"foo.*", "never"}, Deny: []string{"foo.no"}},
		Subscribe: perm.Rule{Allow: []string{"foo.>", "never"}, Deny: []string{"foo.no"}},
	}
	if n := allocations(bound, ""); n > free+messages/10 {
		t.Errorf("%.0f allocations with permissions, %.0f without", n, free)
	}
	// A user that may answer costs nothing either for messages that want no answer.
	bound.Responses = new(perm.Responses)
	if n := allocations(bound, ""); n > free+messages/10 {
		t.Errorf("%.0f allocations with allow_responses, %.0f without", n, free)
	}
}
