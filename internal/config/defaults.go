package config

import "time"

// SetDefaults fills in every field that is not set. Doing it twice changes nothing.
func (o *Options) SetDefaults() {
	if o.Client.Host == "" {
		o.Client.Host = defaultHost
	}
	if o.Client.Port == 0 {
		o.Client.Port = DefaultClientPort
	}
	o.TLS.setDefaults()
	o.Monitor = o.Monitor.withDefaults(o.Client.Host, o.TLS)
	o.Conn = o.Conn.WithDefaults()
	if o.Protocol.AuthTimeout == 0 && o.TLS != nil {
		o.Protocol.AuthTimeout = o.TLS.Timeout + time.Second // the handshake is part of the wait
	}
	if o.Protocol.MaxTracedLen == 0 {
		o.Protocol.MaxTracedLen = o.Log.MaxTracedLen
	}
	o.Protocol = o.Protocol.WithDefaults()
	if o.LameDuck.Duration == 0 {
		o.LameDuck.Duration = DefaultLameDuckDuration
	}
	if o.LameDuck.Grace == 0 {
		o.LameDuck.Grace = DefaultLameDuckGrace
	}
	o.setWebSocketDefaults()
}

func (o *Options) setWebSocketDefaults() {
	w := &o.WebSocket
	w.TLS.setDefaults()
	if w.Port == 0 {
		return
	}
	if w.Host == "" {
		w.Host = defaultHost
	}
	if w.HandshakeTimeout == 0 {
		w.HandshakeTimeout = DefaultHandshakeTimeout
	}
	if w.PingInterval == 0 {
		w.PingInterval = o.Conn.PingInterval
	}
	if w.AuthTimeout == 0 {
		w.AuthTimeout = o.Protocol.AuthTimeout
	}
}

func (t *TLS) setDefaults() {
	if t != nil && t.Timeout == 0 {
		t.Timeout = DefaultTLSTimeout
	}
}
