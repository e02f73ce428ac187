package server

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"weir/internal/client"
	"weir/internal/config"
	"weir/internal/listener"
	"weir/internal/runfile"
	"weir/internal/transport"
)

// maxHeader bounds the head of an HTTP request in bytes. net/http adds 4 KiB of its own.
const maxHeader = 8 << 10

// monitorTimeout bounds one monitoring request.
const monitorTimeout = 10 * time.Second

// openClientsLocked opens the listener of NATS clients over TCP.
func (s *Server) openClientsLocked(o *Options) error {
	if o.DontListen {
		return nil
	}
	l, err := listener.Open(o.Client.Address())
	if err != nil {
		return fmt.Errorf("can not listen for clients: %w", err)
	}
	l = transport.Detached(l)
	s.clients = l
	s.infoChanged()
	s.announceClients(o, l)
	env := s.clientEnv()
	s.loops.Go(func() {
		listener.Accept(l, s.log, func(nc net.Conn) { client.Open(env, transport.NewConn(nc)) })
	})
	return nil
}

// announceClients logs where clients connect, and how.
func (s *Server) announceClients(o *Options, l net.Listener) {
	s.log.Info("Listening for client connections on " + hostPort(o.Client.Host, l))
	if o.ProxyProtocol {
		s.log.Info("PROXY protocol enabled for client connections")
	}
	if o.TLS == nil {
		return
	}
	first := o.TLS.HandshakeFirst && o.TLS.HandshakeFallback == 0
	if o.AllowNonTLS && !first {
		s.log.Info("TLS available for client connections")
	} else {
		s.log.Info("TLS required for client connections")
	}
	if first {
		s.log.Warn(`Clients that are not using "TLS Handshake First" option will fail to connect`)
	}
}

// openMonitorLocked opens the monitoring listener.
func (s *Server) openMonitorLocked(o *Options) error {
	m := &o.Monitor
	if !m.On() {
		return nil
	}
	scheme, port := "http", m.Port
	if m.HTTPSPort != 0 {
		scheme, port = "https", m.HTTPSPort
	}
	l, err := listener.Open(config.Address(m.Host, port))
	if err != nil {
		return fmt.Errorf("can not listen to the monitor port: %w", err)
	}
	s.log.Info(fmt.Sprintf("Starting %s monitor on %s", scheme, hostPort(m.Host, l)))
	if scheme == "https" {
		l = listener.TLS(l, s.monitorTLS)
	}
	s.monitor = s.serveHTTP(l, &http.Server{
		Handler: s.pages.At(m.BasePath), MaxHeaderBytes: maxHeader,
		ReadTimeout: monitorTimeout, IdleTimeout: monitorTimeout,
		ErrorLog: slog.NewLogLogger(s.log.With("listener", "monitor").Handler(), slog.LevelError),
	})
	return nil
}

// monitorTLS is the TLS of the clients without their certificates: a browser that looks at a page has none. If authorities are
// asked about clients, on any listener, they are needed here too, as in nats-server.
func (s *Server) monitorTLS() *tls.Config {
	c := s.clientTLS.Load().Clone()
	if checksPeers(s.options.Load()) {
		return c
	}
	c.ClientAuth, c.VerifyConnection = tls.NoClientCert, nil
	return c
}

// openProfileLocked opens the profiling listener.
func (s *Server) openProfileLocked(o *Options) error {
	if o.Profile.Port == 0 {
		return nil
	}
	l, err := listener.Open(config.Address(o.Client.Host, o.Profile.Port))
	if err != nil {
		return fmt.Errorf("can not listen to the profiling port: %w", err)
	}
	s.log.Info("profiling port: " + l.Addr().String())
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	s.profile = s.serveHTTP(l, &http.Server{Handler: mux, MaxHeaderBytes: maxHeader, ReadTimeout: monitorTimeout})
	return nil
}

// serveHTTP runs h on l.
func (s *Server) serveHTTP(l net.Listener, h *http.Server) *httpListener {
	s.loops.Go(func() { h.Serve(l) }) //nolint:errcheck // it ends when the listener is closed
	return &httpListener{Listener: l, server: h}
}

// closeListeners closes every listener, and the HTTP connections that were not upgraded.
func (s *Server) closeListeners() {
	s.mu.Lock()
	others := []*httpListener{s.monitor, s.profile}
	s.mu.Unlock()
	s.closeClientListeners()
	for _, l := range others {
		if l != nil {
			l.server.Close() //nolint:errcheck // closing is all that is left
		}
	}
}

// hostPort is the configured host with the port that l got.
func hostPort(host string, l net.Listener) string {
	return net.JoinHostPort(host, fmt.Sprint(portOf(l)))
}

// portOf is the port that l listens on.
func portOf(l net.Listener) int {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// ClientAddr is where NATS clients connect over TCP; nil before Start.
func (s *Server) ClientAddr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return addrOf(s.clients)
}

// MonitorAddr is where monitoring is served; nil without that listener.
func (s *Server) MonitorAddr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.monitor == nil {
		return nil
	}
	return addrOf(s.monitor.Listener)
}

func addrOf(l net.Listener) net.Addr {
	if l == nil {
		return nil
	}
	return l.Addr()
}

// ports is what the ports file lists.
func (s *Server) ports() runfile.Ports {
	o := s.options.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	var p runfile.Ports
	if s.clients != nil {
		scheme := "nats"
		if o.TLS != nil {
			scheme = "tls"
		}
		p.Nats = runfile.URLs(scheme, s.clients.Addr())
	}
	if s.monitor != nil {
		scheme := "http"
		if o.Monitor.HTTPSPort != 0 {
			scheme = "https"
		}
		p.Monitoring = runfile.URLs(scheme, s.monitor.Addr())
	}
	if s.profile != nil {
		p.Profile = runfile.URLs("http", s.profile.Addr())
	}
	p.WebSocket = s.edgeURLsLocked()
	return p
}
