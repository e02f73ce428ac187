package websocket

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"weir/test/process"
)

// commanded is a server with a system account and a client over WebSocket, whom command gives a command about.
type commanded struct {
	*session
	cid     int
	command func(name string) string // the error; empty for none
}

// commandable starts one; its client is of protocol 1 and has got its second INFO.
func commandable(t *testing.T, target process.Target, header ...string) commanded {
	t.Helper()
	server := process.Start(t, target, process.Options{
		Config: `accounts { SYS { users: [ {user: sys, password: s} ] }, A { users: [ {user: ann, password: a} ] } }
system_account: SYS`,
	})
	sys, err := nats.Connect("nats://"+server.Client, nats.UserInfo("sys", "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sys.Close)
	ask := func(subject string, body string, v any) {
		m, err := sys.Request(subject, []byte(body), process.Patience)
		if err == nil {
			err = json.Unmarshal(m.Data, v)
		}
		if err != nil {
			t.Fatal(subject, err)
		}
	}
	var id struct{ ID string }
	ask("$SYS.REQ.SERVER.PING.IDZ", "", &id)
	c := commanded{session: dial(t, server, header...)}
	c.send(data("CONNECT {\"verbose\":false,\"protocol\":1,\"user\":\"ann\",\"pass\":\"a\"}\r\nPING\r\n"))
	c.want("PONG")
	var info struct {
		ID int `json:"client_id"`
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(c.line(), "INFO ")), &info); err != nil {
		t.Fatal(err)
	}
	c.command = func(name string) string {
		var answer struct{ Error struct{ Description string } }
		ask("$SYS.REQ.SERVER."+id.ID+"."+name, fmt.Sprintf(`{"cid":%d}`, info.ID), &answer)
		return answer.Error.Description
	}
	return c
}

// TestKick: an operator ends a connection, and its client hears why. Nothing that was on its way is lost.
//
// parity: 9.4.12.2
func TestKick(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		for name, header := range map[string][]string{"plain": nil, "compressed": {deflated}} {
			t.Run(name, func(t *testing.T) {
				c := commandable(t, target, header...)
				c.send(data("SUB a 1\r\nPUB a 2\r\nhi\r\nPING\r\n"))
				c.want("MSG a 1 2", "hi", "PONG")
				if err := c.command("KICK"); err != "" {
					t.Error(err)
				}
				c.wantClose(1011, "Kicked", false)
				process.Await(process.Patience, func() bool { return c.command("KICK") != "" })
				if err := c.command("KICK"); err != "no such client or leafnode id" {
					t.Error(err)
				}
				closed := c.server.Connections(t, "state=closed")
				if len(closed) != 1 || closed[0].Reason != "Kicked" {
					t.Error(closed)
				}
			})
		}
	})
}

// TestSendAway: an operator asks a client to leave, by an INFO; it stays as long as it likes.
//
// parity: 9.4.12.3
func TestSendAway(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		c := commandable(t, target)
		for range 2 {
			if err := c.command("LDM"); err != "" {
				t.Error(err)
			}
			line := c.line()
			if line == "PING" {
				line = c.line()
			}
			if !strings.HasPrefix(line, "INFO {") || !strings.Contains(line, `"ldm":true`) || strings.Contains(line, "connect_info") {
				t.Error(line)
			}
			c.alive()
		}
	})
}
