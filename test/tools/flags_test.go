package tools

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"weir/test/process"
)

func TestMain(m *testing.M) { process.Main(m) }

// TestVersion: tools read the version that they know from -v, under the name that they know.
func TestVersion(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, flag := range []string{"-v", "--version", "-version"} {
			r := process.Run(t, target, "nats-server", flag)
			if r.Code != 0 || r.Stdout != "nats-server: v2.15.2\n" {
				t.Errorf("nats-server %s: exit %d, %q", flag, r.Code, r.Stdout)
			}
		}
	})
	process.OnWeir(t, func(t *testing.T) {
		r := process.Run(t, process.Weir, "weir", "-v")
		if r.Code != 0 || !regexp.MustCompile(`^weir: v\d+\.\d+\.\d+\S*\n$`).MatchString(r.Stdout) {
			t.Errorf("weir -v: exit %d, %q", r.Code, r.Stdout)
		}
	})
}

func TestHelp(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, flag := range []string{"-h", "--help", "help"} {
			r := process.Run(t, target, "", flag)
			if r.Code != 0 || !strings.Contains(r.Stdout, "Usage:") || r.Stderr != "" {
				t.Errorf("%s: exit %d, stdout %.60q, stderr %q", flag, r.Code, r.Stdout, r.Stderr)
			}
		}
	})
}

// TestBadArguments: nats-server ends with 0 after a flag that it cannot read; a script would think that all is well,
// so Weir ends with 1.
func TestBadArguments(t *testing.T) {
	rows := []struct {
		args []string
		says string
		code int // of nats-server
	}{
		{[]string{"--nope"}, "flag provided but not defined: -nope", 0},
		{[]string{"-p", "x"}, `invalid value "x" for flag -p`, 0},
		{[]string{"-p"}, "flag needs an argument: -p", 0},
		{[]string{"nonsense"}, `unrecognized command: "nonsense"`, 1},
		{[]string{"-c", "/does/not/exist.conf"}, "/does/not/exist.conf: no such file", 1},
		{[]string{"-a", "127.0.0.1", "-p", "99999"}, "invalid port", 1},
		{[]string{"-a", "127.0.0.1", "-p", "-1", "--tls"}, "TLS", 1},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range rows {
			r := process.Run(t, target, "", row.args...)
			code := 1
			if target == process.Stock {
				code = row.code
			}
			if r.Code != code || !strings.Contains(r.Stderr, row.says) && target == process.Weir {
				t.Errorf("%v: exit %d, want %d; stderr %q, want %q", row.args, r.Code, code, r.Stderr, row.says)
			}
		}
	})
}

// TestConfigErrors: file, line and column, and nothing is started.
func TestConfigErrors(t *testing.T) {
	rows := []struct{ name, text, says string }{
		{"unknown key", "port: -1\nfoo: 1\n", `server\.conf:2:1: unknown field "foo"`},
		{"unknown key in a block", "port: -1\nwebsocket {\n  port: -1\n  no_tls: true\n  bogus: 3\n}\n",
			`server\.conf:5:3: unknown field "bogus"`},
		{"two unknown keys", "foo: 1\nbar: 2\nport: -1\n", `server\.conf:2:1: unknown field "bar"`},
		{"wrong type", "port: \"x\"\n", `server\.conf:1:\d+: `},
		{"too large", "max_payload: 2147483648\n", `server\.conf:1:\d+: max_payload value is too big`},
		{"block without an end", "port: -1\nwebsocket {\n", `Parse error on line 3: 'Unexpected EOF processing map\.'`},
		{"no such variable", "port: $NOPE\n", `variable reference for 'NOPE' on line 1 can not be found`},
		{"no such file", "include nope.conf\n", `error parsing include file 'nope\.conf', open .*nope\.conf: no such file`},
		{"websocket without TLS", "host: 127.0.0.1\nport: -1\nwebsocket { port: -1 }\n", `(?i)websocket requires TLS configuration`},
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				r := process.Refused(t, target, row.text, row.says)
				if strings.Contains(r.Stderr, "Listening for client") {
					t.Errorf("it listened: %q", r.Stderr)
				}
			})
		}
	})
}

// TestConfigCheck is -t.
func TestConfigCheck(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		dir := t.TempDir()
		for name, row := range map[string]struct {
			text string
			code int
			says string
		}{
			"good.conf": {"port: -1\nwebsocket { port: -1, no_tls: true }\n", 0, `configuration file \S*good\.conf is valid \(sha256:[0-9a-f]{64}\)`},
			"bad.conf":  {"port: -1\nfoo: 1\n", 1, `bad\.conf:2:1: unknown field "foo"`},
		} {
			file := filepath.Join(dir, name)
			if err := os.WriteFile(file, []byte(row.text), 0o600); err != nil {
				t.Fatal(err)
			}
			r := process.Run(t, target, "", "-t", "-c", file)
			if r.Code != row.code || !regexp.MustCompile(row.says).MatchString(r.Stderr) {
				t.Errorf("%s: exit %d, stderr %q", name, r.Code, r.Stderr)
			}
		}
	})
}

// TestGrammar starts with every spelling that the clients' own suites use.
func TestGrammar(t *testing.T) {
	texts := map[string]string{
		"no separators":     "host \"127.0.0.1\"\nport -1\nwebsocket {\n  host \"127.0.0.1\"\n  port -1\n  no_tls true\n}\n",
		"colons":            "host: 127.0.0.1, port: -1\nwebsocket: { host: '127.0.0.1', port: -1, no_tls: true }\n",
		"equals":            "host = 127.0.0.1; port = -1;\nwebsocket = { listen = \"127.0.0.1:-1\"; no_tls = true }\n",
		"json":              `{"host": "127.0.0.1", "port": -1, "websocket": {"host": "127.0.0.1", "port": -1, "no_tls": true}}`,
		"names in any case": "HOST: 127.0.0.1\nPort: -1\nWebSocket { Host: 127.0.0.1, PORT: -1, No_TLS: on }\n",
		"comments":          "# one\n// two\nhost: 127.0.0.1 # three\nport: -1\nwebsocket {\n  # four\n  host: 127.0.0.1\n  port: -1\n  no_tls: yes\n}\n",
		"short names":       "net: 127.0.0.1\nport: -1\nws { net: 127.0.0.1, port: -1, no_tls: true, compress: true }\n",
		"listen":            "listen: 127.0.0.1:-1\nwebsocket { listen: \"127.0.0.1:-1\", no_tls: true }\n",
		"variables":         "HERE: 127.0.0.1\nhost: $HERE\nport: -1\nwebsocket { host: $HERE, port: -1, no_tls: true }\n",
		"units":             "host: 127.0.0.1\nport: -1\nmax_payload: 2MB\nmax_pending: 8mb\nmax_control_line: 2k\nping_interval: \"1m\"\nping_max: 3\nwrite_deadline: \"3s\"\nwebsocket { host: 127.0.0.1, port: -1, no_tls: true }\n",
	}
	process.Each(t, func(t *testing.T, target process.Target) {
		for name, text := range texts {
			t.Run(name, func(t *testing.T) {
				s := process.Start(t, target, process.Options{File: text})
				if s.Client == "" || s.WebSocket == "" {
					t.Errorf("client %q, websocket %q", s.Client, s.WebSocket)
				}
			})
		}
	})
}
