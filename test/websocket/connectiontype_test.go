package websocket

import (
	"crypto/x509/pkix"
	"fmt"
	"testing"

	"weir/test/process"
)

// TestConnectionTypes has users who may come in some ways only.
//
// advisory: GHSA-hmmp-q8cx-v964
func TestConnectionTypes(t *testing.T) {
	const user = `authorization { users: [ { user: ann, password: p, allowed_connection_types: [ %s ] } ] }`
	rows := []struct {
		name, types, pass string
		ws, tcp           bool
	}{
		// parity: 9.1.58.3
		{"standard", "STANDARD", "p", false, true},
		// parity: 9.1.58.4
		{"both, in any case", "STANDARD, websocket", "p", true, true},
		// parity: 9.1.58.5
		{"both, wrong password", "STANDARD, websocket", "x", false, false},
		{"websocket", "WEBSOCKET", "p", true, false},
		{"none is all", "", "p", true, true},
		{"neither", "MQTT", "p", false, false},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				server := process.Start(t, target, process.Options{Config: fmt.Sprintf(user, row.types)})
				text := "CONNECT {\"verbose\":false,\"user\":\"ann\",\"pass\":\"" + row.pass + "\"}\r\nPING\r\n"
				s := dial(t, server)
				s.send(data(text))
				s.wantLogin(row.ws)
				c := process.DialRaw(t, server.Client)
				c.Send(text)
				plainLogin(t, c, row.tcp)
			})
		}
		// parity: 9.3.73
		t.Run("no_auth_user", func(t *testing.T) {
			server := process.Start(t, target, process.Options{Config: "no_auth_user: ann\n" + fmt.Sprintf(user, "WEBSOCKET")})
			s, c := dial(t, server), process.DialRaw(t, server.Client)
			s.send(data("PING\r\n"))
			s.wantLogin(true)
			c.Send("PING\r\n")
			plainLogin(t, c, false)
		})
	})
}

// plainLogin expects the answer to a PING behind a CONNECT, or that the client has to go.
func plainLogin(t *testing.T, c *process.Raw, in bool) {
	t.Helper()
	if in {
		c.Want("PONG")
		return
	}
	c.Want("-ERR 'Authorization Violation'")
}

func TestConnectionTypeErrors(t *testing.T) {
	rows := []struct{ name, user, says string }{
		// parity: 9.3.58
		{"no list", "{ user: ann, allowed_connection_types: 123 }", `unsupported type`},
		// parity: 9.3.59
		{"no list of strings", "{ user: ann, allowed_connection_types: [ 123 ] }", `unsupported type in array`},
		// parity: 9.3.36 9.3.60
		{"unknown", "{ user: ann, allowed_connection_types: [ STANDARD, SOMETHING ] }", `invalid connection types \["SOMETHING"\]`},
		// parity: 9.3.36
		{"unknown, of an nkey", "{ nkey: UBEXMIGD2T2MHZQW6ZKRIG5XFUFUBTFFQVPW2O3QDGXCVSGYNPBFMNKB, allowed_connection_types: [ SOMETHING ] }", `invalid connection types \["SOMETHING"\]|nkey`},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				config := "host: 127.0.0.1\nport: -1\nauthorization { users: [ " + row.user + " ] }\n"
				process.Refused(t, target, config, `server\.conf:3:\d+: .*`+row.says)
			})
		}
	})
}

// TestMappedConnectionTypes: a user without a password is its certificate on the listeners that could map it, and only
// if it could be mapped there.
func TestMappedConnectionTypes(t *testing.T) {
	const user = `authorization { users: [ { user: "CN=example.com,OU=NATS.io", allowed_connection_types: [ %s ] } ] }` + "\n"
	const connect = "CONNECT {\"verbose\":false," + knownName + "}\r\nPING\r\n"
	process.Each(t, func(t *testing.T, target process.Target) {
		a := newAuthority(t)
		verify := block(a.server("server", "127.0.0.1"), "verify_and_map: true")
		for _, row := range []struct {
			types string
			in    bool
		}{
			// parity: 9.3.42.1
			{"STANDARD, WEBSOCKET", false},
			// parity: 9.3.43
			{"WEBSOCKET", true},
			// parity: 9.3.43
			{"MQTT, WEBSOCKET", true},
		} {
			t.Run("mapped on the main port, "+row.types, func(t *testing.T) {
				s := dial(t, process.Start(t, target, process.Options{Config: fmt.Sprintf(user, row.types) + verify}))
				s.send(data(connect))
				s.wantLogin(row.in)
			})
		}
		// parity: 9.3.45
		t.Run("mapped on the WebSocket port, STANDARD", func(t *testing.T) {
			c := process.DialRaw(t, process.Start(t, target, process.Options{Config: fmt.Sprintf(user, "STANDARD"), WebSocket: verify}).Client)
			c.Send(connect)
			plainLogin(t, c, true)
		})
		// parity: 9.1.43.2
		t.Run("WebSocket may be used", func(t *testing.T) {
			server := process.Start(t, target, process.Options{Config: fmt.Sprintf(user, "STANDARD, WEBSOCKET"), WebSocket: verify})
			connectTLS(t, server, a.trust(a.client("known", known)))
		})
		// parity: 9.3.85
		t.Run("TCP may not be used", func(t *testing.T) {
			c := secureClient(t, process.Start(t, target, process.Options{Config: fmt.Sprintf(user, "WEBSOCKET") + verify}),
				a.trust(a.client("known", pkix.Name{CommonName: "example.com", OrganizationalUnit: []string{"NATS.io"}})))
			c.Send("CONNECT {\"verbose\":false}\r\nPING\r\n")
			plainLogin(t, c, false)
		})
	})
}
