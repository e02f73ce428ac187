package config

import (
	"errors"
	"fmt"
	"slices"

	"weir/internal/conf"
	"weir/internal/resolver"
)

// Errors of operators beside what only a server without them may have. Their texts are nats-server's.
var (
	errAccountsOfOperators = errors.New("operators do not allow Accounts to be configured directly")
	errUsersOfOperators    = errors.New("operators do not allow users to be configured directly")
	errGuestOfOperators    = errors.New("no_auth_user not compatible with Trusted Operator")
)

// validateClaims checks who is trusted to vouch for accounts.
func (o *Options) validateClaims() error {
	if err := o.Accounts.Claims.Validate(); err != nil {
		return err
	}
	switch {
	case len(o.Accounts.Claims.Operators) == 0:
	case len(o.Accounts.Named) > 0:
		return errAccountsOfOperators
	case len(o.Auth.Users) > 0, slices.ContainsFunc(o.WebSockets, func(w *WebSocket) bool { return len(w.Auth.Users) > 0 }):
		return errUsersOfOperators
	}
	_, err := o.Accounts.ResolverTLS.ClientConfig()
	return err
}

// checkJWTCookie wants somebody who can read what the cookie holds.
func (o *Options) checkJWTCookie(w *WebSocket) error {
	if w.Cookies.JWT == "" || o.Accounts.Claims.On() {
		return nil
	}
	return fmt.Errorf("trusted operators or trusted keys configuration is required for JWT authentication via cookie %q",
		w.Cookies.JWT)
}

// What follows is compared as a whole in a plan, and shown without secrets.
type (
	plannedTokens   []string
	plannedPreloads map[string]string
	plannedResolver resolver.Config
)

func (t plannedTokens) String() string   { return fmt.Sprintf("%d JWTs", len(t)) }
func (p plannedPreloads) String() string { return fmt.Sprintf("%d accounts", len(p)) }

func (r plannedResolver) String() string {
	r.URL = conf.Public(r.URL)
	return fmt.Sprintf("%+v", resolver.Config(r))
}
