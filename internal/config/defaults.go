package config

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// SetDefaults fills in every field that is not set. Doing it twice changes nothing.
func (o *Options) SetDefaults() {
	if o.Client.Host == "" {
		o.Client.Host = defaultHost
	}
	if o.Client.Port == 0 {
		o.Client.Port = DefaultClientPort
	}
	o.TLS.SetDefaults()
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
	o.Accounts.Claims.SystemAccount = cmp.Or(o.Accounts.System, o.Accounts.Claims.SystemAccount)
	if o.Accounts.Claims = o.Accounts.Claims.Completed(); o.Accounts.Claims.On() {
		o.Accounts.System = o.Accounts.Claims.SystemAccount
	}
	o.setWebSocketDefaults()
}

// setWebSocketDefaults names the blocks by their places, and leaves out those that ask for no listener.
func (o *Options) setWebSocketDefaults() {
	for i, w := range o.WebSockets {
		switch {
		case w == nil || w.Name != "":
		case i == 0:
			w.Name = defaultName
		default:
			w.Name = fmt.Sprintf("%s-%d", defaultName, i+1)
		}
	}
	o.WebSockets = slices.DeleteFunc(o.WebSockets, func(w *WebSocket) bool { return !w.On() })
	for _, w := range o.WebSockets {
		w.setDefaults(o)
	}
}

// setDefaults fills w in; some of it comes from o, which has its own.
func (w *WebSocket) setDefaults(o *Options) {
	w.TLS.SetDefaults()
	if w.Unix == "" {
		w.Host = cmp.Or(w.Host, defaultHost)
	}
	w.HandshakeTimeout = cmp.Or(w.HandshakeTimeout, DefaultHandshakeTimeout)
	w.KeepAlive.Interval = cmp.Or(w.KeepAlive.Interval, o.Conn.PingInterval)
	w.KeepAlive.WSInterval = cmp.Or(w.KeepAlive.WSInterval, DefaultWSPing)
	w.AuthTimeout = cmp.Or(w.AuthTimeout, o.Protocol.AuthTimeout)
	w.MaxFrame = cmp.Or(w.MaxFrame, DefaultMaxFrame)
	w.MaxHeader = cmp.Or(w.MaxHeader, DefaultMaxHeader)
	w.Deflate.Threshold = cmp.Or(w.Deflate.Threshold, DefaultThreshold)
	w.Limits = w.Limits.WithDefaults()
}
