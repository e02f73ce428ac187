package monitor

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/nats-io/jwt/v2"

	"weir/internal/conn"
)

// Varz is /varz. Identity, Settings, Configuration, Start and the expiry of certificates come from [Source.Base]; the rest
// is filled in here. Its parts stand in the order of nats-server's keys.
type Varz struct {
	Identity
	Settings
	Process
	Load
	Configuration

	SlowConsumerStats    PerKind  `json:"slow_consumer_stats"`
	StaleConnectionStats PerKind  `json:"stale_connection_stats"`
	DiskIOWaitStats      DiskWait `json:"disk_io_wait_stats"`

	Operators
	// Proxies are the trusted ones.
	Proxies Proxies `json:"proxies,omitzero"`
	// TLSCertNotAfter is when the certificate of the client listener expires.
	TLSCertNotAfter time.Time `json:"tls_cert_not_after,omitzero"`
	// WebSockets are the WebSocket listeners, if there are several. They are ours; Settings has the first.
	WebSockets []NamedWebSocket `json:"websockets,omitempty"`
	// Doors counts who came to each WebSocket listener. They are ours.
	Doors map[string]Door `json:"weir_doors,omitempty"`
	// Weir is this server's own version. It is ours; stock servers do not have it.
	Weir string `json:"weir,omitempty"`
}

// Operators are those that are trusted, and how many users came of accounts that are not pinned.
type Operators struct {
	JWTs        []string              `json:"trusted_operators_jwt,omitempty"`
	Claims      []*jwt.OperatorClaims `json:"trusted_operators_claim,omitempty"`
	PinnedFails int64                 `json:"pinned_account_fails,omitempty"`
}

// Door counts who came to one WebSocket listener.
type Door struct {
	// Upgraded is the number of connections that became WebSockets, HalfOpen that of handshakes under way.
	Upgraded uint64 `json:"upgraded"`
	HalfOpen int    `json:"half_open"`
	// Refused is the number of those that were not let in, by reason.
	Refused map[string]uint64 `json:"refused,omitempty"`
}

// Identity says which server this is, as its INFO does.
type Identity struct {
	ID           string `json:"server_id"`
	Name         string `json:"server_name"`
	Version      string `json:"version"`
	Proto        int    `json:"proto"`
	Go           string `json:"go"`
	Host         string `json:"host"`
	Port         int    `json:"port"`
	AuthRequired bool   `json:"auth_required,omitempty"`
	TLSRequired  bool   `json:"tls_required,omitempty"`
	TLSVerify    bool   `json:"tls_verify,omitempty"`
	// TLSOCSPPeerVerify says that the certificates of clients over TCP may not have been revoked.
	TLSOCSPPeerVerify bool `json:"tls_ocsp_peer_verify,omitempty"`
}

// Settings is the configuration. Durations are nanoseconds, those that are float64 seconds.
type Settings struct {
	MaxConnections   int           `json:"max_connections"`
	MaxSubscriptions int           `json:"max_subscriptions,omitempty"`
	PingInterval     time.Duration `json:"ping_interval"`
	PingMax          int           `json:"ping_max"`
	HTTPHost         string        `json:"http_host"`
	HTTPPort         int           `json:"http_port"`
	HTTPBasePath     string        `json:"http_base_path"`
	HTTPSPort        int           `json:"https_port"`
	AuthTimeout      float64       `json:"auth_timeout"`
	MaxControlLine   int           `json:"max_control_line"`
	MaxPayload       int           `json:"max_payload"`
	MaxPending       int64         `json:"max_pending"`
	Cluster          struct{}      `json:"cluster"`
	Gateway          struct{}      `json:"gateway"`
	LeafNode         struct{}      `json:"leaf"`
	MQTT             struct{}      `json:"mqtt"`
	WebSocket        WebSocket     `json:"websocket"`
	JetStream        struct{}      `json:"jetstream"`
	TLSTimeout       float64       `json:"tls_timeout"`
	WriteDeadline    time.Duration `json:"write_deadline"`
	WriteTimeout     string        `json:"write_timeout,omitempty"`
}

// WebSocket is the configuration of the WebSocket listener; empty without one.
type WebSocket struct {
	Host             string        `json:"host,omitempty"`
	Port             int           `json:"port,omitempty"`
	Advertise        string        `json:"advertise,omitempty"`
	NoAuthUser       string        `json:"no_auth_user,omitempty"`
	JWTCookie        string        `json:"jwt_cookie,omitempty"`
	HandshakeTimeout time.Duration `json:"handshake_timeout,omitempty"`
	AuthTimeout      float64       `json:"auth_timeout,omitempty"`
	NoTLS            bool          `json:"no_tls,omitempty"`
	TLSMap           bool          `json:"tls_map,omitempty"`
	PinnedCerts      []string      `json:"tls_pinned_certs,omitempty"`
	SameOrigin       bool          `json:"same_origin,omitempty"`
	AllowedOrigins   []string      `json:"allowed_origins,omitempty"`
	Compression      bool          `json:"compression,omitempty"`
	// TLSOCSPPeerVerify is that of the client listener, for this one.
	TLSOCSPPeerVerify bool      `json:"tls_ocsp_peer_verify,omitempty"`
	TLSCertNotAfter   time.Time `json:"tls_cert_not_after,omitzero"`
}

// NamedWebSocket is one of several WebSocket listeners; Unix is the path of one on a Unix socket.
type NamedWebSocket struct {
	Name string `json:"name"`
	Unix string `json:"unix,omitempty"`
	WebSocket
}

// Process is the process and what it uses.
type Process struct {
	Start  time.Time `json:"start"`
	Now    time.Time `json:"now"`
	Uptime string    `json:"uptime"`
	// Mem is the resident memory in bytes.
	Mem        int64 `json:"mem"`
	Cores      int   `json:"cores"`
	GOMAXPROCS int   `json:"gomaxprocs"`
	GOMEMLIMIT int64 `json:"gomemlimit,omitempty"`
	// CPU is in percent of one core, since the request before; at least over the last second.
	CPU float64 `json:"cpu"`
}

// Load is what the server does.
type Load struct {
	Connections      int    `json:"connections"`
	TotalConnections uint64 `json:"total_connections"`
	Routes           int    `json:"routes"`
	Remotes          int    `json:"remotes"`
	LeafNodes        int    `json:"leafnodes"`

	InMsgs         int64 `json:"in_msgs"`
	InBytes        int64 `json:"in_bytes"`
	InClientMsgs   int64 `json:"in_client_msgs"`
	InClientBytes  int64 `json:"in_client_bytes"`
	OutMsgs        int64 `json:"out_msgs"`
	OutBytes       int64 `json:"out_bytes"`
	OutClientMsgs  int64 `json:"out_client_msgs"`
	OutClientBytes int64 `json:"out_client_bytes"`

	SlowConsumers    int64 `json:"slow_consumers"`
	StaleConnections int64 `json:"stale_connections"`
	// StalledClients is always 0: a publisher never waits for a receiver.
	StalledClients int64 `json:"stalled_clients"`
	Subscriptions  int   `json:"subscriptions"`

	HTTPReqStats map[string]uint64 `json:"http_req_stats"`
}

// Configuration says which configuration is in use.
type Configuration struct {
	ConfigLoadTime time.Time         `json:"config_load_time"`
	ConfigDigest   string            `json:"config_digest"`
	Tags           []string          `json:"tags,omitempty"`
	Metadata       map[string]string `json:"metadata,omitempty"`
	SystemAccount  string            `json:"system_account,omitempty"`
	OCSPPeerCache  *OCSPPeerCache    `json:"ocsp_peer_cache,omitempty"`
}

// OCSPPeerCache counts the answers about clients' certificates that are kept, and how often one could be used.
type OCSPPeerCache struct {
	Type      string `json:"cache_type"`
	Hits      int64  `json:"cache_hits,omitempty"`
	Misses    int64  `json:"cache_misses,omitempty"`
	Responses int64  `json:"cached_responses,omitempty"`
	Revokes   int64  `json:"cached_revoked_responses,omitempty"`
	Goods     int64  `json:"cached_good_responses,omitempty"`
	Unknowns  int64  `json:"cached_unknown_responses,omitempty"`
}

// PerKind counts something for each kind of connection.
type PerKind struct {
	Clients  int64 `json:"clients"`
	Routes   int64 `json:"routes"`
	Gateways int64 `json:"gateways"`
	Leafs    int64 `json:"leafs"`
}

// Proxies are proxies that may vouch for clients.
type Proxies struct {
	Trusted []Proxy `json:"trusted"`
}

// Proxy is such a proxy, by its public key.
type Proxy struct {
	Key string `json:"key"`
}

// DiskWait is how long somebody waited for the disk. Nothing here does.
type DiskWait struct {
	Waiters     int64  `json:"waiters"`
	Waits       uint64 `json:"waits"`
	WaitTime    uint64 `json:"wait_time"`
	MaxWaitTime uint64 `json:"max_wait_time"`
}

// Varz is /varz.
func (m *Pages) Varz() Varz {
	v := m.Base()
	v.SystemAccount = m.System
	m.fillProcess(&v.Process)
	m.fillLoad(&v.Load)
	v.SlowConsumerStats.Clients = v.SlowConsumers
	v.StaleConnectionStats.Clients = v.StaleConnections
	return v
}

func (m *Pages) fillProcess(p *Process) {
	p.Now = time.Now().UTC()
	p.Start = p.Start.UTC()
	p.Uptime = uptime(p.Now.Sub(p.Start))
	p.Cores, p.GOMAXPROCS = runtime.NumCPU(), runtime.GOMAXPROCS(0)
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		p.GOMEMLIMIT = limit
	}
	p.Mem, p.CPU = residentMemory(), m.cpu.percent()
}

func (m *Pages) fillLoad(l *Load) {
	r := m.Registry
	l.Connections, l.TotalConnections = r.Len(), r.Total()
	l.InMsgs, l.InBytes, l.OutMsgs, l.OutBytes = r.Traffic()
	l.InClientMsgs, l.InClientBytes = l.InMsgs, l.InBytes
	l.OutClientMsgs, l.OutClientBytes = l.OutMsgs, l.OutBytes
	l.SlowConsumers, l.StaleConnections = r.SlowConsumers(), r.Closes(conn.StaleConnection)
	for _, a := range m.Accounts() {
		l.Subscriptions += a.Subs().Len()
	}
	l.HTTPReqStats = m.requests()
}

// uptime writes d as nats-server does: whole seconds, up to years of 365 days.
func uptime(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	minutes, hours, days := s/60, s/3600, s/86400
	switch {
	case days >= 365:
		return fmt.Sprintf("%dy%dd%dh%dm%ds", days/365, days%365, hours%24, minutes%60, s%60)
	case days > 0:
		return fmt.Sprintf("%dd%dh%dm%ds", days, hours%24, minutes%60, s%60)
	case hours > 0:
		return fmt.Sprintf("%dh%dm%ds", hours, minutes%60, s%60)
	case minutes > 0:
		return fmt.Sprintf("%dm%ds", minutes, s%60)
	}
	return fmt.Sprintf("%ds", s)
}
