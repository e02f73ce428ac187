package websocket

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"weir/test/process"
)

// stapled reads the staple of a connection; nil without one.
func stapled(t *testing.T, a *authority, s tls.ConnectionState) *ocsp.Response {
	t.Helper()
	if len(s.OCSPResponse) == 0 {
		return nil
	}
	r, err := ocsp.ParseResponseForCert(s.OCSPResponse, s.PeerCertificates[0], a.own.Cert)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const none = -1 // no staple, or no answer

// TestStaple starts servers with certificates that promise a staple, and with others, in every mode.
func TestStaple(t *testing.T) {
	rows := []struct {
		key      string
		promised bool
		says     int
		starts   bool
		staple   int
	}{
		{"", true, ocsp.Good, true, ocsp.Good},
		{"", true, ocsp.Revoked, true, ocsp.Revoked},
		{"", true, none, false, none},
		{"", false, ocsp.Good, true, none},
		{"", false, none, true, none},
		{"ocsp: true", true, ocsp.Good, true, ocsp.Good},
		{"ocsp: true", true, ocsp.Unknown, true, ocsp.Unknown},
		{"ocsp: true", false, ocsp.Good, true, none},
		{"ocsp {}", true, none, false, none},
		{"ocsp { mode: Auto }", true, ocsp.Revoked, true, ocsp.Revoked},
		{"ocsp: false", true, ocsp.Good, true, none},
		{"ocsp { mode: never }", true, none, true, none},
		{"ocsp { mode: always }", false, ocsp.Good, true, ocsp.Good},
		{"ocsp { mode: always }", false, ocsp.Revoked, false, none},
		{"ocsp { mode: always }", true, ocsp.Unknown, false, none},
		{"ocsp { mode: ALWAYS }", false, none, false, none},
		{"ocsp { mode: must }", true, ocsp.Good, true, ocsp.Good},
		{"ocsp { mode: must }", true, ocsp.Revoked, false, none},
		{"ocsp { mode: must }", false, ocsp.Revoked, true, none},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		r := newResponder(newAuthority(t))
		for i, row := range rows {
			var promise []pkix.Extension
			if row.promised {
				promise = append(promise, mustStaple)
			}
			keys, cert := r.server(fmt.Sprintf("server%d", i), promise...)
			if row.says != none {
				r.say(cert, says(row.says))
			}
			file := doors(keys, row.key)
			if !row.starts {
				process.Refused(t, target, file, "OCSP status")
				continue
			}
			server := process.Start(t, target, process.Options{File: file})
			for listener, enter := range listeners {
				state, err := enter(t, server, r.a.trust())
				got := none
				if staple := stapled(t, r.a, state); staple != nil {
					got = staple.Status
				}
				if err != nil || got != row.staple {
					t.Errorf("%+v over %s: status %d, %v", row, listener, got, err)
				}
			}
		}
	})
}

// TestStapleResponder asks another responder than the certificate's, which names none.
func TestStapleResponder(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		a := newAuthority(t)
		r := newResponder(a)
		own := a.sign("own", &x509.Certificate{Subject: pkix.Name{CommonName: "own"}, KeyUsage: x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
		keys := a.files(own)
		r.say(own.Cert, says(ocsp.Good))
		process.Refused(t, target, doors(keys, "ocsp { mode: always }"), "")
		top := []string{fmt.Sprintf("ocsp { mode: always, url: %q }", r.url)}
		if target == process.Weir { // nats-server reads no list
			top = append(top, fmt.Sprintf(`ocsp { mode: always, urls: ["http://127.0.0.1:1", %q] }`, r.url+"/"))
		}
		for _, key := range top {
			server := process.Start(t, target, process.Options{File: doors(keys, key)})
			for listener, enter := range listeners {
				if state, err := enter(t, server, a.trust()); err != nil || stapled(t, a, state) == nil {
					t.Errorf("%s over %s: %v", key, listener, err)
				}
			}
		}
	})
}

// TestStapleStore keeps staples in store_dir, for this server or the other.
func TestStapleStore(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		r := newResponder(newAuthority(t))
		keys, cert := r.server("server", mustStaple)
		r.say(cert, says(ocsp.Good))
		options := process.Options{File: doors(keys, fmt.Sprintf("store_dir: %q", t.TempDir()))}
		for _, now := range []process.Target{target, target, process.Weir, process.Stock} {
			server := process.Start(t, now, options)
			if state, err := enterTLS(t, server, r.a.trust()); err != nil || stapled(t, r.a, state) == nil {
				t.Errorf("%s after %s: %v", now, target, err)
			}
			server.Finish(t)
			r.forget(true)
		}
	})
}

// TestStapleRenewed: a staple is replaced before it runs out. While there is none, nobody is let in.
func TestStapleRenewed(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		r := newResponder(newAuthority(t))
		keys, cert := r.server("server", mustStaple)
		short := answer{status: ocsp.Good, this: -time.Hour, next: 3 * time.Second}
		r.say(cert, short)
		server := process.Start(t, target, process.Options{File: doors(keys)})
		state, err := enterWSS(t, server, r.a.trust())
		first := stapled(t, r.a, state)
		if err != nil || first == nil {
			t.Fatalf("no staple, %v", err)
		}
		renewed := process.Await(process.Patience, func() bool {
			state, err := enterWSS(t, server, r.a.trust())
			if err != nil {
				t.Fatal(err)
			}
			staple := stapled(t, r.a, state)
			return staple != nil && staple.NextUpdate.After(first.NextUpdate)
		})
		if !renewed {
			t.Error("the staple is not renewed")
		}
		r.forget(true)
		for listener, enter := range listeners {
			if !process.Await(process.Patience, func() bool { _, err := enter(t, server, r.a.trust()); return err != nil }) {
				t.Errorf("%s: in without a staple", listener)
			}
		}
		r.say(cert, says(ocsp.Good))
		for listener, enter := range listeners {
			if state, err := enter(t, server, r.a.trust()); err != nil || stapled(t, r.a, state) == nil {
				t.Errorf("%s: %v", listener, err)
			}
		}
	})
}

// TestStapleRevoked revokes the certificate of a server that runs.
func TestStapleRevoked(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for mode, ends := range map[string]bool{"always": true, "must": true, "auto": false} {
			r := newResponder(newAuthority(t))
			keys, cert := r.server("server", mustStaple)
			r.say(cert, answer{status: ocsp.Good, this: -time.Hour, next: 2 * time.Second})
			server := process.Start(t, target, process.Options{File: doors(keys, "ocsp { mode: "+mode+" }")})
			r.say(cert, says(ocsp.Revoked))
			if _, err := server.Log().Wait("Received OCSP status for .*certificate .*: revoked", process.Patience); err != nil {
				t.Error(err)
			}
			if !ends {
				revoked := func() bool { // each listener asks for itself, and the log may tell of the other one
					state, err := enterTLS(t, server, r.a.trust())
					if err != nil {
						t.Fatalf("%s: %v", mode, err)
					}
					staple := stapled(t, r.a, state)
					return staple != nil && staple.Status == ocsp.Revoked
				}
				if !process.Await(process.Patience, revoked) {
					t.Errorf("%s: the staple is not the new one", mode)
				}
				continue
			}
			if code, err := server.Exit(process.Patience); code != 0 || err != nil {
				t.Errorf("%s: exit %d, %v", mode, code, err)
			}
		}
	})
}

// TestStapleReload changes the mode while the server runs.
func TestStapleReload(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		r := newResponder(newAuthority(t))
		keys, cert := r.server("server")
		server := process.Start(t, target, process.Options{File: doors(keys, "ocsp: true")})
		look := func(want int) {
			t.Helper()
			for listener, enter := range listeners {
				state, err := enter(t, server, r.a.trust())
				got := none
				if staple := stapled(t, r.a, state); staple != nil {
					got = staple.Status
				}
				if err != nil || got != want {
					t.Errorf("%s: status %d, %v", listener, got, err)
				}
			}
		}
		look(none)
		// nats-server goes on with the new configuration and without a staple.
		line := server.Reload(t, replace("ocsp: true", "ocsp { mode: always }"))
		if refused := strings.Contains(line, "Failed"); refused != (target == process.Weir) {
			t.Error(line)
		}
		look(none)
		r.say(cert, says(ocsp.Good))
		if line := server.Reload(t, func(text string) string { return text }); !strings.Contains(line, "Reloaded") {
			t.Error(line)
		}
		look(ocsp.Good)
		r.forget(false)
		if line := server.Reload(t, replace("host", "max_payload: 1000\nhost")); !strings.Contains(line, "Reloaded") {
			t.Error(line)
		}
		look(ocsp.Good)
		if n := r.count(cert); n > 0 && target == process.Weir {
			t.Errorf("asked %d times for a staple that is there", n)
		}
		if line := server.Reload(t, replace("ocsp { mode: always }", "ocsp: false")); !strings.Contains(line, "Reloaded") {
			t.Error(line)
		}
		look(none)
	})
}

// TestStapleEach: of several certificates, each has its own staple. nats-server has one for the last.
func TestStapleEach(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		r := newResponder(newAuthority(t))
		var pairs []string
		for host, promise := range map[string][]pkix.Extension{"a.test": {mustStaple}, "b.test": {mustStaple}, "c.test": nil} {
			_, cert := r.server(host, promise...)
			r.say(cert, says(ocsp.Good))
			pairs = append(pairs, fmt.Sprintf("{ cert_file: %q, key_file: %q }",
				filepath.Join(r.a.dir, host+".pem"), filepath.Join(r.a.dir, host+"-key.pem")))
		}
		server := process.Start(t, process.Weir, process.Options{File: doors(fmt.Sprintf("ca_file: %q, certs: [ %s ]", r.a.own.CertFile, strings.Join(pairs, ", ")))})
		for listener, enter := range listeners {
			for host, promised := range map[string]bool{"a.test": true, "b.test": true, "c.test": false} {
				config := r.a.trust()
				config.ServerName = host
				state, err := enter(t, server, config)
				if staple := stapled(t, r.a, state); err != nil || (staple != nil) != promised {
					t.Errorf("%s over %s: %v, %v", host, listener, staple, err)
				}
			}
		}
	})
}
