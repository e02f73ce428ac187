package server

import (
	"slices"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/claims"
	"weir/internal/client"
	"weir/internal/config"
	"weir/internal/monitor"
)

// believe makes the authority of operator mode, and with it the system account; it does nothing where nobody is trusted.
func (s *Server) believe(o *Options) error {
	c := &o.Accounts.Claims
	if !c.On() {
		return s.accounts.Apply(o.Accounts.All())
	}
	if err := c.Suits(ReferenceVersion); err != nil {
		return err
	}
	secure, err := o.Accounts.ResolverTLS.ClientConfig()
	if err != nil {
		return err
	}
	s.authority, err = claims.New(*c, claims.Env{Log: s.log, Apply: s.setAccounts, Changed: s.recheckAccount, TLS: secure})
	return err
}

// setAccounts makes the accounts of the server those of the configuration and those of claims.
func (s *Server) setAccounts(vouched []account.Config) error {
	all := slices.Clone(vouched)
	known := make(map[string]bool, len(vouched))
	for i := range vouched {
		known[vouched[i].Name] = true
	}
	for _, c := range s.options.Load().Accounts.All() {
		if !known[c.Name] {
			all = append(all, c)
		}
	}
	return s.accounts.Apply(all)
}

// reassure does all that can fail of what a new configuration says of operators; what it returns puts that in force.
func (s *Server) reassure(o *Options) (commit func(), err error) {
	if s.authority == nil {
		return func() {}, nil
	}
	secure, err := o.Accounts.ResolverTLS.ClientConfig()
	if err != nil {
		return nil, err
	}
	return s.authority.Prepare(o.Accounts.Claims, secure)
}

// policy says who may come in by connections of one type.
func (s *Server) policy(o *Options, c auth.Config, by auth.Type) (*auth.Policy, error) {
	if s.authority != nil {
		return auth.Delegate(s.caller.Behind(s.authority), by), nil
	}
	p, err := auth.Compile(c, by, mappedTypes(o)...)
	if err != nil {
		return nil, err
	}
	return p.Ask(s.caller), nil
}

// recheckAccount holds the clients of one account against what its claims say now.
func (s *Server) recheckAccount(name string) {
	s.recheck(func(c *client.Client) bool { return c.Account().Name() == name })
}

// announceOperators logs who is trusted.
func (s *Server) announceOperators(o *config.Options) {
	for _, line := range o.Accounts.Claims.Announce() {
		s.log.Info(line)
	}
	if c := o.Accounts.Claims; len(c.Operators) > 0 && c.SystemAccount == "" {
		s.log.Warn("Trusted Operators should utilize a System Account")
	}
}

// varzOperators is who is trusted, for /varz.
func (s *Server) varzOperators(o *Options) (v monitor.Operators) {
	if s.authority != nil {
		v.JWTs, v.Claims = o.Accounts.Claims.Operators, o.Accounts.Claims.OperatorClaims()
		v.PinnedFails = s.authority.Refused()
	}
	return v
}
