package websocket

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"weir/test/process"
)

func replace(before, after string) func(string) string {
	return func(text string) string { return strings.Replace(text, before, after, 1) }
}

// TestReloadBlock changes the websocket block. Of nats-server's block nothing but the certificates can be changed while it
// runs (catalogue §1.4); with Weir all of it can, and who is connected stays so.
func TestReloadBlock(t *testing.T) {
	rows := []struct {
		name, before, after string
		check               func(*testing.T, *process.Server)
	}{
		{"origins", `origins: "http://a.test"`, `origins: "http://b.test"`, func(t *testing.T, server *process.Server) {
			checkOrigin(t, server, "old", []string{"Origin: http://a.test"}, false)
			checkOrigin(t, server, "new", []string{"Origin: http://b.test"}, true)
		}},
		{"same_origin", "same_origin: false", "same_origin: true", func(t *testing.T, server *process.Server) {
			checkOrigin(t, server, "another", []string{"Origin: http://a.test"}, false)
		}},
		{"headers", `headers { X-Edge: "north" }`, `headers { X-Edge: "south" }`, func(t *testing.T, server *process.Server) {
			if response, _, _ := ask(t, server, head("GET / HTTP/1.1")); response.Header.Get("X-Edge") != "south" {
				t.Errorf("header %q", response.Header)
			}
		}},
		{"compression", "compress: true", "compress: false", func(t *testing.T, server *process.Server) {
			if connect(t, server, deflated).Compressed {
				t.Error("compressed")
			}
		}},
		{"ping_interval", `ping_interval: "60s"`, `ping_interval: "100ms"`, func(t *testing.T, server *process.Server) {
			connect(t, server).want("PING")
		}},
		{"handshake_timeout", `handshake_timeout: "60s"`, `handshake_timeout: "50ms"`, func(t *testing.T, server *process.Server) {
			response, _, r := ask(t, server, head("GET / HTTP/1.1", "-Connection"))
			if _, err := io.Copy(io.Discard, response.Body); err != nil {
				t.Error(err)
			}
			if _, err := r.ReadByte(); response.StatusCode != http.StatusBadRequest || err == nil || !isReset(err) {
				t.Errorf("%s, and then %v", response.Status, err)
			}
		}},
		{"user_cookie", "user_cookie: a", "user_cookie: b, authorization { user: ann, timeout: 9 }", func(t *testing.T, server *process.Server) {
			s := dial(t, server, "Cookie: b=ann")
			s.send(data("CONNECT {\"verbose\":false}\r\nPING\r\n"))
			s.wantLogin(true)
		}},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				server := process.Start(t, target, process.Options{File: "host: 127.0.0.1\nport: -1\nwebsocket {\n  host: 127.0.0.1\n  port: -1\n" +
					"  no_tls: true\n  " + row.before + "\n}\n"})
				header := []string{"Origin: http://a.test"}
				if row.name == "same_origin" {
					header = nil
				}
				old := connect(t, server, header...)
				line := server.Reload(t, replace(row.before, row.after))
				if target == process.Stock {
					if !strings.Contains(line, "Failed") || !strings.Contains(line, "not supported for Websocket") {
						t.Error(line)
					}
				} else if row.check(t, server); !strings.Contains(line, "Reloaded") {
					t.Error(line)
				}
				if row.name != "user_cookie" {
					old.alive()
				}
			})
		}
	})
}

// TestReloadLogin: who would not be let in any more has to go.
func TestReloadLogin(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{File: "host: 127.0.0.1\nport: -1\nauthorization { users: [ { user: ann, password: first } ] }\n" +
			"websocket { host: 127.0.0.1, port: -1, no_tls: true }\n"})
		s := dial(t, server)
		s.send(data("CONNECT {\"verbose\":false,\"user\":\"ann\",\"pass\":\"first\"}\r\nPING\r\n"))
		s.wantLogin(true)
		if line := server.Reload(t, replace("first", "second")); !strings.Contains(line, "Reloaded") {
			t.Error(line)
		}
		s.wantLogin(false)
	})
}

// TestReloadLimits: new limits hold for who is connected, too.
func TestReloadLimits(t *testing.T) {
	rows := []struct {
		line, send string
		answer     string
		code       int // of the close frame; 0 if the connection stays
		text       string
		refused    string // what nats-server says who can not change it while it runs
	}{
		{"max_payload: 10", "PUB a 11\r\nhello world\r\n", "-ERR 'Maximum Payload Violation'", 1009, "Maximum Message Payload Exceeded", ""},
		{"max_control_line: 10", "SUB abcdefghijklm 1\r\n", "-ERR 'maximum control line exceeded'", 1008, "Maximum Control Line Exceeded", ""},
		{"max_subscriptions: 1", "SUB a 1\r\nSUB b 2\r\n", "-ERR 'maximum subscriptions exceeded'", 0, "", "MaxSubs"},
		{`ping_interval: "100ms"`, "", "PING", 0, "", ""},
	}
	const base = "host: 127.0.0.1\nport: -1\nwebsocket { host: 127.0.0.1, port: -1, no_tls: true }\n"
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range rows {
			t.Run(row.line, func(t *testing.T) {
				server := process.Start(t, target, process.Options{File: base + "#\n"})
				s := connect(t, server)
				line := server.Reload(t, replace("#", row.line))
				if target == process.Stock && row.refused != "" {
					if !strings.Contains(line, "not supported for "+row.refused) {
						t.Error(line)
					}
					return
				}
				if !strings.Contains(line, "Reloaded") {
					t.Fatal(line)
				}
				if row.send != "" {
					s.send(data(row.send))
				}
				if target == process.Weir || row.code == 0 { // nats-server may lose it, and sends its first PING soon
					s.want(row.answer)
				}
				if row.code == 0 {
					s.alive()
				} else {
					s.wantClose(row.code, row.text, true)
				}
			})
		}
	})
}

// TestReloadConnections: when there may be fewer connections some have to go, and are told why.
func TestReloadConnections(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		server := process.Start(t, target, process.Options{File: "host: 127.0.0.1\nport: -1\nmax_connections: 3\n" +
			"websocket { host: 127.0.0.1, port: -1, no_tls: true }\n"})
		all := []*session{connect(t, server), connect(t, server), connect(t, server)}
		if line := server.Reload(t, replace("max_connections: 3", "max_connections: 1")); !strings.Contains(line, "Reloaded") {
			t.Fatal(line)
		}
		if !strings.Contains(server.Log().String(), "Closed 2 connections to fall within max_connections") {
			t.Error("the log does not say it")
		}
		if target == process.Weir { // nats-server takes any two
			all[0].alive()
			for _, s := range all[1:] {
				s.want("-ERR 'maximum connections exceeded'")
				s.wantClose(1008, "Maximum Connections Exceeded", false)
			}
		}
	})
}

// TestReloadTold: a client that understands INFO at any time learns how much it may send now. With nats-server it does not.
func TestReloadTold(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		for name, config := range map[string]string{
			"of the server":  "max_payload: 1000",
			"of the account": "accounts { A { users: [ { user: a, password: p } ], limits { max_payload: 1000 } } }",
		} {
			t.Run(name, func(t *testing.T) {
				server := process.Start(t, process.Weir, process.Options{Config: config})
				s := dial(t, server)
				s.send(data("CONNECT {\"verbose\":false,\"protocol\":1,\"user\":\"a\",\"pass\":\"p\"}\r\nPING\r\n"))
				s.want("PONG")
				s.line() // which account it is
				server.Reload(t, replace("max_payload: 1000", "max_payload: 2000"))
				wantTold(t, s, 2000)
			})
		}
	})
}

// wantTold wants an INFO that says the largest body.
func wantTold(t *testing.T, s *session, size int) {
	t.Helper()
	line := s.line()
	if line == "PING" {
		line = s.line()
	}
	if !strings.HasPrefix(line, "INFO {") || !strings.Contains(line, fmt.Sprintf(`"max_payload":%d,`, size)) {
		t.Error(line)
	}
}

// TestReloadSubscriptions: who has more subscriptions than it may have now has to go. nats-server refuses such a reload.
func TestReloadSubscriptions(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		server := process.Start(t, process.Weir, process.Options{Config: "max_subscriptions: 3"})
		two, three := connect(t, server), connect(t, server)
		two.send(data("SUB a 1\r\nSUB b 2\r\nPING\r\n"))
		two.want("PONG")
		three.send(data("SUB a 1\r\nSUB b 2\r\nSUB c 3\r\nPING\r\n"))
		three.want("PONG")
		server.Reload(t, replace("max_subscriptions: 3", "max_subscriptions: 2"))
		three.want("-ERR 'maximum subscriptions exceeded'")
		three.wantClose(1008, "Maximum Subscriptions Exceeded", false)
		two.send(data("SUB c 3\r\n"))
		two.want("-ERR 'maximum subscriptions exceeded'")
		two.alive()
	})
}
