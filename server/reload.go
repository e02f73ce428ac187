package server

import (
	"errors"
	"fmt"
	"time"

	"weir/internal/client"
	"weir/internal/config"
)

// Reload replaces the configuration while the server runs. What changed is logged, without secrets. If anything of it
// needs a new process, or a file cannot be read, nothing changes and the error says why.
func (s *Server) Reload(o *Options) error {
	o.SetDefaults()
	if err := o.Validate(); err != nil {
		return err
	}
	changes := config.Plan(s.options.Load(), o)
	var refused []error
	recheck := false
	for _, c := range changes {
		switch c.Effect {
		case config.Refuse, config.Restart:
			refused = append(refused, fmt.Errorf("config reload not supported for %s.%s: %s -> %s", c.Room, c.Field, c.Old, c.New))
		case config.Recheck:
			recheck = true
		}
	}
	if err := errors.Join(refused...); err != nil {
		return err
	}
	if err := s.load(o); err != nil {
		return err
	}
	s.options.Store(o)
	s.loaded.Store(time.Now().UnixNano())
	s.registry.SetConfig(o.Conn)
	for _, c := range changes {
		s.log.Info("Reloaded: " + c.String())
	}
	if recheck {
		s.recheck()
	}
	s.log.Info("Reloaded server configuration (" + o.Digest + ")")
	return nil
}

// recheck closes the clients that would not be let in any more.
func (s *Server) recheck() {
	for _, c := range s.registry.Conns() {
		if v, ok := c.Visitor().(*client.Client); ok {
			v.Recheck()
		}
	}
}
