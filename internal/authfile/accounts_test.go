package authfile_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/authfile"
	"weir/internal/conf"
	"weir/internal/perm"
)

const (
	userKey    = "UCMZQMQKGGJWPRKECHVZS6YB6BKYU5SQQPYRCCXYWRFRSA4UUZF2WSOS"
	accountKey = "ADVDHFZFAI32EQ6XOKBWT7KI2GKZNCUS635VJ7OKPP2F3TU6QDZ2GB2T"
)

var keys = strings.NewReplacer("NK0", userKey, "NK3", accountKey)

// read reads text, which is an accounts block, and finds out whether the accounts fit each other.
func read(t *testing.T, text string) (authfile.Accounts, []string, error) {
	t.Helper()
	file, err := conf.Parse("f", []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	r := conf.NewReader("f")
	a := authfile.ReadAccounts(r, r.Members(file)[0])
	if len(r.Errors) > 0 {
		return a, r.Warnings, r.Errors
	}
	err = account.NewDirectory().Apply(a.Configs)
	if e, ok := err.(*account.Error); ok {
		at, ok := a.At.Of(e)
		if !ok {
			t.Errorf("%s: %v stands nowhere", text, e)
		}
		return a, r.Warnings, &conf.Error{Position: at, Text: err.Error()}
	}
	return a, r.Warnings, err
}

// TestErrors reads the blocks of testdata/accounts.txt.
func TestErrors(t *testing.T) {
	text, err := os.ReadFile("testdata/accounts.txt")
	if err != nil {
		t.Fatal(err)
	}
	var block string
	var want []string
	check := func() {
		if block == "" {
			return
		}
		_, _, err := read(t, strings.TrimPrefix(keys.Replace(block), "~"))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if want := keys.Replace(strings.Join(want, "\n")); got != want {
			t.Errorf("%s\n got %s\nwant %s", block, got, want)
		}
		block, want = "", nil
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '\t':
			want = append(want, "f:"+line[1:])
		default:
			check()
			block = line
		}
	}
	check()
}

// TestKeys reads every key of an account, by all its names.
func TestKeys(t *testing.T) {
	one := func(c account.Config) account.Config {
		c.Name = "A"
		return c
	}
	export := func(e account.Export) account.Config { return one(account.Config{Exports: []account.Export{e}}) }
	limits := func(l account.Limits) account.Config { return one(account.Config{Limits: l}) }
	maps := func(to ...account.Weighted) account.Config {
		return one(account.Config{Mappings: []account.Mapping{{Source: "a", To: to}}})
	}
	latency := func(subject string, sampling int) account.Config {
		return export(account.Export{Subject: "a", Service: true, Latency: &account.Latency{Subject: subject, Sampling: sampling}})
	}
	for text, want := range map[string]account.Config{
		``:                                   {Name: "A"},
		`nkey: ` + accountKey:                one(account.Config{NKey: accountKey}),
		`limits { max_connections: 3 }`:      limits(account.Limits{Connections: 3}),
		`limits { max_conn: 0 }`:             limits(account.Limits{Connections: -1}),
		`limits { max_conn: -1 }`:            limits(account.Limits{}),
		`limits { max_subscriptions: 3 }`:    limits(account.Limits{Subscriptions: 3}),
		`limits { max_subs: 0 }`:             limits(account.Limits{Subscriptions: -1}),
		`limits { max_payload: 1K }`:         limits(account.Limits{Payload: 1000}),
		`limits { max_pay: 1KB }`:            limits(account.Limits{Payload: 1024}),
		`limits { max_leafnodes: 3 }`:        limits(account.Limits{Leafs: 3}),
		`limits { max_leafs: 0 }`:            limits(account.Limits{Leafs: -1}),
		`mappings { a: b }`:                  maps(account.Weighted{Subject: "b", Weight: 100}),
		`maps { a: { dest: b, weight: 5 } }`: maps(account.Weighted{Subject: "b", Weight: 5}),
		`maps { a: [ { destination: b, weight: "5%", cluster: C }, { dest: c, weight: "6" } ] }`: maps(
			account.Weighted{Subject: "b", Weight: 5, Cluster: "C"}, account.Weighted{Subject: "c", Weight: 6}),
		`exports: [ { stream: "a" } ]`:                                                export(account.Export{Subject: "a"}),
		`exports: [ { service: "a" } ]`:                                               export(account.Export{Subject: "a", Service: true}),
		`exports: [ { service: "a", response: single } ]`:                             export(account.Export{Subject: "a", Service: true}),
		`exports: [ { service: "a", response_type: Singleton } ]`:                     export(account.Export{Subject: "a", Service: true}),
		`exports: [ { service: "a", response_type: Stream } ]`:                        export(account.Export{Subject: "a", Service: true, Response: account.Stream}),
		`exports: [ { response: chunk, service: "a" } ]`:                              export(account.Export{Subject: "a", Service: true, Response: account.Chunked}),
		`exports: [ { response: chunked, service: "a" } ]`:                            export(account.Export{Subject: "a", Service: true, Response: account.Chunked}),
		`exports: [ { service: "a", threshold: "1s" } ]`:                              export(account.Export{Subject: "a", Service: true, Threshold: time.Second}),
		`exports: [ { service: "a", response_threshold: "1m" } ]`:                     export(account.Export{Subject: "a", Service: true, Threshold: time.Minute}),
		`exports: [ { service: "a", response_max_time: "1h" } ]`:                      export(account.Export{Subject: "a", Service: true, Threshold: time.Hour}),
		`exports: [ { response_time: "2s", service: "a" } ]`:                          export(account.Export{Subject: "a", Service: true, Threshold: 2 * time.Second}),
		`exports: [ { service: "a", accounts: [ A ] } ]`:                              export(account.Export{Subject: "a", Service: true, Accounts: []string{"A"}}),
		`exports: [ { service: "a", accounts: [] } ]`:                                 export(account.Export{Subject: "a", Service: true}),
		`exports: [ { stream: "*", account_token_position: 1 } ]`:                     export(account.Export{Subject: "*", TokenPosition: 1}),
		`exports: [ { service: "a", allow_trace: true } ]`:                            export(account.Export{Subject: "a", Service: true, AllowTrace: true}),
		`exports: [ { service: "a", latency: l } ]`:                                   latency("l", 100),
		`exports: [ { service: "a", latency { subject: l } } ]`:                       latency("l", 100),
		`exports: [ { service: "a", latency { subject: l, sampling: 5 } } ]`:          latency("l", 5),
		`exports: [ { service: "a", latency { subject: l, sampling: "5%" } } ]`:       latency("l", 5),
		`exports: [ { service: "a", latency { subject: l, sampling: " Headers" } } ]`: latency("l", 0),
		// What is said twice of one subject is put together.
		`exports: [ { service: "a", threshold: "1s", latency: l }, { service: "a", response: stream, accounts: [ A ] }, { stream: "a" } ]`: one(account.Config{
			Exports: []account.Export{{Subject: "a", Service: true, Response: account.Stream, Accounts: []string{"A"},
				Latency: &account.Latency{Subject: "l", Sampling: 100}}, {Subject: "a"}}}),
		`jetstream: enabled`: {Name: "A"}, `jetstream: false`: {Name: "A"}, `trace_dest: t`: {Name: "A"}, `msg_trace { dest: t, sampling: 5 }`: {Name: "A"},
	} {
		a, _, _ := read(t, "accounts { A { "+text+" } }")
		if len(a.Configs) != 1 || !reflect.DeepEqual(a.Configs[0], want) {
			t.Errorf("%s\n got %+v\nwant %+v", text, a.Configs, want)
		}
	}
}

// TestImports reads every key of an import.
func TestImports(t *testing.T) {
	const head = `accounts { B { exports: [ { stream: "s.>" }, { service: "q.>" } ] }, A { imports: [ `
	for text, want := range map[string]account.Import{
		`{ stream: { account: B, subject: "s.a" } }`:                    {Account: "B", Subject: "s.a"},
		`{ stream: { subject: "s.a", account: B }, prefix: p }`:         {Account: "B", Subject: "s.a", To: "p.s.a"},
		`{ prefix: "p.q.", stream: { account: B, subject: "s.>" } }`:    {Account: "B", Subject: "s.>", To: "p.q.s.>"},
		`{ stream: { account: B, subject: "s.>" }, to: "p.>" }`:         {Account: "B", Subject: "s.>", To: "p.>"},
		`{ stream: { account: B, subject: "s.a" }, allow_trace: true }`: {Account: "B", Subject: "s.a", AllowTrace: true},
		`{ stream: { account: B, subject: "s.a" }, share: true }`:       {Account: "B", Subject: "s.a", Share: true},
		`{ service: { account: B, subject: "q.a" } }`:                   {Account: "B", Subject: "q.a", Service: true},
		`{ to: "p", service: { account: B, subject: "q.a" } }`:          {Account: "B", Subject: "q.a", Service: true, To: "p"},
		`{ service: { account: B, subject: "q.a" }, share: true }`:      {Account: "B", Subject: "q.a", Service: true, Share: true},
		`{ service: { account: B, subject: "q.a" }, prefix: p }`:        {Account: "B", Subject: "q.a", Service: true},
	} {
		a, _, err := read(t, head+text+" ] } }")
		if err != nil || len(a.Configs) != 2 || !reflect.DeepEqual(a.Configs[1].Imports, []account.Import{want}) {
			t.Errorf("%s\n got %+v (%v)\nwant %+v", text, a.Configs, err, want)
		}
	}
}

// TestUsers has users with names and with keys; those without permissions get the account's.
func TestUsers(t *testing.T) {
	a, _, err := read(t, `accounts {
		A { users: [ { user: a, password: p }, { nkey: `+userKey+`, permissions { publish: own } } ], default_permissions { publish: x } }
		B { users: [ { username: b, pass: q, allowed_connection_types: [ websocket ], proxy_required: true } ] } }`)
	if err != nil {
		t.Fatal(err)
	}
	want := []auth.User{
		{Name: "a", Password: "p", Account: "A", Permissions: &perm.Config{Publish: perm.Rule{Allow: []string{"x"}}}},
		{NKey: userKey, Account: "A", Permissions: &perm.Config{Publish: perm.Rule{Allow: []string{"own"}}}},
		{Name: "b", Password: "q", Account: "B", Types: []auth.Type{auth.WebSocket}, ProxyRequired: true},
	}
	if !reflect.DeepEqual(a.Users, want) {
		t.Errorf("got %+v\nwant %+v", a.Users, want)
	}
}

// TestWarnings are about what is taken and does nothing.
func TestWarnings(t *testing.T) {
	const b = `B { exports: [ { stream: a } ] }`
	for text, want := range map[string]string{
		`accounts { A { jetstream: enabled } }`:                                                        "jetstream: not built yet, switched off",
		`accounts { A { jetstream: disabled } }`:                                                       "",
		`accounts { A { msg_trace: t } }`:                                                              "msg_trace: not built yet, switched off",
		`accounts { A { msg_trace { sampling: 5 } } }`:                                                 "f:1:16: Trace destination sampling ignored since no destination was set",
		`accounts { A { exports: [ {} ] } }`:                                                           "an export that is neither a stream nor a service is passed over",
		`accounts { A { imports: [ {} ] } }`:                                                           "an import that is neither a stream nor a service is passed over",
		`accounts { A { exports: [ { stream: "a..b" } ] } }`:                                           `f:1:29: nobody can import "a..b", which is no subject`,
		`accounts { A { exports: [ { service: a, latency { subject: l, x: 1 } } ] } }`:                 `f:1:63: "x" means nothing in a latency block`,
		`accounts { ` + b + `, A { imports: [ { stream: { account: B, subject: a }, to: "a b" } ] } }`: `f:1:63: a stream import is passed over: nobody can subscribe to "a b"`,
	} {
		_, warnings, err := read(t, text)
		if got := strings.Join(warnings, "\n"); got != want || err != nil {
			t.Errorf("%s\n got %q (%v)\nwant %q", text, got, err, want)
		}
	}
}

// TestNames reads accounts that are a list of names.
func TestNames(t *testing.T) {
	a, _, err := read(t, "accounts [ A, B ]")
	names := []string{}
	for _, c := range a.Configs {
		names = append(names, c.Name)
	}
	if err != nil || !slices.Equal(names, []string{"A", "B"}) {
		t.Errorf("%v, %v", names, err)
	}
}
