package monitor_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/account"
	"weir/internal/conn"
	"weir/internal/monitor"
	"weir/internal/msg"
	"weir/internal/outbound"
	"weir/internal/transport"
	"weir/ws"
)

// house is a registry and accounts with a monitor that looks at them.
type house struct {
	t        *testing.T
	registry *conn.Registry
	account  *account.Account
	accounts []*account.Account
	start    time.Time
	sick     error
	log      bytes.Buffer
	source   monitor.Source
	handler  http.Handler
}

func newHouse(t *testing.T) *house {
	h := &house{t: t, account: account.New(account.Global), start: time.Now()}
	h.registry = conn.NewRegistry(conn.Config{MaxConnections: math.MaxInt}, slog.New(slog.DiscardHandler))
	h.accounts = []*account.Account{h.account}
	h.source = monitor.Source{
		Base:     h.base,
		Registry: h.registry,
		Accounts: func() []*account.Account { return h.accounts },
		System:   account.System,
		Healthy:  func() error { return h.sick },
		Log:      slog.New(slog.NewTextHandler(&h.log, nil)),
	}
	h.handler = monitor.New(h.source).At("")
	return h
}

// withSystem gives the house a global account that may ask the system account.
func (h *house) withSystem() {
	all := account.NewDirectory()
	all.SetSystem(account.System)
	if err := all.Apply([]account.Config{{Name: account.System}}); err != nil {
		h.t.Fatal(err)
	}
	h.account = all.Global()
	h.accounts = []*account.Account{h.account}
}

// base is what a server with a WebSocket listener says.
func (h *house) base() monitor.Varz {
	return monitor.Varz{
		Identity: monitor.Identity{ID: "NID", Name: "here", Version: "2.15.2", Proto: 1, Go: "go1.26", Host: "127.0.0.1", Port: 4222},
		Settings: monitor.Settings{MaxConnections: 65536, WebSocket: monitor.WebSocket{
			Host: "127.0.0.1", Port: 8080, NoTLS: true, AllowedOrigins: []string{"http://a.example"}, Compression: true,
		}},
		Process: monitor.Process{Start: h.start},
		Configuration: monitor.Configuration{
			ConfigLoadTime: h.start, ConfigDigest: "sha256:0", Tags: []string{"a:b", "c"}, Metadata: map[string]string{"x": "y"},
		},
		Weir: "0.1.0",
	}
}

// guest is a visitor with an identity and subscriptions.
type guest struct {
	conn.Conn
	identity conn.Identity
	proxy    string // that vouched for it
	subs     []*account.Sub
	size     int // of one message, for the counters
	described,
	listed atomic.Int64
	peer net.Conn
}

func (g *guest) Data([]byte) error  { return nil }
func (g *guest) ChunkEnd()          {}
func (g *guest) Closed(conn.Reason) { g.subs = nil }

func (g *guest) Encode(w *transport.Wire, it *outbound.Item) int {
	w.Batch.Buf = append(w.Batch.Buf, it.SID...)
	return g.size
}

func (g *guest) Describe(i *conn.Info, subs bool) {
	g.described.Add(1)
	i.Client, i.Proxy, i.NumSub = g.identity, g.proxy, len(g.subs)
	if subs {
		g.listed.Add(1)
		i.Subs = slices.Clone(g.subs)
	}
}

func (g *guest) Expired(*account.Sub) {}

// add lets a connection in that does nothing.
func (h *house) add(identity conn.Identity, kind string) *guest {
	here, there := net.Pipe()
	link := transport.NewConn(there)
	if kind == "websocket" {
		link.UpgradeWS(ws.Server, transport.Framing{NoMasking: true})
	}
	g := &guest{identity: identity, size: 1, peer: here}
	if g.identity.Account == "" {
		g.identity.Account = account.Global
	}
	g.Init(h.registry, link, g, "cid")
	h.registry.Add(&g.Conn)
	return g
}

// subscribe gives g a subscription in its account.
func (h *house) subscribe(g *guest, subject, queue string) *account.Sub {
	s := &account.Sub{
		Subject: subject, Queue: queue, SID: strconv.Itoa(len(g.subs) + 1), Owner: g, Out: &g.Out,
	}
	for _, a := range h.accounts {
		if a.Name() == g.identity.Account {
			if err := a.Subscribe(s); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	g.subs = append(g.subs, s)
	return s
}

// deliver sends n messages to g; it must be in a bubble.
func (g *guest) deliver(n int) {
	go io.Copy(io.Discard, g.peer)
	for range n {
		m := msg.New([]byte("foo"), nil, []byte("x"), 0)
		if g.Out.Push(outbound.Item{Msg: m, SID: "1"}) == outbound.Owed {
			g.Flush(nil)
		}
	}
	synctest.Wait()
}

// arrive starts the goroutine of g; it must be in a bubble.
func (g *guest) arrive() *guest {
	go io.Copy(io.Discard, g.peer)
	go g.Run()
	synctest.Wait()
	return g
}

// leave closes g for the reason; it must be in a bubble.
func (g *guest) leave(r conn.Reason) {
	g.Close(r, "")
	g.peer.Close()
	synctest.Wait()
}

// get asks for a page.
func (h *house) get(path string) *httptest.ResponseRecorder { return h.do("GET", path) }

func (h *house) do(method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

// read asks for a page and decodes it into v.
func (h *house) read(path string, v any) {
	h.t.Helper()
	w := h.get(path)
	if w.Code != http.StatusOK {
		h.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		h.t.Fatalf("%s: %v", path, err)
	}
}

// keepAlive starts pings that come too rarely to matter; saying CONNECT takes the time since the start for a round trip.
func (g *guest) keepAlive() {
	g.StartPings(func() conn.KeepAlive { return conn.KeepAlive{Interval: time.Hour} })
	g.PingSoon()
}
