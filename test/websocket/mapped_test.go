package websocket

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509/pkix"
	"fmt"
	"strings"
	"testing"

	"weir/test/process"
)

// Users whom certificates can be mapped to, and others.
var (
	known   = pkix.Name{CommonName: "example.com", OrganizationalUnit: []string{"NATS.io"}}
	unknown = pkix.Name{CommonName: "eve"}
)

const (
	mapped      = `{ user: "CN=example.com,OU=NATS.io", permissions: { publish: mapped } }`
	mappedWith  = `{ user: "CN=example.com,OU=NATS.io", password: secret }`
	other       = `{ user: ann, password: p, permissions: { publish: ann } }`
	guest       = `{ user: guest }`
	knownName   = `"user":"CN=example.com,OU=NATS.io"`
	mappedUsers = "authorization { users: [ " + mapped + ", " + other + " ] }\n"
)

// TestVerifyAndMap is the block's own `verify_and_map`: the certificate says who the client is.
func TestVerifyAndMap(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		a := newAuthority(t)
		options := process.Options{Config: mappedUsers, WebSocket: block(a.server("server", "127.0.0.1"), "verify_and_map: true")}
		server := process.Start(t, target, options)
		// parity: 9.1.43.1
		t.Run("known", func(t *testing.T) {
			s, _ := connectTLS(t, server, a.trust(a.client("known", known)))
			s.send(data("PUB mapped 0\r\n\r\nPUB ann 0\r\n\r\n"))
			s.want(`-ERR 'Permissions Violation for Publish to "ann"'`)
			s.alive()
		})
		t.Run("unknown", func(t *testing.T) {
			s, err := dialTLS(t, server, a.trust(a.client("unknown", unknown)))
			if err != nil {
				t.Fatal(err)
			}
			s.line()
			s.send(data("CONNECT {\"verbose\":false}\r\nPING\r\n"))
			s.wantLogin(false)
		})
		// parity: 9.1.43.3
		t.Run("none", func(t *testing.T) {
			if _, err := dialTLS(t, server, a.trust()); err == nil || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("got %v", err)
			}
		})
	})
}

// TestMappedUsersElsewhere: one listener maps certificates to users. Such a user, if it has no password, is its
// certificate: on the other listener its name alone opens nothing.
func TestMappedUsersElsewhere(t *testing.T) {
	const violation = "-ERR 'Authorization Violation'"
	rows := []struct {
		name, users, fields string
		in                  bool
	}{
		// parity: 9.3.37 9.3.42
		{"empty password", mapped + other, knownName, false},
		// parity: 9.3.37
		{"wrong password", mapped + other, knownName + `,"pass":"x"`, false},
		// parity: 9.3.37
		{"unknown user", mapped + other, `"user":"eve"`, false},
		// parity: 9.3.37
		{"anonymous", mapped + other, `"lang":"go"`, false},
		{"another user", mapped + other, `"user":"ann","pass":"p"`, true},
		// parity: 9.3.39
		{"with a password, given", mappedWith + other, knownName + `,"pass":"secret"`, true},
		// parity: 9.3.39
		{"with a password, not given", mappedWith + other, knownName, false},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		a := newAuthority(t)
		verify := block(a.server("server", "127.0.0.1"), "verify_and_map: true") + "\n"
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				users := "authorization { users: [ " + strings.ReplaceAll(row.users, "}{", "}, {") + " ] }\n"
				connect := "CONNECT {\"verbose\":false," + row.fields + "}\r\nPING\r\n"
				server := process.Start(t, target, process.Options{Config: verify + users})
				s := dial(t, server)
				s.send(data(connect))
				s.wantLogin(row.in)
				byCertificate := func(fields string) *process.Raw {
					c := secureClient(t, server, a.trust(a.client("known", known)))
					c.Send("CONNECT {\"verbose\":false" + fields + "}\r\nPING\r\n")
					return c
				}
				if strings.HasPrefix(row.users, mappedWith) { // then it takes both
					byCertificate("").Want(violation)
					byCertificate(`,"pass":"secret"`).Want("PONG")
				} else {
					byCertificate("").Want("PONG")
				}
				// parity: 9.3.44
				t.Run("the other way round", func(t *testing.T) {
					c := process.DialRaw(t, process.Start(t, target, process.Options{Config: users, WebSocket: verify}).Client)
					c.Send(connect)
					if row.in {
						c.Want("PONG")
					} else {
						c.Want(violation)
					}
				})
			})
		}
		// parity: 9.3.47
		t.Run("a block without a port maps nobody", func(t *testing.T) {
			c := process.DialRaw(t, process.Start(t, target, process.Options{File: "host: 127.0.0.1\nport: -1\n" + mappedUsers + "websocket { " + verify + " }\n"}).Client)
			c.Send("CONNECT {\"verbose\":false," + knownName + "}\r\nPING\r\n")
			c.Want("PONG")
		})
	})
}

// TestGuestBesideMappedUsers: who comes in without credentials is not a certificate, password or not.
//
// parity: 9.3.40
func TestGuestBesideMappedUsers(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		a := newAuthority(t)
		config := "no_auth_user: guest\nauthorization { users: [ " + guest + ", " + mapped + " ] }\n" +
			block(a.server("server", "127.0.0.1"), "verify_and_map: true")
		server := process.Start(t, target, process.Options{Config: config})
		for fields, in := range map[string]bool{`"lang":"go"`: true, `"user":"guest"`: true, knownName: false} {
			s := dial(t, server)
			s.send(data("CONNECT {\"verbose\":false," + fields + "}\r\nPING\r\n"))
			s.wantLogin(in)
		}
	})
}

// TestPinned: only the key that is pinned. nats-server reads the pins of a websocket block, shows them, and lets anybody
// in (catalogue §10.2, S1), so this is about Weir.
//
// parity: 9.4.7
func TestPinned(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		a := newAuthority(t)
		first, second := a.client("first", unknown), a.client("second", unknown)
		pin := fmt.Sprintf("%x", sha256.Sum256(first.Leaf.RawSubjectPublicKeyInfo))
		server := process.Start(t, process.Weir, process.Options{
			WebSocket: block(a.server("server", "127.0.0.1"), "verify: true", fmt.Sprintf("pinned_certs: [ %q ]", pin))})
		connectTLS(t, server, a.trust(first))
		if _, err := dialTLS(t, server, a.trust(second)); err == nil {
			t.Error("another key was let in")
		}
	})
}

// TestReloadPinned: whose key is not pinned any more has to go; who has the other one stays. nats-server takes new pins of
// the client port only.
func TestReloadPinned(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		a := newAuthority(t)
		first, second := a.client("first", unknown), a.client("second", unknown)
		pins := [2]string{}
		for i, c := range []tls.Certificate{first, second} {
			pins[i] = fmt.Sprintf("%x", sha256.Sum256(c.Leaf.RawSubjectPublicKeyInfo))
		}
		keys := block(a.server("server", "127.0.0.1"), "verify: true", fmt.Sprintf("pinned_certs: [ %q, %q ]", pins[0], pins[1]))
		unpin := replace(fmt.Sprintf("%q, ", pins[0]), "")
		run := func(t *testing.T, options process.Options, gone func(*process.Server) func(), stays func(*process.Server) func()) {
			server := process.Start(t, target, options)
			wantGone, wantAlive := gone(server), stays(server)
			if line := server.Reload(t, unpin); !strings.Contains(line, "Reloaded") {
				t.Fatal(line)
			}
			wantGone()
			wantAlive()
			if _, err := server.Log().Wait("Disconnect 1 clients due to pinned certs reload", process.Patience); err != nil {
				t.Error(err)
			}
			var reason string
			process.Await(process.Patience, func() bool {
				reason = closedFor(t, server)
				return reason != ""
			})
			if reason != "TLS Handshake Failure" {
				t.Errorf("closed for %q", reason)
			}
		}
		t.Run("client port", func(t *testing.T) {
			connect := func(server *process.Server, certificate tls.Certificate) *process.Raw {
				c := secureClient(t, server, a.trust(certificate))
				c.Send("CONNECT {\"verbose\":false}\r\nPING\r\n")
				c.Want("PONG")
				return c
			}
			run(t, process.Options{Config: keys}, func(server *process.Server) func() {
				c := connect(server, first)
				return func() {
					if rest, err := c.Rest(); err != nil && !isReset(err) || rest != "" {
						t.Errorf("got %q, %v", rest, err)
					}
				}
			}, func(server *process.Server) func() {
				c := connect(server, second)
				return func() {
					c.Send("PING\r\n")
					c.Want("PONG")
				}
			})
		})
		if target == process.Stock {
			return
		}
		t.Run("websocket", func(t *testing.T) {
			run(t, process.Options{WebSocket: keys}, func(server *process.Server) func() {
				s, _ := connectTLS(t, server, a.trust(first))
				return func() { s.wantClose(1008, "TLS Handshake Failure", false) }
			}, func(server *process.Server) func() {
				s, _ := connectTLS(t, server, a.trust(second))
				return s.alive
			})
		})
	})
}
