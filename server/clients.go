package server

import (
	"net"
	"runtime"
	"time"

	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/config"
	"weir/internal/conn"
	"weir/internal/proto"
	"weir/ws"
)

// wsPolicy is what the websocket block says about upgrades.
type wsPolicy struct{ ws.UpgradePolicy }

// newPolicy compiles the websocket block.
func newPolicy(w *config.WebSocket) (*wsPolicy, error) {
	origins, err := ws.ParseOrigins(w.AllowedOrigins)
	if err != nil {
		return nil, err
	}
	p := &wsPolicy{ws.UpgradePolicy{
		SameOrigin: w.SameOrigin, LoopbackOrigins: w.LoopbackOrigins, AllowedOrigins: origins, Compression: w.Compression, Headers: ws.SortHeaders(w.Headers),
	}}
	return p, p.Validate()
}

// clientEnv is what clients over TCP need.
func (s *Server) clientEnv() *client.Env {
	return &client.Env{
		Registry: s.registry, Account: s.account, Label: "cid",
		Config: func() *client.Config { return &s.options.Load().Protocol },
		Info:   s.clientInfo,
		Auth: func() (*auth.Policy, time.Duration) {
			return s.clientAuth.Load(), s.options.Load().Protocol.AuthTimeout
		},
		KeepAlive: func() conn.KeepAlive { return conn.KeepAlive{Interval: s.options.Load().Conn.PingInterval} },
		TLS:       s.tlsPolicy,
	}
}

// webSocketEnv is what clients over WebSocket need.
func (s *Server) webSocketEnv() *client.Env {
	return &client.Env{
		Registry: s.registry, Account: s.account, Label: "wid",
		Config: func() *client.Config { return &s.options.Load().Protocol },
		Info:   s.webSocketInfo,
		Auth: func() (*auth.Policy, time.Duration) {
			return s.wsAuth.Load(), s.options.Load().WebSocket.AuthTimeout
		},
		KeepAlive: func() conn.KeepAlive { return conn.KeepAlive{Interval: s.options.Load().WebSocket.PingInterval} },
	}
}

// tlsPolicy is how clients over TCP start TLS; nil without TLS.
func (s *Server) tlsPolicy() *client.TLSPolicy {
	o, c := s.options.Load(), s.clientTLS.Load()
	if c == nil || o.TLS == nil {
		return nil
	}
	return &client.TLSPolicy{
		Config: c, Timeout: o.TLS.Timeout,
		First: o.TLS.HandshakeFirst, Fallback: o.TLS.HandshakeFallback,
		AllowPlain: o.AllowNonTLS,
	}
}

// info is what INFO says on every listener.
func (s *Server) info(o *Options) proto.Info {
	return proto.Info{
		ServerID: s.id, ServerName: s.name(), Version: ReferenceVersion, Weir: Version,
		Proto: protocolVersion, GoVersion: runtime.Version(),
		Headers: !o.Protocol.NoHeaders, MaxPayload: o.Protocol.MaxPayload,
		LameDuck: s.draining.Load(), APILevel: apiLevel,
	}
}

// clientInfo is the INFO of the listener for TCP.
func (s *Server) clientInfo() proto.Info {
	o := s.options.Load()
	i := s.info(o)
	i.Host, i.Port = advertised(o.Advertise, o.Client, s.ClientAddr())
	i.AuthRequired = o.Auth.Required()
	if o.TLS != nil {
		i.TLSRequired, i.TLSAvailable, i.TLSVerify = !o.AllowNonTLS, o.AllowNonTLS, o.TLS.Verify
	}
	return i
}

// webSocketInfo is the INFO of the listener for WebSocket.
func (s *Server) webSocketInfo() proto.Info {
	o := s.options.Load()
	i := s.info(o)
	i.Host, i.Port = advertised("", o.WebSocket.Listener, s.WebSocketAddr())
	i.AuthRequired = o.WebSocketAuth().Required()
	if t := o.WebSocket.TLS; t != nil {
		i.TLSRequired, i.TLSAvailable, i.TLSVerify = true, true, t.Verify
	}
	return i
}

// advertised is the host and port that clients are told.
func advertised(advertise string, l config.Listener, addr net.Addr) (string, int) {
	port := l.Port
	if a, ok := addr.(*net.TCPAddr); ok {
		port = a.Port
	}
	if advertise != "" {
		if told, err := config.ParseAdvertise(advertise, port); err == nil {
			return told.Host, told.Port
		}
	}
	return l.Host, port
}
