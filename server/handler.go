package server

import (
	"net/http"
	"strings"

	"weir/internal/config"
)

// handlerEdge begins the names of edges without a listener of their own.
const handlerEdge = "handler"

// Handler lets NATS clients in over WebSocket through somebody else's http.Server: requests to upgrade become connections of
// s, before or after Start; the others get what w says (its console, monitoring and health pages), or 426. Of w, what is
// about a listener of its own (address, TLS, PROXY headers, time-outs, header size) means nothing: that is the http.Server's.
// Middleware must leave the ResponseWriter an http.Hijacker.
func (s *Server) Handler(w WebSocket) (http.Handler, error) {
	o := *s.options.Load()
	w.Listener, w.NoTLS, w.TLS, w.Name = config.Listener{Port: config.AnyPort}, true, nil, handlerEdge
	w.Proxies.Protocol = false
	o.WebSockets = []*config.WebSocket{&w}
	o.SetDefaults()
	if err := w.Validate(); err != nil {
		return nil, err
	}
	state, err := s.compileEdge(&o, &w, s.tlsLoader(&o))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, ErrStopped
	}
	e := &edge{name: handlerEdge + strings.Repeat("+", s.handlers)}
	s.handlers++
	e.now.Store(state)
	d := s.newDoor(e)
	d.up.Guard.Store(d.guard(e, state))
	return d.up, nil
}
