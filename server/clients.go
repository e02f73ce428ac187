package server

import (
	"net"
	"runtime"
	"time"

	"weir/internal/admission"
	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/config"
	"weir/internal/conn"
	"weir/internal/proto"
	"weir/internal/transport"
)

// clientEnv is what clients over TCP need.
func (s *Server) clientEnv() *client.Env {
	forms := new(infoForms)
	return &client.Env{
		Registry: s.registry, Logins: s.logins, Accounts: s.accounts, System: s.options.Load().Accounts.SystemName(), Label: "cid",
		Config: func() *client.Config { return &s.options.Load().Protocol },
		Info:   func(secure bool) *proto.InfoForm { return s.rendered(forms, secure, s.clientInfo) },
		Auth: func() (*auth.Policy, time.Duration) {
			return s.clientAuth.Load().port, s.options.Load().Protocol.AuthTimeout
		},
		Proxies:   s.proxies.Load,
		KeepAlive: func() conn.KeepAlive { return conn.KeepAlive{Interval: s.options.Load().Conn.PingInterval} },
		ProxyProtocol: func() *admission.ProxyProtocol {
			if !s.options.Load().ProxyProtocol {
				return nil
			}
			return &admission.ProxyProtocol{}
		},
		TLS: s.tlsPolicy,
		Pinned: func(t *transport.TLSConn) bool {
			return t == nil && s.options.Load().AllowNonTLS || pinned(s.clientTLS.Load(), t)
		},
		Witness: s.system,
		MapCertificates: func() bool {
			t := s.options.Load().TLS
			return t != nil && t.Map
		},
	}
}

// tlsPolicy is how clients over TCP start TLS; nil without TLS.
func (s *Server) tlsPolicy() *client.TLSPolicy {
	o, c := s.options.Load(), s.clientTLS.Load()
	if c == nil || o.TLS == nil {
		return nil
	}
	return &client.TLSPolicy{
		Config: c.Config, Timeout: o.TLS.Timeout,
		First: o.TLS.HandshakeFirst, Fallback: o.TLS.HandshakeFallback,
		AllowPlain: o.AllowNonTLS,
		Admit:      func() bool { return s.throttle.Admit(o.TLS.RateLimit) },
	}
}

// pinned holds a connection against the pins that its listener has now.
func pinned(now *secured, t *transport.TLSConn) bool {
	switch {
	case now == nil || now.pins == nil:
		return true
	case t == nil:
		return false
	}
	return now.pins(t.ConnectionState()) == nil
}

// info is what INFO says on every listener.
func (s *Server) info(o *Options) proto.Info {
	return proto.Info{
		ServerID: s.id, ServerName: s.name(), Version: ReferenceVersion, Weir: Version,
		Proto: protocolVersion, GoVersion: runtime.Version(),
		Headers: !o.Protocol.NoHeaders, MaxPayload: o.Protocol.MaxPayload,
		LameDuck: s.draining.Load(), APILevel: apiLevel, XKey: s.xkey,
	}
}

// clientInfo is the INFO of the listener for TCP.
func (s *Server) clientInfo() proto.Info {
	o := s.options.Load()
	i := s.info(o)
	i.Host, i.Port = advertised(o.Advertise, o.Client, s.ClientAddr())
	i.AuthRequired = s.clientAuth.Load().port.Required() && o.Auth.NoAuthUser == "" // as nats-server, over TCP only
	if o.TLS != nil {
		i.TLSRequired, i.TLSAvailable, i.TLSVerify = !o.AllowNonTLS, o.AllowNonTLS, o.TLS.ClientCerts()
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
