package config

import (
	"time"

	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/conn"
	"weir/internal/ocsp"
	"weir/internal/tlsfile"
)

// Options is one whole configuration. The zero value of a field means that it was not set; [Options.SetDefaults] fills
// those in, so whoever has flags sets fields between [Load] and SetDefaults.
type Options struct {
	// ConfigFile is the path given to [Load], and Digest the hash of what was read (nats-server -t prints the same).
	ConfigFile, Digest string

	// ServerName is shown in INFO and monitoring; the server makes one up when it is empty.
	ServerName string
	// Tags (lower case) and Metadata are shown in monitoring.
	Tags     []string
	Metadata map[string]string

	// Client is where NATS clients connect over TCP; port 0 means 4222.
	Client Listener
	// DontListen leaves the client listener closed. It has no key: it is for programs that embed the server.
	DontListen bool
	// Advertise is the host[:port] that clients are told, in place of Client.
	Advertise string
	// ProxyProtocol lets proxies say for whom they connect to the client listener, with a PROXY header of version 1 or 2.
	// It is taken from anybody, and may be left out.
	ProxyProtocol bool
	// TLS protects the client listener, and monitoring over HTTPS; nil means none.
	TLS *tlsfile.Block
	// AllowNonTLS lets clients without TLS in on a client listener that has TLS.
	AllowNonTLS bool
	// OCSP is about the certificates of all listeners, and about the answers that are kept of [tlsfile.Block.OCSPPeer].
	OCSP ocsp.Config

	// WebSockets are the listeners for browsers, one for each block; SetDefaults leaves out those without a port.
	WebSockets []*WebSocket
	Monitor    Monitor

	Conn     conn.Config
	Protocol client.Config
	Auth     auth.Config

	Accounts Accounts
	// ProxyKeys are the public keys of the proxies that may vouch for clients, see [auth.Proxies]. Key: proxies.
	ProxyKeys []string

	Log Log
	// PidFile receives the process id; PortsDir is the directory of the ports file.
	PidFile, PortsDir string
	LameDuck          LameDuck
	Profile           Profile

	// Warnings are for the log, one line each.
	Warnings []string
}

// Profile is the port of the profiling listener, and its sampling of blocking in ns; 0 means off.
type Profile struct {
	Port, BlockRate int
}

// LameDuck is the pace of a retreat: after Grace, the clients are closed one by one spread over Duration.
type LameDuck struct {
	Duration time.Duration
	Grace    time.Duration
}

// Defaults of [LameDuck], the same as nats-server's.
const (
	DefaultLameDuckDuration = 2 * time.Minute
	DefaultLameDuckGrace    = 10 * time.Second
	// MinLameDuckDuration is the shortest duration that a file may ask for.
	MinLameDuckDuration = 30 * time.Second
)

// Local is the configuration of a server that was started without any argument: loopback only, with a WebSocket
// listener that serves the console page, and monitoring.
func Local() *Options {
	const loopback = "127.0.0.1"
	return &Options{
		Client: Listener{Host: loopback, Port: DefaultClientPort},
		WebSockets: []*WebSocket{{
			Listener:    Listener{Host: loopback, Port: LocalWebSocketPort},
			NoTLS:       true,
			Compression: true,
			Pages:       Pages{Console: true},

			LoopbackOrigins: true,
		}},
		Monitor: Monitor{Host: loopback, Port: LocalMonitorPort},
	}
}
