package server

import (
	"net"
	"time"

	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/proto"
	"weir/internal/transport"
)

// policies say who may come in by the login of the client port.
type policies struct {
	port   *auth.Policy
	inside *auth.Policy // without a socket
}

// compilePolicies makes the policies of o.
func (s *Server) compilePolicies(o *Options) (p policies, err error) {
	if p.port, err = s.policy(o, o.ClientAuth(), auth.Standard); err != nil {
		return p, err
	}
	p.inside, err = s.policy(o, o.ClientAuth(), auth.InProcess)
	return p, err
}

// InProcessConn is a connection to the server without a socket, before or after Start: nats.InProcessServer of the stock client
// asks for it. It has the login of the client port, counts as IN_PROCESS for allowed_connection_types, and needs no TLS.
func (s *Server) InProcessConn() (net.Conn, error) {
	if s.isStopped() {
		return nil, ErrStopped
	}
	here, there := net.Pipe()
	client.Open(s.insideEnv(), transport.NewConn(there))
	return here, nil
}

// insideEnv is what clients without a socket need.
func (s *Server) insideEnv() *client.Env {
	env, forms := s.clientEnv(), new(infoForms)
	env.TLS, env.Pinned, env.ProxyProtocol = nil, nil, nil
	env.Info = func(secure bool) *proto.InfoForm { return s.rendered(forms, secure, s.insideInfo) }
	env.Auth = func() (*auth.Policy, time.Duration) {
		return s.clientAuth.Load().inside, s.options.Load().Protocol.AuthTimeout
	}
	return env
}

// insideInfo is the INFO for clients without a socket.
func (s *Server) insideInfo() proto.Info {
	i := s.clientInfo()
	i.TLSRequired, i.TLSAvailable, i.TLSVerify = false, false, false
	return i
}
