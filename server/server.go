package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"weir/internal/account"
	"weir/internal/admission"
	"weir/internal/auth"
	"weir/internal/config"
	"weir/internal/conn"
	"weir/internal/ocsp"
	"weir/internal/runfile"
)

// The configuration of a server, see package config.
type (
	Options   = config.Options
	Listener  = config.Listener
	WebSocket = config.WebSocket
)

// Load reads a configuration file. Its errors name the place in the file.
func Load(file string) (*Options, error) { return config.Load(file) }

// farewell is how long a shutdown waits for connections to end.
const farewell = 2 * time.Second

// ErrStopped says that a server was used after its shutdown.
var ErrStopped = errors.New("server: stopped")

// Server is one NATS server.
type Server struct {
	// Immutable after New.
	log *slog.Logger
	keys
	start    time.Time
	accounts *account.Directory
	registry *conn.Registry
	slowed
	rooms

	// Replaced as a whole by Reload.
	options   atomic.Pointer[config.Options]
	since     epochs
	clientTLS atomic.Pointer[secured] // nil without TLS

	clientAuth atomic.Pointer[policies]
	proxies    atomic.Pointer[auth.Proxies]

	authorities authorities

	draining atomic.Bool
	stopping chan struct{} // closed when the shutdown begins
	done     chan struct{} // closed when the shutdown is complete

	mu        sync.Mutex // guards all below
	stopped   bool
	clients   net.Listener
	edges     []*edge // in the order of the configuration
	monitor   *httpListener
	profile   *httpListener
	portsFile string
	handlers  []handled // made by Handler
	loops     sync.WaitGroup
}

// slowed are those who come too often.
type slowed struct {
	logins   *admission.Logins
	throttle *admission.Throttle
}

// epochs say since when the configuration holds.
type epochs struct {
	loaded atomic.Int64  // when options were loaded, Unix nanoseconds
	info   atomic.Uint64 // moves when something changes that INFO may tell of
}

// httpListener is a listener for HTTP.
type httpListener struct {
	net.Listener
	server closer
}

// closer is an *http.Server, or a *front.Server with one behind it.
type closer interface {
	Shutdown(context.Context) error
	Close() error
}

// New makes a server of o, which it completes and checks. log gets what nats-server would log.
func New(o *Options, log *slog.Logger) (*Server, error) {
	o.SetDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	k, err := newKeys()
	if err != nil {
		return nil, fmt.Errorf("keys of the server: %w", err)
	}
	s := &Server{
		log: log, keys: k, start: time.Now(),
		stopping: make(chan struct{}), done: make(chan struct{}),
		accounts: account.NewDirectory(),
		registry: conn.NewRegistry(o.Conn, log),
		slowed:   slowed{admission.NewLogins(o.Auth.FailedLogins), admission.NewThrottle(log)},
	}
	s.registry.Remember(o.Monitor.MaxClosed)
	s.since.loaded.Store(s.start.UnixNano())
	s.options.Store(o)
	s.accounts.SetSystem(o.Accounts.SystemName())
	s.caller = s.newCaller()
	s.authorities.fetcher = ocsp.NewFetcher(nil)
	s.authorities.checker = ocsp.NewChecker(s.authorities.fetcher, log)
	if err := s.believe(o); err != nil {
		return nil, err
	}
	s.lookDown(o.Accounts.SystemName())
	c, err := s.compile(o)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.adoptLocked(c)
	return s, nil
}

// compiled is what a configuration names on disk, and what is asked often in a form for asking.
type compiled struct {
	tls      *secured // nil without TLS
	auth     policies
	proxies  *auth.Proxies
	edges    []*edgeState
	staplers []*ocsp.Stapler
}

// compile makes a compiled configuration of o.
func (s *Server) compile(o *Options) (c compiled, err error) {
	l := s.tlsLoader(o)
	if c.tls, err = l.load(o.TLS); err != nil {
		return c, err
	}
	if c.auth, err = s.compilePolicies(o); err != nil {
		return c, err
	}
	if c.proxies, err = auth.TrustProxies(o.ProxyKeys); err != nil {
		return c, err
	}
	c.edges, err = s.compileEdges(o, l)
	c.staplers = l.staplers
	return c, err
}

// mappedTypes are the types of connections whose certificates say who comes in.
func mappedTypes(o *Options) (types []auth.Type) {
	if o.TLS != nil && o.TLS.Map && !o.DontListen {
		types = append(types, auth.Standard)
	}
	if slices.ContainsFunc(o.WebSockets, func(w *config.WebSocket) bool { return w.On() && w.TLS != nil && w.TLS.Map }) {
		types = append(types, auth.WebSocket)
	}
	return types
}

// adoptLocked puts c in force.
func (s *Server) adoptLocked(c compiled) {
	s.clientAuth.Store(&c.auth)
	s.proxies.Store(c.proxies)
	s.clientTLS.Store(c.tls)
	s.authorities.staplers = c.staplers
	s.setEdgesLocked(c.edges)
}

// Start opens the listeners and returns when clients can connect. After an error nothing is left open.
func (s *Server) Start() error {
	o := s.options.Load()
	s.banner(o)
	s.authorities.checker.SetCache(peerCache(o))
	err := s.system.Start()
	if err == nil {
		err = s.open(o)
	}
	if err == nil {
		err = s.writeFiles(o)
	}
	if err != nil {
		s.stop()
		return err
	}
	if !o.DontListen {
		s.log.Info("Server is ready")
	}
	return nil
}

// banner logs what is started.
func (s *Server) banner(o *Options) {
	s.log.Info("Starting weir")
	s.log.Info("  Version:  " + ReferenceVersion)
	s.log.Info("  Weir:     " + Version)
	s.log.Info("  Name:     " + s.name())
	s.log.Info("  ID:       " + s.id)
	if o.ConfigFile != "" {
		s.log.Info(fmt.Sprintf("Using configuration file: %s (%s)", o.ConfigFile, o.Digest))
	}
	s.announceOperators(o)
	for _, w := range s.warnings() {
		s.log.Warn(w)
	}
	s.complain(o)
}

// warnings are those of the configuration in force.
func (s *Server) warnings() []string {
	o := s.options.Load()
	all := slices.Clone(o.Warnings)
	told := slices.ContainsFunc(all, func(text string) bool { return strings.HasSuffix(text, config.AnyPageLogsIn) })
	for _, w := range o.WebSockets {
		if w.AnyPageLogsIn() && !told { // that of a file says where it is
			all = append(all, w.Name+": "+config.AnyPageLogsIn)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	plain := s.clientAuth.Load().port.PlainPasswords()
	for _, e := range s.edges {
		plain = plain || e.now.Load().auth.PlainPasswords()
	}
	if plain {
		all = append(all, "Plaintext passwords detected, use nkeys or bcrypt")
	}
	return all
}

// open opens all listeners, that of the clients last.
func (s *Server) open(o *Options) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return ErrStopped
	}
	s.runStaplersLocked()
	if err := s.openMonitorLocked(o); err != nil {
		return err
	}
	if err := s.openProfileLocked(o); err != nil {
		return err
	}
	for _, e := range s.edges {
		if err := s.openEdgeLocked(e); err != nil {
			return err
		}
	}
	s.loops.Go(s.sweep)
	return s.openClientsLocked(o)
}

// writeFiles writes the pid file and the ports file.
func (s *Server) writeFiles(o *Options) error {
	if o.PidFile != "" {
		if err := runfile.WritePID(o.PidFile); err != nil {
			return err
		}
	}
	if o.PortsDir == "" {
		return nil
	}
	path, err := runfile.WritePorts(o.PortsDir, s.ports())
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.portsFile = path
	return nil
}

// Wait returns when the server has shut down.
func (s *Server) Wait() { <-s.done }

// Shutdown closes the listeners and all connections, and returns when that is done. Clients are told.
func (s *Server) Shutdown() {
	if s.isStopped() {
		<-s.done
		return
	}
	s.log.Info("Initiating Shutdown...")
	s.stop()
	s.log.Info("Server Exiting..")
}

func (s *Server) isStopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// stop closes everything, once, and returns when that is done.
func (s *Server) stop() {
	s.mu.Lock()
	first := !s.stopped
	s.stopped = true
	s.endStaplersLocked()
	s.mu.Unlock()
	if !first {
		<-s.done
		return
	}
	s.draining.Store(true)
	s.infoChanged()
	s.system.Stop()
	close(s.stopping)
	s.closeListeners()
	s.caller.Close() // or who waits there would hold the others up
	s.registry.CloseAll(conn.ServerShutdown, farewell)
	if s.authority != nil {
		s.authority.Close()
	}
	s.loops.Wait()
	s.authorities.checker.Close()
	s.removeFiles()
	close(s.done)
}

// removeFiles removes the pid file and the ports file.
func (s *Server) removeFiles() {
	s.mu.Lock()
	portsFile := s.portsFile
	s.mu.Unlock()
	if portsFile != "" {
		if err := runfile.RemovePorts(portsFile); err != nil {
			s.log.Warn(err.Error())
		}
	}
	if path := s.options.Load().PidFile; path != "" {
		if err := runfile.RemovePID(path); err != nil {
			s.log.Warn(fmt.Sprintf("could not remove pidfile: %v", err))
		}
	}
}

// name is the server's name, its id unless one is configured.
func (s *Server) name() string {
	if n := s.options.Load().ServerName; n != "" {
		return n
	}
	return s.id
}
