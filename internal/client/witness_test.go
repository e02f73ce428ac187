package client_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/conn"
	"weir/internal/perm"
)

// diary is a witness that writes down what it hears.
type diary struct {
	mu    sync.Mutex // guards all below
	lines []string
}

func (d *diary) write(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *diary) Connected(c *client.Client, left *account.Account) {
	p := c.Profile()
	line := fmt.Sprintf("%d %s connected in %s as %s %s %s", p.ID, p.ClientType, p.Account, p.User, p.Name, p.Version)
	if left != nil {
		line += " from " + left.Name()
	}
	d.write("%s", line)
}

func (d *diary) Disconnected(c *client.Client, r conn.Reason) {
	d.write("%d disconnected in %s: %s", c.ID, c.Account().Name(), r)
}

func (d *diary) Refused(c *client.Client, r conn.Reason, _ error) {
	p := c.Profile()
	d.write("%d refused in %s as %s %s: %s", p.ID, p.Account, p.User, p.Name, r)
}

// want compares what was written since it was asked last.
func (d *diary) want(t *testing.T, lines ...string) {
	t.Helper()
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.lines, lines) {
		t.Errorf("got  %q\nwant %q", d.lines, lines)
	}
	d.lines = nil
}

// tenants is a house with ann in A and bob in B.
func tenants(t *testing.T, d *diary) *house {
	h := (&house{timeout: time.Minute, auth: auth.Config{Users: []auth.User{
		{Name: "ann", Password: "a", Account: "A"},
		{Name: "bob", Password: "b", Account: "B", Permissions: &perm.Config{Publish: perm.Rule{Allow: []string{"x"}}}},
	}}}).start(t)
	if err := h.env.Accounts.Apply([]account.Config{{Name: "A"}, {Name: "B"}}); err != nil {
		t.Fatal(err)
	}
	h.env.Witness = d
	return h
}

func TestWitness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		h := tenants(t, &d)
		p := h.connect(`,"user":"ann","pass":"a","name":"page","version":"3"`)
		d.want(t, "1 nats connected in A as ann page 3 from $G")
		p.send("CONNECT {\"verbose\":false,\"user\":\"ann\",\"pass\":\"a\",\"name\":\"again\"}\r\nPING\r\n")
		p.want("PONG")
		d.want(t, "1 nats connected in A as ann again 3")
		p.send("PUB x 3\r\nabc\r\nCONNECT {\"verbose\":false,\"user\":\"bob\",\"pass\":\"b\"}\r\nPING\r\n")
		p.want("PONG")
		d.want(t, "1 nats connected in B as bob again 3 from A")
		p.nc.Close()
		d.want(t, "1 disconnected in B: Client Closed")
		if got := h.env.Accounts.Lookup("B").Kept(); got != (account.Traffic{InMsgs: 1, InBytes: 3}) {
			t.Errorf("%+v", got)
		}

		q := h.dial()
		q.line()
		q.send("CONNECT {\"user\":\"eve\",\"pass\":\"e\",\"name\":\"page\"}\r\n")
		q.want("-ERR 'Authorization Violation'", "EOF")
		d.want(t, "2 refused in $G as eve page: Authentication Failure", "2 disconnected in $G: Authentication Failure")
		q = h.dial()
		q.line()
		q.send("CONNECT {\"auth_token\":\"s3cr3t\"}\r\n")
		q.want("-ERR 'Authorization Violation'", "EOF")
		d.want(t, "3 refused in $G as [REDACTED] : Authentication Failure", "3 disconnected in $G: Authentication Failure")
		q = h.dial()
		q.line()
		q.nc.Close() // without a word
		d.want(t, "4 disconnected in $G: Client Closed")
	})
}

// Who is let in no more after a reload was refused, too.
func TestWitnessOfRecheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		h := tenants(t, &d)
		p := h.connect(`,"user":"ann","pass":"a"`)
		d.want(t, "1 nats connected in A as ann   from $G")
		h.setAuth(auth.Config{Users: []auth.User{{Name: "ann", Password: "another", Account: "A"}}})
		h.env.Registry.Find(1).Visitor().(*client.Client).Recheck()
		p.want("-ERR 'Authorization Violation'", "EOF")
		d.want(t, "1 refused in A as ann : Authentication Failure", "1 disconnected in A: Authentication Failure")
	})
}

func TestSendAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := new(house).start(t)
		find := func(id uint64) *client.Client { return h.env.Registry.Find(id).Visitor().(*client.Client) }
		p := h.dial()
		p.line()
		p.send("CONNECT {\"verbose\":false,\"protocol\":1}\r\n")
		synctest.Wait()
		if err := find(1).SendAway(); err == nil {
			t.Error("asked before the first PONG")
		}
		p.send("PING\r\n")
		p.want("PONG")
		p.line()
		go func() {
			if err := find(1).SendAway(); err != nil {
				t.Error(err)
			}
		}()
		p.want(`INFO {"server_id":"ID","server_name":"","version":"2.15.2","proto":1,"go":"","host":"","port":0,"headers":true,"max_payload":1048576,"client_id":1,"client_ip":"pipe","ldm":true} `)
		h.connect("") // of protocol 0
		if err := find(2).SendAway(); err == nil {
			t.Error("asked who does not understand")
		}
	})
}

func TestPermissionsOfClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := tenants(t, new(diary))
		h.connect(`,"user":"ann","pass":"a"`)
		h.connect(`,"user":"bob","pass":"b"`)
		find := func(id uint64) *client.Client { return h.env.Registry.Find(id).Visitor().(*client.Client) }
		if p := find(1).Permissions(); p != nil {
			t.Errorf("ann has %+v", p.Config())
		}
		if p := find(2).Permissions(); p == nil || fmt.Sprint(p.Config().Publish.Allow) != "[x]" {
			t.Errorf("bob has %+v", p)
		}
	})
}
