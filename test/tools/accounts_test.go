package tools

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"weir/test/process"
)

const estateConfig = `
accounts {
	A {
		users: [ { user: a, password: p } ]
		exports: [ { service: "svc.*", latency: "lat", accounts: [ B ] }, { stream: "s.>" }, { service: "many", response: stream } ]
		mappings { "m": "n" }
	}
	B {
		users: [ { user: b, password: p } ]
		imports: [ { service: { account: A, subject: "svc.*" }, to: "ask.*", share: true }, { stream: { account: A, subject: "s.>" }, to: "i.>" } ]
	}
	C {}
	$SYS { users: [ { user: s, password: p } ] }
}`

// estate is a server with accounts that share: a and b are connected, b waits for an answer and has got a stream, somebody of A has left.
func estate(t *testing.T, target process.Target) *process.Server {
	t.Helper()
	s := process.Start(t, target, process.Options{Config: estateConfig})
	connect := func(user string) *nats.Conn {
		nc, err := nats.Connect("nats://"+s.Client, nats.UserInfo(user, "p"), nats.Name("n-"+user))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		return nc
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	connect("a").Close()
	a, b := connect("a"), connect("b")
	asked, err := a.SubscribeSync("svc.*")
	must(err)
	_, err = a.SubscribeSync("s.x")
	must(err)
	must(a.Flush())
	_, err = b.SubscribeSync("i.>")
	must(err)
	stream, err := b.QueueSubscribeSync("i.x", "q")
	must(err)
	must(b.Flush())
	must(b.PublishRequest("ask.1", "inbox", []byte("abc")))
	_, err = asked.NextMsg(process.Patience)
	must(err)
	must(a.Publish("s.x", []byte("hello")))
	_, err = stream.NextMsg(process.Patience)
	must(err)
	must(a.Flush())
	process.Await(process.Patience, func() bool {
		closed, _ := ask(t, s, "/connz?state=closed").(map[string]any)["connections"].([]any)
		return len(closed) == 1
	})
	return s
}

// TestAccountKeys compares what monitoring shows of accounts.
func TestAccountKeys(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		ours, theirs := estate(t, process.Weir), estate(t, process.Stock)
		for _, question := range []string{
			"/varz", "/accountz", "/accountz?acc=$SYS", "/accstatz", "/accstatz?unused=1", "/connz?acc=A", "/connz?acc=B&auth=1&subs=detail",
			"/connz?state=closed&acc=A&auth=1", "/connz?user=b&auth=1", "/subsz?acc=B", "/subsz?acc=A&subs=1", "/healthz?account=A",
		} {
			t.Run(question, func(t *testing.T) {
				compare(t, strings.SplitN(question, "?", 2)[0], ask(t, ours, question), ask(t, theirs, question))
			})
		}
		// The server's own services stand among those of the accounts in nats-server, in any order.
		for _, row := range []struct{ account, list, subject string }{
			{"A", "exports", "svc.*"}, {"A", "exports", "s.>"}, {"A", "exports", "many"},
			{"B", "imports", "svc.*"}, {"B", "imports", "s.>"}, {"A", "responses", "inbox"},
		} {
			t.Run(row.account+" "+row.list+" "+row.subject, func(t *testing.T) {
				a, b := share(t, ours, row.account, row.list, row.subject), share(t, theirs, row.account, row.list, row.subject)
				if row.list == "responses" { // nats-server shows its own number of their type
					delete(a, "type")
					delete(b, "type")
				}
				compare(t, row.list, a, b)
				for _, key := range []string{"account", "invalid", "local_subject", "response_type", "share", "to", "tracking", "type", "approved_accounts"} {
					if row.list != "responses" && fmt.Sprint(a[key]) != fmt.Sprint(b[key]) {
						t.Errorf("%s is %v, in nats-server %v", key, a[key], b[key])
					}
				}
			})
		}
	})
}

// share is the entry of an account's list that has the subject.
func share(t *testing.T, s *process.Server, account, list, subject string) map[string]any {
	t.Helper()
	detail, _ := ask(t, s, "/accountz?acc="+account).(map[string]any)["account_detail"].(map[string]any)
	var entries []any
	switch all := detail[list].(type) {
	case []any:
		entries = all
	case map[string]any:
		for _, entry := range all {
			entries = append(entries, entry)
		}
	}
	for _, entry := range entries {
		if e, ok := entry.(map[string]any); ok && e["subject"] == subject {
			return e
		}
	}
	t.Fatalf("%s: no %s of %s in %v", s.Target, list, subject, detail)
	return nil
}

// TestAccountValues are numbers of accounts by which they are told apart.
func TestAccountValues(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := estate(t, target)
		want(t, ask(t, s, "/varz"), map[string]any{"system_account": "$SYS", "connections": 2})
		names := ask(t, s, "/accountz").(map[string]any)
		want(t, names, map[string]any{"system_account": "$SYS"})
		if all, _ := names["accounts"].([]any); len(all) != 5 { // with the global one
			t.Errorf("accounts are %v", all)
		}
		want(t, ask(t, s, "/accountz?acc=A"), map[string]any{
			"account_detail.account_name": "A", "account_detail.client_connections": 1, "account_detail.complete": true,
			"account_detail.expired": false, "account_detail.name_tag": "A",
		})
		want(t, ask(t, s, "/accountz?acc=$SYS"), map[string]any{"account_detail.is_system": true, "account_detail.client_connections": 0})
		traffic := map[string]map[string]any{}
		for _, stat := range ask(t, s, "/accstatz?unused=1").(map[string]any)["account_statz"].([]any) {
			traffic[fmt.Sprint(stat.(map[string]any)["acc"])] = stat.(map[string]any)
		}
		want(t, traffic["A"], map[string]any{"conns": 1, "total_conns": 1, "leafnodes": 0, "received.msgs": 1, "received.bytes": 5, "sent.msgs": 4, "slow_consumers": 0})
		want(t, traffic["B"], map[string]any{"conns": 1, "received.msgs": 1, "received.bytes": 3, "sent.msgs": 0})
		want(t, traffic["C"], map[string]any{"conns": 0, "received.msgs": 0, "sent.msgs": 0})
		used := ask(t, s, "/accstatz").(map[string]any)["account_statz"].([]any)
		for _, stat := range used {
			if acc := stat.(map[string]any)["acc"]; acc != "A" && acc != "B" && acc != "$SYS" {
				t.Errorf("account %v is in use", acc)
			}
		}
		for question, values := range map[string]map[string]any{
			"/connz?acc=A":                 {"num_connections": 1, "total": 1},
			"/connz?acc=B&state=any":       {"num_connections": 1, "total": 1},
			"/connz?acc=A&state=any":       {"num_connections": 2, "total": 2},
			"/connz?acc=C":                 {"num_connections": 0, "total": 0},
			"/connz?user=b&auth=1":         {"num_connections": 1},
			"/subsz?acc=B&subs=1&test=i.x": {"total": 2},
		} {
			want(t, ask(t, s, question), values)
		}
		b := ask(t, s, "/connz?acc=B&auth=1&subs=1").(map[string]any)["connections"].([]any)[0]
		want(t, b, map[string]any{"account": "B", "name_tag": "B", "authorized_user": "b", "name": "n-b", "subscriptions": 2})
	})
}

// TestAccountBlocks reads each block of accounts of a list, and wants both servers to think alike of it.
func TestAccountBlocks(t *testing.T) {
	text, err := os.ReadFile("../../internal/authfile/testdata/accounts.txt")
	if err != nil {
		t.Fatal(err)
	}
	keys := strings.NewReplacer(
		"NK0", "UCMZQMQKGGJWPRKECHVZS6YB6BKYU5SQQPYRCCXYWRFRSA4UUZF2WSOS",
		"NK3", "ADVDHFZFAI32EQ6XOKBWT7KI2GKZNCUS635VJ7OKPP2F3TU6QDZ2GB2T",
	)
	process.Each(t, func(t *testing.T, target process.Target) {
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		file := filepath.Join(t.TempDir(), "server.conf")
		for i, block := range lines {
			if block == "" || strings.ContainsAny(block[:1], "#\t~") {
				continue
			}
			if err := os.WriteFile(file, []byte(keys.Replace(block)), 0o600); err != nil {
				t.Fatal(err)
			}
			bad := i+1 < len(lines) && strings.HasPrefix(lines[i+1], "\t")
			if got := process.Run(t, target, "", "-t", "-c", file); (got.Code != 0) != bad {
				t.Errorf("%s: exit code %d\n%s", block, got.Code, got.Stderr)
			}
		}
	})
}
