package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"weir/internal/auth"
)

// WebSocket is the WebSocket listener: the keys of nats-server's websocket block, and console, which is new.
type WebSocket struct {
	// Listener has no default port: with port 0 there is no listener and nothing of this block is checked.
	Listener
	// Advertise is the host[:port] that clients are told, in place of Listener.
	Advertise string
	// TLS is needed, unless NoTLS says that it is not. With TLS, NoTLS means nothing.
	NoTLS bool
	TLS   *TLS

	// SameOrigin accepts browsers only from pages of this host, AllowedOrigins only from these. With both, both must hold.
	SameOrigin     bool
	AllowedOrigins []string
	// Compression agrees to permessage-deflate.
	Compression bool
	// HandshakeTimeout bounds TLS and the upgrade together; negative means no bound.
	HandshakeTimeout time.Duration
	// PingInterval is in place of the PingInterval of all connections.
	PingInterval time.Duration
	// Headers are added to the answer that upgrades a connection.
	Headers map[string]string

	// Auth and AuthTimeout are in place of the top-level ones, see [Options.WebSocketAuth].
	Auth        auth.Config
	AuthTimeout time.Duration
	// The cookies that stand in for the credentials of CONNECT. Not built yet: a file that names one is refused.
	JWTCookie, UserCookie, PassCookie, TokenCookie string
	// NoAuthUser is the user of clients without credentials. Not built yet: a file that names one is refused.
	NoAuthUser string

	// LoopbackOrigins accepts browsers only from pages of this machine. It has no key: it is for [Local], which has no login.
	LoopbackOrigins bool
	// Console serves a page at / with which a browser can subscribe and publish.
	Console bool
}

// DefaultHandshakeTimeout is far above an honest handshake. nats-server has none, and keeps silent sockets for ever.
const DefaultHandshakeTimeout = 10 * time.Second

var webSocketKeys = table[WebSocket]{
	"listen":      listener(func(w *WebSocket) *Listener { return &w.Listener }),
	"port":        port(func(w *WebSocket) *int { return &w.Port }),
	"host net":    text(func(w *WebSocket) *string { return &w.Host }),
	"advertise":   text(func(w *WebSocket) *string { return &w.Advertise }),
	"no_tls":      flag(func(w *WebSocket) *bool { return &w.NoTLS }),
	"tls":         func(r *reader, w *WebSocket, v value) { w.TLS = r.tls(v) },
	"same_origin": flag(func(w *WebSocket) *bool { return &w.SameOrigin }),
	"allowed_origins allowed_origin allow_origins allow_origin origins origin": texts(func(w *WebSocket) *[]string {
		return &w.AllowedOrigins
	}),
	"compression compress":         flag(func(w *WebSocket) *bool { return &w.Compression }),
	"handshake_timeout":            durationOrSeconds(false, func(w *WebSocket) *time.Duration { return &w.HandshakeTimeout }),
	"ping_interval":                durationOrSeconds(true, func(w *WebSocket) *time.Duration { return &w.PingInterval }),
	"headers":                      pairs(func(w *WebSocket) *map[string]string { return &w.Headers }),
	"authorization authentication": setWebSocketAuthorization,
	"console":                      flag(func(w *WebSocket) *bool { return &w.Console }),
	"jwt_cookie user_cookie pass_cookie token_cookie no_auth_user": refused[WebSocket],
}.split()

func setWebSocket(r *reader, o *Options, v value) {
	if _, ok := v.v.(map[string]any); !ok {
		r.fail(v.at, "Expected websocket to be a map, got %s", kind(v.v))
		return
	}
	read(r, v, webSocketKeys, &o.WebSocket)
}

// WebSocketAuth says who may connect over WebSocket: the block's own credentials replace the top-level ones as a whole.
func (o *Options) WebSocketAuth() auth.Config {
	if o.WebSocket.Auth.Required() {
		return o.WebSocket.Auth
	}
	return o.Auth
}

// validateWebSocketAuth refuses credentials of the block beside a list of users (catalogue §1.1, check 6).
func (o *Options) validateWebSocketAuth() error {
	const not = "websocket authentication %s not compatible with presence of users/nkeys"
	switch {
	case o.WebSocket.Port == 0 || len(o.Auth.Users) == 0:
		return nil
	case o.WebSocket.Auth.Username != "":
		return fmt.Errorf(not, "username")
	case o.WebSocket.Auth.Token != "":
		return fmt.Errorf(not, "token")
	}
	return nil
}

// Validate reports what keeps the listener from starting, in nats-server's order (catalogue §1.1).
func (w *WebSocket) Validate() error {
	if w.Port == 0 {
		return nil
	}
	if w.TLS == nil && !w.NoTLS {
		return errors.New("websocket requires TLS configuration")
	}
	for _, origin := range w.AllowedOrigins {
		if err := checkOrigin(origin); err != nil {
			return err
		}
	}
	if w.NoAuthUser != "" {
		return fmt.Errorf("no_auth_user: %q present, but users/nkeys are not defined", w.NoAuthUser)
	}
	if w.JWTCookie != "" {
		return fmt.Errorf("trusted operators or trusted keys configuration is required for JWT authentication via cookie %q",
			w.JWTCookie)
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
	return nil
}

// checkOrigin wants scheme://host[:port], as RFC 6454 §6.2 writes an origin; a path is ignored.
func checkOrigin(origin string) error {
	const what = "unable to parse allowed origin"
	u, err := url.ParseRequestURI(origin)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", what, publicURL(err))
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%s %q: allowed origins must be absolute URLs with http or https scheme", what, public(origin))
	case u.Host == "":
		return fmt.Errorf("%s %q: host is required", what, public(origin))
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
