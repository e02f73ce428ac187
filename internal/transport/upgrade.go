package transport

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"weir/ws"
)

// responseDeadline bounds the writing of the 101 response.
const responseDeadline = 5 * time.Second

// Upgrader is the HTTP side of a WebSocket listener: it turns requests into connections. After the upgrade nothing of
// net/http stays referenced.
type Upgrader struct {
	// Policy is asked anew for each request.
	Policy func() *ws.UpgradePolicy
	// Open takes in an upgraded connection and returns at once.
	Open func(*Conn)
	// Page serves requests that do not ask for an upgrade; it is asked anew for each, and nil refuses them.
	Page func() http.Handler
	// Refused is told of every request that was not upgraded, and why.
	Refused func(remote string, why *ws.UpgradeError)
	// Draining reports that the listener takes in nobody any more.
	Draining func() bool
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

// ServeHTTP upgrades r, or refuses it with the status of catalogue §2.2.
func (u *Upgrader) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") == "" && u.Page != nil {
		if page := u.Page(); page != nil {
			page.ServeHTTP(w, r)
			return
		}
	}
	if why := u.upgrade(w, r); why != nil && u.Refused != nil {
		u.Refused(r.RemoteAddr, why)
	}
}

// upgrade returns why r was refused; nil if it was not.
func (u *Upgrader) upgrade(w http.ResponseWriter, r *http.Request) *ws.UpgradeError {
	path := r.URL.EscapedPath()
	why := (*ws.UpgradeError)(nil)
	switch {
	case strings.HasSuffix(path, leafPath):
		why = errNoLeaf
	case strings.HasSuffix(path, mqttPath):
		why = errNoMQTT
	case u.Draining != nil && u.Draining():
		why = errDraining
	}
	var up *ws.Upgrade
	if why == nil {
		up, why = ws.CheckUpgrade(r, u.Policy())
	}
	if why != nil {
		why.Refuse(w)
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
		refuseRaw(nc, ws.ErrEarlyBytes)
		return ws.ErrEarlyBytes
	}
	nc.SetDeadline(time.Now().Add(responseDeadline)) //nolint:errcheck // the write tells
	if _, err := nc.Write(up.AppendResponse(make([]byte, 0, 512))); err != nil {
		nc.Close() //nolint:errcheck // it is gone
		return nil
	}
	nc.SetDeadline(time.Time{}) //nolint:errcheck // the first read tells
	c := NewConn(fromHTTP(nc))
	c.UpgradeWS(ws.Server, up.Deflate, up.NoMasking)
	u.Open(c)
	return nil
}

// refuseRaw answers on a connection that net/http no longer owns.
func refuseRaw(nc net.Conn, why *ws.UpgradeError) {
	text := http.StatusText(why.Status)
	nc.SetDeadline(time.Now().Add(responseDeadline)) //nolint:errcheck // the write tells
	fmt.Fprintf(nc, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nSec-Websocket-Version: 13\r\n"+
		"X-Content-Type-Options: nosniff\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s\n", why.Status, text, len(text)+1, text)
	NewConn(fromHTTP(nc)).dismiss()
}

// dismissal is how long a refused peer may take to read its answer.
const dismissal = 500 * time.Millisecond

// dismiss closes a connection that was never served so that the peer gets what was sent last.
func (c *Conn) dismiss() {
	c.CloseWrite()
	c.Linger(dismissal)
	c.Close() //nolint:errcheck // nothing is left to do
}
