package client_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/conn"
	"weir/internal/proto"
	"weir/internal/transport"
)

// house is a server's worth of rooms for clients over in-memory pipes.
type house struct {
	t       testing.TB
	config  client.Config
	limits  conn.Config
	auth    auth.Config
	timeout time.Duration
	arrived *client.Arrived

	env     *client.Env
	policy  atomic.Pointer[auth.Policy]
	proxies atomic.Pointer[auth.Proxies]
}

// start builds the rooms from what is configured.
func (h *house) start(t testing.TB) *house {
	h.t = t
	h.config = h.config.WithDefaults()
	h.limits = h.limits.WithDefaults()
	h.setAuth(h.auth)
	h.trust()
	h.env = &client.Env{
		Registry: conn.NewRegistry(h.limits, slog.New(slog.DiscardHandler)),
		Accounts: account.NewDirectory(),
		Label:    "cid",
		Config:   func() *client.Config { return &h.config },
		Info: func(bool) *proto.InfoForm {
			return proto.NewInfoForm(&proto.Info{ServerID: "ID", Version: "2.15.2", Proto: 1, Headers: true, MaxPayload: h.config.MaxPayload})
		},
		Auth:      func() (*auth.Policy, time.Duration) { return h.policy.Load(), h.timeout },
		Proxies:   h.proxies.Load,
		KeepAlive: func() conn.KeepAlive { return conn.KeepAlive{Interval: h.limits.PingInterval} },
	}
	t.Cleanup(func() { h.env.Registry.CloseAll(conn.ServerShutdown, time.Minute) })
	return h
}

// setAuth replaces who may come in.
func (h *house) setAuth(c auth.Config) {
	h.t.Helper()
	policy, err := auth.Compile(c, auth.Standard)
	if err != nil {
		h.t.Fatal(err)
	}
	h.policy.Store(policy)
}

// trust replaces the proxies that may vouch for clients.
func (h *house) trust(keys ...string) {
	h.t.Helper()
	proxies, err := auth.TrustProxies(keys)
	if err != nil {
		h.t.Fatal(err)
	}
	h.proxies.Store(proxies)
}

// peer is the other end of one client's pipe.
type peer struct {
	t    testing.TB
	nc   net.Conn
	rest []byte
}

// dial opens a client. Its INFO has not been read yet.
func (h *house) dial() *peer {
	here, there := net.Pipe()
	go client.Serve(h.env, transport.NewConn(there), h.arrived)
	h.t.Cleanup(func() { here.Close() })
	return &peer{t: h.t, nc: here}
}

// connect opens a client that has said CONNECT with the given options.
func (h *house) connect(options string) *peer {
	p := h.dial()
	p.line()
	p.send("CONNECT {\"verbose\":false,\"pedantic\":false" + options + "}\r\nPING\r\n")
	p.want("PONG")
	if strings.Contains(options, `"protocol":1`) {
		p.line()
	}
	return p
}

func (p *peer) send(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.nc, text); err != nil {
		p.t.Fatalf("send: %v", err)
	}
}

// line reads one line without its CR LF; "EOF" at the end of the stream.
func (p *peer) line() string {
	p.t.Helper()
	buf := make([]byte, 4096)
	for {
		if i := bytes.Index(p.rest, []byte("\r\n")); i >= 0 {
			line := string(p.rest[:i])
			p.rest = p.rest[i+2:]
			return line
		}
		n, err := p.nc.Read(buf)
		p.rest = append(p.rest, buf[:n]...)
		if err != nil && n == 0 {
			if len(p.rest) > 0 {
				p.t.Fatalf("stream ends in %q", p.rest)
			}
			return "EOF"
		}
	}
}

// want reads the given lines.
func (p *peer) want(lines ...string) {
	p.t.Helper()
	for _, w := range lines {
		if got := p.line(); got != w {
			p.t.Fatalf("got %q, want %q", got, w)
		}
	}
}
