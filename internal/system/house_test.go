package system_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/conn"
	"weir/internal/monitor"
	"weir/internal/perm"
	"weir/internal/proto"
	"weir/internal/service"
	"weir/internal/system"
	"weir/internal/transport"
)

// house is a server's worth of rooms below the system room, for clients over in-memory pipes. It must be in a bubble.
type house struct {
	testing.TB
	accounts *account.Directory
	registry *conn.Registry
	system   *system.System
	asker    *service.Service // a client of the system account
	clients  client.Env

	looked   atomic.Int64 // how often somebody looked at what the server does
	reloads  int
	reloaded error
}

// identity is that of the server.
var identity = system.Identity{
	ID: "NID", Name: "east-1", Host: "10.0.0.1", Version: "2.15.2",
	Tags: []string{"ssd", "az:a"}, Metadata: map[string]string{"rack": "7"},
}

// users are those of the house: ann and bob of A, cid of B.
var users = auth.Config{Users: []auth.User{
	{Name: "ann", Password: "a", Account: "A"},
	{Name: "bob", Password: "b", Account: "A", Permissions: &perm.Config{
		Publish: perm.Rule{Allow: []string{"y", "x", "$SYS.>"}, Deny: []string{"z"}}, Subscribe: perm.Rule{Allow: []string{"s q", "r"}},
		Responses: &perm.Responses{MaxMsgs: 3},
	}},
	{Name: "cid", Password: "c", Account: "B"},
}}

// open makes a house; its claims are those of operator mode.
func open(t testing.TB, claims system.Claims) *house {
	h := &house{TB: t, accounts: account.NewDirectory(), registry: conn.NewRegistry(conn.Config{}, slog.New(slog.DiscardHandler))}
	h.asker = service.New(0, slog.New(slog.DiscardHandler))
	h.accounts.SetSystem("SYS")
	if err := h.accounts.Apply([]account.Config{{Name: "A"}, {Name: "B"}, {Name: "SYS"}, {Name: "two words"}}); err != nil {
		t.Fatal(err)
	}
	h.system = system.New(system.Env{
		Name: "SYS", Accounts: h.accounts, Registry: h.registry, Claims: claims,
		Pages: monitor.New(monitor.Source{
			Base: func() monitor.Varz {
				h.looked.Add(1)
				return monitor.Varz{Identity: monitor.Identity{ID: "NID"}}
			},
			Registry: h.registry, Accounts: h.accounts.All, System: "SYS",
			Healthy: func() error { return nil }, Log: slog.New(slog.DiscardHandler),
		}),
		Identity: func() system.Identity { return identity },
		Reload:   func() error { h.reloads++; return h.reloaded },
		Log:      slog.New(slog.DiscardHandler),
	})
	if err := h.system.Start(); err != nil {
		t.Fatal(err)
	}
	policy, err := auth.Compile(users, auth.Standard)
	if err != nil {
		t.Fatal(err)
	}
	proxies, err := auth.TrustProxies(nil)
	if err != nil {
		t.Fatal(err)
	}
	config := client.Config{}.WithDefaults()
	info := proto.NewInfoForm(&proto.Info{ServerID: "NID", ServerName: "east-1", MaxPayload: config.MaxPayload, Headers: true})
	h.clients = client.Env{
		Registry: h.registry, Accounts: h.accounts, System: "SYS", Label: "cid", Witness: h.system,
		Config:    func() *client.Config { return &config },
		Info:      func(bool) *proto.InfoForm { return info },
		Auth:      func() (*auth.Policy, time.Duration) { return policy, time.Minute },
		Proxies:   func() *auth.Proxies { return proxies },
		KeepAlive: func() conn.KeepAlive { return conn.KeepAlive{Interval: time.Hour} },
	}
	t.Cleanup(func() {
		h.system.Stop()
		h.registry.CloseAll(conn.ServerShutdown, time.Minute)
	})
	return h
}

// visitor is the other end of a client's pipe, whose bytes are kept.
type visitor struct {
	net.Conn
	got bytes.Buffer // read when the bubble waits
}

// visit opens a client that sends the text.
func (h *house) visit(text string) *visitor {
	here, there := net.Pipe()
	v := &visitor{Conn: here}
	client.Open(&h.clients, transport.NewConn(there))
	go io.Copy(struct{ io.Writer }{&v.got}, here) //nolint:errcheck // it ends with the pipe
	synctest.Wait()
	v.say(h, text)
	return v
}

func (v *visitor) say(h *house, text string) {
	h.Helper()
	if _, err := io.WriteString(v.Conn, text); err != nil {
		h.Error(err)
	}
	synctest.Wait()
}

// login is a visit of a user.
func (h *house) login(user string) *visitor {
	return h.visit(`CONNECT {"verbose":false,"protocol":1,"headers":true,"name":"n","user":"` + user + `","pass":"` + user[:1] + "\"}\r\nPING\r\n")
}

// ask sends a request in the system account and returns the answer; nil if there is none.
func (h *house) ask(subject, body string) []byte {
	h.Helper()
	m, err := h.asker.Ask(h.accounts.Lookup("SYS"), subject, []byte(body), 0, time.Second)
	if err != nil {
		return nil
	}
	return m.Body
}

// decode reads JSON.
func decode[T any](h *house, text []byte) (v T) {
	h.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		h.Errorf("%v in %q", err, text)
	}
	return v
}

// answer is what every answer may hold.
type answer struct {
	Server struct {
		Name, Host, ID, Ver string
		Tags                []string
		Metadata            map[string]string
		Seq                 uint64
		Time                time.Time
	}
	Data  json.RawMessage
	Error *struct {
		Code        int
		Description string
	}
}

// hear keeps what is said to a subject of the system account.
func (h *house) hear(subject string) *heard {
	e := new(heard)
	err := h.asker.Handle(h.accounts.Lookup("SYS"), subject, func(m *service.Message) { e.all = append(e.all, m) })
	if err != nil {
		h.Fatal(err)
	}
	return e
}

// heard are messages; they are read when the bubble waits.
type heard struct{ all []*service.Message }

// take is what was heard since.
func (e *heard) take() []*service.Message {
	synctest.Wait()
	all := e.all
	e.all = nil
	return all
}
