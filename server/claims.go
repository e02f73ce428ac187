package server

import (
	"cmp"
	"errors"
	"fmt"

	"weir/internal/claims"
	"weir/internal/resolver"
	"weir/internal/system"
)

// claims is what the system account offers of the JWTs of accounts: as much as the resolver keeps. The words are
// nats-server's.
func (s *Server) claims() (c system.Claims) {
	if s.authority == nil {
		return c
	}
	c.Update = s.updateClaims
	switch s.options.Load().Accounts.Claims.Resolver.Kind {
	case resolver.Full:
		c.Fetch = s.fetchClaims
		fallthrough
	case resolver.Cache:
		c.Keeps, c.List, c.Delete = true, s.authority.List, s.deleteClaims
	}
	return c
}

func (s *Server) updateClaims(account, token string) (name, note string, err error) {
	update, updated, invalid := "jwt update", "jwt updated", "jwt validation failed"
	if s.options.Load().Accounts.Claims.Resolver.Kind == resolver.Cache {
		update, updated, invalid = "jwt update cache", "jwt updated cache", "jwt update cache validation failed"
	}
	if name, err = s.authority.Update(account, token); name == "" {
		name = cmp.Or(account, "n/a")
	}
	switch {
	case err == nil:
		return name, updated, nil
	case errors.Is(err, claims.ErrSkipped):
		return name, update + " skipped", nil
	case errors.Is(err, claims.ErrValidation):
		return name, invalid, err
	}
	return name, update + " resulted in error", err
}

func (s *Server) fetchClaims(account string) (string, error) {
	token, err := s.authority.Fetch(account)
	if errors.Is(err, resolver.ErrNotFound) || errors.Is(err, resolver.ErrName) {
		return "", nil
	}
	return token, err
}

func (s *Server) deleteClaims(request string) (note string, err error) {
	n, err := s.authority.Delete(request)
	var some interface{ Unwrap() []error }
	switch {
	case err == nil:
		return fmt.Sprintf("deleted %d accounts", n), nil
	case errors.As(err, &some):
		return fmt.Sprintf("deleted %d accounts, failed for %d", n, len(some.Unwrap())), err
	}
	return "delete accounts request failed", err
}
