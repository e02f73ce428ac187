package server

import (
	"errors"
	"sync/atomic"

	"weir/internal/callout"
	"weir/internal/claims"
	"weir/internal/monitor"
	"weir/internal/system"
)

// rooms are those that look down at others. They are made once.
type rooms struct {
	// authority reads the claims of clients in operator mode; nil without.
	authority *claims.Authority
	caller    *callout.Caller
	pages     *monitor.Pages
	system    *system.System
	reloader  atomic.Pointer[func() error] // see OnReload
}

// lookDown makes the rooms that look down at all others. The argument is the name of the system account.
func (s *Server) lookDown(account string) {
	s.pages = s.newPages(account)
	s.system = system.New(system.Env{
		Name:     account,
		Accounts: s.accounts,
		Registry: s.registry,
		Pages:    s.pages,
		Identity: s.identity,
		Reload:   s.reloadAsked,
		Claims:   s.claims(),
		Log:      s.log,
	})
}

// identity is what the server says of itself in the system account.
func (s *Server) identity() system.Identity {
	o := s.options.Load()
	i := s.clientInfo()
	return system.Identity{
		ID: i.ServerID, Name: i.ServerName, Host: i.Host, Version: i.Version,
		Tags: o.Tags, Metadata: o.Metadata,
	}
}

// errNoReloader is what a client of the system account gets that asks for a reload where there is nothing to load.
var errNoReloader = errors.New("can only reload config when a file is provided using -c or --config")

// OnReload has f called when a client of the system account asks for a reload: it reads the configuration again and calls
// [Server.Reload]. Without it such requests are refused.
func (s *Server) OnReload(f func() error) { s.reloader.Store(&f) }

// reloadAsked is called for a client of the system account.
func (s *Server) reloadAsked() error {
	f := s.reloader.Load()
	if f == nil {
		return errNoReloader
	}
	return (*f)()
}
