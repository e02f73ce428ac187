package config

import (
	"errors"
	"fmt"
	"strings"

	"weir/internal/auth"
	"weir/internal/tlsfile"
)

var errNameHasSpaces = errors.New("server name cannot contain spaces")

// Validate reports everything that no server can run with, one line each. It comes after [Options.SetDefaults], and
// reads the certificate files.
func (o *Options) Validate() error {
	return errors.Join(
		o.validateLameDuck(),
		o.validatePayload(),
		o.validateName(),
		o.Conn.Validate(),
		o.Protocol.Validate(),
		o.validatePorts(),
		o.validateAdvertise(),
		o.validateMonitor(),
		validateAuth(o.Auth),
		o.checkNoAuthUser(o.Auth.NoAuthUser, o.Auth.Users),
		validateProxies(o.ProxyKeys),
		o.validateCallouts(),
		o.Accounts.validate(),
		o.validateClaims(),
		validateTLS("tls", o.TLS),
		o.OCSP.Validate(),
		o.validateWebSockets(),
	)
}

func (o *Options) validateLameDuck() error {
	if l := o.LameDuck; l.Duration > 0 && l.Grace >= l.Duration {
		return fmt.Errorf("lame duck grace period (%v) should be strictly lower than lame duck duration (%v)", l.Grace, l.Duration)
	}
	return nil
}

func (o *Options) validatePayload() error {
	if int64(o.Protocol.MaxPayload) > o.Conn.MaxPending {
		return fmt.Errorf("max_payload (%v) cannot be higher than max_pending (%v)", o.Protocol.MaxPayload, o.Conn.MaxPending)
	}
	return nil
}

func (o *Options) validateName() error {
	if strings.Contains(o.ServerName, " ") {
		return errNameHasSpaces
	}
	return nil
}

// validatePorts checks the ports that flags may have set.
func (o *Options) validatePorts() error {
	var errs []error
	for _, p := range []struct {
		what string
		port int
	}{
		{"client", o.Client.Port},
		{"monitoring", o.Monitor.Port},
		{"https monitoring", o.Monitor.HTTPSPort},
		{"profiling", o.Profile.Port},
	} {
		if err := checkPort(p.port); err != nil {
			errs = append(errs, fmt.Errorf("%s listener: %w", p.what, err))
		}
	}
	return errors.Join(errs...)
}

func (o *Options) validateAdvertise() error {
	if o.Advertise == "" {
		return nil
	}
	if _, err := ParseAdvertise(o.Advertise, o.Client.Port); err != nil {
		return fmt.Errorf("invalid client_advertise %q: %w", o.Advertise, err)
	}
	return nil
}

// validateAuth checks the users of a program; those of a file were checked where they were read.
func validateAuth(c auth.Config) error {
	c.NoAuthUser = "" // see checkNoAuthUser
	_, err := auth.Compile(c, auth.Standard)
	return err
}

func (o *Options) validateMonitor() error {
	m := o.Monitor
	switch {
	case m.Port != 0 && m.HTTPSPort != 0:
		return fmt.Errorf("can't specify both HTTP (%v) and HTTPs (%v) ports", m.Port, m.HTTPSPort)
	case m.HTTPSPort != 0 && m.TLS == nil:
		return errors.New("TLS cert and key required for HTTPS")
	}
	return nil
}

func validateTLS(where string, t *tlsfile.Block) error {
	if t == nil {
		return nil
	}
	_, err := t.Config()
	if err != nil && t.At().File == "" {
		return fmt.Errorf("%s: %w", where, err)
	}
	return err
}
