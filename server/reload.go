package server

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"weir/internal/account"
	"weir/internal/client"
	"weir/internal/config"
)

// webSocketRoom is the room of changes of websocket blocks in a plan.
const webSocketRoom = "websocket"

// Reload replaces the configuration while the server runs. What changed is logged, without secrets. Listeners for
// WebSocket are opened, moved and closed as needed; their connections stay. If anything else needs a new process, a file
// cannot be read or an address cannot be had, nothing changes and the error says why.
func (s *Server) Reload(o *Options) error {
	o.SetDefaults()
	if err := o.Validate(); err != nil {
		return err
	}
	old := s.options.Load()
	changes := config.Plan(old, o)
	var refused []error
	recheck := false
	for _, c := range changes {
		switch {
		case c.Effect == config.Refuse, c.Effect == config.Restart && c.Room != webSocketRoom:
			refused = append(refused, fmt.Errorf("config reload not supported for %s", c))
		case c.Effect == config.Recheck:
			recheck = true
		}
	}
	if err := errors.Join(refused...); err != nil {
		return err
	}
	known := s.warnings()
	if err := s.apply(o); err != nil {
		return err
	}
	s.authorities.checker.SetCache(peerCache(o))
	for _, w := range s.warnings() {
		if !slices.Contains(known, w) {
			s.log.Warn(w)
		}
	}
	s.complain(o)
	for _, c := range changes {
		s.log.Info("Reloaded: " + c.String())
	}
	if recheck {
		s.recheck(func(*client.Client) bool { return true })
	}
	if n := s.registry.Renew(); n > 0 {
		s.log.Info(fmt.Sprintf("Closed %d connections to fall within max_connections", n))
	}
	s.log.Info("Reloaded server configuration (" + o.Digest + ")")
	return nil
}

// apply makes o the configuration: all that can fail comes first.
func (s *Server) apply(o *Options) error {
	c, err := s.compile(o)
	if err != nil {
		return err
	}
	believe, err := s.adopt(o, c)
	if err == nil {
		believe() // without the lock: files are read
	}
	return err
}

// adopt puts o and what it was compiled into in force, but for what it returns.
func (s *Server) adopt(o *Options, c compiled) (believe func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if believe, err = s.reassure(o); err != nil {
		return nil, err
	}
	handlers, err := s.compileHandlersLocked(o)
	if err != nil {
		return nil, err
	}
	moves, err := s.planMovesLocked(c.edges)
	if err != nil {
		return nil, err
	}
	if s.authority == nil {
		if err := s.accounts.Apply(o.Accounts.All()); err != nil { // never, once o is valid
			return nil, err
		}
	}
	s.adoptLocked(c)
	for i, state := range handlers {
		s.handlers[i].set(state)
	}
	s.options.Store(o)
	s.since.loaded.Store(time.Now().UnixNano())
	s.registry.SetConfig(o.Conn)
	s.logins.SetLimit(o.Auth.FailedLogins)
	s.runStaplersLocked()
	for _, m := range moves {
		s.moveLocked(m)
	}
	s.infoChanged()
	return believe, nil
}

// retire closes a listener at once, and lets requests that are under way there be answered.
func (s *Server) retire(l *httpListener) {
	l.Close() //nolint:errcheck // closing is all that is left
	s.loops.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		if l.server.Shutdown(ctx) != nil {
			l.server.Close() //nolint:errcheck // likewise
		}
	})
}

// recheck closes those of the clients that would not be let in any more. Where an account may have fewer than it has, the
// youngest have to go.
func (s *Server) recheck(which func(*client.Client) bool) {
	left := make(map[*account.Account]int)
	unpinned := 0
	for c := range s.connected() {
		switch {
		case !which(c):
			continue
		case c.CloseUnpinned():
			unpinned++
			continue
		}
		if c.Recheck(); c.Closing() {
			continue
		}
		a := c.Account()
		if left[a]++; !a.Limits().Holds(left[a]) {
			c.Evict()
		}
	}
	if unpinned > 0 {
		s.log.Info(fmt.Sprintf("Disconnect %d clients due to pinned certs reload", unpinned))
	}
}

// sendInfo tells all clients that understand it what INFO says now.
func (s *Server) sendInfo() {
	for c := range s.connected() {
		c.SendInfo()
	}
}

// connected is all clients.
func (s *Server) connected() iter.Seq[*client.Client] {
	return func(yield func(*client.Client) bool) {
		for _, c := range s.registry.Conns() {
			if v, ok := c.Visitor().(*client.Client); ok && !yield(v) {
				return
			}
		}
	}
}
