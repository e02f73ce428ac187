package server

import (
	"errors"
	"slices"
	"time"

	"weir/internal/monitor"
	"weir/internal/tlsfile"
)

// newPages makes the monitoring pages.
func (s *Server) newPages(system string) *monitor.Pages {
	return monitor.New(monitor.Source{
		Base: s.varz, Registry: s.registry,
		Accounts: s.accounts.All, Claims: s.authority,
		System:  system,
		Healthy: s.healthy,
		Log:     s.log,
	})
}

var errDraining = errors.New("not ready for connections: the server is shutting down")

// healthy is nil while new clients are let in.
func (s *Server) healthy() error {
	if s.draining.Load() {
		return errDraining
	}
	return nil
}

// varz is the part of /varz that comes from the configuration.
func (s *Server) varz() monitor.Varz {
	o := s.options.Load()
	i := s.clientInfo()
	v := monitor.Varz{
		Identity: monitor.Identity{
			ID: i.ServerID, Name: i.ServerName, Version: i.Version, Proto: i.Proto, Go: i.GoVersion,
			Host: i.Host, Port: i.Port,
			AuthRequired: i.AuthRequired, TLSRequired: i.TLSRequired, TLSVerify: i.TLSVerify,
			TLSOCSPPeerVerify: o.TLS != nil && !o.AllowNonTLS && o.TLS.OCSPPeer.Verify,
		},
		Settings: varzSettings(o),
		Process:  monitor.Process{Start: s.start},
		Configuration: monitor.Configuration{
			ConfigLoadTime: time.Unix(0, s.since.loaded.Load()).UTC(), ConfigDigest: o.Digest,
			Tags: o.Tags, Metadata: o.Metadata, OCSPPeerCache: s.varzPeerCache(),
		},
		Operators:       s.varzOperators(o),
		Proxies:         varzProxies(o.ProxyKeys),
		TLSCertNotAfter: s.clientTLS.Load().end(),
		Doors:           s.varzDoors(),
		Weir:            Version,
	}
	all := s.varzWebSockets(o)
	if len(all) > 0 {
		v.WebSocket = all[0].WebSocket
	}
	if len(all) > 1 {
		v.WebSockets = all
	}
	return v
}

// varzSettings is what the configuration says, as nats-server shows it: ports as they are configured, the base path empty
// when there is none, and TLS with its usual timeout when there is no TLS.
func varzSettings(o *Options) monitor.Settings {
	tlsTimeout := tlsfile.DefaultTimeout
	if o.TLS != nil {
		tlsTimeout = o.TLS.Timeout
	}
	basePath := o.Monitor.BasePath
	if basePath == "/" {
		basePath = ""
	}
	return monitor.Settings{
		MaxConnections: o.Conn.MaxConnections, MaxSubscriptions: o.Protocol.MaxSubscriptions,
		PingInterval: o.Conn.PingInterval, PingMax: o.Conn.PingMax,
		HTTPHost: o.Monitor.Host, HTTPPort: o.Monitor.Port, HTTPSPort: o.Monitor.HTTPSPort, HTTPBasePath: basePath,
		AuthTimeout:    o.Protocol.AuthTimeout.Seconds(),
		MaxControlLine: o.Protocol.MaxControlLine, MaxPayload: o.Protocol.MaxPayload, MaxPending: o.Conn.MaxPending,
		TLSTimeout: tlsTimeout.Seconds(), WriteDeadline: o.Conn.WriteDeadline, WriteTimeout: o.Conn.WriteTimeout,
	}
}

// varzProxies is the trusted proxies.
func varzProxies(keys []string) (p monitor.Proxies) {
	for _, key := range keys {
		p.Trusted = append(p.Trusted, monitor.Proxy{Key: key})
	}
	return p
}

// varzWebSockets is the WebSocket listeners.
func (s *Server) varzWebSockets(o *Options) []monitor.NamedWebSocket {
	s.mu.Lock()
	edges := slices.Clone(s.edges)
	s.mu.Unlock()
	var all []monitor.NamedWebSocket
	for _, e := range edges {
		v := monitor.NamedWebSocket{Name: e.name, WebSocket: varzWebSocket(o, e.now.Load())}
		v.Unix = e.now.Load().Unix
		_, v.Port = advertised("", e.now.Load().Listener, s.edgeAddr(e))
		all = append(all, v)
	}
	return all
}

// varzWebSocket is one WebSocket listener. A timeout that is the one of all connections is not shown.
func varzWebSocket(o *Options, w *edgeState) monitor.WebSocket {
	v := monitor.WebSocket{
		Host: w.Host, Advertise: w.Advertise, NoAuthUser: w.Auth.NoAuthUser, JWTCookie: w.Cookies.JWT,
		HandshakeTimeout: max(w.HandshakeTimeout, 0), NoTLS: w.NoTLS, SameOrigin: w.SameOrigin,
		AllowedOrigins: w.AllowedOrigins, Compression: w.Compression,
		TLSOCSPPeerVerify: w.tls != nil && w.TLS.OCSPPeer.Verify, TLSCertNotAfter: w.tls.end(),
	}
	if t := w.TLS; t != nil {
		v.TLSMap, v.PinnedCerts = t.Map, t.PinnedCerts
	}
	if w.AuthTimeout != o.Protocol.AuthTimeout {
		v.AuthTimeout = w.AuthTimeout.Seconds()
	}
	return v
}

// end is when the first certificate expires; zero without TLS.
func (c *secured) end() time.Time {
	if c == nil {
		return time.Time{}
	}
	return c.expires
}

// varzPeerCache is the cache of answers about clients' certificates; nil without one.
func (s *Server) varzPeerCache() *monitor.OCSPPeerCache {
	n, ok := s.authorities.checker.Stats()
	if !ok {
		return nil
	}
	return &monitor.OCSPPeerCache{
		Type: "local", Hits: n.Hits, Misses: n.Misses,
		Responses: n.Responses(), Revokes: n.Revokes, Goods: n.Goods, Unknowns: n.Unknown,
	}
}

// varzDoors counts who came to each listener for WebSocket.
func (s *Server) varzDoors() map[string]monitor.Door {
	s.mu.Lock()
	doors := make(map[string]*door)
	for _, e := range s.edges {
		if e.door != nil {
			doors[e.name] = e.door
		}
	}
	for _, h := range s.handlers {
		doors[h.name] = h.door
	}
	s.mu.Unlock()
	all := make(map[string]monitor.Door)
	for name, d := range doors {
		all[name] = monitor.Door{Upgraded: d.up.Upgraded(), HalfOpen: d.gate.Counts().HalfOpen, Refused: d.refusals.Counts()}
	}
	return all
}
