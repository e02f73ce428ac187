package websocket

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"weir/test/callout"
	"weir/test/process"
)

// serve connects a service to the client port.
func serve(t *testing.T, server *process.Server, keys callout.Keys, answer func(*callout.Request), options ...nats.Option) (*callout.Service, *nats.Conn) {
	t.Helper()
	nc, err := nats.Connect("nats://"+server.Client, append(options, nats.UserInfo("auth", "auth"), nats.Timeout(process.Patience))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return callout.Serve(t, nc, keys, answer), nc
}

// login says CONNECT and asks whether that was good.
func login(s *session, connect string) *session {
	s.send(data("CONNECT " + connect + "\r\nPING\r\n"))
	return s
}

// asksAPP lets everybody into APP.
func asksAPP(r *callout.Request) { r.Allow("APP", nil) }

// TestCalloutCertificate: a callout sees the certificate of a client over wss, in the chain that the server verified.
func TestCalloutCertificate(t *testing.T) {
	keys := callout.NewKeys(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		a := newAuthority(t)
		tls := block(a.server("server", "127.0.0.1"), "verify: true")
		server := process.Start(t, target, process.Options{
			Config: callout.Accounts + "authorization { timeout: 5, " + keys.Block("") + " }", WebSocket: tls,
		})
		asked := make(chan *callout.Request, 1)
		serve(t, server, keys, func(r *callout.Request) {
			asked <- r
			r.Allow("APP", func(c *jwt.UserClaims) { c.Name = "dlc" })
		})
		s, _ := connectTLS(t, server, a.trust(a.client("known", known)))
		r := <-asked
		if r.TLS == nil || len(r.TLS.Certs) != 0 || len(r.TLS.VerifiedChains) != 1 || len(r.TLS.VerifiedChains[0]) != 2 {
			t.Fatalf("client_tls %+v", r.TLS)
		}
		b, _ := pem.Decode([]byte(r.TLS.VerifiedChains[0][0]))
		if cert, err := x509.ParseCertificate(b.Bytes); err != nil || cert.Subject.CommonName != known.CommonName {
			t.Errorf("%v %v", cert, err)
		}
		if r.TLS.Version != "1.3" || !strings.HasPrefix(r.TLS.Cipher, "TLS_") || r.ClientInformation.Type != "websocket" {
			t.Errorf("client_tls %+v client_info %+v", r.TLS, r.ClientInformation)
		}
		// parity: 9.3.55
		s.send(data("SUB in 1\r\nPUB $SYS.REQ.USER.INFO in 0\r\n\r\n"))
		s.line()
		if info := s.line(); !strings.Contains(info, `"user":"dlc","account":"APP"`) {
			t.Errorf("is %s", info)
		}
	})
}

// TestCalloutProxyRequired: a user of the file who needs a proxy, and has none, is asked about and kept out. The account of the
// callout hears why; so it does of a refusal.
func TestCalloutProxyRequired(t *testing.T) {
	keys := callout.NewKeys(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{Config: `accounts {
  AUTH { users [ { user: auth, password: auth } ] }
  APP { users [ { user: user, password: pwd }, { user: proxy, password: pwd, proxy_required: true } ] }
  SYS { users [ { user: sys, password: sys } ] }
}
system_account: SYS
authorization { timeout: 5, ` + keys.Block("") + " }"})
		service, nc := serve(t, server, keys, func(r *callout.Request) {
			if r.ConnectOptions.Username == "proxy" {
				r.Allow("APP", nil)
			} else {
				r.Refuse("not today")
			}
		})
		heard, err := nc.SubscribeSync("$SYS.ACCOUNT.CLIENT.AUTH.ERR")
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			user, reason string
			code         int
			text         string
		}{
			// parity: 9.3.54
			{"proxy", "proxy connection required", 1011, "Proxy Required"},
			{"user", `auth callout service returned an error: not today`, 1008, "Authentication Failure"},
		} {
			before := service.Asked.Load()
			login(dial(t, server), `{"verbose":false,"user":"`+row.user+`","pass":"pwd"}`).wantClose(row.code, row.text, true)
			m, err := heard.NextMsg(process.Patience)
			if err != nil {
				t.Fatal(err)
			}
			var e struct {
				Reason string
				Client struct{ Acc, User string }
			}
			if err := json.Unmarshal(m.Data, &e); err != nil || !strings.EqualFold(e.Reason, row.reason) || e.Client.Acc != "AUTH" || e.Client.User != row.user {
				t.Errorf("%s: %s %v", row.user, m.Data, err)
			}
			if n := service.Asked.Load() - before; n != 1 {
				t.Errorf("%s: asked %d times", row.user, n)
			}
		}
	})
}

// TestCalloutAllowedAccounts asks about the users of some accounts, and about whoever is in none.
func TestCalloutAllowedAccounts(t *testing.T) {
	keys := callout.NewKeys(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{Config: `accounts {
  AUTH { users [ { user: auth, password: auth } ] }
  APP { users [ { user: bob, password: bob } ] }
  BAR { users [ { user: carl, password: carl } ] }
}
authorization { timeout: 5, ` + keys.Block("allowed_accounts: [ APP ]") + " }"})
		service, _ := serve(t, server, keys, asksAPP)
		for _, row := range []struct {
			connect string
			asked   int64
			in      bool
		}{
			{`{"user":"bob","pass":"bob","verbose":false}`, 1, true},
			{`{"user":"carl","pass":"carl","verbose":false}`, 0, true},
			{`{"user":"carl","pass":"wrong","verbose":false}`, 1, true},
			{`{"user":"ann","verbose":false}`, 1, true},
			{`{"verbose":false}`, 1, true},
		} {
			before := service.Asked.Load()
			login(dial(t, server), row.connect).wantLogin(row.in)
			if n := service.Asked.Load() - before; n != row.asked {
				t.Errorf("%s: asked %d times", row.connect, n)
			}
		}
	})
}

// TestCalloutGuest asks about who has no credentials, and stands for no_auth_user: with a CONNECT, and without one. What such a
// client sends before the answer waits for that.
func TestCalloutGuest(t *testing.T) {
	keys := callout.NewKeys(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{
			Config: callout.Accounts + "no_auth_user: bob\nauthorization { timeout: 5, " + keys.Block("") + " }",
		})
		asked := make(chan *callout.Request, 1)
		serve(t, server, keys, func(r *callout.Request) {
			asked <- r
			r.Allow("APP", func(c *jwt.UserClaims) { c.Permissions.Pub.Allow.Add("ok") })
		})
		for name, first := range map[string]string{"with CONNECT": "CONNECT {\"verbose\":false}\r\n", "without": ""} {
			s := dial(t, server)
			s.send(data(first + "SUB ok 1\r\nPUB ok 2\r\nhi\r\nPUB no 0\r\n\r\n"))
			r := <-asked
			if o := r.ConnectOptions; o.Username != "bob" || o.Password != "bob" {
				t.Errorf("%s: connect_opts %+v", name, o)
			}
			for first == "" && s.line() != "+OK" { // verbose by default
			}
			if line := s.line(); line != "MSG ok 1 2" && line != "+OK" {
				t.Errorf("%s: got %q", name, line)
			}
		}
	})
}

// TestCalloutOnTheWire: who is refused, and who gets no answer, hears one error, and a client that sends anything before it is
// let in is not heard.
func TestCalloutOnTheWire(t *testing.T) {
	keys := callout.NewKeys(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{Config: callout.Accounts + "authorization { timeout: 1, " + keys.Block("") + " }"})
		serve(t, server, keys, func(r *callout.Request) {
			if r.ConnectOptions.Username == "refused" {
				r.Refuse("no")
			}
		})
		for _, user := range []string{"refused", "silence"} {
			raw := process.DialRaw(t, server.Client)
			raw.Send("CONNECT {\"verbose\":false,\"user\":\"" + user + "\",\"pass\":\"hidden-secret\"}\r\nPUB a 0\r\n\r\nPING\r\n")
			if rest, _ := raw.Rest(); rest != "-ERR 'Authorization Violation'\r\n" {
				t.Errorf("%s: got %q", user, rest)
			}
		}
		raw := process.DialRaw(t, server.Client)
		raw.Send("PUB a 0\r\n\r\n")
		if rest, _ := raw.Rest(); rest != "-ERR 'Authorization Violation'\r\n" {
			t.Errorf("without CONNECT: got %q", rest)
		}
		if log := server.Log().String(); strings.Contains(log, "hidden-secret") || strings.Contains(log, "eyJ") {
			t.Errorf("a secret is in the log:\n%s", log)
		}
	})
}

// TestCalloutKeys: every server has a key of its own that encrypts for the service, and none is a key of zeros.
//
// advisory: CVE-2023-46129
func TestCalloutKeys(t *testing.T) {
	keys := callout.NewKeys(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		seen := map[string]bool{}
		for range 2 {
			server := process.Start(t, target, process.Options{Config: callout.Accounts + "authorization { " + keys.Block("xkey: "+keys.Curve.Public) + " }"})
			_, info := dialInfo(t, server)
			var said struct{ XKey string }
			if err := json.Unmarshal([]byte(strings.TrimPrefix(info, "INFO ")), &said); err != nil {
				t.Fatal(err)
			}
			if raw, err := nkeys.Decode(nkeys.PrefixByteCurve, []byte(said.XKey)); err != nil || bytes.Count(raw, []byte{0}) > 8 || seen[said.XKey] {
				t.Errorf("%q, %v", said.XKey, err)
			}
			seen[said.XKey] = true
		}
	})
}

// TestCalloutOfUsers: users of the callout's account can not ask it.
func TestCalloutOfUsers(t *testing.T) {
	keys := callout.NewKeys(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{Config: callout.Accounts + "authorization { timeout: 5, " + keys.Block("") + " }"})
		service, nc := serve(t, server, keys, func(r *callout.Request) { r.Allow("AUTH", nil) })
		heard := make(chan error, 10)
		nc.SetErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { heard <- err })
		if err := nc.Publish(callout.Subject, nil); err != nil {
			t.Fatal(err)
		}
		if err := <-heard; !strings.Contains(err.Error(), "ermissions violation") && !strings.Contains(err.Error(), "Permissions Violation") {
			t.Errorf("heard %v", err)
		}
		s := dial(t, server)
		s.send(data("CONNECT {\"verbose\":false,\"user\":\"x\"}\r\nPUB " + callout.Subject + " 0\r\n\r\n"))
		s.want(`-ERR 'Permissions Violation for Publish to "` + callout.Subject + `"'`)
		if n := service.Asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

// TestCalloutComesLate: who comes before the service waits for it, within the time to log in; nats-server asks nobody, and
// refuses.
func TestCalloutComesLate(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		keys := callout.NewKeys(t)
		server := process.Start(t, process.Weir, process.Options{Config: callout.Accounts + "authorization { timeout: 20, " + keys.Block("") + " }"})
		s := login(dial(t, server), `{"user":"ann","verbose":false}`)
		other := dial(t, server) // is not held up, nor is who is let in by the file
		serve(t, server, keys, asksAPP)
		s.want("PONG")
		login(other, `{"user":"ann","verbose":false}`).want("PONG")
	})
}

// TestCalloutForwards: what an auth_callout block names of an upgrade gets to the callout, and nothing else. The address is that
// which a trusted proxy tells.
func TestCalloutForwards(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		keys := callout.NewKeys(t)
		server := process.Start(t, process.Weir, process.Options{
			Config: callout.Accounts + "authorization { timeout: 5, " +
				keys.Block("forward { headers: [ user-agent, X-Tenant ], cookies: [ session ], query: [ room ] }") + " }",
			WebSocket: "trusted_proxies: [ 127.0.0.1 ]\nuser_cookie: who",
		})
		asked := make(chan *callout.Request, 1)
		serve(t, server, keys, func(r *callout.Request) {
			asked <- r
			r.Allow("APP", nil)
		})
		for _, row := range []struct {
			connect string
			request []string
			want    string
		}{
			{"all", []string{"Origin: https://app.test", "User-Agent: a page", "X-Tenant: one", "X-Tenant: two", "X-Other: no",
				"Cookie: session=\"s3cret\"; other=no; who=ann", "X-Forwarded-For: 203.0.113.7"},
				`{"Origin":"https://app.test","Headers":{"User-Agent":["a page"],"X-Tenant":["one","two"]},"Cookies":{"session":"s3cret"},"Query":null}`},
			{"nothing", []string{"X-Other: no"}, `{"Origin":"","Headers":null,"Cookies":null,"Query":null}`},
		} {
			s := dial(t, server, row.request...)
			login(s, `{"verbose":false}`).want("PONG")
			r := <-asked
			if got, _ := json.Marshal(r.Weir); string(got) != row.want {
				t.Errorf("%s: %s", row.connect, got)
			}
			if all := row.connect == "all"; all != (r.ClientInformation.Host == "203.0.113.7") || all != (r.ConnectOptions.Username == "ann") {
				t.Errorf("%s: %+v %+v", row.connect, r.ClientInformation, r.ConnectOptions)
			}
		}
		if log := server.Log().String(); strings.Contains(log, "s3cret") {
			t.Errorf("a cookie is in the log:\n%s", log)
		}
	})
}

// TestCalloutOfListeners: one callout for the browsers alone, none for one listener, and one of a listener's own.
func TestCalloutOfListeners(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		keys, own := callout.NewKeys(t), callout.NewKeys(t)
		ownBlock := "auth_callout { issuer: " + own.Issuer.Public + ", account: OWN }"
		server := process.Start(t, process.Weir, process.Options{File: `listen: "127.0.0.1:-1"
websocket [
  { listen: "127.0.0.1:-1", no_tls: true }
  { name: open, listen: "127.0.0.1:-1", no_tls: true, authorization { auth_callout: false } }
  { name: own, listen: "127.0.0.1:-1", no_tls: true, authorization { ` + ownBlock + ` } }
]
accounts {
  AUTH { users [ { user: auth, password: auth } ] }
  OWN { users [ { user: service, password: service } ] }
  APP { users [ { user: bob, password: bob } ] }
}
authorization { timeout: 5, ` + keys.Block("connection_types: [ WEBSOCKET ]") + ` }
`})
		service, _ := serve(t, server, keys, asksAPP)
		nc, err := nats.Connect("nats://"+server.Client, nats.UserInfo("service", "service"))
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		second := callout.Serve(t, nc, own, asksAPP)
		asked := func() [2]int64 { return [2]int64{service.Asked.Load(), second.Asked.Load()} }
		urls := edges(t, server)
		for _, row := range []struct {
			at, user, pass string
			in             bool
			asked          [2]int64
		}{
			{"nats://" + server.Client, "bob", "bob", true, [2]int64{0, 0}},
			{"nats://" + server.Client, "eve", "x", false, [2]int64{0, 0}},
			{urls["websocket"], "eve", "x", true, [2]int64{1, 0}},
			{urls["open"], "bob", "bob", true, [2]int64{0, 0}},
			{urls["open"], "eve", "x", false, [2]int64{0, 0}},
			{urls["own"], "eve", "x", true, [2]int64{0, 1}},
		} {
			before := asked()
			nc, err := nats.Connect(row.at, nats.UserInfo(row.user, row.pass), nats.Timeout(process.Patience))
			if (err == nil) != row.in {
				t.Errorf("%+v: %v", row, err)
			}
			if err == nil {
				nc.Close()
			}
			now := asked()
			if got := [2]int64{now[0] - before[0], now[1] - before[1]}; got != row.asked {
				t.Errorf("%+v: asked %v", row, got)
			}
		}
	})
}

// TestCalloutReload: a reload that has nothing to do with the callout asks nobody; who was let in without one, or by another
// one, goes without a word, and is asked about when it comes again.
func TestCalloutReload(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		keys, next := callout.NewKeys(t), callout.NewKeys(t)
		auth := func(k callout.Keys) string { return "authorization { timeout: 5, " + k.Block("") + " }" }
		server := process.Start(t, process.Weir, process.Options{Config: callout.Accounts + "# auth"})
		plain := login(dial(t, server), `{"user":"bob","pass":"bob","verbose":false}`)
		plain.want("PONG")
		replace := func(old, now string) {
			t.Helper()
			line := server.Reload(t, func(s string) string { return strings.Replace(s, old, now, 1) })
			if !strings.Contains(line, "Reloaded server configuration") {
				t.Fatal(line)
			}
		}
		replace("# auth", auth(keys))
		plain.wantClose(1008, "Authentication Failure", true)
		service, _ := serve(t, server, keys, asksAPP)
		s := login(dial(t, server), `{"user":"ann","pass":"x","verbose":false}`)
		s.want("PONG")
		replace("user: bob", "user: carl")
		s.alive()
		if n := service.Asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		replace(auth(keys), auth(next))
		s.wantClose(1008, "Authentication Failure", true)
	})
}

// TestCalloutExpires: the end that an answer gives a user is kept.
func TestCalloutExpires(t *testing.T) {
	keys := callout.NewKeys(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{Config: callout.Accounts + "authorization { timeout: 5, " + keys.Block("") + " }"})
		serve(t, server, keys, func(r *callout.Request) {
			r.Allow("APP", func(c *jwt.UserClaims) { c.Expires = time.Now().Add(2 * time.Second).Unix() })
		})
		s := login(dial(t, server), `{"user":"ann","verbose":false}`)
		s.want("PONG", "-ERR 'User Authentication Expired'")
	})
}

// edges are the URLs of the listeners for WebSocket by name, as the log has them.
func edges(t *testing.T, server *process.Server) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, name := range []string{"open", "own"} {
		line, err := server.Log().Wait(`websocket clients on \S+ \(`+name+`\)`, process.Patience)
		if err != nil {
			t.Fatal(err)
		}
		words := strings.Fields(line)
		found[name] = words[len(words)-2]
	}
	found["websocket"] = "ws://" + server.WebSocket
	return found
}

// TestCalloutFIPS: where only what FIPS 140 approves may be called there is no callout, whose keys it does not know.
func TestCalloutFIPS(t *testing.T) {
	keys := callout.NewKeys(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		if _, err := target.Binary(); err != nil { // before the variable, which is for the server and not for the compiler
			t.Fatal(err)
		}
		t.Setenv("GODEBUG", "fips140=on")
		process.Refused(t, target, callout.Accounts+"authorization { "+keys.Block("")+" }", "'auth_callout' cannot be configured in FIPS-140 mode")
	})
}
