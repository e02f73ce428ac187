package client_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nkeys"

	"weir/internal/auth"
	"weir/internal/conn"
	"weir/internal/perm"
)

// proxy is one that signs nonces.
type proxy struct {
	pair nkeys.KeyPair
	key  string
}

func newProxy(t *testing.T) proxy {
	t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	key, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return proxy{pair, key}
}

// sign is the field of CONNECT with which the proxy vouches for a client that got the INFO.
func (x proxy) sign(t testing.TB, info string) string {
	t.Helper()
	var said struct{ Nonce string }
	if err := json.Unmarshal([]byte(strings.TrimPrefix(info, "INFO ")), &said); err != nil {
		t.Fatal(err)
	}
	sig, err := x.pair.Sign([]byte(said.Nonce))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`,"proxy_sig":%q`, base64.RawURLEncoding.EncodeToString(sig))
}

// behind opens a client that the proxy vouches for.
func (h *house) behind(x proxy, options string) *peer {
	h.t.Helper()
	p := h.dial()
	p.say(options + x.sign(h.t, p.line()))
	return p
}

// say sends CONNECT and a PING; the pipe has no buffer and may be closed before it took the PING.
func (p *peer) say(options string) {
	go p.nc.Write([]byte("CONNECT {\"verbose\":false" + options + "}\r\nPING\r\n"))
}

// behindOnly are users with the password p: ann comes in through a proxy only, bob comes as he likes.
func behindOnly() auth.Config {
	return auth.Config{Users: []auth.User{{Name: "ann", Password: "p", ProxyRequired: true}, {Name: "bob", Password: "p"}}}
}

const (
	ann = `,"user":"ann","pass":"p"`
	bob = `,"user":"bob","pass":"p"`
)

var violated = []string{"-ERR 'Authorization Violation'", "EOF"}

// gone expects that the client who left last did so for a reason, with the key of a proxy in its row of /connz.
func (h *house) gone(reason conn.Reason, key string) {
	h.t.Helper()
	synctest.Wait()
	closed := h.env.Registry.Closed()
	if len(closed) == 0 {
		h.t.Fatal("nobody is gone")
	}
	if last := closed[len(closed)-1]; last.Reason != reason || last.Proxy != key {
		h.t.Errorf("gone for %v, proxy %q; want %v, %q", last.Reason, last.Proxy, reason, key)
	}
}

// The proxy is known of who comes in and of who does not; a signature by another keeps out whoever it is.
func TestProxies(t *testing.T) {
	trusted, stranger := newProxy(t), newProxy(t)
	const no = conn.Reason(0)
	for _, tt := range []struct {
		name    string
		config  auth.Config
		options string
		by      *proxy
		reason  conn.Reason
	}{
		{"required, there", behindOnly(), ann, &trusted, no},
		{"required, not there", behindOnly(), ann, nil, conn.ProxyRequired},
		{"required, another", behindOnly(), ann, &stranger, conn.ProxyNotTrusted},
		{"wrong password", behindOnly(), `,"user":"ann"`, &trusted, conn.AuthenticationViolation},
		{"not required, there", behindOnly(), bob, &trusted, no},
		{"not required, not there", behindOnly(), bob, nil, no},
		{"not required, another", behindOnly(), bob, &stranger, conn.ProxyNotTrusted},
		{"nobody is asked, there", auth.Config{}, "", &trusted, no},
		{"nobody is asked, another", auth.Config{}, "", &stranger, conn.ProxyNotTrusted},
		{"a feature of the past", auth.Config{}, `,"new_account":true`, &trusted, conn.AuthenticationViolation},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := (&house{timeout: time.Second, auth: tt.config}).start(t)
				h.env.Registry.Remember(1)
				h.trust(trusted.key)
				p := h.dial()
				info, key := p.line(), ""
				if tt.by != nil {
					tt.options += tt.by.sign(t, info)
				}
				if tt.by == &trusted {
					key = trusted.key
				}
				p.say(tt.options)
				if tt.reason != no {
					p.want(violated...)
					h.gone(tt.reason, key)
					return
				}
				p.want("PONG")
				if i := h.env.Registry.Conns()[0].Info(false); i.Proxy != key {
					t.Errorf("proxy %q", i.Proxy)
				}
			})
		})
	}
}

// A further CONNECT comes the same way, unless it brings a signature of its own.
func TestProxyOfFurtherConnect(t *testing.T) {
	trusted, stranger := newProxy(t), newProxy(t)
	synctest.Test(t, func(t *testing.T) {
		h := (&house{timeout: time.Second, auth: behindOnly()}).start(t)
		h.trust(trusted.key)
		p := h.dial()
		info := p.line()
		p.say(bob + trusted.sign(t, info))
		p.want("PONG")
		p.say(ann)
		p.want("PONG")
		p.say(ann + stranger.sign(t, info))
		p.want(violated...)
	})
}

// Who is not vouched for can not become somebody who must be by a further CONNECT.
func TestFurtherConnectWithoutProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := (&house{timeout: time.Second, auth: behindOnly()}).start(t).connect(bob)
		p.say(ann)
		p.want(violated...)
	})
}

// Who skips CONNECT is not told that the no_auth_user needs a proxy, and with one it may come in.
func TestGuestBehindProxy(t *testing.T) {
	trusted := newProxy(t)
	synctest.Test(t, func(t *testing.T) {
		config := behindOnly()
		config.NoAuthUser = "ann"
		h := (&house{timeout: time.Second, auth: config}).start(t)
		h.env.Registry.Remember(2)
		h.trust(trusted.key)
		p := h.dial()
		p.line()
		p.send("PING\r\n")
		p.want(violated...)
		h.gone(conn.AuthenticationViolation, "")
		p = h.dial()
		p.line()
		p.say("")
		p.want(violated...)
		h.gone(conn.ProxyRequired, "")
		h.behind(trusted, "").want("PONG")
	})
}

// A nonce goes out where somebody may have to sign it, and only there.
func TestNonceForProxies(t *testing.T) {
	trusted := newProxy(t)
	synctest.Test(t, func(t *testing.T) {
		h := (&house{timeout: time.Second}).start(t)
		early := h.dial()
		if info := early.line(); strings.Contains(info, "nonce") {
			t.Error(info)
		}
		synctest.Wait()
		h.trust(trusted.key)
		if info := h.dial().line(); !strings.Contains(info, `"nonce":"`) {
			t.Error(info)
		}
		early.say(trusted.sign(t, "INFO {}")) // there was nothing to sign
		early.want(violated...)
	})
}

// TestRecheckProxies changes the trusted proxies, or who needs one, under a client.
func TestRecheckProxies(t *testing.T) {
	a, b := newProxy(t), newProxy(t)
	free := behindOnly()
	free.Users[0].ProxyRequired = false
	other := auth.Config{Users: []auth.User{{Name: "ann", Password: "p", ProxyRequired: true, Permissions: &perm.Config{Publish: deny("x")}}}}
	const stays = conn.Reason(0)
	for _, tt := range []struct {
		name     string
		from, to auth.Config
		options  string
		by       *proxy
		trusted  []string // afterwards, before it is both
		reason   conn.Reason
	}{
		{"its proxy goes", behindOnly(), behindOnly(), ann, &a, []string{b.key}, conn.ProxyNotTrusted},
		{"its proxy goes, and it needed none", behindOnly(), behindOnly(), bob, &a, []string{b.key}, conn.ProxyNotTrusted},
		{"its proxy goes, and nobody is asked", auth.Config{}, auth.Config{}, "", &a, []string{b.key}, conn.ProxyNotTrusted},
		{"all proxies go", behindOnly(), behindOnly(), ann, &a, nil, conn.ProxyNotTrusted},
		{"its proxy and itself", behindOnly(), auth.Config{Users: []auth.User{{Name: "x"}}}, ann, &a, nil, conn.ProxyNotTrusted},
		{"another proxy goes", behindOnly(), behindOnly(), ann, &a, []string{a.key}, stays},
		{"it needs none, all proxies go", behindOnly(), behindOnly(), bob, nil, nil, stays},
		{"order", behindOnly(), behindOnly(), ann, &a, []string{b.key, a.key}, stays},
		{"needs one now", free, behindOnly(), ann, nil, []string{a.key, b.key}, conn.ProxyRequired},
		{"needs one now, and has one", free, behindOnly(), ann, &a, []string{a.key, b.key}, stays},
		{"needs none any more", behindOnly(), free, ann, &b, []string{a.key, b.key}, stays},
		{"permissions", behindOnly(), other, ann, &b, []string{b.key}, stays},
		{"user gone", behindOnly(), auth.Config{Users: []auth.User{{Name: "x"}}}, ann, &a, []string{a.key}, conn.ClientClosed},
		{"one user needs one now", auth.Config{Username: "ann", Password: "p"},
			auth.Config{Username: "ann", Password: "p", ProxyRequired: true}, ann, nil, []string{a.key}, conn.ProxyRequired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := (&house{timeout: time.Second, auth: tt.from}).start(t)
				h.env.Registry.Remember(1)
				h.trust(a.key, b.key)
				p, key := h.dial(), ""
				info := p.line()
				if tt.by != nil {
					tt.options += tt.by.sign(t, info)
					key = tt.by.key
				}
				p.say(tt.options)
				p.want("PONG")
				h.setAuth(tt.to)
				h.trust(tt.trusted...)
				h.recheck()
				switch tt.reason {
				case stays:
					p.send("PING\r\n")
					p.want("PONG")
					if i := h.env.Registry.Conns()[0].Info(false); i.Proxy != key {
						t.Errorf("proxy %q", i.Proxy)
					}
					return
				case conn.ClientClosed:
					p.want("EOF")
				default:
					p.want(violated...)
				}
				h.gone(tt.reason, key)
			})
		})
	}
}
