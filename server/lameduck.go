package server

import (
	"math/rand/v2"
	"time"

	"weir/internal/conn"
)

// LameDuck retreats: no new connections, every client is told, and after the grace period they are closed one by one,
// spread over the configured duration. Then the server shuts down. It returns at once if it was called before.
func (s *Server) LameDuck() {
	if s.draining.Swap(true) {
		return
	}
	s.infoChanged()
	s.log.Info("Entering lame duck mode, stop accepting new clients")
	s.system.LameDuck()
	s.closeClientListeners()
	o := s.options.Load()
	s.sendInfo()
	if s.registry.Len() > 0 && s.pause(o.LameDuck.Grace) {
		s.closeSlowly(o.LameDuck.Duration - o.LameDuck.Grace)
	}
	s.Shutdown()
}

// closeClientListeners closes the listeners for clients; monitoring stays.
func (s *Server) closeClientListeners() {
	s.mu.Lock()
	clients := s.clients
	var edges []*httpListener
	for _, e := range s.edges {
		if e.listener != nil {
			edges = append(edges, e.listener)
		}
	}
	s.mu.Unlock()
	if clients != nil {
		clients.Close() //nolint:errcheck // closing is all that is left
	}
	for _, l := range edges {
		s.retire(l)
	}
}

// closeSlowly closes all connections at random moments within the given time.
func (s *Server) closeSlowly(within time.Duration) {
	s.log.Info("Closing existing clients")
	all := s.registry.Conns()
	if len(all) == 0 {
		return
	}
	share := max(within/time.Duration(len(all)), 1)
	for i, c := range all {
		c.Close(conn.ServerShutdown, "")
		if i < len(all)-1 && !s.pause(rand.N(share)+share/2) {
			return
		}
	}
}

// pause waits; it reports false if the server has shut down meanwhile.
func (s *Server) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-s.done:
		return false
	}
}
