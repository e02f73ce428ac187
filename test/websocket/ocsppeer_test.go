package websocket

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"weir/test/process"
)

// crowd is one client for each thing that a responder may say.
func crowd(t *testing.T) (*responder, map[string]tls.Certificate) {
	t.Helper()
	a := newAuthority(t)
	r := newResponder(a)
	clients := map[string]tls.Certificate{"plain": a.client("plain", pkix.Name{CommonName: "plain"})} // names no responder
	signer := func(name string, usages ...x509.ExtKeyUsage) answer {
		what := says(ocsp.Good)
		what.by = a.sign(name, &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: usages})
		return what
	}
	for name, what := range map[string]answer{
		"good":         says(ocsp.Good),
		"revoked":      says(ocsp.Revoked),
		"unknown":      says(ocsp.Unknown),
		"skewed":       {status: ocsp.Good, this: -time.Hour, next: -10 * time.Second},
		"past":         {status: ocsp.Good, this: -2 * time.Hour, next: -time.Hour},
		"future":       {status: ocsp.Good, this: time.Hour, next: 2 * time.Hour},
		"endless":      {status: ocsp.Good, this: -30 * time.Minute},
		"endless, old": {status: ocsp.Good, this: -2 * time.Hour},
		"broken":       {raw: "no answer"},
		"later":        {raw: string(ocsp.TryLaterErrorResponse)},
		"gone":         {code: http.StatusNotFound},
		"delegated":    signer("delegate", x509.ExtKeyUsageOCSPSigning),
		"usurped":      signer("usurper", x509.ExtKeyUsageServerAuth),
	} {
		clients[name] = r.client(name)
		r.say(clients[name].Leaf, what)
	}
	return r, clients
}

// TestOCSPPeer has clients of all kinds at both listeners.
func TestOCSPPeer(t *testing.T) {
	const strict = "plain good skewed endless delegated"
	rows := []struct{ keys, in string }{
		{"ocsp_peer: true", strict},
		{"ocsp_peer { verify: true, unknown_is_good: true, ca_timeout: 0, allowed_clockskew: -1 }", strict + " unknown"},
		{"ocsp_peer { verify: true, allow_when_ca_unreachable: true }", strict + " gone"},
		{`ocsp_peer { verify: true, allowed_clockskew: 0, cache_ttl_when_next_update_unset: "3h" }`, "plain good endless delegated endless,old"},
		{"ocsp_peer { VERIFY: true, warn_only: true, ca_timeout: 1.5 }", "all"},
		{"ocsp_peer { warn_only: false }", "all"},
		{"ocsp_peer: false", "all"},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		r, clients := crowd(t)
		for _, row := range rows {
			server := process.Start(t, target, process.Options{File: doors(r.a.server("server", "127.0.0.1") + ", verify: true, " + row.keys)})
			for listener, enter := range listeners {
				for name, cert := range clients {
					in := row.in == "all" || strings.Contains(" "+row.in+" ", " "+strings.ReplaceAll(name, " ", "")+" ")
					if _, err := enter(t, server, r.a.trust(cert)); in != (err == nil) {
						t.Errorf("%s: %q over %s: %v", row.keys, name, listener, err)
					}
				}
			}
		}
	})
}

// TestOCSPPeerChain revokes an authority between the root and the client.
func TestOCSPPeerChain(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		a := newAuthority(t)
		root := newResponder(a)
		between := &authority{t: t, dir: t.TempDir()}
		between.own = a.sign("between", &x509.Certificate{Subject: pkix.Name{CommonName: "between"},
			KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true, OCSPServer: []string{root.url}})
		r := newResponder(between)
		ann := r.client("ann")
		ann.Certificate = append(ann.Certificate, between.own.Cert.Raw)
		r.say(ann.Leaf, says(ocsp.Good))
		for status, in := range map[int]bool{ocsp.Good: true, ocsp.Revoked: false} {
			root.say(between.own.Cert, says(status))
			server := process.Start(t, target, process.Options{File: doors(a.server("server", "127.0.0.1") + ", verify: true, ocsp_peer: true")})
			for listener, enter := range listeners {
				if _, err := enter(t, server, a.trust(ann)); in != (err == nil) {
					t.Errorf("status %d over %s: %v", status, listener, err)
				}
			}
		}
	})
}

// TestOCSPPeerOnce: the answer about a certificate is fetched once, however many come at the same time, and kept.
func TestOCSPPeerOnce(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		r := newResponder(newAuthority(t))
		ann := r.client("ann")
		r.say(ann.Leaf, says(ocsp.Good))
		server := process.Start(t, target, process.Options{File: doors(r.a.server("server", "127.0.0.1") + ", verify: true, ocsp_peer { verify: true, ca_timeout: 20 }")})
		const many = 20
		release := r.wait()
		var all sync.WaitGroup
		for i := range many {
			enter := listeners[[]string{"tls", "wss"}[i%2]]
			all.Go(func() {
				if _, err := enter(t, server, r.a.trust(ann)); err != nil {
					t.Error(err)
				}
			})
		}
		process.Await(process.Patience, func() bool { return r.count(ann.Leaf) > 0 })
		release()
		all.Wait()
		if n := r.count(ann.Leaf); n != 1 && target == process.Weir { // nats-server asks once for each
			t.Errorf("asked %d times", n)
		}
		r.forget(true)
		for listener, enter := range listeners {
			if _, err := enter(t, server, r.a.trust(ann)); err != nil {
				t.Errorf("%s: %v", listener, err)
			}
		}
		if n := r.count(ann.Leaf); n > 0 {
			t.Errorf("asked %d times more", n)
		}
	})
}

// TestOCSPPeerCache: what was kept is there after a restart, also for the other server.
func TestOCSPPeerCache(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		r := newResponder(newAuthority(t))
		ann, bob := r.client("ann"), r.client("bob")
		keys := r.a.server("server", "127.0.0.1") + ", verify: true, ocsp_peer: true"
		for _, row := range []struct{ key, file string }{
			{"", "_rc_/cache.json"},
			{"ocsp_cache: true", "_rc_/cache.json"},
			{`ocsp_cache { type: local, local_store: "kept", preserve_revoked: true }`, "kept/cache.json"},
			{"ocsp_cache: false", ""},
			{`ocsp_cache { type: "None" }`, ""},
		} {
			dir := t.TempDir()
			r.say(ann.Leaf, says(ocsp.Good))
			r.say(bob.Leaf, says(ocsp.Revoked))
			options := process.Options{File: doors(keys, row.key)}
			for i, now := range []process.Target{target, target, process.Weir, process.Stock} {
				server, err := process.Launch(dir, now, options)
				if err != nil {
					t.Fatal(err)
				}
				if i == 1 {
					r.forget(true)
				}
				if _, err := enterTLS(t, server, r.a.trust(ann)); (err == nil) != (i == 0 || row.file != "") {
					t.Errorf("%q, %s after %s: %v", row.key, now, target, err)
				}
				if _, err := enterWSS(t, server, r.a.trust(bob)); err == nil {
					t.Errorf("%q, %s after %s: a revoked certificate is good", row.key, now, target)
				}
				server.Finish(t)
			}
			if row.file == "" {
				row.file = "_rc_/cache.json"
				if _, err := os.Stat(filepath.Join(dir, row.file)); err == nil {
					t.Errorf("%q: a file", row.key)
				}
			} else if _, err := os.Stat(filepath.Join(dir, row.file)); err != nil {
				t.Errorf("%q: %v", row.key, err)
			}
		}
	})
}

// TestOCSPPeerPreserved: a certificate that was revoked once stays so while nobody can be asked.
func TestOCSPPeerPreserved(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for preserve, in := range map[bool]bool{true: false, false: true} {
			r := newResponder(newAuthority(t))
			ann := r.client("ann")
			r.say(ann.Leaf, answer{status: ocsp.Revoked, this: -time.Hour, next: 1500 * time.Millisecond})
			server := process.Start(t, target, process.Options{File: doors(r.a.server("server", "127.0.0.1")+
				", verify: true, ocsp_peer { verify: true, allowed_clockskew: 0, allow_when_ca_unreachable: true }",
				fmt.Sprintf("ocsp_cache { preserve_revoked: %v }", preserve))})
			if _, err := enterWSS(t, server, r.a.trust(ann)); err == nil {
				t.Error("a revoked certificate is good")
			}
			r.forget(true)
			process.Await(process.Patience, func() bool { // the answer has run out, and was looked at
				_, _ = enterWSS(t, server, r.a.trust(ann))
				return r.count(ann.Leaf) > 0
			})
			asked := r.count(ann.Leaf)
			process.Await(process.Patience, func() bool {
				_, err := enterWSS(t, server, r.a.trust(ann))
				return (err == nil) == in && r.count(ann.Leaf) > asked
			})
			if _, err := enterTLS(t, server, r.a.trust(ann)); (err == nil) != in {
				t.Errorf("preserve_revoked %v: %v", preserve, err)
			}
		}
	})
}

// TestOCSPPeerResumed asks again when a session is resumed, for which no certificate is sent.
func TestOCSPPeerResumed(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		r := newResponder(newAuthority(t))
		server := process.Start(t, target, process.Options{File: doors(r.a.server("server", "127.0.0.1")+", verify: true, ocsp_peer: true", "ocsp_cache: false")})
		for listener, enter := range listeners {
			ann := r.client("ann " + listener)
			r.say(ann.Leaf, says(ocsp.Good))
			config := r.a.trust(ann)
			config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			for _, resumed := range []bool{false, true} {
				if state, err := enter(t, server, config); err != nil || state.DidResume != resumed {
					t.Errorf("%s: resumed %v, %v", listener, state.DidResume, err)
				}
			}
			r.say(ann.Leaf, says(ocsp.Revoked))
			if _, err := enter(t, server, config); err == nil {
				t.Errorf("%s: a revoked certificate is good", listener)
			}
		}
	})
}

// TestOCSPPeerVarz shows in /varz whether clients are checked, and what is in the cache.
func TestOCSPPeerVarz(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		r, clients := crowd(t)
		type shown struct {
			Verify    bool `json:"tls_ocsp_peer_verify"`
			WebSocket struct {
				Verify bool `json:"tls_ocsp_peer_verify"`
			} `json:"websocket"`
			Cache map[string]any `json:"ocsp_peer_cache"`
		}
		keys := r.a.server("server", "127.0.0.1") + ", verify: true"
		for _, row := range []struct {
			tls, websocket, top string
			cache               bool
		}{
			{"", "", "", false},
			{", ocsp_peer: true", "", "", true},
			// parity: 9.3.86
			{"", "ocsp_peer { verify: true },", "", true},
			{", ocsp_peer: true", "ocsp_peer: true,", "ocsp_cache: false", false},
		} {
			file := strings.Replace(doors(keys, row.top), "verify: true", "verify: true "+row.tls, 1)
			at := strings.LastIndex(file, "verify: true")
			file = file[:at] + row.websocket + " " + file[at:]
			server := process.Start(t, target, process.Options{File: file})
			var got shown
			server.Page(t, "/varz", &got)
			if got.Verify != (row.tls != "") || got.WebSocket.Verify != (row.websocket != "") || (got.Cache != nil) != row.cache {
				t.Errorf("%+v: %+v", row, got)
			}
			if !row.cache {
				continue
			}
			enter := enterTLS
			if row.tls == "" {
				enter = enterWSS
			}
			for _, name := range []string{"good", "good", "good", "revoked", "unknown", "delegated", "broken"} {
				_, _ = enter(t, server, r.a.trust(clients[name])) // TestOCSPPeer says who gets in
			}
			server.Page(t, "/varz", &got)
			want := map[string]any{"cache_type": "local", "cache_hits": 2., "cache_misses": 5., "cached_responses": 4.,
				"cached_good_responses": 2., "cached_revoked_responses": 1., "cached_unknown_responses": 1.}
			if fmt.Sprint(got.Cache) != fmt.Sprint(want) {
				t.Errorf("got %v, want %v", got.Cache, want)
			}
		}
	})
}

// TestOCSPPeerMonitoring: where clients are checked, so are those who look at the monitoring pages over HTTPS.
func TestOCSPPeerMonitoring(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		r, clients := crowd(t)
		for keys, in := range map[string]map[string]bool{
			"ocsp_peer: false": {"": true, "good": true, "revoked": true},
			"ocsp_peer: true":  {"": false, "good": true, "revoked": false},
		} {
			file := doors(r.a.server("server", "127.0.0.1") + ", verify: true, " + keys)
			server := process.Start(t, target, process.Options{File: strings.Replace(file, "http:", "https:", 1)})
			for name, in := range in {
				config := r.a.trust()
				if name != "" {
					config = r.a.trust(clients[name])
				}
				client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: process.Patience}
				response, err := client.Get("https://" + server.Monitor + "/healthz")
				if (err == nil) != in {
					t.Errorf("%s: %q: %v", keys, name, err)
				}
				if err == nil {
					_ = response.Body.Close()
				}
				client.CloseIdleConnections()
			}
		}
	})
}

// TestOCSPPeerUnfit has files that are refused.
func TestOCSPPeerUnfit(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		keys := newAuthority(t).server("server", "127.0.0.1")
		for _, row := range []struct{ tls, top, says string }{
			{"ocsp_peer: true", "", "OCSP peer verification for client connections requires TLS verify (mTLS) to be enabled"},
			{"verify: true, ocsp_peer: 3", "", "error parsing ocsp peer config"},
			{"verify: true, ocsp_peer { foo: 3 }", "", `error parsing tls peer config, unknown field ["foo"]`},
			{"verify: true, ocsp_peer { verify: 3 }", "", "verify"},
			{"verify: true, ocsp_peer { ca_timeout: true }", "", ""},
			{`verify: true, ocsp_peer { allowed_clockskew: "x" }`, "", ""},
			{"", "ocsp_cache: 3", ""},
			{"", "ocsp_cache { foo: 3 }", `error parsing OCSP peer cache config, unknown field ["foo"]`},
			{"", "ocsp_cache { type: redis }", "error parsing OCSP peer cache config, unknown type [redis]"},
			{"", "ocsp: 3", "error parsing ocsp config: unsupported type"},
			{"", "ocsp { foo: 3 }", "error parsing ocsp config: unsupported field"},
			{"", "ocsp { mode: sometimes }", "error parsing ocsp config: unsupported ocsp mode"},
			{`cert_store: "WindowsCurrentUser"`, "", "cert_store not compatible with current operating system"},
			{`cert_store: "WindowsLocalMachine", cert_match_by: "Subject", cert_match: "a"`, "", "cert_store not compatible with current operating system"},
			{`cert_store: "Keychain"`, "", "cert store type not implemented"},
			{`cert_store: ""`, "", "expected 'cert_store' to be a valid non-empty string"},
			{"cert_match_by: 3", "", "expected 'cert_match_by' to be a valid non-empty string"},
			{`cert_match_by: "color"`, "", "cert match by type not implemented"},
			{"cert_match: []", "", "expected 'cert_match' to be a valid non-empty string"},
			{"cert_match_skip_invalid: 3", "", "expected 'cert_match_skip_invalid' to be a boolean"},
		} {
			process.Refused(t, target, doors(strings.TrimSuffix(keys+", "+row.tls, ", "), row.top), regexp.QuoteMeta(row.says))
		}
	})
}

// TestOCSPPeerReload changes what is asked of clients while the server runs.
func TestOCSPPeerReload(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		r, clients := crowd(t)
		server := process.Start(t, target, process.Options{File: doors(r.a.server("server", "127.0.0.1") + ", verify: true, ocsp_peer: false")})
		for _, row := range []struct {
			name, before, after string
			reloaded            bool
			revoked, unknown    bool
		}{
			{"on", "ocsp_peer: false", "ocsp_peer: true", true, false, false},
			{"milder", "ocsp_peer: true", "ocsp_peer { verify: true, unknown_is_good: true }", true, false, true},
			{"wrong", "unknown_is_good: true", "unknown_is_good: 3", false, false, true},
			{"off", "ocsp_peer { verify: true, unknown_is_good: 3 }", "ocsp_peer: false", true, true, true},
		} {
			edit := func(text string) string { return strings.ReplaceAll(text, row.before, row.after) }
			if line := server.Reload(t, edit); strings.Contains(line, "Reloaded") != row.reloaded {
				t.Errorf("%s: %s", row.name, line)
			}
			for listener, enter := range listeners {
				for name, in := range map[string]bool{"good": true, "revoked": row.revoked, "unknown": row.unknown} {
					if _, err := enter(t, server, r.a.trust(clients[name])); in != (err == nil) {
						t.Errorf("%s: %s over %s: %v", row.name, name, listener, err)
					}
				}
			}
		}
	})
}
