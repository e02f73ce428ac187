package config_test

import (
	"errors"
	"strings"
	"testing"

	"weir/internal/config"
)

// wrongTexts holds texts against all their errors. Where nats-server has an error of its own for the text, the part
// after the position starts as that does, or holds the words that its users look for.
var wrongTexts = []struct {
	text string
	want []string
}{
	// unknown fields
	{"foo: 1\n", []string{`weir.conf:1:1: unknown field "foo"`}},
	{"\n\n  foo = bar\nbaz { a: 1 }\nport: \"x\"\n", []string{
		`weir.conf:3:3: unknown field "foo"`,
		`weir.conf:4:1: unknown field "baz"`,
		`weir.conf:5:1: port: expected an integer, got a string`,
	}},
	{"port: \"x\"; foo: 3\n", []string{
		`weir.conf:1:1: port: expected an integer, got a string`,
		`weir.conf:1:12: unknown field "foo"`,
	}},
	{"{\n \"foo\" : 1,\n \"port\": 2\n}\n", []string{`weir.conf:2:3: unknown field "foo"`}},
	{"A = 1\nB = 2\nport: $A\n", []string{`weir.conf:2:1: unknown field "B"`}},
	{"websocket {\n  port: -1\n  nope: 1\n no_tls: \"x\"\n}\n", []string{
		`weir.conf:3:3: unknown field "nope"`,
		`weir.conf:4:2: no_tls: expected a boolean, got a string`,
	}},
	{"authorization {\n foo: x\n}\n", []string{`weir.conf:2:2: unknown field "foo"`}},
	{"ws {\n authorization { nkey: a }\n}\n", []string{`weir.conf:2:18: unknown field "nkey"`}},
	{"ws {\n authorization { users: 3 }\n}\n", []string{`weir.conf:2:18: Expected users field to be an array, got an integer`}},
	{"ws {\n authorization { user: a, users: [ {user: b} ] }\n}\n", []string{`weir.conf:2:2: Can not have a single user/pass and a users array`}},
	{"authorization {\n auth_callout: 3\n}\n", []string{`weir.conf:2:2: Expected authorization callout to be a map/struct, got an integer`}},
	{"authorization {\n auth_callout: false\n}\n", []string{`weir.conf:2:2: Expected authorization callout to be a map/struct, got a boolean`}},
	{"authorization {\n auth_callout {\n  issuer: UABC\n }\n}\n", []string{`weir.conf:3:3: Expected callout user to be a valid public account nkey, got "UABC"`}},
	{"authorization {\n auth_hook {\n  issuer: SAANRKVTZLC6KYPOKNNNQ5EYRHLAPFHXTXT6OUJCXZXOYPSOIKUUW4WMYM\n }\n}\n", []string{`weir.conf:3:3: Expected callout user to be a valid public account nkey`}},
	{"authorization {\n auth_callout {\n  xkey: abc\n  nope: 1\n }\n}\n", []string{
		`weir.conf:3:3: Expected callout xkey to be a valid public xkey, got "abc"`,
		`weir.conf:4:3: Unknown field "nope" parsing authorization callout`,
	}},
	{"authorization {\n auth_callout {\n  auth_users: a\n  allowed_accounts: b\n }\n}\n", []string{
		`weir.conf:3:3: Expected auth_users field to be an array, got a string`,
		`weir.conf:4:3: Expected allowed accounts field to be an array, got a string`,
	}},
	{"authorization {\n auth_callout { account: a }\n}\n", []string{`weir.conf:2:2: Authorization callouts require an issuer to be specified`}},
	{"authorization {\n auth_callout { issuer: " + callIssuer + " }\n}\n", []string{`weir.conf:2:2: Authorization callouts require authorized users to be specified`}},
	{"authorization {\n auth_callout {\n  connection_types: [ PIGEON ]\n }\n}\n", []string{`weir.conf:3:3: invalid connection types ["PIGEON"]`}},
	{"authorization {\n auth_callout {\n  forward { header: a }\n }\n}\n", []string{`weir.conf:3:13: unknown field "header"`}},
	{"ws {\n authorization {\n  auth_callout: true\n }\n}\n", []string{`weir.conf:3:3: Expected authorization callout to be a map/struct, got a boolean`}},
	{"ws {\n authorization {\n  auth_callout {}\n }\n}\n", []string{`weir.conf:3:3: Authorization callouts require an issuer to be specified`}},
	{"tls {\n foo: 3\n}\n", []string{`weir.conf:2:2: unknown field "foo"`}},
	{"\ntls { certs: [ {cert_file: a, key_file: b, foo: c} ] }\n", []string{`weir.conf:2:44: unknown field "foo"`}},

	// ports and addresses
	{"listen: x\n", []string{`weir.conf:1:1: could not parse address string "x"`}},
	{"listen: \"a:b\"\n", []string{`weir.conf:1:1: could not parse port "b"`}},
	{"http: true\n", []string{`weir.conf:1:1: expected port or host:port, got a boolean`}},
	{"port: 70000\n", []string{`weir.conf:1:1: port: invalid port 70000: it must be -1 (any free port) or 0 to 65535`}},
	{"listen: a:-2\n", []string{`weir.conf:1:1: invalid port -2: it must be -1 (any free port) or 0 to 65535`}},

	// types
	{"\ndebug: 3\nlog_file: 3\nmax_payload: \"1MB\"\nauthorization: 3\nserver_tags: 3\nhost: 1.5\n", []string{
		`weir.conf:2:1: debug: expected a boolean, got an integer`,
		`weir.conf:3:1: log_file: expected a string, got an integer`,
		`weir.conf:4:1: max_payload: expected an integer, got a string`,
		`weir.conf:5:1: authorization: expected a map, got an integer`,
		`weir.conf:6:1: error parsing server_tags: unsupported type: expected a string or a list of strings, got an integer`,
		`weir.conf:7:1: host: expected a string, got a number`,
	}},
	{"\ntls: true\nport: 2020-01-01T00:00:00Z\nping_max: [a]\n", []string{
		`weir.conf:2:1: tls: expected a map, got a boolean`,
		`weir.conf:3:1: port: expected an integer, got a date`,
		`weir.conf:4:1: ping_max: expected an integer, got a list`,
	}},
	{"\nserver_tags: [a, 3 , b]\n", []string{
		`weir.conf:2:18: error parsing server_tags: unsupported type in array: expected a string, got an integer`,
	}},
	{"server_metadata { a: 3 }\n", []string{
		`weir.conf:1:19: error parsing server_metadata key a: unsupported type: expected a string, got an integer`,
	}},

	// sizes and durations
	{"\nmax_payload: 3000000000\nmax_control_line: 3G\nmax_sub_tokens: 300\nmax_subscription_tokens: 0\n", []string{
		`weir.conf:2:1: max_payload value is too big`,
		`weir.conf:3:1: max_control_line value is too big`,
		`weir.conf:4:1: max_sub_tokens value is too big`,
		`weir.conf:5:1: max_subscription_tokens value can not be negative`,
	}},
	{"\nping_interval: \"3\"\nwrite_deadline: true\nlame_duck_duration: 3\n", []string{
		`weir.conf:2:1: error parsing ping_interval: time: missing unit in duration "3"`,
		`weir.conf:3:1: error parsing write_deadline: unsupported type: expected a duration such as "2m", got a boolean`,
		`weir.conf:4:1: lame_duck_duration: expected a duration such as "2m", got an integer`,
	}},
	{"ping_interval: 10000000000\n", []string{`weir.conf:1:1: ping_interval value is too big`}},
	{"lame_duck_duration: \"1s\"\n", []string{`weir.conf:1:1: invalid lame_duck_duration of 1s, minimum is 30 seconds`}},
	{"lame_duck_duration: \"x\"\n", []string{`weir.conf:1:1: error parsing lame_duck_duration: time: invalid duration "x"`}},
	{"lame_duck_grace_period: \"-1s\"\n", []string{`weir.conf:1:1: invalid lame_duck_grace_period, needs to be positive`}},
	{"authorization { timeout: \"x\" }\n", []string{`weir.conf:1:17: error parsing timeout: time: invalid duration "x"`}},
	{"authorization { timeout: yes }\n", []string{
		`weir.conf:1:17: timeout: expected seconds or a duration such as "2s", got a boolean`,
	}},
	{"write_timeout: foo\n", []string{`weir.conf:1:1: write_timeout must be 'default', 'close' or 'retry'`}},
	{"server_name: \"a b\"\n", []string{`weir.conf:1:1: server name cannot contain spaces`}},

	// credentials that exclude each other
	{"authorization {\n user: a, pass: b, token: c }\n", []string{`weir.conf:1:1: Cannot have a user/pass and token`}},
	{"authorization { user: a, users: [] }\n", []string{`weir.conf:1:1: Can not have a single user/pass and a users array`}},
	{"authorization { token: a, users: [] }\n", []string{`weir.conf:1:1: Can not have a token and a users array`}},

	// users
	{"authorization {\n users: 3\n}\n", []string{`weir.conf:2:2: Expected users field to be an array, got an integer`}},
	{"authorization {\n users: {}\n}\n", []string{`weir.conf:2:2: Expected users field to be an array, got a map`}},
	{"authorization {\n users: [ a, {} ]\n}\n", []string{
		`weir.conf:2:11: Expected user entry to be a map/struct, got a string`,
		`weir.conf:2:16: User entry requires a user`,
	}},
	{"authorization {\n users: [ {pass: x} ]\n}\n", []string{`weir.conf:2:12: User entry requires a user`}},
	{"authorization {\n users: [ {user: \"\", pass: x} ]\n}\n", []string{`weir.conf:2:12: User entry requires a user`}},
	{"\nauthorization { users: [ {user: a}, {user: b}, {user: a} ] }\n", []string{`weir.conf:2:1: Duplicate user "a" detected`}},
	{"authorization {\n users: [ {user: 3, pass: 4, foo: 5, perm {} } ]\n}\n", []string{
		`weir.conf:2:12: user: expected a string, got an integer`,
		`weir.conf:2:21: pass: expected a string, got an integer`,
		`weir.conf:2:30: unknown field "foo"`,
		`weir.conf:2:38: unknown field "perm"`,
	}},
	{"authorization {\n users: [ {user: a, account: b} ]\n}\n", []string{`weir.conf:2:21: unknown field "account"`}},
	{"authorization {\n user: a\n users: [ {user: a} ]\n}\n", []string{
		`weir.conf:1:1: Can not have a single user/pass and a users array`,
	}},

	// websocket
	{"websocket: 3\n", []string{`weir.conf:1:1: Expected websocket to be a map, got an integer`}},
	{"ws {\n listen: {}\n}\n", []string{`weir.conf:2:2: expected port or host:port, got a map`}},
	{"ws {\n listen: \"abc\"\n}\n", []string{`weir.conf:2:2: could not parse address string "abc"`}},
	{"ws {\n allowed_origins: {}\n}\n", []string{
		`weir.conf:2:2: error parsing allowed_origins: unsupported type: expected a string or a list of strings, got a map`,
	}},
	{"ws {\n origins: [\"a\", 3 , \"b\"]\n}\n", []string{
		`weir.conf:2:17: error parsing origins: unsupported type in array: expected a string, got an integer`,
	}},
	{"ws {\n handshake_timeout: \"x\"\n}\n", []string{
		`weir.conf:2:2: error parsing handshake_timeout: time: invalid duration "x"`,
	}},
	{"ws {\n handshake_timeout: true\n}\n", []string{
		`weir.conf:2:2: error parsing handshake_timeout: unsupported type: expected a duration such as "2m", got a boolean`,
	}},
	{"ws {\n authorization { timeout: true }\n}\n", []string{
		`weir.conf:2:18: timeout: expected seconds or a duration such as "2s", got a boolean`,
	}},
	{"ws {\n headers: 3\n}\n", []string{`weir.conf:2:2: error parsing headers: unsupported type: expected a map, got an integer`}},
	{"ws {\n headers { A: 3 }\n}\n", []string{
		`weir.conf:2:12: error parsing headers key A: unsupported type: expected a string, got an integer`,
	}},

	// websocket, what is new
	{"websocket []\n", []string{`weir.conf:1:1: Expected websocket to be a map, got an empty list`}},
	{"websocket {\n tls { cert_file: a }\n}\n", []string{`weir.conf:2:2: missing 'key_file' in TLS configuration`}}, // also without a port
	{"websocket [ { port: 1 }, 3, [] ]\n", []string{
		`weir.conf:1:26: Expected websocket to be a map, got an integer`,
		`weir.conf:1:31: Expected websocket to be a map, got a list`,
	}},
	{"websocket [\n { foo: 1 }\n {\n  limits { foo: 1, half_open: x }\n  compression { foo: 1, level: a }\n }\n]\n", []string{
		`weir.conf:2:4: unknown field "foo"`,
		`weir.conf:4:12: unknown field "foo"`,
		`weir.conf:4:20: half_open: expected an integer, got a string`,
		`weir.conf:5:17: unknown field "foo"`,
		`weir.conf:5:25: level: expected an integer, got a string`,
	}},
	{"ws {\n listen: \"unix:\"\n compression: 3\n limits: 3\n trusted_proxies: 3\n ws_ping_interval: x\n max_connection_age: 1.5\n" +
		" max_frame: 9G\n limits { half_open: true }\n}\n", []string{
		`weir.conf:2:2: listen: unix: needs a path`,
		`weir.conf:3:2: compression: expected a boolean, got an integer`,
		`weir.conf:5:2: error parsing trusted_proxies: unsupported type: expected a string or a list of strings, got an integer`,
		`weir.conf:6:2: error parsing ws_ping_interval: time: invalid duration "x"`,
		`weir.conf:7:2: error parsing max_connection_age: unsupported type: expected a duration such as "2m", got a number`,
		`weir.conf:8:2: max_frame value is too big`,
		`weir.conf:9:11: half_open: expected an integer, got a boolean`,
	}},
	{"ws {\n limits: 3\n}\n", []string{`weir.conf:2:2: limits: expected a map, got an integer`}},

	// not in the language
	{"port 4222 4333\n", []string{
		`weir.conf: Parse error on line 1: 'Expected a top-level value to end with a new line, comment or EOF, but got '4' instead.'`,
	}},
	{"port: 1\nfoo\n", []string{`weir.conf:3:1: config is invalid`}},
	{"a {\n", []string{`weir.conf: Parse error on line 2: 'Unexpected EOF processing map.'`}},
	{"x: $WEIR_TEST_NOPE\n", []string{`weir.conf: variable reference for 'WEIR_TEST_NOPE' on line 1 can not be found`}},
	{"port: 99999999999999999999\n", []string{`weir.conf: integer '99999999999999999999' is out of the range`}},
	{"include \"nope.conf\"\n", []string{
		`weir.conf: error parsing include file 'nope.conf', open nope.conf: no such file or directory`,
	}},
}

func TestErrors(t *testing.T) {
	for _, tt := range wrongTexts {
		o, err := config.Parse("weir.conf", []byte(tt.text))
		if err == nil {
			t.Errorf("%q: no error", tt.text)
			continue
		}
		if o != nil {
			t.Errorf("%q: Options beside an error", tt.text)
		}
		if got, want := err.Error(), strings.Join(tt.want, "\n"); got != want {
			t.Errorf("%q\n got %s\nwant %s", tt.text, got, want)
		}
	}
}

// TestErrorsAreTyped lets a tool find the positions.
func TestErrorsAreTyped(t *testing.T) {
	_, err := config.Parse("weir.conf", []byte("port: 1\nfoo: 1\nbar: 1\n"))
	var all config.Errors
	if !errors.As(err, &all) || len(all) != 2 {
		t.Fatalf("%T %v", err, err)
	}
	var one *config.Error
	if !errors.As(err, &one) || one.Line != 2 || one.Column != 1 || one.File != "weir.conf" {
		t.Errorf("%+v", one)
	}
}

func TestWarnings(t *testing.T) {
	for text, want := range map[string]string{
		"\nping_interval: 3\n":  `weir.conf:2:1: invalid use of field "ping_interval": ping_interval should be converted to a duration`,
		"\nwrite_deadline: 3\n": `weir.conf:2:1: invalid use of field "write_deadline": write_deadline should be converted to a duration`,
		"authorization {\n timeout: 2m\n}\n": `weir.conf:2:2: invalid use of field "timeout": 555h33m20s is longer than a minute; ` +
			`a duration with a unit is written in quotes`,
		"ws {\n ping_interval: 3\n}\n":      `weir.conf:2:2: invalid use of field "ping_interval": ping_interval should be converted to a duration`,
		"\nauthorization { password: x }\n": `weir.conf:2:1: authorization: a password without a user admits everybody`,
		"\nauthorization { users: [] }\n":   `weir.conf:2:1: authorization: an empty list of users admits everybody`,
		"authorization {\n user: a, pass: b, permissions { publish: a }\n}\n": `weir.conf:2:20: permissions: permissions without a list of ` +
			`users bind nobody`,
		"": `weir.conf: config has no values or is empty`,
	} {
		if got := mustParse(t, text).Warnings; len(got) != 1 || got[0] != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
	if o := mustParse(t, "ws { handshake_timeout: 3 }\n"); o.Warnings != nil {
		t.Errorf("handshake_timeout in seconds: %q", o.Warnings)
	}
}

// TestSecretsStaySecret puts a secret in every place where an error could show it.
func TestSecretsStaySecret(t *testing.T) {
	const secret = "73577357735773577357735773577357" // a number that does not fit
	t.Setenv("WEIR_TEST_SECRET", secret)
	for _, text := range []string{
		"authorization { user: a, password: " + secret + " }\n",
		"authorization { user: a, pass " + secret + "\n }\n",
		"authorization { \"token\": " + secret + " }\n",
		"authorization { token = $" + secret + " }\n",
		"authorization { token: $WEIR_TEST_SECRET }\n",
		"authorization { token: \"" + secret + "\", foo: 1 }\n",
		"authorization { token: [\"" + secret + "\"] }\n",
		"authorization { token: {\"a\": \"" + secret + "\"} }\n",
		"authorization { users: [ {user: a, password: \"" + secret + "\", foo: 1} ] }\n",
		"authorization { users: [ {user: a, password: \"" + secret + "\"}, {user: a, password: \"" + secret + "\"} ] }\n",
		"authorization { users: [ {password: \"" + secret + "\"} ] }\n",
		"authorization { users: [ {user: a, password: " + secret + " } ] }\n",
		"authorization { users: [ {user: a, password: [\"" + secret + "\"]} ] }\n",
		"authorization { users: \"" + secret + "\" }\n",
		"authorization { users: [ \"" + secret + "\" ] }\n",
		"authorization { user: a, password: \"" + secret + "\", token: \"" + secret + "\" }\n",
		"jetstream { key: \"" + secret + "\", foo: 1 }\n",
		"listen: \"nats://a:" + secret + "@127.0.0.1:4222\"\n",
	} {
		if _, err := config.Parse("weir.conf", []byte(text)); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, origin := range []string{"ftp://a:" + secret + "@b", "http://a:" + secret + "@b:c", "a:" + secret + "@b"} {
		o := mustParse(t, "websocket { port: -1, no_tls: true, origin: \""+origin+"\" }\nauthorization { password: \""+secret+"\" }\n")
		o.SetDefaults()
		if err := o.Validate(); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("origin: %v", err)
		}
		if strings.Contains(strings.Join(o.Warnings, ""), secret) {
			t.Errorf("warnings: %q", o.Warnings)
		}
	}
	dir := t.TempDir()
	path := write(t, dir, "weir.conf", "port: 1\nauthorization { include sub/a.conf }\n")
	write(t, dir, "sub/a.conf", "user: a\nstuff { include b.conf }\n")
	write(t, dir, "sub/b.conf", "token: "+secret+"\n")
	if _, err := config.Load(path); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("include: %v", err)
	}
}
