package claims

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/resolver"
)

// Config says which operators are trusted, and where the JWTs of their accounts are. The zero value trusts nobody: there is
// no operator mode then.
type Config struct {
	// Operators are the JWTs of the trusted operators; see [ReadOperator].
	Operators []string
	// TrustedKeys are public keys of operators, in place of Operators.
	TrustedKeys []string
	// SystemAccount is the public key of the system account; empty means that of the first operator's JWT.
	SystemAccount string
	Resolver      resolver.Config
	// Preload are JWTs of accounts by public key, which the resolver is given at the start.
	Preload map[string]string
	// Pinned are the only accounts whose users may come in, beside the system account; none means all.
	Pinned []string
	// Sentinel is the JWT of who comes without one: a bearer token.
	Sentinel string
}

// On reports whether there is operator mode.
func (c *Config) On() bool { return len(c.Operators) > 0 || len(c.TrustedKeys) > 0 }

// Completed is c with what the JWT of a single operator says and c does not: the resolver and the system account.
func (c Config) Completed() Config {
	if len(c.Operators) != 1 {
		return c
	}
	o, err := decode[*jwt.OperatorClaims](c.Operators[0])
	if err != nil {
		return c // Validate says so
	}
	if c.Resolver.Kind == "" && o.AccountServerURL != "" {
		c.Resolver = resolver.Config{Kind: resolver.Web, URL: o.AccountServerURL + "/accounts"} // where tools push them to
	}
	if c.SystemAccount == "" {
		c.SystemAccount = o.SystemAccount
	}
	return c
}

// Errors of [Config.Validate]. Their texts are nats-server's.
var (
	ErrSentinelAlone  = errors.New("default sentinel requires operators and accounts")
	ErrSentinel       = errors.New("default sentinel JWT not valid")
	ErrSentinelBearer = errors.New("default sentinel must be a bearer token")
	ErrNoResolver     = errors.New("operators require an account resolver to be configured")
	ErrTrustTwice     = errors.New("conflicting options for 'TrustedKeys' and 'TrustedOperators'")
	ErrSystemAccount  = errors.New("system_account in config and operator JWT must be identical")
	ErrNoSystem       = errors.New("using nats based account resolver - the system account needs to be specified in configuration or the operator jwt")
	ErrPreload        = errors.New("resolver preloads only available for writeable resolver types MEM/DIR/CACHE_DIR")
)

// Validate reports the first thing that no server can run with. c is [Config.Completed].
func (c *Config) Validate() error {
	if len(c.Operators) == 0 && c.Sentinel != "" {
		return ErrSentinelAlone
	}
	for _, key := range c.TrustedKeys {
		if !nkeys.IsValidPublicOperatorKey(key) {
			return fmt.Errorf("trust key %srequired to be a valid public operator nkey", shown(key))
		}
	}
	if c.Resolver.Kind == resolver.Web {
		if _, err := url.Parse(c.Resolver.URL); err != nil {
			return errors.New("error parsing account resolver url") // the text of err may hold a password
		}
		if len(c.Preload) > 0 {
			return ErrPreload
		}
	}
	if len(c.Operators) == 0 {
		return nil
	}
	return c.validateOperators()
}

func (c *Config) validateOperators() error {
	operators, err := decodeOperators(c.Operators)
	switch {
	case err != nil:
		return err
	case c.Resolver.Kind == "":
		return ErrNoResolver
	case len(c.TrustedKeys) > 0:
		return ErrTrustTwice
	}
	if err := c.validateSentinel(); err != nil {
		return err
	}
	if err := c.validateSystem(operators); err != nil {
		return err
	}
	for _, o := range operators {
		for _, key := range append([]string{o.Subject}, o.SigningKeys...) {
			if !nkeys.IsValidPublicOperatorKey(key) {
				return fmt.Errorf("trusted Keys %sare required to be a valid public operator nkey", shown(key))
			}
		}
	}
	for _, key := range c.Pinned {
		if !nkeys.IsValidPublicAccountKey(key) {
			return fmt.Errorf("pinned account key %sis not a valid public account nkey", shown(key))
		}
	}
	return nil
}

// validateSentinel wants a bearer token, or what a scoped signing key may make one.
func (c *Config) validateSentinel() error {
	if c.Sentinel == "" {
		return nil
	}
	u, err := decode[*jwt.UserClaims](c.Sentinel)
	switch {
	case err != nil:
		return ErrSentinel
	case u.BearerToken, u.IssuerAccount != "" && u.HasEmptyPermissions():
		return nil
	}
	return ErrSentinelBearer
}

func (c *Config) validateSystem(operators []*jwt.OperatorClaims) error {
	if c.SystemAccount == "" {
		if operators[0].SystemAccount == "" && (c.Resolver.Kind == resolver.Full || c.Resolver.Kind == resolver.Cache) {
			return ErrNoSystem
		}
		return nil
	}
	named := false
	for _, o := range operators {
		if o.SystemAccount == c.SystemAccount {
			return nil
		}
		named = named || o.SystemAccount != ""
	}
	if named {
		return ErrSystemAccount
	}
	return nil
}

// Suits reports an operator that wants a newer server than version, three numbers.
func (c *Config) Suits(version string) error {
	have, _ := numbers(version)
	for _, token := range c.Operators {
		o, err := decode[*jwt.OperatorClaims](token)
		if err != nil {
			return err
		}
		if o.AssertServerVersion == "" {
			continue
		}
		want, err := numbers(o.AssertServerVersion)
		if err != nil {
			return fmt.Errorf("operator %s expects version %s got error instead: %w", o.Subject, o.AssertServerVersion, err)
		}
		for i, name := range [...]string{"major", "minor", "update"} {
			if want[i] > have[i] {
				return fmt.Errorf("operator %s expected %s version %d > server %s version %d", o.Subject, name, want[i], name, have[i])
			}
			if want[i] < have[i] {
				break
			}
		}
	}
	return nil
}

var errVersion = errors.New("asserted server version must be of the form <major>.<minor>.<update>")

// numbers reads a version.
func numbers(version string) (n [3]int, err error) {
	parts := strings.Split(version, ".")
	if len(parts) != len(n) {
		return n, errVersion
	}
	for i, part := range parts {
		if n[i], err = strconv.Atoi(part); err != nil || n[i] < 0 {
			return n, errVersion
		}
	}
	return n, nil
}

// ReadOperator takes the JWT of an operator out of text, which may be a file with lines around it.
func ReadOperator(text []byte) (token string, err error) {
	token, err = jwt.ParseDecoratedJWT(text)
	if err != nil {
		return "", err
	}
	token = strings.TrimSpace(token)
	_, err = decode[*jwt.OperatorClaims](token)
	return token, err
}

// CheckAccount reports whether token is the JWT of an account, whoever signed it and whatever it says.
func CheckAccount(token string) error {
	_, err := decode[*jwt.AccountClaims](token)
	return err
}

func decodeOperators(tokens []string) ([]*jwt.OperatorClaims, error) {
	all := make([]*jwt.OperatorClaims, len(tokens))
	for i, token := range tokens {
		var err error
		if all[i], err = decode[*jwt.OperatorClaims](token); err != nil {
			return nil, fmt.Errorf("error parsing operator JWT: %w", err)
		}
	}
	return all, nil
}

// Announce is what a log says of the operators, as nats-server's does.
func (c *Config) Announce() (lines []string) {
	for i, o := range c.OperatorClaims() {
		if i == 0 {
			lines = append(lines, "Trusted Operators")
		}
		expires := "Never"
		if o.Expires != 0 {
			expires = time.Unix(o.Expires, 0).String()
		}
		lines = append(lines,
			fmt.Sprintf("  System  : %q", o.Audience), fmt.Sprintf("  Operator: %q", o.Name),
			fmt.Sprintf("  Issued  : %v", time.Unix(o.IssuedAt, 0)), "  Expires : "+expires)
	}
	return lines
}
