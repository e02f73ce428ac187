package websocket

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"

	"weir/test/process"
)

// The reasons for which a login ends.
const (
	proxyRequired   = "Proxy Required"
	proxyNotTrusted = "Proxy Not Trusted"
	wrongLogin      = "Authentication Failure"
)

// closeCode is that of the close frame with the reason.
func closeCode(reason string) int {
	if reason == wrongLogin {
		return 1008
	}
	return 1011
}

// proxy is one that signs the nonce; with no key it is none.
type proxy struct {
	pair nkeys.KeyPair
	key  string
}

func newProxy(t *testing.T) *proxy {
	pair, key := newKey(t)
	return &proxy{pair, key}
}

// sign is the field that the proxy adds to a CONNECT; none for no proxy.
func (p *proxy) sign(t *testing.T, info string) string {
	t.Helper()
	if p == nil {
		return ""
	}
	return fmt.Sprintf(`,"proxy_sig":%q`, signNonce(t, info, p.pair))
}

// trust is a block of trusted proxies.
func trust(proxies ...*proxy) string {
	var entries []string
	for _, p := range proxies {
		entries = append(entries, "{ key: "+p.key+" }")
	}
	return "proxies { trusted: [ " + strings.Join(entries, ", ") + " ] }\n"
}

// connzRow is what tests read of the row of one connection.
type connzRow struct {
	Reason string `json:"reason"`
	Proxy  *struct {
		Key string `json:"key"`
	} `json:"proxy"`
}

// key is that of the proxy in the row; empty for none.
func (r connzRow) key() string {
	if r.Proxy == nil {
		return ""
	}
	return r.Proxy.Key
}

// connz is the row of one connection, open or closed.
func connz(t *testing.T, server *process.Server, cid uint64, closed bool) (row connzRow) {
	t.Helper()
	found := process.Await(process.Patience, func() bool {
		var answer struct {
			Connections []connzRow `json:"connections"`
		}
		getJSON(t, server, fmt.Sprintf("/connz?state=any&cid=%d", cid), &answer)
		if len(answer.Connections) != 1 || closed && answer.Connections[0].Reason == "" {
			return false
		}
		row = answer.Connections[0]
		return true
	})
	if !found {
		t.Fatalf("no row of connection %d", cid)
	}
	return row
}

func getJSON(t *testing.T, server *process.Server, page string, into any) {
	t.Helper()
	response, err := http.Get("http://" + server.Monitor + page)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// Configurations and fields of CONNECT of [proxiedLogins]; NKEY stands for a key, byKey for it and its signature.
const (
	behindUsers = `authorization { users: [ { user: ann, password: p, proxy_required: true }, { user: bob, password: p, proxy_required: false },
		{ nkey: NKEY, proxy_required: true } ] }` + "\n"
	behindSingle = "authorization { user: ann, password: p, proxy_required: true }\n"
	behindToken  = "authorization { token: t, proxy_required: true }\n"
	behindGuest  = "no_auth_user: ann\n" + behindUsers

	asAnn   = `,"user":"ann","pass":"p"`
	asBob   = `,"user":"bob","pass":"p"`
	asToken = `,"auth_token":"t"`
	byKey   = "nkey"
)

// Who signed the nonce of a client.
const (
	direct = iota
	trusted
	stranger
)

// proxiedLogins are clients that come through proxies, trusted or not, and the reason for which they have to go.
var proxiedLogins = []struct {
	name, config, fields string
	by                   int
	end                  string
}{
	// parity: 9.3.52 9.3.68
	{"required, not there", behindUsers, asAnn, direct, proxyRequired},
	// parity: 9.3.52 9.3.68
	{"required, there", behindUsers, asAnn, trusted, ""},
	{"required, another", behindUsers, asAnn, stranger, proxyNotTrusted},
	{"required, not there, wrong password", behindUsers, `,"user":"ann"`, direct, proxyRequired},
	{"required, there, wrong password", behindUsers, `,"user":"ann"`, trusted, wrongLogin},
	// parity: 9.3.52
	{"not required, not there", behindUsers, asBob, direct, ""},
	{"not required, there", behindUsers, asBob, trusted, ""},
	{"not required, another", behindUsers, asBob, stranger, proxyNotTrusted},
	// parity: 9.3.52 9.3.68
	{"nkey, not there", behindUsers, byKey, direct, proxyRequired},
	// parity: 9.3.52
	{"nkey, there", behindUsers, byKey, trusted, ""},
	{"unknown user", behindUsers, `,"user":"eve"`, direct, wrongLogin},
	// parity: 9.3.52 9.3.68
	{"single user, not there", behindSingle, asAnn, direct, proxyRequired},
	// parity: 9.3.52
	{"single user, there", behindSingle, asAnn, trusted, ""},
	{"single user, another name", behindSingle, asBob, direct, proxyRequired},
	{"token, not there", behindToken, asToken, direct, proxyRequired},
	{"token, there", behindToken, asToken, trusted, ""},
	{"no_auth_user, not there", behindGuest, "", direct, proxyRequired},
	{"no_auth_user, there", behindGuest, "", trusted, ""},
	{"nobody is asked, not there", "", "", direct, ""},
	{"nobody is asked, there", "", "", trusted, ""},
	{"nobody is asked, another", "", "", stranger, proxyNotTrusted},
	{"no base64", "", `,"proxy_sig":"%%"`, direct, proxyNotTrusted},
}

// TestProxies has [proxiedLogins] over WebSocket and TCP, and what /connz says of them.
func TestProxies(t *testing.T) {
	proxies := []*proxy{direct: nil, trusted: newProxy(t), stranger: newProxy(t)}
	pair, nkey := newKey(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		servers := make(map[string]*process.Server)
		for _, row := range proxiedLogins {
			if servers[row.config] == nil {
				config := strings.Replace(row.config, "NKEY", nkey, 1) + trust(proxies[trusted])
				servers[row.config] = process.Start(t, target, process.Options{Config: config})
			}
			server := servers[row.config]
			connect := func(t *testing.T, info string) string {
				fields := row.fields
				if fields == byKey {
					fields = fmt.Sprintf(`,"nkey":%q,"sig":%q`, nkey, signNonce(t, info, pair))
				}
				return "CONNECT {\"verbose\":false" + fields + proxies[row.by].sign(t, info) + "}\r\nPING\r\n"
			}
			check := func(t *testing.T, info string) {
				t.Helper()
				want := ""
				if row.by == trusted {
					want = proxies[trusted].key
				}
				if got := connz(t, server, greet(t, info).CID, row.end != ""); got.key() != want || got.Reason != row.end {
					t.Errorf("in /connz: %q, proxy %q; want %q, %q", got.Reason, got.key(), row.end, want)
				}
			}
			t.Run(row.name+", ws", func(t *testing.T) {
				s, info := dialInfo(t, server)
				s.send(data(connect(t, info)))
				if row.end == "" {
					s.want("PONG")
				} else {
					s.wantGone(row.end)
				}
				check(t, info)
			})
			t.Run(row.name+", tcp", func(t *testing.T) {
				c := process.DialRaw(t, server.Client)
				c.Send(connect(t, c.Info))
				plainLogin(t, c, row.end == "")
				check(t, c.Info)
			})
		}
	})
}

// TestGuestNeedsProxy: a no_auth_user who needs a proxy does not get in without CONNECT, and is not told why.
//
// parity: 9.3.74
// advisory: GHSA-hmmp-q8cx-v964
func TestGuestNeedsProxy(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{
			Config: "no_auth_user: ann\nauthorization { users: [ { user: ann, password: p, proxy_required: true } ] }\n" + trust(newProxy(t))})
		s, c := dial(t, server), process.DialRaw(t, server.Client)
		s.send(data("PING\r\n"))
		s.wantGone(wrongLogin)
		c.Send("PING\r\n")
		plainLogin(t, c, false)
	})
}

// TestNoTrustedProxies: where none is trusted, there is nothing to sign, and whatever is signed does not count.
func TestNoTrustedProxies(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, block := range []string{"", "proxies {}", "proxies { trusted: [] }"} {
			server := process.Start(t, target, process.Options{Config: block})
			s, info := dialInfo(t, server)
			if greet(t, info).Nonce != "" {
				t.Errorf("%s: %s", block, info)
			}
			s.send(data("CONNECT {\"verbose\":false,\"proxy_sig\":\"AAAA\"}\r\nPING\r\n"))
			s.want("PONG")
			if got := connz(t, server, greet(t, info).CID, false); got.Proxy != nil {
				t.Errorf("%s: proxy %+v", block, got.Proxy)
			}
		}
	})
}

// TestProxiesInVarz: the keys are public.
func TestProxiesInVarz(t *testing.T) {
	a, b := newProxy(t), newProxy(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		var varz struct {
			Proxies json.RawMessage `json:"proxies"`
		}
		getJSON(t, process.Start(t, target, process.Options{Config: trust(a, b)}), "/varz", &varz)
		got := strings.Join(strings.Fields(string(varz.Proxies)), "")
		if want := fmt.Sprintf(`{"trusted":[{"key":%q},{"key":%q}]}`, a.key, b.key); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestProxiesUnreadable has blocks that can not be read.
func TestProxiesUnreadable(t *testing.T) {
	key := newProxy(t).key
	rows := []struct{ name, block, says string }{
		{"no map", "proxies: 3", `server\.conf:3:1: .*proxies`},
		{"unknown key", "proxies { foo: 1 }", `server\.conf:3:11: unknown field "foo"`},
		{"no list", "proxies { trusted { key: " + key + " } }", `server\.conf:3:11: .*trusted`},
		{"no map in the list", "proxies { trusted: [ " + key + " ] }", `server\.conf:3:22: .*trusted`},
		{"unknown key in the list", "proxies { trusted: [ { key: " + key + ", foo: 1 } ] }", `server\.conf:3:87: unknown field "foo"`},
		// parity: 9.3.67
		{"no key", "proxies { trusted: [ { key: " + key + " }, { key: bad } ] }", `server\.conf:3:91: invalid proxy key "bad"`},
		{"no string", "proxies { trusted: [ { key: 3 } ] }", `server\.conf:3:24: .*string`},
		{"empty", `proxies { trusted: [ { key: "" } ] }`, `server\.conf:3:24: invalid proxy key ""`},
		{"nothing", "proxies { trusted: [ {} ] }", `server\.conf:3:\d+: invalid proxy key ""|proxy trusted key "" is invalid`},
		{"proxy_required at the top", "proxy_required: true", `server\.conf:3:1: unknown field "proxy_required"`},
		{"proxy_required in websocket", "websocket { authorization { proxy_required: true } }", `server\.conf:3:29: unknown field "proxy_required"`},
		{"proxy_required, no boolean", "authorization { user: a, proxy_required: 3 }", `server\.conf:3:26: .*bool`},
		{"proxy_required of a user, no boolean", "authorization { users: [ { user: a, proxy_required: 3 } ] }", `server\.conf:3:37: .*bool`},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				process.Refused(t, target, "host: 127.0.0.1\nport: -1\n"+row.block+"\n", row.says)
			})
		}
	})
}

// proxied is a client whose CONNECT was signed by a proxy, or by none, and who is in.
func proxied(t *testing.T, server *process.Server, by *proxy, user string) *session {
	t.Helper()
	s, info := dialInfo(t, server)
	s.send(data(fmt.Sprintf("CONNECT {\"verbose\":false,\"user\":%q,\"pass\":\"p\"%s}\r\nPING\r\n", user, by.sign(t, info))))
	s.want("PONG")
	return s
}

// wantGone expects that the server lets the client go for a reason.
func (s *session) wantGone(reason string) {
	s.t.Helper()
	s.want("-ERR 'Authorization Violation'")
	s.wantClose(closeCode(reason), reason, false)
}

// TestReloadProxies: who came through a proxy goes with its key, whether it needed one or not; the others stay.
func TestReloadProxies(t *testing.T) {
	a, b := newProxy(t), newProxy(t)
	both, onlyB := trust(a, b), trust(b)
	const users = "authorization { users: [ { user: ann, password: p, proxy_required: true }, { user: bob, password: p } ] }\n"
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{Config: users + both})
		change := func(before, after string) {
			t.Helper()
			if line := server.Reload(t, replace(before, after)); !strings.Contains(line, "Reloaded") {
				t.Fatal(line)
			}
		}
		annByA, bobByA := proxied(t, server, a, "ann"), proxied(t, server, a, "bob")
		annByB, bob := proxied(t, server, b, "ann"), proxied(t, server, nil, "bob")
		tcp := process.DialRaw(t, server.Client)
		tcp.Send("CONNECT {\"verbose\":false,\"user\":\"bob\",\"pass\":\"p\"" + a.sign(t, tcp.Info) + "}\r\nPING\r\n")
		plainLogin(t, tcp, true)

		change(both, onlyB)
		annByA.wantGone(proxyNotTrusted)
		bobByA.wantGone(proxyNotTrusted)
		plainLogin(t, tcp, false)
		annByB.alive()
		bob.alive()

		change(onlyB, both)
		annByA = proxied(t, server, a, "ann")

		change("proxy_required: true", "proxy_required: false")
		ann := proxied(t, server, nil, "ann")
		change("proxy_required: false", "proxy_required: true")
		ann.wantGone(proxyRequired)
		for _, s := range []*session{annByA, annByB, bob} {
			s.alive()
		}

		change(both, "proxies { trusted: [] }\n")
		annByA.wantGone(proxyNotTrusted)
		annByB.wantGone(proxyNotTrusted)
		bob.alive()
	})
}

// TestReloadProxiesBlock has reloads that nats-server does not survive, where the block itself comes or goes, or refuses:
// those of a single user's proxy_required.
func TestReloadProxiesBlock(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		a := newProxy(t)
		server := process.Start(t, process.Weir, process.Options{Config: "authorization { user: ann, password: p }\n"})
		change := func(before, after string) {
			t.Helper()
			if line := server.Reload(t, replace(before, after)); !strings.Contains(line, "Reloaded") {
				t.Fatal(line)
			}
		}
		ann := proxied(t, server, nil, "ann")
		change("authorization", trust(a)+"authorization")
		ann.alive()
		byA := proxied(t, server, a, "ann")
		change("password: p", "password: p, proxy_required: true")
		ann.wantGone(proxyRequired)
		byA.alive()
		change("password: p, proxy_required: true", "password: p")
		change(trust(a), "")
		byA.wantGone(proxyNotTrusted)
		if _, info := dialInfo(t, server); greet(t, info).Nonce != "" {
			t.Error(info)
		}
		proxied(t, server, nil, "ann")
	})
}
