package config

import (
	"path"

	"weir/internal/conf"
	"weir/internal/tlsfile"
)

// Monitor is where the monitoring pages are served, over HTTP or over HTTPS but not both.
type Monitor struct {
	// Host is the client listener's when it is not set.
	Host string
	// Port is for HTTP, HTTPSPort for HTTPS; -1 is any free port and 0 means off.
	Port, HTTPSPort int
	// BasePath stands before every page; "/" when not set.
	BasePath string
	// TLS is the client listener's, when HTTPSPort is set. It has no key of its own.
	TLS *tlsfile.Block
	// MaxClosed is how many closed connections are remembered.
	MaxClosed int
}

// DefaultMaxClosed is how many closed connections are remembered, the same as nats-server's.
const DefaultMaxClosed = 10_000

// On reports whether there is a monitoring listener.
func (m Monitor) On() bool { return m.Port != 0 || m.HTTPSPort != 0 }

// withDefaults fills m in from the client listener's host and TLS.
func (m Monitor) withDefaults(host string, tls *tlsfile.Block) Monitor {
	if m.Host == "" {
		m.Host = host
	}
	m.BasePath = path.Join("/", m.BasePath)
	if m.HTTPSPort != 0 && m.TLS == nil {
		m.TLS = tls
	}
	if m.MaxClosed == 0 {
		m.MaxClosed = DefaultMaxClosed
	}
	return m
}

func setHTTP(r *conf.Reader, o *Options, v conf.Value) {
	if l, ok := listen(r, v); ok {
		o.Monitor.Host, o.Monitor.Port = l.Host, l.Port
	}
}

func setHTTPS(r *conf.Reader, o *Options, v conf.Value) {
	if l, ok := listen(r, v); ok {
		o.Monitor.Host, o.Monitor.HTTPSPort = l.Host, l.Port
	}
}
