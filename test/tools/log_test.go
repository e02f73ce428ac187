package tools

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats.go"

	"weir/test/process"
)

// TestLogLines has the lines that the clients' own tests parse, in their order.
func TestLogLines(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, secure := range []bool{false, true} {
			s := process.Start(t, target, process.Options{Secure: secure})
			scheme := map[bool]string{false: "ws", true: "wss"}[secure]
			at := 0
			lines := strings.Split(s.Log().String(), "\n")
			for _, want := range []string{
				`Version: +2\.15\.2$`,
				`Starting http monitor on 127\.0\.0\.1:\d+$`,
				`Listening for websocket clients on ` + scheme + `://127\.0\.0\.1:\d+$`,
				`Listening for client connections on 127\.0\.0\.1:\d+$`,
				`Server is ready$`,
			} {
				full := regexp.MustCompile(fmt.Sprintf(`^\[%d\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} \[INF\] +%s`, s.Pid(), want))
				for at < len(lines) && !full.MatchString(lines[at]) {
					at++
				}
				if at == len(lines) {
					t.Fatalf("no line %s in its place in:\n%s", want, s.Log())
				}
			}
			// The WebSocket listener of an open server is worth a warning, and nothing else is.
			if warned := strings.Contains(s.Log().String(), "[WRN]"); warned != !secure {
				t.Errorf("secure %v, warned %v:\n%s", secure, warned, s.Log())
			}
		}
	})
}

// TestPlainPasswords: passwords that anybody can read in the file are worth a warning, once. A reload that brings them is
// too; nats-server says nothing then.
func TestPlainPasswords(t *testing.T) {
	const (
		warning = "[WRN] Plaintext passwords detected, use nkeys or bcrypt"
		hash    = "$2a$04$lINv/oEHgMKKKBWEgNv0wOGPwc8S0FKZLnzNEgEYFf8zULJq8mWhy"
	)
	cert, _ := process.Certificate()
	count := func(s *process.Server) int { return strings.Count(s.Log().String(), warning) }
	process.Each(t, func(t *testing.T, target process.Target) {
		for config, want := range map[string]int{
			"":                                0,
			"authorization { token: secret }": 0,
			"authorization { user: ann, password: secret }":                                                   1,
			"authorization { user: ann, password: \"" + hash + "\" }":                                         0,
			"authorization { users: [ { user: ann, password: secret }, { user: bob, password: other } ] }":    1,
			"authorization { users: [ { user: ann, password: \"" + hash + "\" }, { user: bob } ] }":           1,
			"authorization { users: [ { nkey: UBO2MQV67TQTVIRV3XFTEZOACM4WLOCMCDMAWN5QVN5PI2N6JHTVDRON } ] }": 0,
			"# map\nauthorization { users: [ { user: ann } ] }":                                               0,
			"# map\nauthorization { users: [ { user: ann }, { user: bob, password: bob } ] }":                 1,
		} {
			s := process.Start(t, target, process.Options{Config: config, Secure: strings.HasPrefix(config, "# map"),
				TLS: fmt.Sprintf("ca_file: %q, verify_and_map: true", cert)})
			if got := count(s); got != want {
				t.Errorf("%s: %d warnings", config, got)
			}
		}
		t.Run("reload", func(t *testing.T) {
			s := process.Start(t, target, process.Options{Config: "authorization { user: ann, password: \"" + hash + "\" }"})
			for _, words := range [][2]string{{hash, "plain"}, {"plain", "again"}} {
				s.Reload(t, func(text string) string { return strings.ReplaceAll(text, words[0], words[1]) })
			}
			if got, want := count(s), map[process.Target]int{process.Weir: 1}[target]; got != want {
				t.Errorf("%d warnings, want %d", got, want)
			}
		})
	})
}

// TestLogWithoutTime is -T=false.
func TestLogWithoutTime(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := process.Start(t, target, process.Options{Args: []string{"-T=false"}})
		want := fmt.Sprintf("[%d] [INF] Server is ready", s.Pid())
		if !strings.Contains(s.Log().String(), want) {
			t.Errorf("no %q in:\n%s", want, s.Log())
		}
	})
}

// TestTrace has what two suites look for in the trace.
func TestTrace(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, options := range []process.Options{{Args: []string{"-DV"}}, {Args: []string{"-V"}}, {Args: []string{"--trace"}},
			{Config: "trace: true\ndebug: true"}} {
			s := process.Start(t, target, options)
			c := process.DialRaw(t, s.Client)
			c.Send("CONNECT {\"verbose\":false}\r\nSUB foo 1\r\nUNSUB 1 \r\nPING\r\n")
			c.Want("PONG")
			for _, want := range []string{`\[SUB foo 1\]`, `\[UNSUB 1 ?\]`, `<<- \[PING\]`} {
				if _, err := s.Log().Wait(`\[TRC\] 127\.0\.0\.1:\d+ - cid:\d+ .*`+want, process.Patience); err != nil {
					t.Errorf("%v: %v", options, err)
				}
			}
		}
	})
}

// TestTraceHidesSecrets: what a client says to be let in is not for the log.
func TestTraceHidesSecrets(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := process.Start(t, target, process.Options{Args: []string{"-DV"}, Config: `authorization { user: ann, password: "pa55w0rd" }`})
		nc, err := nats.Connect("nats://"+s.Client, nats.UserInfo("ann", "pa55w0rd"))
		if err != nil {
			t.Fatal(err)
		}
		nc.Close()
		if _, err := s.Log().Wait(`Client connection closed`, process.Patience); err != nil {
			t.Error(err)
		}
		if strings.Contains(s.Log().String(), "pa55w0rd") {
			t.Errorf("the password is in the log:\n%s", s.Log())
		}
	})
}

// TestPortInUse: one line says so, and the exit code is 1.
func TestPortInUse(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	_, port, err := net.SplitHostPort(busy.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	configs := map[string]string{
		"client": "host: 127.0.0.1\nport: " + port + "\n",
		// parity: 9.1.32
		"websocket":  "host: 127.0.0.1\nport: -1\nwebsocket {\n  host: 127.0.0.1\n  port: " + port + "\n  no_tls: true\n}\n",
		"monitoring": "host: 127.0.0.1\nport: -1\nhttp: \"127.0.0.1:" + port + "\"\n",
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for name, text := range configs {
			t.Run(name, func(t *testing.T) {
				r := process.Refused(t, target, text, "address already in use")
				if strings.Count(r.Stderr, "[FTL]") != 1 || !strings.Contains(r.Stderr, port) {
					t.Errorf("stderr %s", r.Stderr)
				}
			})
		}
	})
}

// TestSignals: how a server ends, and with what exit code.
func TestSignals(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			t.Run(sig.String(), func(t *testing.T) {
				s := process.Start(t, target, process.Options{})
				c := process.DialRaw(t, s.Client)
				if err := s.Signal(sig); err != nil {
					t.Fatal(err)
				}
				if rest, err := c.Rest(); err != nil || rest != "" {
					t.Errorf("the client got %q, %v", rest, err)
				}
				if code, err := s.Exit(process.Patience); err != nil || code != 0 {
					t.Errorf("exit code %d, %v", code, err)
				}
				if text := s.Log().String(); !strings.Contains(text, "Server Exiting..") {
					t.Errorf("no farewell:\n%s", text)
				}
				if _, err := net.Dial("tcp", s.Client); err == nil {
					t.Error("the port is still open")
				}
			})
		}
	})
}

// TestReload: SIGHUP reads the file again. Who is no longer welcome is told so and has to go.
func TestReload(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := process.Start(t, target, process.Options{Config: `authorization { users: [ { user: ann, password: first } ] }`})
		logIn := func(password, answer string) *process.Raw {
			c := process.DialRaw(t, s.Client)
			c.Send(fmt.Sprintf("CONNECT {\"verbose\":false,\"user\":\"ann\",\"pass\":%q}\r\nPING\r\n", password))
			c.Want(answer)
			return c
		}
		old := logIn("first", "PONG")
		line := s.Reload(t, func(text string) string { return strings.Replace(text, "first", "second", 1) })
		if !strings.Contains(line, "Reloaded server configuration") {
			t.Fatal(line)
		}
		old.Want("-ERR 'Authorization Violation'")
		if rest, err := old.Rest(); err != nil || rest != "" {
			t.Errorf("after that %q, %v", rest, err)
		}
		logIn("second", "PONG")
		logIn("first", "-ERR 'Authorization Violation'")
	})
}

// TestReloadRefused: a file with an error changes nothing.
func TestReloadRefused(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := process.Start(t, target, process.Options{})
		nc, err := nats.Connect("nats://"+s.Client, nats.NoReconnect())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		if line := s.Reload(t, func(string) string { return "foo: 1\n" }); !strings.Contains(line, "[ERR] Failed to reload") {
			t.Error(line)
		}
		if err := nc.FlushTimeout(process.Patience); err != nil {
			t.Error(err)
		}
	})
}

// TestLameDuck: no new connections, the old ones are told and, when their time is over, closed; exit code 0 or the
// signal's own.
func TestLameDuck(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := process.Start(t, target, process.Options{Config: "lame_duck_grace_period: \"100ms\"\nlame_duck_duration: \"30s\""})
		if err := s.Signal(syscall.SIGUSR2); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Log().Wait(`Entering lame duck mode`, process.Patience); err != nil {
			t.Error(err)
		}
		// Without clients there is nothing to wait for.
		if code, err := s.Exit(process.Patience); err != nil || code != 0 {
			t.Errorf("exit code %d, %v", code, err)
		}
	})
}

// TestSignalFlag is the command that sends a signal to a running server.
func TestSignalFlag(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := process.Start(t, target, process.Options{})
		if r := process.Run(t, target, "", "--signal", fmt.Sprintf("stop=%d", s.Pid())); r.Code != 0 {
			t.Errorf("exit %d: %s", r.Code, r.Stderr)
		}
		if _, err := s.Exit(process.Patience); err != nil {
			t.Error(err)
		}
	})
}
