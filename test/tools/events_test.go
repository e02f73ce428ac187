package tools

import (
	"encoding/json"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"weir/test/process"
)

// event is one that was heard, by its subject with the server's id replaced.
type event struct {
	subject string
	body    map[string]any
}

// listen hears events of a server, of which STATSZ is left out.
func listen(t *testing.T, sys *nats.Conn, id string) chan event {
	t.Helper()
	heard := make(chan event, 1000)
	for _, subject := range []string{"$SYS.ACCOUNT.>", "$SYS.SERVER.>"} {
		_, err := sys.Subscribe(subject, func(m *nats.Msg) {
			var body map[string]any
			if err := json.Unmarshal(m.Data, &body); err != nil {
				t.Errorf("%s: %v in %q", m.Subject, err, m.Data)
			}
			if !strings.HasSuffix(m.Subject, ".STATSZ") {
				heard <- event{strings.Replace(m.Subject, id, "ID", 1), body}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := sys.Flush(); err != nil {
		t.Fatal(err)
	}
	return heard
}

// await waits for the events of these subjects, in any order.
func await(t *testing.T, heard chan event, subjects ...string) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	late := time.After(process.Patience)
	for len(found) < len(subjects) {
		select {
		case e := <-heard:
			if slices.Contains(subjects, e.subject) {
				found[e.subject] = e.body
			}
		case <-late:
			t.Fatalf("heard only %v of %v", found, subjects)
		}
	}
	return found
}

// TestSystemEvents: who comes, who goes, and who may not come, with nats-server's keys.
func TestSystemEvents(t *testing.T) {
	seen := map[process.Target]map[string]map[string]any{}
	process.Each(t, func(t *testing.T, target process.Target) {
		s := process.Start(t, target, process.Options{Config: tenants})
		sys := login(t, "nats://"+s.Client, "sys")
		id := serverID(t, sys)
		heard := listen(t, sys, id)
		all := map[string]map[string]any{}
		collect := func(events map[string]map[string]any) {
			for subject, body := range events {
				all[subject] = body
			}
		}
		ann := login(t, "ws://"+s.WebSocket, "ann")
		collect(await(t, heard, "$SYS.ACCOUNT.A.CONNECT", "$SYS.ACCOUNT.A.SERVER.CONNS", "$SYS.SERVER.ACCOUNT.A.CONNS"))
		want(t, all["$SYS.ACCOUNT.A.CONNECT"], map[string]any{
			"type": "io.nats.server.advisory.v1.client_connect", "server.name": "east-1", "server.id": id,
			"client.acc": "A", "client.user": "ann", "client.name": "n-ann", "client.lang": "go", "client.host": "127.0.0.1",
			"client.kind": "Client", "client.client_type": "websocket", "client.name_tag": "A",
		})
		for _, subject := range []string{"$SYS.ACCOUNT.A.SERVER.CONNS", "$SYS.SERVER.ACCOUNT.A.CONNS"} {
			want(t, all[subject], map[string]any{"type": "io.nats.server.advisory.v1.account_connections", "acc": "A", "conns": 1, "total_conns": 1})
		}
		if err := ann.Publish("somewhere", []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if err := ann.Flush(); err != nil {
			t.Fatal(err)
		}
		ann.Close()
		collect(await(t, heard, "$SYS.ACCOUNT.A.DISCONNECT", "$SYS.ACCOUNT.A.SERVER.CONNS"))
		want(t, all["$SYS.ACCOUNT.A.DISCONNECT"], map[string]any{
			"type": "io.nats.server.advisory.v1.client_disconnect", "client.user": "ann", "client.acc": "A", "reason": "Client Closed",
			"sent.msgs": 1, "sent.bytes": 5, "received.msgs": 0,
		})
		want(t, all["$SYS.ACCOUNT.A.SERVER.CONNS"], map[string]any{"conns": 0, "received.msgs": 1, "received.bytes": 5})
		if _, err := nats.Connect("nats://"+s.Client, nats.UserInfo("eve", "e"), nats.Name("n-eve"), nats.NoReconnect()); err == nil {
			t.Error("eve came in")
		}
		collect(await(t, heard, "$SYS.SERVER.ID.CLIENT.AUTH.ERR", "$SYS.ACCOUNT.$G.DISCONNECT"))
		for _, subject := range []string{"$SYS.SERVER.ID.CLIENT.AUTH.ERR", "$SYS.ACCOUNT.$G.DISCONNECT"} {
			want(t, all[subject], map[string]any{
				"type": "io.nats.server.advisory.v1.client_disconnect", "reason": "Authentication Failure", "client.acc": "$G", "client.user": "eve",
				"client.name": "n-eve",
			})
			delete(all[subject]["client"].(map[string]any), "rtt") // nats-server takes the time since the start for one
		}
		if err := sys.Publish("$SYS.REQ.SERVER.PING", nil); err != nil { // nobody in particular asks
			t.Fatal(err)
		}
		m, err := sys.SubscribeSync("$SYS.SERVER." + id + ".STATSZ")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.NextMsg(process.Patience); err != nil {
			t.Error(err)
		}
		seen[target] = all
	})
	if ours, theirs := seen[process.Weir], seen[process.Stock]; ours != nil && theirs != nil {
		for subject, body := range theirs {
			compare(t, subject, map[string]any(ours[subject]), plain(body))
		}
	}
}

// TestSystemEnd: a server says that it retreats, and that it ends, before it does.
func TestSystemEnd(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for signal, name := range map[syscall.Signal]string{syscall.SIGUSR2: "LAMEDUCK", syscall.SIGTERM: "SHUTDOWN"} {
			s := process.Start(t, target, process.Options{Config: tenants})
			c := process.DialRaw(t, s.Client)
			c.Send("CONNECT {\"verbose\":false,\"user\":\"sys\",\"pass\":\"s\"}\r\nSUB $SYS.SERVER.*." + name + " 1\r\nPING\r\n")
			c.Want("PONG")
			if err := s.Signal(signal); err != nil {
				t.Fatal(err)
			}
			line := c.Line()
			for !strings.HasPrefix(line, "MSG ") {
				line = c.Line()
			}
			id, found := strings.CutPrefix(strings.Fields(line)[1], "$SYS.SERVER.")
			id, _, _ = strings.Cut(id, ".")
			var body any
			if err := json.Unmarshal([]byte(c.Line()), &body); err != nil || !found {
				t.Fatal(line, err)
			}
			want(t, body, map[string]any{"name": "east-1", "id": id, "ver": "2.15.2"})
			if signal == syscall.SIGUSR2 {
				s.Kill() // its retreat takes minutes
			}
		}
	})
}
