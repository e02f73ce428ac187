package server

import (
	"fmt"
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
//
// A reload of s holds for it as far as it is about all listeners: who may come in, for example. What w says stays.
func (s *Server) Handler(w WebSocket) (http.Handler, error) {
	w.Listener, w.NoTLS, w.TLS, w.Name = config.Listener{Port: config.AnyPort}, true, nil, handlerEdge
	w.Proxies.Protocol = false
	for {
		o := s.options.Load()
		state, err := s.compileHandler(o, w)
		if err != nil {
			return nil, err
		}
		if h, err := s.addHandler(o, w, state); h != nil || err != nil {
			return h, err
		}
	}
}

// handled is an edge without a listener, and what it was made of.
type handled struct {
	*edge
	made WebSocket
}

// compileHandler makes a state of w, of which it fills in what is not set.
func (s *Server) compileHandler(o *Options, w WebSocket) (*edgeState, error) {
	own := *o
	own.WebSockets = []*config.WebSocket{&w}
	own.SetDefaults()
	if err := w.Validate(); err != nil {
		return nil, err
	}
	return s.compileEdge(&own, &w, new(tlsLoader)) // it has no TLS to load
}

// addHandler makes a handler, unless the configuration is o no more.
func (s *Server) addHandler(o *Options, w WebSocket, state *edgeState) (http.Handler, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped:
		return nil, ErrStopped
	case s.options.Load() != o:
		return nil, nil
	}
	e := &edge{name: handlerEdge + strings.Repeat("+", len(s.handlers))}
	e.set(state)
	e.door = s.newDoor(e)
	e.door.up.Guard.Store(e.door.guard(e, state))
	s.handlers = append(s.handlers, handled{e, w})
	if w.AnyPageLogsIn() {
		s.log.Warn(w.Name + ": " + config.AnyPageLogsIn)
	}
	return e.door.up, nil
}

// compileHandlersLocked makes new states of the handlers for o.
func (s *Server) compileHandlersLocked(o *Options) (states []*edgeState, err error) {
	states = make([]*edgeState, len(s.handlers))
	for i, h := range s.handlers {
		if states[i], err = s.compileHandler(o, h.made); err != nil {
			return nil, fmt.Errorf("%s: %w", h.name, err)
		}
	}
	return states, nil
}
