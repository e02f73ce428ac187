package tools

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"weir/test/process"
)

// TestTenantsRequests: clients of other accounts ask about themselves, and about nothing else of what the system account answers.
func TestTenantsRequests(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := process.Start(t, target, process.Options{Config: tenants})
		sys, ann := login(t, "nats://"+s.Client, "sys"), login(t, "ws://"+s.WebSocket, "ann")
		me := "$SYS.REQ.SERVER." + serverID(t, sys) + "."
		for _, subject := range []string{"$SYS.REQ.SERVER.PING.CONNZ", "$SYS.REQ.ACCOUNT.PING.CONNZ"} {
			want(t, request(t, ann, subject, `{"acc":"SYS"}`), map[string]any{"data.num_connections": 1, "data.total": 1})
		}
		stat := request(t, ann, "$SYS.REQ.ACCOUNT.PING.STATZ", `{"accounts":["SYS"]}`).(map[string]any)["data"].(map[string]any)["account_statz"].([]any)
		if len(stat) != 1 {
			t.Fatal(stat)
		}
		want(t, stat[0], map[string]any{"acc": "A", "conns": 1, "total_conns": 1})
		for _, subject := range []string{
			"$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.PING.VARZ", me + "VARZ", me + "KICK", "$SYS.REQ.ACCOUNT.A.CONNZ", "$SYS.REQ.USER.A.INFO",
		} {
			nobody(t, ann, subject)
		}
	})
}

// TestUserInfo: users learn who they are and what they may do, and nothing of others.
func TestUserInfo(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := process.Start(t, target, process.Options{Config: tenants})
		sys, ann := login(t, "nats://"+s.Client, "sys"), login(t, "ws://"+s.WebSocket, "ann")
		want(t, request(t, ann, "$SYS.REQ.USER.INFO", ""), map[string]any{"data": "map[account:A account_name:A user:ann]"})
		want(t, request(t, sys, "$SYS.REQ.USER.INFO", ""), map[string]any{"data": "map[account:SYS account_name:SYS user:sys]"})
		bob := login(t, "nats://"+s.Client, "bob")
		answer := request(t, bob, "$SYS.REQ.USER.INFO", "").(map[string]any)["data"].(map[string]any)["permissions"].(map[string]any)
		for _, rule := range []string{"publish", "subscribe"} {
			list, _ := answer[rule].(map[string]any)["allow"].([]any)
			slices.SortFunc(list, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		}
		want(t, answer, map[string]any{
			"publish.allow": "[$SYS.REQ.USER.INFO x]", "publish.deny": "[z]", "subscribe.allow": "[_INBOX.> s q]",
			"responses.max": 3, "responses.ttl": int64(time.Minute),
		})
		forged := nats.NewMsg("$SYS.REQ.USER.INFO")
		forged.Header.Set("Nats-Request-Info", `{"acc":"SYS","user":"sys","id":1}`)
		m, err := ann.RequestMsg(forged, process.Patience)
		if err != nil || !strings.Contains(string(m.Data), `"data":{"user":"ann","account":"A","account_name":"A"}`) {
			t.Errorf("%v %s", err, m.Data)
		}
	})
}

// TestSystemSubjectsElsewhere: what is below $SYS in another account is that account's own.
func TestSystemSubjectsElsewhere(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := process.Start(t, target, process.Options{Config: tenants})
		sys, ann := login(t, "nats://"+s.Client, "sys"), login(t, "ws://"+s.WebSocket, "ann")
		cid := login(t, "nats://"+s.Client, "cid")
		var subs []*nats.Subscription
		for _, nc := range []*nats.Conn{ann, cid, sys} {
			sub, err := nc.SubscribeSync("$SYS.>")
			if err != nil {
				t.Fatal(err)
			}
			if err := nc.Flush(); err != nil {
				t.Fatal(err)
			}
			subs = append(subs, sub)
		}
		for _, nc := range []*nats.Conn{sys, cid, ann} {
			for _, subject := range []string{"$SYS.ACCOUNT.A.CONNECT", "$SYS.hello"} {
				if err := nc.Publish(subject, []byte(nc.Opts.Name)); err != nil {
					t.Fatal(err)
				}
			}
			if err := nc.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		for i, from := range []string{"n-ann", "n-cid"} {
			for _, subject := range []string{"$SYS.ACCOUNT.A.CONNECT", "$SYS.hello"} {
				m, err := subs[i].NextMsg(process.Patience)
				if err != nil || m.Subject != subject || string(m.Data) != from {
					t.Errorf("%s got %v %v", from, m, err)
				}
			}
			if n, _, _ := subs[i].Pending(); n != 0 {
				t.Errorf("%s has %d more", from, n)
			}
		}
	})
}
