package front

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"weir/internal/admission"
	"weir/internal/transport"
	"weir/ws"
)

// Upgrader is the HTTP side of a WebSocket listener: it turns requests into connections, those that a [Server] has read and,
// as an http.Handler, those of net/http. After the upgrade nothing of the request stays referenced.
type Upgrader struct {
	// Policy is asked anew for each request.
	Policy func() *ws.UpgradePolicy
	// Protocol is the subprotocol to agree to where the policy agrees to none: one of those offered, or none. Nil means none.
	Protocol func(*http.Request) string
	// Open takes in an upgraded connection and returns at once, with what the connection's goroutine is to do to its end. It
	// does not keep the request. The answer to it goes out in front of the first flush.
	Open func(*transport.Conn, *http.Request) (life func())
	// Framing, if not nil, completes how an upgraded connection frames and compresses.
	Framing func(*transport.Framing)
	// Guard is the one in front of the listener; its proxies tell who the client is, and its gate limits that client.
	Guard atomic.Pointer[transport.Guard]
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
	errNoLeaf        = &ws.UpgradeError{Status: http.StatusNotFound, Reason: "no leaf nodes here"}
	errNoMQTT        = &ws.UpgradeError{Status: http.StatusNotFound, Reason: "no MQTT here"}
	errHeaderTooLong = &ws.UpgradeError{Status: http.StatusRequestHeaderFieldsTooLarge, Reason: "header is too long"}

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
	a := u.asked(r, peer)
	if why := u.upgrade(w, a); why != nil {
		u.refused(a.client, r.RemoteAddr, why)
	}
}

// asking is a request as the client sent it, if its peer is a proxy that may tell.
type asking struct {
	*http.Request
	client netip.AddrPort
	named  bool // the proxy says which host the client named
}

func (u *Upgrader) asked(r *http.Request, peer netip.AddrPort) asking {
	g := u.Guard.Load()
	if g == nil || g.Proxies == nil {
		return asking{Request: r, client: peer}
	}
	proxies := g.Proxies()
	a := asking{client: proxies.Client(peer, r.Header)}
	a.Request, a.named = proxies.Original(peer, r)
	return a
}

func (u *Upgrader) refused(client netip.AddrPort, peer string, why *ws.UpgradeError) {
	if u.Refused != nil {
		u.Refused(transport.ClientName(client, peer), why)
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

// judge says what was agreed on with r, or why it is refused.
func (u *Upgrader) judge(r *http.Request) (*ws.Upgrade, *ws.UpgradeError) {
	if why := otherProtocol(r); why != nil {
		return nil, why
	}
	if u.Draining != nil && u.Draining() {
		return nil, errDraining
	}
	up, why := ws.CheckUpgrade(r, u.Policy())
	if why == nil && up.Protocol == "" && u.Protocol != nil {
		up.Protocol = u.Protocol(r)
	}
	return up, why
}

// serve upgrades the connection that r was read from. It reports false, and has done nothing, if there is something else to
// say. life is nil if the connection is gone.
func (u *Upgrader) serve(nc net.Conn, r *http.Request) (life func(), ok bool) {
	a := u.asked(r, transport.AddrPort(nc.RemoteAddr()))
	up, why := u.judge(a.Request)
	if why != nil {
		return nil, false
	}
	life, why = u.take(nc, up, a)
	if why != nil {
		u.refused(a.client, nc.RemoteAddr().String(), why)
	}
	return life, true
}

// upgrade returns why a was refused; nil if it was not.
func (u *Upgrader) upgrade(w http.ResponseWriter, a asking) *ws.UpgradeError {
	up, why := u.judge(a.Request)
	if why != nil {
		u.refuse(w, a.client, why)
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
	nc, early := fromHTTP(nc)
	if early || rw.Reader.Buffered() > 0 {
		transport.Dismiss(nc, answer(ws.ErrEarlyBytes.Status, "Sec-Websocket-Version: 13\r\n"))
		return ws.ErrEarlyBytes
	}
	life, why := u.take(nc, up, a)
	if why == nil {
		go life()
	}
	return why
}

// refuse answers. One more attempt on this connection is one more handshake: if the client may not have another, it has to
// come in through the gate again.
func (u *Upgrader) refuse(w http.ResponseWriter, client netip.AddrPort, why *ws.UpgradeError) {
	if u.Guard.Load().Charge(client.Addr()) != admission.Admitted {
		w.Header().Set("Connection", "close")
	}
	why.Refuse(w)
}

// responseRoom is a capacity in bytes in which most answers fit.
const responseRoom = 256

// take makes a connection of nc, unless the client has too many.
func (u *Upgrader) take(nc net.Conn, up *ws.Upgrade, a asking) (life func(), _ *ws.UpgradeError) {
	if why := u.Guard.Load().Bind(nc, a.client.Addr()); why != admission.Admitted {
		transport.Dismiss(nc, Refusal(why))
		return nil, &ws.UpgradeError{Status: http.StatusServiceUnavailable, Reason: why.String()}
	}
	u.upgraded.Add(1)               // before the client can know
	nc.SetReadDeadline(time.Time{}) //nolint:errcheck // the first read tells
	c := transport.NewConn(nc)
	c.SetClient(a.client, a.TLS != nil)
	f := transport.Framing{
		Deflate: up.Deflate, Params: up.DeflateParams, NoMasking: up.NoMasking,
		Answer: up.AppendResponse(make([]byte, 0, responseRoom)),
	}
	if a.named {
		f.Host = strings.Clone(a.Host)
	}
	if u.Framing != nil {
		u.Framing(&f)
	}
	c.UpgradeWS(ws.Server, f)
	return u.Open(c, a.Request), nil
}

// Refusal is what a refused HTTP client gets.
func Refusal(why admission.Refusal) string {
	return answer(http.StatusServiceUnavailable, fmt.Sprintf("Retry-After: %d\r\n", why.RetryAfter()))
}

// answer is a whole answer with the text of status, after which the connection closes.
func answer(status int, headers string) string {
	text := http.StatusText(status)
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\n%sX-Content-Type-Options: nosniff\r\n"+
		"Connection: close\r\nContent-Length: %d\r\n\r\n%s\n", status, text, headers, len(text)+1, text)
}
