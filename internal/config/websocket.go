package config

import (
	"slices"
	"time"

	"weir/internal/admission"
	"weir/internal/auth"
	"weir/internal/conn"
	"weir/internal/tlsfile"
)

// WebSocket is one WebSocket listener: a websocket block of nats-server's. New are the fields and keys that say so.
type WebSocket struct {
	// Name stands for the block in logs and at a reload: websocket for the first one unless set, websocket-2 for the
	// second, and so on. New.
	Name string
	// Listener has no default port: with port 0 and no Unix there is no listener and nothing of this block is checked.
	Listener
	// Unix is the path of a Unix socket, in place of Listener. It needs no TLS. New: unix, or unix: before the path in listen.
	Unix string
	// Advertise is the host[:port] that clients are told, in place of Listener.
	Advertise string
	// TLS is needed on a port, unless NoTLS says that it is not. With TLS, NoTLS means nothing.
	NoTLS bool
	TLS   *tlsfile.Block
	// Proxies are those in front of the listener. New.
	Proxies Proxies

	// SameOrigin accepts browsers only from pages of this host, AllowedOrigins only from these: scheme://host[:port], null,
	// or, new, scheme://*.host for every host below it, at any depth. With both, both must hold.
	SameOrigin     bool
	AllowedOrigins []string
	// OriginRequired refuses requests without Origin, which are not from browsers. New.
	OriginRequired bool
	// LoopbackOrigins accepts browsers only from pages of this machine. It has no key: it is for [Local], which has no login.
	LoopbackOrigins bool

	// Compression agrees to permessage-deflate, in the way that Deflate says.
	Compression bool
	Deflate     Deflate
	// MaxFrame is the largest uncompressed frame that is sent, in bytes, 4 KiB or more. New.
	MaxFrame int
	// NoMasking lets clients that ask for it with Nats-No-Masking send unmasked frames, as nats-server always does. New.
	NoMasking bool
	// HandshakeTimeout bounds TLS and the upgrade together; negative means no bound.
	HandshakeTimeout time.Duration
	// MaxHeader bounds the head of a request in bytes, from 1 KiB to 1 MiB. New.
	MaxHeader int
	// Headers are added to the answer that upgrades a connection.
	Headers map[string]string
	// KeepAlive has the ping_interval of the block, in place of that of all connections. New: ws_ping_interval and
	// max_connection_age; negative means none.
	KeepAlive conn.KeepAlive
	// Limits is what is granted to strangers. New.
	Limits admission.Limits

	// Auth and AuthTimeout are in place of the top-level ones, see [Options.WebSocketAuth].
	Auth        auth.Config
	AuthTimeout time.Duration
	Arrival
	// NoCallout says that the top-level callout is not asked about clients of this listener. New: auth_callout: false.
	NoCallout bool
	Pages
}

// Deflate is how messages are compressed. Its keys are those of the map that compression may be. All of it is new.
type Deflate struct {
	// ContextTakeover lets messages refer to those before them, which needs memory for each connection.
	ContextTakeover bool
	// WindowBits is the largest window, 9 (512 bytes) to 15 (32 KiB); 0 means 15.
	WindowBits int
	// Level is 1, the fastest, to 9, the smallest; 0 means 1.
	Level int
	// Threshold is the number of bytes below which a message is sent as it is.
	Threshold int
}

// Proxies are the peers that tell whom they speak for.
type Proxies struct {
	// Trusted are their addresses, networks such as 10.0.0.0/8, or unix for the peers of a Unix socket. Key: trusted_proxies.
	Trusted []string
	// Header is the one in which they tell the client's address, see [admission.ParseProxies]. Key: proxy_header.
	Header string
	// Protocol says that connections begin with a PROXY header: those from Trusted always, or, without Trusted, any that
	// likes to. Key: proxy_protocol.
	Protocol bool
}

// Arrival is where the request for an upgrade may bring what CONNECT leaves empty, field by field (catalogue §6.3). Of these
// places only the first one counts in which there is anything: the header, the subprotocol, the cookies.
type Arrival struct {
	// BearerHeader takes a JWT or a token from Authorization: Bearer. New: bearer_header.
	BearerHeader bool
	// BearerSubprotocol takes it from a subprotocol: nats.bearer. and the JWT or token as it is, or nats.bearer64. and its
	// base64url. A page can send it, and should offer nats as well, which is then the answer. New: bearer_subprotocol.
	BearerSubprotocol bool

	Cookies Cookies
}

// Cookies are the names of those that stand in for what CONNECT leaves empty (catalogue §6.3). JWT needs trusted operators,
// or trusted keys.
type Cookies struct{ JWT, User, Pass, Token string }

// Pages is what the listener answers to requests that are no upgrades. All of it is new.
type Pages struct {
	// Console serves a page at / with which a browser can subscribe and publish.
	Console bool
	// Monitoring serves the monitoring pages.
	Monitoring bool
	// HealthPath answers load balancers, such as /healthz.
	HealthPath string
}

// Defaults and bounds of [WebSocket].
const (
	// DefaultHandshakeTimeout is far above an honest handshake. nats-server has none, and keeps silent sockets for ever.
	DefaultHandshakeTimeout = 10 * time.Second
	// DefaultWSPing finds peers that are gone, and keeps proxies from closing silent connections, often after a minute.
	DefaultWSPing = 30 * time.Second

	DefaultMaxFrame = 256 << 10
	MinMaxFrame     = 4 << 10

	DefaultMaxHeader = 8 << 10
	MinMaxHeader     = 1 << 10
	MaxMaxHeader     = 1 << 20

	// DefaultThreshold is nats-server's.
	DefaultThreshold = 64
)

// defaultName is the name of the first block, and begins those of the others.
const defaultName = "websocket"

// On reports whether w asks for a listener.
func (w *WebSocket) On() bool { return w != nil && (w.Port != 0 || w.Unix != "") }

// unixScheme is how the address of a Unix socket begins.
const unixScheme = "unix:"

// AnyPageLogsIn is the warning for such a listener.
const AnyPageLogsIn = "browsers send cookies for the pages of any site, and any may connect: set same_origin or allowed_origins"

// AnyPageLogsIn reports whether the pages of any site can use somebody's login.
func (w *WebSocket) AnyPageLogsIn() bool {
	anyPage := !w.SameOrigin && (len(w.AllowedOrigins) == 0 || slices.Contains(w.AllowedOrigins, opaqueOrigin))
	return anyPage && w.Cookies != (Cookies{})
}

// Address is where w listens: host:port as net.Listen wants it, or unix: and a path.
func (w *WebSocket) Address() string {
	if w.Unix != "" {
		return unixScheme + w.Unix
	}
	return w.Listener.Address()
}

// WebSocketAuth says who may connect through w: the block's own credentials replace the top-level ones as a whole, but for
// the list of users (catalogue §6.1), which a block may have of its own. A password alone replaces nothing. A proxy that either
// wants is required. The callout is the block's own, or else the top-level one.
func (o *Options) WebSocketAuth(w *WebSocket) auth.Config {
	own := w.Auth
	own.Callout = nil
	if !own.Required() && own.NoAuthUser == "" {
		own = o.Auth
	} else if len(own.Users) == 0 {
		own.Users = o.Auth.Users
	}
	own.ProxyRequired = o.Auth.ProxyRequired || w.Auth.ProxyRequired
	switch own.Callout = w.Auth.Callout; {
	case own.Callout != nil:
	case !w.NoCallout:
		own.Callout = o.Auth.Callout
	}
	return o.beside(own)
}
