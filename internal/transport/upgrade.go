package transport

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"weir/internal/admission"
	"weir/ws"
)

// responseDeadline bounds the writing of the 101 response.
const responseDeadline = 5 * time.Second

// Upgrader is the HTTP side of a WebSocket listener: it turns requests into connections. After the upgrade nothing of
// net/http stays referenced.
type Upgrader struct {
	// Policy is asked anew for each request.
	Policy func() *ws.UpgradePolicy
	// Open takes in an upgraded connection and returns at once. It does not keep the request.
	Open func(*Conn, *http.Request)
	// Framing, if not nil, completes how an upgraded connection frames and compresses.
	Framing func(*Framing)
	// Guard is the one in front of the listener; its proxies tell who the client is, and its gate limits that client.
	Guard atomic.Pointer[Guard]
	// Health is the path where load balancers ask whether to send somebody: 200, or 503 while draining. Empty for none.
	Health func() string
	// Pages serves requests that do not ask for an upgrade. It is asked anew for each; nil means that it has no such page.
	Pages func(*http.Request) http.Handler
	// Page serves those that Pages does not; nil refuses them.
	Page func() http.Handler
	// Refused is told of every request that was not upgraded, and why.
	Refused func(remote string, why *ws.UpgradeError)
	// Draining reports that the listener takes in nobody any more.
	Draining func() bool

	upgraded atomic.Uint64
}

// Paths whose suffix asks for another protocol (catalogue §2.2).
const (
	leafPath = "/leafnode"
	mqttPath = "/mqtt"
)

// What the handler itself refuses with.
var (
	errNoLeaf   = &ws.UpgradeError{Status: http.StatusNotFound, Reason: "no leaf nodes here"}
	errNoMQTT   = &ws.UpgradeError{Status: http.StatusNotFound, Reason: "no MQTT here"}
	errDraining = &ws.UpgradeError{Status: http.StatusServiceUnavailable, Reason: "the server is draining"}
)

// Upgraded is the number of upgrades since the start.
func (u *Upgrader) Upgraded() uint64 { return u.upgraded.Load() }

// ServeHTTP upgrades r, or refuses it with the status of catalogue §2.2.
func (u *Upgrader) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") == "" && u.page(w, r) {
		return
	}
	peer, _ := netip.ParseAddrPort(r.RemoteAddr) // none on a Unix socket
	client := peer
	if g := u.Guard.Load(); g != nil && g.Proxies != nil {
		proxies := g.Proxies()
		client, r = proxies.Client(peer, r.Header), proxies.Original(peer, r)
	}
	if why := u.upgrade(w, r, client); why != nil && u.Refused != nil {
		u.Refused(peerName(client, r.RemoteAddr), why)
	}
}

// page serves a request that does not ask for an upgrade, if it does not seem to have wanted one.
func (u *Upgrader) page(w http.ResponseWriter, r *http.Request) bool {
	if u.Health != nil && r.URL.Path == u.Health() && r.URL.Path != "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		u.health(w)
		return true
	}
	page := http.Handler(nil)
	if u.Pages != nil {
		page = u.Pages(r)
	}
	if page == nil && u.Page != nil {
		page = u.Page()
	}
	switch {
	case page != nil:
		page.ServeHTTP(w, r)
	case r.Method == http.MethodGet && otherProtocol(r) == nil && !wantsUpgrade(r.Header):
		h := w.Header()
		h.Set("Upgrade", "websocket") // RFC 9110 §15.5.22 wants both
		h.Set("Connection", "Upgrade")
		h.Set("Sec-Websocket-Version", "13")
		http.Error(w, "This is a WebSocket endpoint for NATS clients.", http.StatusUpgradeRequired)
	default:
		return false
	}
	return true
}

// wantsUpgrade reports whether a request without Upgrade was meant to be one.
func wantsUpgrade(h http.Header) bool {
	return len(h["Sec-Websocket-Key"]) > 0 || strings.Contains(strings.ToLower(strings.Join(h["Connection"], ",")), "upgrade")
}

func (u *Upgrader) health(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if u.Draining != nil && u.Draining() {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "draining\n") //nolint:errcheck // the peer is gone
		return
	}
	io.WriteString(w, "ok\n") //nolint:errcheck // likewise
}

// otherProtocol refuses requests for what is not built.
func otherProtocol(r *http.Request) *ws.UpgradeError {
	path := r.URL.EscapedPath()
	switch {
	case strings.HasSuffix(path, leafPath):
		return errNoLeaf
	case strings.HasSuffix(path, mqttPath):
		return errNoMQTT
	}
	return nil
}

// upgrade returns why r was refused; nil if it was not.
func (u *Upgrader) upgrade(w http.ResponseWriter, r *http.Request, client netip.AddrPort) *ws.UpgradeError {
	why := otherProtocol(r)
	if why == nil && u.Draining != nil && u.Draining() {
		why = errDraining
	}
	var up *ws.Upgrade
	if why == nil {
		up, why = ws.CheckUpgrade(r, u.Policy())
	}
	if why != nil {
		u.refuse(w, client, why)
		return why
	}
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		ws.ErrNotHijackable.Refuse(w)
		return ws.ErrNotHijackable
	}
	nc, rw, err := hijacker.Hijack()
	if err != nil {
		ws.ErrHijack.Refuse(w)
		return ws.ErrHijack
	}
	if rw.Reader.Buffered() > 0 {
		dismiss(nc, httpAnswer(ws.ErrEarlyBytes.Status, "Sec-Websocket-Version: 13\r\n"))
		return ws.ErrEarlyBytes
	}
	guard := u.Guard.Load()
	if g := guardedOf(nc); g != nil && guard != nil {
		if why := g.pass.Bind(guard.own(client.Addr())); why != admission.Admitted {
			dismiss(nc, HTTPRefusal(why))
			return &ws.UpgradeError{Status: http.StatusServiceUnavailable, Reason: why.String()}
		}
	}
	u.open(nc, up, r, client)
	return nil
}

// refuse answers. One more attempt on this connection is one more handshake: if the client may not have another, it has to
// come in through the gate again.
func (u *Upgrader) refuse(w http.ResponseWriter, client netip.AddrPort, why *ws.UpgradeError) {
	guard := u.Guard.Load()
	if guard != nil && guard.Gate.Charge(guard.own(client.Addr())) != admission.Admitted {
		w.Header().Set("Connection", "close")
	}
	why.Refuse(w)
}

// open answers 101 and hands the connection on.
func (u *Upgrader) open(nc net.Conn, up *ws.Upgrade, r *http.Request, client netip.AddrPort) {
	u.upgraded.Add(1)                                // before the client can know
	nc.SetDeadline(time.Now().Add(responseDeadline)) //nolint:errcheck // the write tells
	if _, err := nc.Write(up.AppendResponse(make([]byte, 0, 512))); err != nil {
		nc.Close() //nolint:errcheck // it is gone
		return
	}
	nc.SetDeadline(time.Time{}) //nolint:errcheck // the first read tells
	c := NewConn(fromHTTP(nc))
	if client.IsValid() && client != addrPort(c.RemoteAddr()) {
		c.SetRemote(client)
	}
	c.secure = r.TLS != nil
	f := Framing{Deflate: up.Deflate, Params: up.DeflateParams, NoMasking: up.NoMasking}
	if u.Framing != nil {
		u.Framing(&f)
	}
	c.UpgradeWS(ws.Server, f)
	u.Open(c, r)
}

// fromHTTP finds our own TLS layer below a connection that net/http hands over.
func fromHTTP(nc net.Conn) net.Conn {
	if t, ok := nc.(*tls.Conn); ok {
		if inner, ok := t.NetConn().(*tlsInner); ok {
			return &TLSConn{Conn: t, inner: inner}
		}
	}
	return nc
}

// peerName is what log lines call a client: its address and port or, if a proxy did not tell the port, its address and that
// of the proxy, as in "192.0.2.1/127.0.0.1:50542".
func peerName(client netip.AddrPort, peer string) string {
	switch {
	case !client.IsValid():
		return peer
	case client.Port() != 0:
		return client.String()
	case client.Addr().Is6():
		return fmt.Sprintf("[%s]/%s", client.Addr(), peer)
	}
	return fmt.Sprintf("%s/%s", client.Addr(), peer)
}

// PeerName is what log lines call the client, see [Conn.RemoteAddr].
func (c *Conn) PeerName() string {
	if c.remote == nil {
		return c.RemoteAddr().String()
	}
	return peerName(addrPort(c.remote), peerAddr(c.nc).String())
}
