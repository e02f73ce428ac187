package tools

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"weir/test/operator"
	"weir/test/process"
)

// Every secret of these tests has this in it, but for hashes, seeds and tokens that are made for them.
const marker = "s3cret"

const (
	seedOfNobody = "SUAGMJH5XLGZKQQWAWKRZJIGMOU4HPFUYLXJMXOO5NLFEO2OOQJ5LPRTPM"
	hashOfBob    = "$2a$04$TmvdYQs6vL6LxSYE2Wr7oeS1zAOjc444dgI0wIrz1gfUcWGv2AoIO" // of "secret"
)

// guardedTenants has a secret wherever accounts can have one.
const guardedTenants = `
accounts {
  A {
    users: [
      { user: ann, password: "s3cret-ann", permissions: { publish: ">" } }
      { user: bob, password: "` + hashOfBob + `" }
      { nkey: UCMZQMQKGGJWPRKECHVZS6YB6BKYU5SQQPYRCCXYWRFRSA4UUZF2WSOS }
    ]
    exports: [ { service: "svc", latency: "lat" } ]
  }
  B { users: [ { user: cid, password: "s3cret-cid" } ], imports: [ { service: { account: A, subject: "svc" }, share: true } ] }
  SYS { users: [ { user: sys, password: "s3cret-sys" } ] }
}
system_account: SYS
no_auth_user: cid
`

// pages is all pages, with all that they can be asked to show.
var pages = []string{
	"/", "/varz", "/connz?auth=1&subs=detail&state=any", "/connz?auth=1&state=closed", "/subsz?subs=1", "/healthz?details=1", "/accountz", "/accountz?acc=A",
	"/accountz?acc=B", "/accountz?acc=SYS", "/accountz?acc=$G", "/accstatz?unused=1", "/routez", "/gatewayz", "/leafz", "/jsz?accounts=1&config=1",
	"/ipqueuesz", "/raftz", "/stacksz", "/debug/vars",
}

// requests is what the system account answers of the same.
var requests = []string{
	"SERVER.PING", "SERVER.PING.STATSZ", "SERVER.PING.IDZ", "SERVER.PING.VARZ", `SERVER.PING.CONNZ {"auth":true,"subscriptions":true,"state":2}`,
	`SERVER.PING.SUBSZ {"subscriptions":true}`, `SERVER.PING.ACCOUNTZ {"account":"A"}`, "SERVER.PING.HEALTHZ", "SERVER.PING.EXPVARZ",
	`SERVER.PING.PROFILEZ {"name":"goroutine","debug":1}`, "ACCOUNT.A.INFO", "ACCOUNT.B.INFO", `ACCOUNT.A.CONNZ {"auth":true,"state":2}`, "ACCOUNT.A.SUBSZ",
	"ACCOUNT.PING.STATZ", "USER.INFO",
}

// vault is a server that has been told secrets.
type vault struct {
	*process.Server
	secrets []string
	t       *testing.T
}

// search looks for the secrets in a text.
func (v *vault) search(where, text string) {
	v.t.Helper()
	for _, secret := range v.secrets {
		if i := strings.Index(text, secret); i >= 0 {
			v.t.Errorf("%s: %s shows %q", v.Target, where, text[max(0, i-80):min(len(text), i+80)])
		}
	}
}

// searchPages looks for them on all pages.
func (v *vault) searchPages() {
	v.t.Helper()
	for _, page := range pages {
		response, err := http.Get("http://" + v.Monitor + page)
		if err != nil {
			v.t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || len(body) == 0 {
			v.t.Errorf("%s: %s, %d bytes, %v", page, response.Status, len(body), err)
		}
		v.search(page, string(body))
	}
}

// failing lets clients try to come in with what may be another's secret, or their own for elsewhere.
func (v *vault) failing() {
	v.t.Helper()
	logins := []string{
		`"user":"ann","pass":"s3cret-guess"`, `"user":"nobody","pass":"s3cret-guess"`, `"auth_token":"s3cret-token"`, `"user":"ann","auth_token":"s3cret-token"`,
		`"nkey":"UCMZQMQKGGJWPRKECHVZS6YB6BKYU5SQQPYRCCXYWRFRSA4UUZF2WSOS","sig":"s3cret-sig"`,
		`"user":"ann","pass":"s3cret-guess","verbose":"not a bool"`, `"pass":"s3cret-guess"`,
	}
	if v.Target == process.Weir { // nats-server traces JWTs, bearer tokens too
		logins = append(logins, `"jwt":"eyJ0eXAi.s3cret-jwt.sig","sig":"s3cret-sig"`)
	}
	for _, login := range logins {
		c := process.DialRaw(v.t, v.Client)
		c.Send("CONNECT {" + login + "}\r\nPING\r\n")
		if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil { // some are let in
			v.t.Fatal(err)
		}
		if rest, err := c.Rest(); err == nil {
			v.search("the answer to a login", rest)
		}
	}
}

// TestNoSecretIsShown: what lets somebody in is on no page, in no answer and no event of the system account, and in no log.
//
// advisory: CVE-2026-33216
func TestNoSecretIsShown(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := process.Start(t, target, process.Options{Args: []string{"-DV"}, Config: guardedTenants, WebSocket: `user_cookie: us, pass_cookie: pw`})
		v := &vault{s, []string{marker, hashOfBob, hashOfBob[7:]}, t}
		gone := nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}) // by the reload
		connect := func(user, password string) *nats.Conn {
			nc, err := nats.Connect("nats://"+s.Client, nats.UserInfo(user, password), nats.Name("n-"+user), nats.NoReconnect(), gone)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(nc.Close)
			return nc
		}
		sys := connect("sys", "s3cret-sys")
		events, err := sys.SubscribeSync("$SYS.>")
		if err != nil {
			t.Fatal(err)
		}
		page, err := nats.Connect("ws://"+s.WebSocket+"/?token=s3cret-query", nats.NoReconnect(), gone, nats.WebSocketConnectionHeaders(http.Header{
			"Cookie": {"us=ann; pw=s3cret-ann; other=s3cret-cookie"}, "Authorization": {"Bearer s3cret-bearer"},
		}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(page.Close)
		ann, bob := connect("ann", "s3cret-ann"), connect("bob", "secret")
		if _, err := ann.Subscribe("svc", func(m *nats.Msg) { v.search("who asks", fmt.Sprint(m.Header)); _ = m.Respond(nil) }); err != nil {
			t.Fatal(err)
		}
		samples, err := ann.SubscribeSync("lat")
		if err != nil {
			t.Fatal(err)
		}
		if err := ann.Flush(); err != nil {
			t.Fatal(err)
		}
		if _, err := connect("cid", "s3cret-cid").Request("svc", nil, process.Patience); err != nil {
			t.Fatal(err)
		}
		sample, err := samples.NextMsg(process.Patience)
		if err != nil {
			t.Fatal(err)
		}
		v.search("a sample", string(sample.Data))
		bob.Close()
		v.failing()
		v.searchPages()
		for _, q := range requests {
			subject, body, _ := strings.Cut(q, " ")
			m, err := sys.Request("$SYS.REQ."+subject, []byte(body), process.Patience)
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			v.search(q, string(m.Data))
		}
		if _, err := events.NextMsg(process.Patience); err != nil {
			t.Error(err)
		}
		for {
			m, err := events.NextMsg(50 * time.Millisecond)
			if err != nil {
				break
			}
			v.search(m.Subject, fmt.Sprint(m.Header)+string(m.Data))
		}
		for _, edit := range []func(string) string{
			func(text string) string { return strings.ReplaceAll(text, "s3cret-", "s3cret-new-") },
			func(text string) string { return strings.ReplaceAll(text, hashOfBob, "s3cret-plain") },
		} {
			if line := s.Reload(t, edit); !strings.Contains(line, "Reloaded") {
				t.Error(line)
			}
		}
		v.search("the log", s.Log().String())
	})
}

// TestNoSecretInErrors: what is wrong in a file is told without the secrets beside it.
func TestNoSecretInErrors(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		s := process.Start(t, process.Weir, process.Options{Args: []string{"-DV"}, Config: guardedTenants})
		v := &vault{s, []string{marker, seedOfNobody, hashOfBob}, t}
		for name, block := range map[string]string{
			"an unknown key":        `accounts { A { users: [ { user: a, password: "s3cret-1", bogus: 1 } ] } }`,
			"twice":                 `accounts { A { users: [ { user: a, password: "s3cret-1" }, { user: a, password: "s3cret-2" } ] } }`,
			"a list for a password": `accounts { A { users: [ { user: a, password: [ "s3cret-1" ] } ] } }`,
			"a map for a password":  `authorization { user: a, password: { "s3cret-1": "s3cret-2" } }`,
			"a list for a token":    `authorization { token: [ "s3cret-1" ] }`,
			"a password for a user": `accounts { A { users: [ "s3cret-1" ] } }`,
			"a seed for a key":      `accounts { A { users: [ { nkey: ` + seedOfNobody + ` } ] } }`,
			"a seed for an account": `accounts { A { nkey: ` + seedOfNobody + ` } }`,
			"both":                  `authorization { user: a, password: "s3cret-1", token: "s3cret-2" }`,
			"both kinds of users":   `authorization { user: a, password: "s3cret-1", users: [ { user: b, password: "s3cret-2" } ] }`,
			"permissions":           `accounts { A { users: [ { user: a, password: "s3cret-1", permissions: { publish: "a..b" } } ] } }`,
			"a timeout":             `authorization { user: a, password: "s3cret-1", timeout: "long" }`,
			"an import":             `accounts { A { users: [ { user: a, password: "s3cret-1" } ], imports: [ { stream: { account: X, subject: a } } ] } }`,
			"no end":                `accounts { A { users: [ { user: a, password: "s3cret-1`,
			"no end of the user":    `accounts { A { users: [ { user: a, password: "s3cret-1"`,
			"a resolver":            `resolver: URL("http://a:s3cret-1@127.0.0.1:1/x y")`,
			"an operator":           `operator: eyJ0eXAiOiJKV1QifQ.s3cret-1.s3cret-2`,
			"a preload":             `resolver_preload { A: "eyJ0eXAiOiJKV1QifQ.s3cret-1.s3cret-2" }`,
		} {
			t.Run(name, func(t *testing.T) {
				v := &vault{s, v.secrets, t}
				line := s.Reload(t, func(text string) string { return "host: 127.0.0.1\n" + block + "\n" })
				if !strings.Contains(line, "Failed to reload") {
					t.Error(line)
				}
				v.search("the error", line)
			})
		}
		v.search("the log", s.Log().String())
	})
}

// TestNoSecretOfOperator: a token that is enough to come in is a secret; others are shown where nats-server shows them.
func TestNoSecretOfOperator(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		op := operator.New(t, nil)
		account := op.Account(nil)
		key := operator.NewKey(t, nkeys.CreateUser)
		c := jwt.NewUserClaims(key.Public)
		c.BearerToken = true
		bearer, err := c.Encode(account.Key)
		if err != nil {
			t.Fatal(err)
		}
		s := process.Start(t, process.Weir, process.Options{Args: []string{"-DV"}, Config: op.Config(), WebSocket: "jwt_cookie: jwt"})
		v := &vault{s, []string{bearer, bearer[strings.LastIndex(bearer, ".")+1:], marker}, t}
		nc, err := nats.Connect("nats://"+s.Client, nats.UserJWT(func() (string, error) { return bearer, nil }, func([]byte) ([]byte, error) { return nil, nil }))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		v.failing()
		v.searchPages()
		v.search("the log", s.Log().String())
	})
}

// TestNoSecretOfFlags: flags may have passwords, and the runtime's own page shows a process with its flags.
//
// advisory: CVE-2026-33247
func TestNoSecretOfFlags(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, args := range [][]string{{"--user", "ann", "--pass", "s3cret-ann"}, {"--auth", "s3cret-token"}} {
			s := process.Start(t, target, process.Options{Args: append(args, "-DV")})
			v := &vault{s, []string{marker}, t}
			v.searchPages()
			v.search("the log", s.Log().String())
		}
	})
}
