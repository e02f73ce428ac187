package server

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"weir/internal/admission"
	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/config"
	"weir/internal/conn"
	"weir/internal/console"
	"weir/internal/front"
	"weir/internal/listener"
	"weir/internal/proto"
	"weir/internal/runfile"
	"weir/internal/transport"
	"weir/ws"
)

// edge is one listener for WebSocket clients. It stands for the websocket block of its name.
type edge struct {
	name string // immutable
	now  atomic.Pointer[edgeState]

	packed atomic.Int32 // of now, for the connections

	// Guarded by Server.mu.
	door     *door         // nil until it is first opened
	listener *httpListener // nil while it is not open
	socket   net.Listener  // what listener stands on
}

// edgeState is a websocket block and what it was compiled into. It is immutable: a reload makes another one.
type edgeState struct {
	*config.WebSocket
	policy  ws.UpgradePolicy
	proxies *admission.Proxies
	tls     *secured // nil without TLS
	auth    *auth.Policy
	packed  int32 // see [transport.Framing.MaxPacked]
}

// The compressed parts of a message are kept up to so many times max_payload, as in nats-server, but never less than it keeps by
// default: messages in a batch may be small and many.
const (
	packedShare = 8
	leastPacked = 8 << 20
)

// set makes a state that of e.
func (e *edge) set(state *edgeState) {
	e.now.Store(state)
	e.packed.Store(state.packed)
}

// subprotocols are what a client may ask for by name. One that asks fails without an answer, one that does not needs none.
var subprotocols = []string{"nats"}

// compileEdge makes a state of a block of o.
func (s *Server) compileEdge(o *Options, w *config.WebSocket, l *tlsLoader) (*edgeState, error) {
	origins, err := ws.ParseOrigins(w.AllowedOrigins)
	if err != nil {
		return nil, err
	}
	e := &edgeState{WebSocket: w, policy: ws.UpgradePolicy{
		SameOrigin: w.SameOrigin, LoopbackOrigins: w.LoopbackOrigins, AllowedOrigins: origins, OriginRequired: w.OriginRequired,
		Compression: w.Compression, Deflate: deflatePolicy(w.Deflate),
		AllowNoMasking: w.NoMasking, Protocols: subprotocols, Headers: ws.SortHeaders(w.Headers),
	}}
	e.packed = int32(min(max(int64(o.Protocol.MaxPayload)*packedShare, leastPacked), math.MaxInt32))
	if err := e.policy.Validate(); err != nil {
		return nil, err
	}
	if e.tls, err = l.load(w.TLS); err != nil {
		return nil, err
	}
	if e.proxies, err = admission.ParseProxies(w.Proxies.Trusted, w.Proxies.Header); err != nil {
		return nil, err
	}
	e.auth, err = s.policy(o, o.WebSocketAuth(w), auth.WebSocket)
	return e, err
}

// compileEdges makes a state of each block of o.
func (s *Server) compileEdges(o *Options, l *tlsLoader) ([]*edgeState, error) {
	states := make([]*edgeState, len(o.WebSockets))
	for i, w := range o.WebSockets {
		var err error
		if states[i], err = s.compileEdge(o, w, l); err != nil {
			return nil, fmt.Errorf("%s: %w", w.Name, err)
		}
	}
	return states, nil
}

// setEdgesLocked gives each edge its new state. A block without an edge gets one; an edge without a block keeps its state, for
// the connections that came through it.
func (s *Server) setEdgesLocked(states []*edgeState) {
	for _, state := range states {
		e := s.edgeLocked(state.Name)
		if e == nil {
			e = &edge{name: state.Name}
			s.edges = append(s.edges, e)
		}
		e.set(state)
		if e.door != nil {
			e.door.gate.SetLimits(state.limits())
		}
	}
}

// edgeLocked is the edge of that name; nil without one.
func (s *Server) edgeLocked(name string) *edge {
	for _, e := range s.edges {
		if e.name == name {
			return e
		}
	}
	return nil
}

// limits are those of the listener; each of its handshakes is one of TLS as well.
func (e *edgeState) limits() admission.Limits {
	l := e.Limits
	if e.TLS != nil && e.TLS.RateLimit > 0 && (l.HandshakesPerSecond <= 0 || l.HandshakesPerSecond > e.TLS.RateLimit) {
		l.HandshakesPerSecond = e.TLS.RateLimit
	}
	return l
}

// unixURL stands between scheme and path in the URL of a Unix socket.
const unixURL = "+unix://"

// scheme is that of the listener's URLs.
func (e *edgeState) scheme() string {
	if e.tls != nil {
		return "wss"
	}
	return "ws"
}

// openEdgeLocked opens one listener of NATS clients over WebSocket.
func (s *Server) openEdgeLocked(e *edge) error {
	w := e.now.Load()
	l, err := listener.Open(w.Address())
	if err != nil {
		return fmt.Errorf("can not listen for %s clients: %w", e.name, err)
	}
	s.serveEdgeLocked(e, w, l)
	return nil
}

// serveEdgeLocked lets clients in through l.
func (s *Server) serveEdgeLocked(e *edge, w *edgeState, l net.Listener) {
	s.announceEdge(e.name, w, l)
	if e.door == nil {
		e.door = s.newDoor(e)
	}
	guard := e.door.guard(e, w)
	e.door.up.Guard.Store(guard)
	e.socket = l
	limit := max(w.HandshakeTimeout, 0)
	web := front.New(e.door.up, &http.Server{
		Handler: e.door.up, MaxHeaderBytes: w.MaxHeader,
		ReadHeaderTimeout: limit, ReadTimeout: limit, IdleTimeout: limit,
		ErrorLog: e.door.errorLog(),
	}, e.secure(w), s.log)
	l = guard.Listen(l)
	s.loops.Go(func() { web.Serve(l) })
	e.listener = &httpListener{Listener: l, server: web}
	s.infoChanged()
}

// announceEdge logs where a listener was opened.
func (s *Server) announceEdge(name string, w *edgeState, l net.Listener) {
	place := "://" + hostPort(w.Host, l)
	if w.Unix != "" {
		place = unixURL + w.Unix
	}
	which := ""
	if name != s.edges[0].name {
		which = " (" + name + ")"
	}
	s.log.Info(fmt.Sprintf("Listening for websocket clients on %s%s%s", w.scheme(), place, which))
	if w.tls == nil && w.Unix == "" {
		s.log.Warn("Websocket not configured with TLS. DO NOT USE IN PRODUCTION!")
	}
}

// upgrader is the HTTP side of a listener.
func (s *Server) upgrader(e *edge, d *door) *front.Upgrader {
	env, console, monitoring := s.edgeEnv(e), console.Handler(), s.pages.At("/")
	return &front.Upgrader{
		Policy:  func() *ws.UpgradePolicy { return &e.now.Load().policy },
		Framing: e.framing,
		Open: func(c *transport.Conn, r *http.Request) func() {
			who := e.now.Load().arrived(r)
			return func() { client.Serve(env, c, who) }
		},
		Protocol: func(r *http.Request) string { return e.now.Load().protocol(r) },
		Refused:  d.refusals.Upgrade,
		Draining: s.draining.Load,
		Health:   func() string { return e.now.Load().HealthPath },
		Pages:    func(r *http.Request) http.Handler { return s.page(e, monitoring, r) },
		Page: func() http.Handler {
			if e.now.Load().Console {
				return console
			}
			return nil
		},
	}
}

// edgeEnv is what clients over WebSocket need.
func (s *Server) edgeEnv(e *edge) *client.Env {
	forms := new(infoForms)
	return &client.Env{
		Registry: s.registry, Logins: s.logins, Accounts: s.accounts, System: s.options.Load().Accounts.SystemName(), Label: "wid",
		Config: func() *client.Config { return &s.options.Load().Protocol },
		Info: func(secure bool) *proto.InfoForm {
			return s.rendered(forms, secure, func() proto.Info { return s.edgeInfo(e) })
		},
		Auth: func() (*auth.Policy, time.Duration) {
			w := e.now.Load()
			return w.auth, w.AuthTimeout
		},
		Proxies:   s.proxies.Load,
		KeepAlive: func() conn.KeepAlive { return e.now.Load().KeepAlive },
		Pinned:    func(t *transport.TLSConn) bool { return pinned(e.now.Load().tls, t) },
		Witness:   s.system,
		MapCertificates: func() bool {
			t := e.now.Load().TLS
			return t != nil && t.Map
		},
	}
}

// edgeInfo is the INFO of a listener for WebSocket.
func (s *Server) edgeInfo(e *edge) proto.Info {
	w := e.now.Load()
	i := s.info(s.options.Load())
	i.Host, i.Port = advertised(w.Advertise, w.Listener, s.edgeAddr(e))
	i.AuthRequired = w.auth.Required() && !w.auth.Guests()
	if w.tls != nil {
		i.TLSRequired, i.TLSAvailable, i.TLSVerify = true, true, w.TLS.ClientCerts()
	}
	return i
}

// edgeAddr is where a listener listens; nil if it is not open.
func (s *Server) edgeAddr(e *edge) net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.listener == nil {
		return nil
	}
	return e.listener.Addr()
}

// WebSocketAddr is where NATS clients connect over WebSocket, the first such place; nil without one.
func (s *Server) WebSocketAddr() net.Addr {
	if all := s.WebSocketAddrs(); len(all) > 0 {
		return all[0]
	}
	return nil
}

// WebSocketAddrs is where NATS clients connect over WebSocket, in the order of the configuration; none before Start.
func (s *Server) WebSocketAddrs() []net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []net.Addr
	for _, e := range s.edges {
		if e.listener != nil {
			all = append(all, e.listener.Addr())
		}
	}
	return all
}

// edgeURLsLocked are the URLs of all listeners for WebSocket, for the ports file.
func (s *Server) edgeURLsLocked() []string {
	var urls []string
	for _, e := range s.edges {
		switch w := e.now.Load(); {
		case e.listener == nil:
		case w.Unix != "":
			urls = append(urls, w.scheme()+unixURL+w.Unix)
		default:
			urls = append(urls, runfile.URLs(w.scheme(), e.listener.Addr())...)
		}
	}
	return urls
}
