package claims

import (
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/resolver"
)

// Errors of [Authority.Update] and [Authority.Delete]. Their texts are nats-server's.
var (
	// ErrNotTrusted: no trusted operator signed it.
	ErrNotTrusted = errors.New("not trusted")
	// ErrSigningKey: an operator signed with the key that it keeps for its signing keys.
	ErrSigningKey = errors.New("operator requires issuer to be a signing key")
	// ErrOtherSubject: it is of another account than the request says.
	ErrOtherSubject = errors.New("subject does not match jwt content")
	// ErrSkipped: the account is not in use here, and the resolver keeps only what is.
	ErrSkipped     = errors.New("jwt update skipped")
	ErrNoDelete    = errors.New("delete must be enabled in server config")
	ErrSelfSigned  = errors.New("not self signed")
	ErrMalformed   = errors.New("malformed request")
	ErrSystemStays = errors.New("not allowed to delete system account")
)

// Update takes the new JWT of an account, which is that called of unless of is empty, keeps it if the resolver keeps such, and
// puts it in force for an account in use: for who is in, too. It returns the account's public key as far as the JWT could be
// read.
func (a *Authority) Update(of, token string) (name string, err error) {
	c, err := decode[*jwt.AccountClaims](token)
	if err != nil {
		return "", err
	}
	b := a.belief.Load()
	switch {
	case of != "" && of != c.Subject:
		return of, ErrOtherSubject
	case !nkeys.IsValidPublicAccountKey(c.Subject):
		return c.Subject, resolver.ErrName
	case b.masters[c.Issuer]:
		return c.Subject, ErrSigningKey
	case !b.keys[c.Issuer]:
		return c.Subject, ErrNotTrusted
	case !valid(c):
		return c.Subject, ErrValidation
	}
	if used := a.known(c.Subject) != nil; !used && b.kind != resolver.Full {
		return c.Subject, ErrSkipped
	}
	if b.kind == resolver.Full || b.kind == resolver.Cache {
		if err := b.resolver.Store(c.Subject, token); err != nil {
			return c.Subject, err
		}
	}
	return c.Subject, a.refresh(c.Subject, token)
}

// refresh puts a JWT of an account in force if the account is in use and had another one.
func (a *Authority) refresh(name, token string) error {
	for {
		old := a.known(name)
		if old == nil || old.token == token {
			return nil
		}
		n, err := newTenant(name, token, a.belief.Load().trust, old)
		if err != nil {
			return err
		}
		if err := a.install(name, old, n); err != nil {
			return err
		}
	}
}

// Fetch is the JWT of an account as the resolver has it. The error is [resolver.ErrNotFound], [resolver.ErrName] or one of the system.
func (a *Authority) Fetch(name string) (token string, err error) { return a.fetch(name) }

// List is the public keys of the accounts whose JWTs the resolver keeps; none for a web server, which is not asked.
func (a *Authority) List() []string {
	r := a.belief.Load().resolver
	if r == nil {
		return nil
	}
	return r.List()
}

// Delete removes the accounts that a request names, which an operator has signed with its own key: their JWTs are gone, and
// who is in by them has to leave. It returns how many there were.
func (a *Authority) Delete(request string) (n int, err error) {
	b := a.belief.Load()
	c, err := decodeGeneric(request)
	if err != nil {
		return 0, err
	}
	names, ok := c.Data["accounts"].([]any)
	switch {
	case b.kind != resolver.Cache && (b.kind != resolver.Full || !b.deletes):
		return 0, ErrNoDelete
	case c.Subject != c.Issuer:
		return 0, ErrSelfSigned
	case !b.keys[c.Issuer]:
		return 0, ErrNotTrusted
	case !ok:
		return 0, ErrMalformed
	}
	for _, name := range names {
		switch s, _ := name.(string); {
		case !nkeys.IsValidPublicAccountKey(s):
			return 0, ErrMalformed
		case s == b.system:
			return 0, ErrSystemStays
		}
	}
	var errs []error
	for _, name := range names {
		if err := a.remove(b, name.(string)); err != nil {
			errs = append(errs, err)
		} else {
			n++
		}
	}
	return n, errors.Join(errs...)
}

// remove deletes one account. In its place stands one that has expired, until somebody stores it again.
func (a *Authority) remove(b *belief, name string) error {
	if err := b.resolver.Remove(name); err != nil {
		return err
	}
	for {
		old := a.known(name)
		if old == nil || old.token == "" {
			return nil
		}
		gone := *old
		gone.token, gone.expires = "", 1
		if err := a.install(name, old, &gone); err != nil {
			return err
		}
	}
}

// preload stores a JWT of the configuration unless the resolver has a newer one.
func preload(r resolver.Resolver, name, token string) error {
	c, err := decode[*jwt.AccountClaims](token)
	if err != nil {
		return fmt.Errorf("preload account error for %q: %w", name, err)
	}
	if !nkeys.IsValidPublicAccountKey(name) {
		return fmt.Errorf("preload account error for %q: %w", name, resolver.ErrName)
	}
	if had, err := r.Fetch(name); err == nil {
		if h, err := decode[*jwt.AccountClaims](had); err == nil && h.IssuedAt > c.IssuedAt {
			return nil
		}
	}
	return r.Store(name, token)
}

// warn logs what is wrong with preloaded accounts: their users find out later.
func (a *Authority) warn(tokens map[string]string) {
	for name, token := range tokens {
		c, err := decode[*jwt.AccountClaims](token)
		if err != nil {
			continue
		}
		r := jwt.CreateValidationResults()
		if c.Validate(r); r.IsBlocking(true) {
			a.env.Log.Warn(fmt.Sprintf("Account [%s] has validation issues:", name))
			for _, issue := range r.Issues {
				a.env.Log.Warn("  - " + issue.Description)
			}
		}
	}
}

// Prepare does all that can fail of another valid configuration with the same operators; what it returns puts it in force.
// Accounts in use are held against the new resolver: of one in memory, those that are not there any more are gone.
func (a *Authority) Prepare(c Config, secure *tls.Config) (commit func(), err error) {
	put, err := a.prepare(c, secure)
	if err != nil {
		return nil, err
	}
	return func() {
		b := put()
		if b.kind != resolver.Web && b.resolver != nil {
			a.reread(b)
		}
		a.mu.Lock()
		a.wish++ // accounts that are not of claims may be others now
		a.mu.Unlock()
		if err := a.apply(); err != nil {
			a.env.Log.Error(fmt.Sprintf("Accounts could not be set up: %v", err))
		}
	}, nil
}

// reread holds the accounts in use against what the resolver has.
func (a *Authority) reread(b *belief) {
	a.mu.Lock()
	names := make([]string, 0, len(a.tenants))
	for name := range a.tenants {
		names = append(names, name)
	}
	a.mu.Unlock()
	for _, name := range names {
		token, err := b.resolver.Fetch(name)
		if err == nil {
			err = a.refresh(name, token)
		}
		if err != nil && b.kind == resolver.Memory && name != b.system {
			a.env.Log.Info(fmt.Sprintf("Reloaded: deleting account [%v]: %q", err, name))
			a.replace(name, a.known(name), nil)
			a.tell(name)
		}
	}
}
