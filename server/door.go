package server

import (
	"crypto/tls"
	"log"
	"net/http"
	"strings"

	"weir/internal/admission"
	"weir/internal/config"
	"weir/internal/front"
	"weir/internal/transport"
	"weir/ws"
)

// door is who stands in front of one listener for WebSocket clients. It stays when the listener is opened anew.
type door struct {
	gate     *admission.Gate
	refusals *admission.Refusals
	up       *front.Upgrader
}

// newDoor makes the door of an edge that has its first state.
func (s *Server) newDoor(e *edge) *door {
	d := &door{gate: admission.NewGate(e.now.Load().limits()), refusals: admission.NewRefusals(e.name, s.log)}
	d.up = s.upgrader(e, d)
	return d
}

// guard is the guard of a listener of e, which is about to be opened for the state w.
func (d *door) guard(e *edge, w *edgeState) *transport.Guard {
	g := &transport.Guard{
		Gate:    d.gate,
		Proxies: func() *admission.Proxies { return e.now.Load().proxies },
		Refused: d.refusals.Connection,
		Answer:  front.Refusal,
	}
	g.TLS = e.secure(w)
	if w.Proxies.Protocol {
		g.ProxyProtocol = &admission.ProxyProtocol{Timeout: max(w.HandshakeTimeout, 0)}
		if len(w.Proxies.Trusted) > 0 {
			g.ProxyProtocol.From = g.Proxies
		}
	}
	return g
}

// secure is the TLS that a listener of e, opened for the state w, has at any time; nil without TLS. While a listener without TLS takes
// its place, it goes on with what it had.
func (e *edge) secure(w *edgeState) func() *tls.Config {
	if w.tls == nil {
		return nil
	}
	return func() *tls.Config {
		if now := e.now.Load().tls; now != nil {
			return now.Config
		}
		return w.tls.Config
	}
}

// errorLog is where net/http complains of a listener's peers.
func (d *door) errorLog() *log.Logger { return log.New(d.refusals, "", 0) }

// framing completes how a connection of e frames and compresses.
func (e *edge) framing(f *transport.Framing) {
	w := e.now.Load()
	f.Level, f.Threshold, f.MaxFrame = w.Deflate.Level, w.Deflate.Threshold, w.MaxFrame
	f.MaxPacked = &e.packed
}

// deflatePolicy is what a block agrees to.
func deflatePolicy(d config.Deflate) ws.DeflatePolicy {
	bits := d.WindowBits
	if bits == maxWindowBits && !d.ContextTakeover {
		bits = 0 // every inflater has that much; zero keeps the form of compression that receivers share
	}
	return ws.DeflatePolicy{ContextTakeover: d.ContextTakeover, WindowBits: bits, Level: d.Level, Threshold: d.Threshold}
}

// maxWindowBits is the window of 32 KiB.
const maxWindowBits = 15

// page is the monitoring page that a request to a listener of clients asks for; nil if that listener shows none.
func (s *Server) page(e *edge, monitoring http.Handler, r *http.Request) http.Handler {
	if !e.now.Load().Monitoring || r.URL.Path == "/" || !strings.HasSuffix(r.URL.Path, "z") {
		return nil
	}
	return monitoring
}
