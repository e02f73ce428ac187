package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"weir/internal/admission"
	"weir/internal/auth"
	"weir/internal/conf"
)

// validateWebSockets reports what keeps the listeners from starting; with several, each error says which one it is about.
func (o *Options) validateWebSockets() error {
	var errs []error
	names, addresses := make(map[string]bool), make(map[string]bool)
	for _, w := range o.WebSockets {
		if !w.On() {
			continue
		}
		which := ""
		if len(o.WebSockets) > 1 {
			which = fmt.Sprintf("websocket %q: ", w.Name)
		}
		for _, err := range []error{w.Validate(), o.checkJWTCookie(w), o.validateWebSocketAuth(w), validateAuth(w.Auth)} {
			if err != nil {
				errs = append(errs, fmt.Errorf("%s%w", which, err))
			}
		}
		errs = append(errs, validateTLS(which+"websocket tls", w.TLS))
		if names[w.Name] {
			errs = append(errs, fmt.Errorf("%sanother websocket block has the same name", which))
		}
		if fixed := w.Unix != "" || w.Port > 0; fixed && addresses[w.Address()] {
			errs = append(errs, fmt.Errorf("%sanother websocket block listens on %s", which, w.Address()))
		}
		names[w.Name], addresses[w.Address()] = true, true
	}
	return errors.Join(errs...)
}

// validateWebSocketAuth refuses a no_auth_user who is nobody, and credentials of the block beside a list of users
// (catalogue §1.1, checks 5 and 6).
func (o *Options) validateWebSocketAuth(w *WebSocket) error {
	const not = "websocket authentication %s not compatible with presence of users/nkeys"
	switch err := o.checkNoAuthUser(w.Auth.NoAuthUser, o.WebSocketAuth(w).Users); {
	case err != nil:
		return err
	case len(w.Auth.Users) > 0:
		return o.Accounts.checkUsers(w.Auth.Users)
	case len(o.Auth.Users) == 0:
		return nil
	case w.Auth.Username != "":
		return fmt.Errorf(not, "username")
	case w.Auth.Token != "":
		return fmt.Errorf(not, "token")
	}
	return nil
}

// checkNoAuthUser wants name to be one of the users, if it is set.
func (o *Options) checkNoAuthUser(name string, users []auth.User) error {
	switch {
	case name == "":
		return nil
	case len(o.Accounts.Claims.Operators) > 0:
		return errGuestOfOperators
	case len(users) == 0:
		return fmt.Errorf("no_auth_user: %q present, but users/nkeys are not defined", name)
	case !slices.ContainsFunc(users, func(u auth.User) bool { return u.Name == name || u.NKey == name }):
		return fmt.Errorf("no_auth_user: %q not present as user or nkey in authorization block or account configuration", name)
	}
	return nil
}

// Validate reports the first thing of the block itself that keeps the listener from starting, in nats-server's order
// (catalogue §1.1), what is new last. It comes after [Options.SetDefaults].
func (w *WebSocket) Validate() error {
	if !w.On() {
		return nil
	}
	if w.TLS == nil && !w.NoTLS && w.Unix == "" {
		return errors.New("websocket requires TLS configuration")
	}
	for _, origin := range w.AllowedOrigins {
		if err := checkOrigin(origin); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.Headers)) {
		if err := checkHeader(name, w.Headers[name]); err != nil {
			return err
		}
	}
	if w.Advertise != "" {
		if _, err := ParseAdvertise(w.Advertise, w.Port); err != nil {
			return fmt.Errorf("websocket: invalid advertise %q: %w", w.Advertise, err)
		}
	}
	return w.validateNew()
}

// validateNew checks the fields that nats-server does not have.
func (w *WebSocket) validateNew() error {
	if err := checkPort(w.Port); err != nil {
		return fmt.Errorf("websocket listener: %w", err)
	}
	if err := w.Limits.Validate(); err != nil {
		return fmt.Errorf("websocket: limits: %w", err)
	}
	if _, err := admission.ParseProxies(w.Proxies.Trusted, w.Proxies.Header); err != nil {
		return fmt.Errorf("websocket: trusted_proxies: %w", err)
	}
	for _, check := range []struct {
		wrong bool
		text  string
	}{
		{w.Name == "" || strings.ContainsFunc(strings.ToLower(w.Name), notInToken), "invalid name"},
		{w.Unix != "" && w.Port != 0, "unix and a port exclude each other"},
		{w.Deflate.WindowBits != 0 && (w.Deflate.WindowBits < 9 || w.Deflate.WindowBits > 15), "window_bits must be 9 to 15"},
		{w.Deflate.Level < 0 || w.Deflate.Level > 9, "level must be 1 to 9, or 0 for the default"},
		{w.Deflate.Threshold < 0, "threshold can not be negative"},
		{w.MaxFrame < MinMaxFrame, fmt.Sprintf("max_frame must be at least %d bytes", MinMaxFrame)},
		{w.MaxHeader < MinMaxHeader || w.MaxHeader > MaxMaxHeader,
			fmt.Sprintf("max_header must be %d to %d bytes", MinMaxHeader, MaxMaxHeader)},
		{w.KeepAlive.Interval < 0, "ping_interval can not be negative"},
		{w.HealthPath != "" && !isPath(w.HealthPath), "health_path must be a path that begins with /"},
	} {
		if check.wrong {
			return fmt.Errorf("websocket: %s", check.text)
		}
	}
	return nil
}

// isPath reports whether p can be the path of a request.
func isPath(p string) bool {
	u, err := url.ParseRequestURI(p)
	return err == nil && u.Path == p && p[0] == '/' && !strings.HasPrefix(p, "//")
}

// opaqueOrigin is that of a sandboxed frame or of a local file (RFC 6454 §6.1).
const opaqueOrigin = "null"

// checkOrigin wants scheme://host[:port], as RFC 6454 §6.2 writes an origin, or null; a path is ignored. In place of the
// first labels of the host may stand one *, as in a content security policy.
func checkOrigin(origin string) error {
	const what = "unable to parse allowed origin"
	if origin == opaqueOrigin {
		return nil
	}
	u, err := url.ParseRequestURI(origin)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", what, conf.PublicURL(err))
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%s %q: allowed origins must be absolute URLs with http or https scheme", what, conf.Public(origin))
	case u.Host == "":
		return fmt.Errorf("%s %q: host is required", what, conf.Public(origin))
	case strings.Contains(strings.TrimPrefix(u.Host, "*."), "*") || u.Hostname() == "*.":
		return fmt.Errorf("%s %q: a * stands only for the first labels, as in https://*.example.com", what, conf.Public(origin))
	}
	if _, err := ParseAdvertise(u.Host, maxPort); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// checkHeader refuses the headers that the upgrade itself writes (RFC 6455 §4.2.2), and what would break the response
// in two (RFC 9110 §5.5).
func checkHeader(name, v string) error {
	lower := strings.ToLower(name)
	switch {
	case strings.HasPrefix(lower, "sec-websocket-"):
		return fmt.Errorf("websocket: invalid header %q, \"Sec-WebSocket-\" prefix not allowed", name)
	case lower == "host", lower == "content-length", lower == "connection", lower == "upgrade", lower == "nats-no-masking":
		return fmt.Errorf("websocket: invalid header %q not allowed", name)
	case lower == "" || strings.ContainsFunc(lower, notInToken):
		return fmt.Errorf("websocket: invalid header name %q", name)
	case strings.ContainsAny(v, "\r\n\x00"):
		return fmt.Errorf("websocket: invalid value of header %q", name)
	}
	return nil
}

// notInToken reports whether c can not stand in the name of a header (RFC 9110 §5.6.2), which is in lower case here.
func notInToken(c rune) bool {
	letter := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
	return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}
