package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/config"
	"weir/internal/conn"
)

func mustParse(t *testing.T, text string) *config.Options {
	t.Helper()
	o, err := config.Parse("weir.conf", []byte(text))
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return o
}

// keyTexts holds every key that is built, and its aliases, against the Options it makes.
var keyTexts = []struct {
	text string
	want config.Options
}{
	{`port: 4333`, config.Options{Client: config.Listener{Port: 4333}}},
	{`host: "a"`, config.Options{Client: config.Listener{Host: "a"}}},
	{`net: "a"`, config.Options{Client: config.Listener{Host: "a"}}},
	{`listen: "127.0.0.1:-1"`, config.Options{Client: config.Listener{Host: "127.0.0.1", Port: -1}}},
	{`listen: 127.0.0.1:-1`, config.Options{Client: config.Listener{Host: "127.0.0.1", Port: -1}}},
	{`listen: 4333`, config.Options{Client: config.Listener{Port: 4333}}},
	{`client_advertise: "a:1"`, config.Options{Advertise: "a:1"}},
	{`allow_non_tls: true`, config.Options{AllowNonTLS: true}},
	{`http: "127.0.0.1:-1"`, config.Options{Monitor: config.Monitor{Host: "127.0.0.1", Port: -1}}},
	{`http: 8222`, config.Options{Monitor: config.Monitor{Port: 8222}}},
	{`https: "127.0.0.1:-1"`, config.Options{Monitor: config.Monitor{Host: "127.0.0.1", HTTPSPort: -1}}},
	{`http_port: 8222`, config.Options{Monitor: config.Monitor{Port: 8222}}},
	{`monitor_port: 8222`, config.Options{Monitor: config.Monitor{Port: 8222}}},
	{`https_port: 8222`, config.Options{Monitor: config.Monitor{HTTPSPort: 8222}}},
	{`http_base_path: "/nats"`, config.Options{Monitor: config.Monitor{BasePath: "/nats"}}},
	{`max_closed_clients: 7`, config.Options{Monitor: config.Monitor{MaxClosed: 7}}},

	{`max_connections: 10`, config.Options{Conn: conn.Config{MaxConnections: 10}}},
	{`max_conn: 0`, config.Options{Conn: conn.Config{MaxConnections: -1}}},
	{`max_pending: 10MB`, config.Options{Conn: conn.Config{MaxPending: 10 << 20}}},
	{`write_deadline: "5s"`, config.Options{Conn: conn.Config{WriteDeadline: 5 * time.Second}}},
	{`ping_interval: "1m30s"`, config.Options{Conn: conn.Config{PingInterval: 90 * time.Second}}},
	{`ping_max: 3`, config.Options{Conn: conn.Config{PingMax: 3}}},
	{`max_subscriptions: 10`, config.Options{Protocol: client.Config{MaxSubscriptions: 10}}},
	{`max_subs: 10`, config.Options{Protocol: client.Config{MaxSubscriptions: 10}}},
	{`max_sub_tokens: 8`, config.Options{Protocol: client.Config{MaxSubTokens: 8}}},
	{`max_subscription_tokens: 8`, config.Options{Protocol: client.Config{MaxSubTokens: 8}}},
	{`max_payload: 2kb`, config.Options{Protocol: client.Config{MaxPayload: 2048}}},
	{`max_control_line: 2k`, config.Options{Protocol: client.Config{MaxControlLine: 2000}}},
	{`no_header_support: true`, config.Options{Protocol: client.Config{NoHeaders: true}}},

	{`log_file: "/a"`, config.Options{Log: config.Log{File: "/a"}}},
	{`logfile: "/a"`, config.Options{Log: config.Log{File: "/a"}}},
	{`log_size_limit: 1MB`, config.Options{Log: config.Log{SizeLimit: 1 << 20}}},
	{`logfile_size_limit: 1`, config.Options{Log: config.Log{SizeLimit: 1}}},
	{`log_max_num: 3`, config.Options{Log: config.Log{MaxFiles: 3}}},
	{`logfile_max_num: 3`, config.Options{Log: config.Log{MaxFiles: 3}}},
	{`debug: true`, config.Options{Log: config.Log{Debug: true}}},
	{`trace: yes`, config.Options{Log: config.Log{Trace: true}}},
	{`trace_verbose: on`, config.Options{Log: config.Log{Trace: true, TraceVerbose: true}}},
	{`trace_headers: true`, config.Options{Log: config.Log{Trace: true, TraceHeaders: true}}},
	{`logtime: false`, config.Options{Log: config.Log{NoTime: true}}},
	{`logtime: true`, config.Options{}},
	{`logtime_utc: true`, config.Options{Log: config.Log{UTC: true}}},
	{`syslog: true`, config.Options{Log: config.Log{Syslog: true}}},
	{`remote_syslog: "udp://a:1"`, config.Options{Log: config.Log{RemoteSyslog: "udp://a:1"}}},
	{`max_traced_msg_len: 9`, config.Options{Log: config.Log{MaxTracedLen: 9}}},

	{`server_name: "a"`, config.Options{ServerName: "a"}},
	{`server_tags: "A"`, config.Options{Tags: []string{"a"}}},
	{`server_tags: [" az:A ", "b", "B", ""]`, config.Options{Tags: []string{"az:a", "b"}}},
	{`server_metadata { a: "b" }`, config.Options{Metadata: map[string]string{"a": "b"}}},
	{`pid_file: "/p"`, config.Options{PidFile: "/p"}},
	{`pidfile: "/p"`, config.Options{PidFile: "/p"}},
	{`ports_file_dir: "/p"`, config.Options{PortsDir: "/p"}},
	{`prof_port: -1`, config.Options{Profile: config.Profile{Port: -1}}},
	{`prof_block_rate: 1`, config.Options{Profile: config.Profile{BlockRate: 1}}},
	{`lame_duck_duration: "30s"`, config.Options{LameDuck: config.LameDuck{Duration: 30 * time.Second}}},
	{`lame_duck_grace_period: "3s"`, config.Options{LameDuck: config.LameDuck{Grace: 3 * time.Second}}},

	{`authorization { user: a, pass: b }`, config.Options{Auth: auth.Config{Username: "a", Password: "b"}}},
	{`authorization { username: a, password: b }`, config.Options{Auth: auth.Config{Username: "a", Password: "b"}}},
	{`authorization { user: a, pass: $2a$04$x }`, config.Options{Auth: auth.Config{Username: "a", Password: "$2a$04$x"}}},
	{`authorization { token: a }`, config.Options{Auth: auth.Config{Token: "a"}}},
	{`authorization { token: a, timeout: 3 }`,
		config.Options{Auth: auth.Config{Token: "a"}, Protocol: client.Config{AuthTimeout: 3 * time.Second}}},
	{`proxy_protocol: true`, config.Options{ProxyProtocol: true}},
	{`no_auth_user: a`, config.Options{Auth: auth.Config{NoAuthUser: "a"}}},
	{"no_auth_user: a\nauthorization { token: b }", config.Options{Auth: auth.Config{NoAuthUser: "a", Token: "b"}}},
	{"authorization { token: b }\nno_auth_user: a", config.Options{Auth: auth.Config{NoAuthUser: "a", Token: "b"}}},
	{`authorization { timeout: 0.5 }`, config.Options{Protocol: client.Config{AuthTimeout: 500 * time.Millisecond}}},
	{`authorization { timeout: "250ms" }`, config.Options{Protocol: client.Config{AuthTimeout: 250 * time.Millisecond}}},

	// Keys that change nothing here, and guards that are switched off.
	{`no_system_account: true`, config.Options{Accounts: config.Accounts{NoSystem: true}}},
	{`system_account: A`, config.Options{Accounts: config.Accounts{System: "A"}}},
	{`mappings { a: b }`, config.Options{Accounts: config.Accounts{Mappings: []account.Mapping{{Source: "a", To: []account.Weighted{{Subject: "b", Weight: 100}}}}}}},
	{`accounts [ A, B ]`, config.Options{Accounts: config.Accounts{Named: []account.Config{{Name: "A"}, {Name: "B"}}}}},
	{`disable_sublist_cache: true, no_fast_producer_stall: true`, config.Options{}},
	{`write_timeout: close`, config.Options{Conn: conn.Config{WriteTimeout: "close"}}},
	{`write_timeout: retry`, config.Options{Conn: conn.Config{WriteTimeout: "retry"}}},
	{`write_timeout: default`, config.Options{}},
	{`jetstream: false, accounts {}`, config.Options{}},
	{`authorization { permissions {}, proxy_required: false }`, config.Options{}},
}

func TestKeys(t *testing.T) {
	for _, tt := range keyTexts {
		got := mustParse(t, tt.text)
		got.Accounts.At = nil
		if !reflect.DeepEqual(*got, tt.want) {
			t.Errorf("%s\n got %+v\nwant %+v", tt.text, *got, tt.want)
		}
		upper := mustParse(t, upperKey(tt.text))
		upper.Accounts.At = nil
		if !reflect.DeepEqual(*upper, tt.want) {
			t.Errorf("%s: keys are not matched without regard to case: %+v", upperKey(tt.text), *upper)
		}
	}
}

// upperKey writes the first key of text in capitals.
func upperKey(text string) string {
	i := strings.IndexAny(text, ": {")
	return strings.ToUpper(text[:i]) + text[i:]
}

// TestForms reads one configuration in the many ways that clients' test suites write it.
func TestForms(t *testing.T) {
	want := config.Options{
		ServerName: "a",
		Client:     config.Listener{Host: "127.0.0.1", Port: -1},
		Auth:       auth.Config{Username: "u", Password: "p"},
		Tags:       []string{"x", "y"},
		Log:        config.Log{Debug: true},
		WebSockets: []*config.WebSocket{{Listener: config.Listener{Port: -1}, NoTLS: true}},
	}
	for name, text := range map[string]string{
		"colons": "server_name: a\nhost: 127.0.0.1\nport: -1\nauthorization: {user: u, password: p}\n" +
			"server_tags: [x, y]\ndebug: true\nwebsocket: {port: -1, no_tls: true}\n",
		"equals": "server_name = a\nhost = \"127.0.0.1\"\nport = -1\nauthorization = {user = u, password = p}\n" +
			"server_tags = [x, y]\ndebug = true\nwebsocket = {port = -1, no_tls = true}\n",
		"nothing": "server_name a\nhost 127.0.0.1\nport -1\nauthorization {\nuser u\npassword p\n}\n" +
			"server_tags [\nx\ny\n]\ndebug true\nwebsocket {\nport -1\nno_tls true\n}\n",
		"single quotes": "server_name 'a'\nhost '127.0.0.1'\nport -1\nauthorization { 'user' 'u', 'password' 'p' }\n" +
			"server_tags ['x', 'y']\ndebug true\nwebsocket { port -1, no_tls true }\n",
		"semicolons": "server_name: a; host: \"127.0.0.1\"; port: -1; authorization { user: u; password: p; }; " +
			"server_tags: [x, y]; debug: on; websocket { port: -1; no_tls: yes }",
		"json": `{"server_name": "a", "host": "127.0.0.1", "port": -1, "authorization": {"user": "u", "password": "p"},
			"server_tags": ["x", "y"], "debug": true, "websocket": {"port": -1, "no_tls": true}}`,
		"json on lines": "{\n\"server_name\": \"a\",\n\"host\": \"127.0.0.1\",\n\"port\": -1,\n\"authorization\": {\n" +
			"\"user\": \"u\",\n\"password\": \"p\"\n},\n\"server_tags\": [\n\"x\",\n\"y\"\n],\n\"debug\": true,\n" +
			"\"websocket\": {\n\"port\": -1,\n\"no_tls\": true\n}\n}\n",
		"comments": "# one\nserver_name: a # two\nlisten: \"127.0.0.1:-1\" // three\nauthorization { # four\n user: u # five\n" +
			" password: p\n}\nserver_tags: [ # six\n x # seven\n y\n]\n// eight\ndebug: true\nws { port: -1, no_tls: true }\n",
		"carriage returns": "server_name: \"a\"\r\nlisten: \"127.0.0.1:-1\"\r\nauthorization {\r\n user: \"u\"\r\n password: \"p\"\r\n}\r\n" +
			"server_tags: [\"x\", \"y\"]\r\ndebug: true\r\nwebsocket {\r\n port: -1\r\n no_tls: true\r\n}\r\n",
		"variables": "N = a\nACCESS { user: u, password: p }\nserver_name: $N\nlisten: 127.0.0.1:-1\nauthorization: $ACCESS\n" +
			"server_tags: [x, y]\ndebug: true\nwebsocket { P: -1, port: $P, no_tls: true }\n",
	} {
		t.Run(name, func(t *testing.T) {
			if got := mustParse(t, text); !reflect.DeepEqual(*got, want) {
				t.Errorf("%s\n got %+v\nwant %+v", text, *got, want)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("WEIR_TEST_PORT", "4333")
	t.Setenv("WEIR_TEST_TAGS", "[x, y]")
	t.Setenv("WEIR_TEST_WS", "{port: 8080, no_tls: true}")
	o := mustParse(t, "port: $WEIR_TEST_PORT\nserver_tags: $WEIR_TEST_TAGS\nwebsocket: $WEIR_TEST_WS\n")
	if o.Client.Port != 4333 || len(o.Tags) != 2 || o.WebSockets[0].Port != 8080 || !o.WebSockets[0].NoTLS {
		t.Errorf("%+v", o)
	}
	t.Setenv("WEIR_TEST_WS", "{port: 8080, wrong: true}")
	_, err := config.Parse("weir.conf", []byte("\nwebsocket: $WEIR_TEST_WS\n"))
	if want := `weir.conf:2:1: unknown field "wrong"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestInclude(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "weir.conf",
		"port: 4333\ninclude \"sub/limits.conf\"\nauthorization {\n include 'sub/auth.conf'\n}\nhost: main\n")
	write(t, dir, "sub/limits.conf", "max_payload: 1k\nnet: included\ninclude deep.conf\n")
	write(t, dir, "sub/deep.conf", "ping_max: 3\n")
	write(t, dir, "sub/auth.conf", "user: u\npassword: p\n")
	o, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if o.Client.Port != 4333 || o.Protocol.MaxPayload != 1000 || o.Conn.PingMax != 3 || o.Auth.Password != "p" {
		t.Errorf("%+v", o)
	}
	if o.Client.Host != "main" {
		t.Errorf("the file that includes does not come last: host %q", o.Client.Host)
	}
	if o.ConfigFile != path || !strings.HasPrefix(o.Digest, "sha256:") {
		t.Errorf("file %q digest %q", o.ConfigFile, o.Digest)
	}

	write(t, dir, "sub/limits.conf", "\n  foo: 1\n")
	_, err = config.Load(path)
	if want := filepath.Join(dir, "sub/limits.conf") + `:2:3: unknown field "foo"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestIncludeCycle would end the process, were the library asked.
func TestIncludeCycle(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "weir.conf", "port: 1\na { include \"b.conf\" }\n")
	write(t, dir, "sub/empty.conf", "")
	for _, text := range []string{
		"include weir.conf\n",
		"x: 1\ninclude './sub/../weir.conf'\n",
		"x: 1; include weir.conf ",
		"x { include \"weir.conf\" }",
		"x {include weir.conf}",
		"\tINCLUDE\tweir.conf\n",
		"\"x\": 1, include weir.conf",
	} {
		write(t, dir, "b.conf", text)
		if _, err := config.Load(path); err == nil || !strings.Contains(err.Error(), "includes itself") {
			t.Errorf("%q: %v", text, err)
		}
	}
	write(t, dir, "b.conf", "# include weir.conf\nuser: a\n")
	write(t, dir, "weir.conf", "authorization { include \"b.conf\" }\nwebsocket {\n authorization { include \"b.conf\" }\n}\n")
	if o, err := config.Load(path); err != nil || o.WebSockets[0].Auth.Username != "a" {
		t.Errorf("including twice is no cycle: %v", err)
	}
}

func TestLoadUnreadable(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "none.conf")
	if _, err := config.Load(missing); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := config.Load(dir); err == nil || !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "\n") {
		t.Errorf("directory: %v", err)
	}
	empty := write(t, dir, "empty.conf", "# nothing\n")
	o, err := config.Load(empty)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{empty + ": config has no values or is empty"}; !reflect.DeepEqual(o.Warnings, want) {
		t.Errorf("got %q, want %q", o.Warnings, want)
	}
}
