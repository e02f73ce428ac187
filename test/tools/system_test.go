package tools

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"weir/test/process"
)

// tenants is a configuration with a system account, and with ann and bob in A and cid in B.
const tenants = `
server_name: east-1
server_tags: ["ssd", "az:a"]
server_metadata { rack: "7" }
accounts {
  SYS { users: [ {user: sys, password: s} ] }
  A {
    users: [
      {user: ann, password: a}
      {user: bob, password: b, permissions: {
        publish: {allow: ["x", "$SYS.REQ.USER.INFO"], deny: "z"}, subscribe: ["_INBOX.>", "s q"], allow_responses: {max: 3, expires: "1m"}
      }}
    ]
    exports: [ {service: "svc.>"}, {stream: "st.>", accounts: [B]} ]
    mappings: { foo: bar }
  }
  B { users: [ {user: cid, password: c} ], imports: [ {service: {account: A, subject: "svc.x"}, to: "my.x"} ] }
}
system_account: SYS
`

// login connects as one of the users of tenants, whose passwords are their first letters.
func login(t *testing.T, url, user string, options ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, append([]nats.Option{
		nats.UserInfo(user, user[:1]), nats.Name("n-" + user), nats.Timeout(process.Patience), nats.NoReconnect(),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// request returns the JSON of an answer.
func request(t *testing.T, nc *nats.Conn, subject, body string) any {
	t.Helper()
	m, err := nc.Request(subject, []byte(body), process.Patience)
	if err != nil {
		t.Fatalf("%s %s: %v", subject, body, err)
	}
	var answer any
	if err := json.Unmarshal(m.Data, &answer); err != nil {
		t.Fatalf("%s: %v in %q", subject, err, m.Data)
	}
	return answer
}

// silent wants a request to stay without an answer: the one behind it to the same server is answered.
func silent(t *testing.T, nc *nats.Conn, subject, body, behind string) {
	t.Helper()
	sub, err := nc.SubscribeSync(nats.NewInbox())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	for _, m := range []*nats.Msg{
		{Subject: subject, Reply: sub.Subject, Data: []byte(body)}, {Subject: behind, Reply: sub.Subject, Data: []byte(`{"behind":true}`)},
	} {
		if err := nc.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sub.NextMsg(process.Patience); err != nil {
		t.Fatal(err)
	}
	if m, err := sub.NextMsg(50 * time.Millisecond); err == nil {
		t.Errorf("%s %s: there is a second answer: %s", subject, body, m.Data)
	}
}

// nobody wants a request to find nobody.
func nobody(t *testing.T, nc *nats.Conn, subject string) {
	t.Helper()
	if m, err := nc.Request(subject, nil, process.Patience); err != nats.ErrNoResponders {
		t.Errorf("%s: %v %v", subject, m, err)
	}
}

// serverID is the id that requests to one server have in their subjects.
func serverID(t *testing.T, sys *nats.Conn) string {
	t.Helper()
	id, _ := request(t, sys, "$SYS.REQ.SERVER.PING.IDZ", "").(map[string]any)["id"].(string)
	return id
}

// plain takes out of an answer what is about streams only, and what is of one server only.
func plain(answer any) any {
	switch v := answer.(type) {
	case map[string]any:
		delete(v, "feature_flags")
		delete(v, "trusted_operators_jwt")
		for _, inner := range v {
			plain(inner)
		}
	case []any:
		for _, inner := range v {
			plain(inner)
		}
	}
	return answer
}

// TestSystemRequestKeys asks a Weir and a nats-server that are alike: every key of nats-server's answer is in Weir's.
func TestSystemRequestKeys(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		ask := map[process.Target]func(t *testing.T, subject, body string) any{}
		for _, target := range []process.Target{process.Weir, process.Stock} {
			s := process.Start(t, target, process.Options{Config: tenants})
			sys := login(t, "nats://"+s.Client, "sys")
			id := serverID(t, sys)
			ann := login(t, "ws://"+s.WebSocket, "ann")
			if _, err := ann.QueueSubscribeSync("orders.*", "q"); err != nil {
				t.Fatal(err)
			}
			if err := ann.Flush(); err != nil {
				t.Fatal(err)
			}
			login(t, "nats://"+s.Client, "cid").Close()
			ask[target] = func(t *testing.T, subject, body string) any {
				nc := sys
				if own, ok := strings.CutPrefix(subject, "ann "); ok {
					nc, subject = ann, own
				}
				return plain(request(t, nc, strings.Replace("$SYS.REQ."+subject, "SERVER.ID.", "SERVER."+id+".", 1), body))
			}
		}
		for _, q := range []string{
			"SERVER.PING", "SERVER.PING.STATSZ", "SERVER.ID.STATSZ", "SERVER.ID.IDZ", "SERVER.ID.VARZ", "SERVER.PING.VARZ",
			"SERVER.ID.CONNZ", `SERVER.ID.CONNZ {"auth":true,"subscriptions":true,"acc":"A"}`, `SERVER.ID.CONNZ {"subscriptions_detail":true,"user":"ann","auth":true}`,
			`SERVER.ID.CONNZ {"sort":"bogus"}`, `SERVER.ID.CONNZ {"limit":"x"}`, "SERVER.ID.SUBSZ", `SERVER.ID.SUBSZ {"subscriptions":true,"test":"orders.new"}`,
			"SERVER.ID.ROUTEZ", "SERVER.ID.GATEWAYZ", "SERVER.ID.LEAFZ", "SERVER.ID.ACCOUNTZ", `SERVER.ID.ACCOUNTZ {"account":"A"}`,
			`SERVER.ID.ACCOUNTZ {"account":"NONE"}`, "SERVER.ID.JSZ", "SERVER.ID.HEALTHZ", `SERVER.ID.HEALTHZ {"stream":"s"}`,
			"SERVER.ID.EXPVARZ", "SERVER.ID.PROFILEZ", `SERVER.ID.PROFILEZ {"name":"goroutine"}`, "SERVER.ID.IPQUEUESZ {}", "SERVER.ID.RAFTZ",
			`SERVER.ID.KICK {"cid":12345}`, `SERVER.ID.LDM {"cid":12345}`, "SERVER.ID.VARZ x", "SERVER.ID.STATSZ x",
			"ACCOUNT.A.CONNZ", "ACCOUNT.A.SUBSZ", "ACCOUNT.A.INFO", "ACCOUNT.B.INFO", "ACCOUNT.NONE.INFO", "ACCOUNT.A.STATZ", "ACCOUNT.A.LEAFZ",
			"ACCOUNT.A.JSZ", "ACCOUNT.A.CONNS", "ACCOUNT.PING.STATZ", "USER.INFO",
			"ann USER.INFO", "ann SERVER.PING.CONNZ", "ann ACCOUNT.PING.CONNZ", "ann ACCOUNT.PING.STATZ",
		} {
			t.Run(q, func(t *testing.T) {
				subject, body := q, ""
				if i := strings.LastIndex(q, " "); i > 0 && !strings.HasPrefix(q, "ann ") {
					subject, body, _ = strings.Cut(q, " ")
				}
				ours, theirs := ask[process.Weir](t, subject, body), ask[process.Stock](t, subject, body)
				if strings.HasSuffix(subject, "IPQUEUESZ") { // the queues have other names
					delete(theirs.(map[string]any), "data")
					delete(ours.(map[string]any), "data")
				}
				if strings.HasPrefix(subject, "ACCOUNT.A.INFO") { // Weir's order is that of the configuration
					sortShares(ours)
					sortShares(theirs)
				}
				if strings.HasSuffix(subject, ".VARZ") && body == "" { // what is the page's own is judged as the page's
					compare(t, "/varz", take(ours, "data"), take(theirs, "data"))
				}
				compare(t, subject, ours, theirs)
			})
		}
	})
}

// take takes a key out of an object.
func take(answer any, key string) any {
	object, _ := answer.(map[string]any)
	value := object[key]
	delete(object, key)
	return value
}

// sortShares puts exports and imports of an account into one order.
func sortShares(answer any) {
	data, _ := answer.(map[string]any)["data"].(map[string]any)
	for _, key := range []string{"exports", "imports"} {
		list, _ := data[key].([]any)
		slices.SortFunc(list, func(a, b any) int {
			return strings.Compare(fmt.Sprint(a.(map[string]any)["subject"]), fmt.Sprint(b.(map[string]any)["subject"]))
		})
	}
}

// TestSystemRequests are values and conditions that tools rely on.
func TestSystemRequests(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := process.Start(t, target, process.Options{Config: tenants})
		sys := login(t, "nats://"+s.Client, "sys")
		login(t, "ws://"+s.WebSocket, "ann")
		id := serverID(t, sys)
		me := "$SYS.REQ.SERVER." + id + "."
		t.Run("server", func(t *testing.T) {
			want(t, request(t, sys, "$SYS.REQ.SERVER.PING.VARZ", ""), map[string]any{
				"server.name": "east-1", "server.id": id, "server.host": "127.0.0.1", "server.ver": "2.15.2", "server.tags": "[ssd az:a]",
				"server.metadata": "map[rack:7]", "server.jetstream": false, "data.server_id": id, "data.connections": 2, "data.system_account": "SYS",
			})
			want(t, request(t, sys, me+"STATSZ", ""), map[string]any{"statsz.connections": 2, "statsz.active_accounts": 2, "statsz.active_servers": 1})
		})
		t.Run("filter", func(t *testing.T) {
			for _, body := range []string{
				`{"server_name":"east"}`, `{"server_name":"east-1","exact_match":true}`, `{"host":"127"}`, `{"tags":["SSD"]}`, `{"cluster":""}`,
			} {
				request(t, sys, "$SYS.REQ.SERVER.PING.HEALTHZ", body)
			}
			for _, body := range []string{
				`{"server_name":"west"}`, `{"server_name":"east","exact_match":true}`, `{"host":"128"}`, `{"tags":["ssd","hdd"]}`, `{"cluster":"c"}`, `{"domain":"d"}`,
			} {
				silent(t, sys, "$SYS.REQ.SERVER.PING.HEALTHZ", body, me+"HEALTHZ")
			}
			silent(t, sys, me+"JSZ", `{"leader_only":true}`, me+"HEALTHZ")
			silent(t, sys, "$SYS.REQ.ACCOUNT.NONE.STATZ", "", "$SYS.REQ.ACCOUNT.A.STATZ")
			silent(t, sys, "$SYS.REQ.ACCOUNT.B.CONNS", "", "$SYS.REQ.ACCOUNT.A.STATZ")
			silent(t, sys, "$SYS.REQ.ACCOUNT.A.CONNS", `{"acc":"B"}`, "$SYS.REQ.ACCOUNT.A.STATZ")
		})
		t.Run("errors", func(t *testing.T) {
			want(t, request(t, sys, me+"CONNZ", "x"), map[string]any{"error.code": 400, "error.description": "invalid character 'x' looking for beginning of value"})
			want(t, request(t, sys, me+"CONNZ", `{"sort":"stop"}`), map[string]any{"error.code": 500, "error.description": "sort by stop only valid on closed connections"})
			want(t, request(t, sys, me+"CONNZ", `{"filter_subject":"a"}`), map[string]any{"error.code": 500, "error.description": "filter by subject only valid with account filtering"})
			want(t, request(t, sys, "$SYS.REQ.ACCOUNT.NONE.INFO", ""), map[string]any{"error.code": 500, "error.description": "Account NONE does not exist"})
			want(t, request(t, sys, me+"KICK", `{"cid":999}`), map[string]any{"error.code": 500, "error.description": "no such client or leafnode id"})
			want(t, request(t, sys, me+"LDM", `{"cid":999}`), map[string]any{"error.code": 500, "error.description": "no such client id"})
			nobody(t, sys, me+"NOTHING")
			nobody(t, sys, "$SYS.REQ.SERVER.PING.KICK")
			nobody(t, sys, "$SYS.REQ.CLAIMS.LIST")
		})
		t.Run("encoding", func(t *testing.T) {
			for accept, encoding := range map[string]string{"snappy": "snappy", "s2": "snappy", "gzip": "gzip", "br": "identity"} {
				m := nats.NewMsg(me + "VARZ")
				m.Header.Set("Accept-Encoding", accept)
				answer, err := sys.RequestMsg(m, process.Patience)
				if err != nil || answer.Header.Get("Content-Encoding") != encoding {
					t.Errorf("%s: %v %v", accept, answer, err)
				}
			}
		})
	})
}

// TestSystemReload asks a server to read its configuration again.
func TestSystemReload(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := process.Start(t, target, process.Options{Config: tenants})
		sys := login(t, "nats://"+s.Client, "sys")
		reload := "$SYS.REQ.SERVER." + serverID(t, sys) + ".RELOAD"
		file := filepath.Join(s.Dir, "server.conf")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		write := func(text string) {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(strings.Replace(string(text), "user: cid, password: c", "user: dan, password: d", 1))
		if answer := request(t, sys, reload, "").(map[string]any); answer["error"] != nil || answer["data"] != nil {
			t.Errorf("%v", answer)
		}
		login(t, "nats://"+s.Client, "dan")
		write(string(text) + "\nnonsense {")
		if answer := request(t, sys, reload, "").(map[string]any); answer["error"] == nil {
			t.Errorf("%v", answer)
		}
	})
}
