package config

import (
	"slices"
	"time"

	"weir/internal/conf"
)

// planWebSockets compares the blocks of the same name. A listener that comes or goes is one change.
func planWebSockets(old, next []*WebSocket) []Change {
	var out []Change
	for _, w := range old {
		if named(next, w.Name) == nil {
			out = append(out, Change{Room: socket, Block: w.Name, Field: "listener", Old: w.Address(), New: noListener, Effect: Restart})
		}
	}
	for _, w := range next {
		before := named(old, w.Name)
		if before == nil {
			out = append(out, Change{Room: socket, Block: w.Name, Field: "listener", Old: noListener, New: w.Address(), Effect: Restart})
			continue
		}
		for _, c := range differences(plannedSocket, before, w) {
			c.Block = w.Name
			out = append(out, c)
		}
	}
	return out
}

const (
	socket     = "websocket" // the room of these changes
	noListener = "none"
)

// named is the block of that name; nil without one.
func named(list []*WebSocket, name string) *WebSocket {
	i := slices.IndexFunc(list, func(w *WebSocket) bool { return w.Name == name })
	if i < 0 {
		return nil
	}
	return list[i]
}

var plannedSocket = []plannedField[WebSocket]{
	{socket, "listen", Restart, open, func(w *WebSocket) any { return w.Listener }},
	{socket, "unix", Restart, open, func(w *WebSocket) any { return w.Unix }},
	{socket, "no_tls", Restart, open, func(w *WebSocket) any { return w.TLS == nil }},
	{socket, "tls", Swap, open, func(w *WebSocket) any { return unpinned(w.TLS) }},
	{socket, "pinned_certs", Recheck, open, func(w *WebSocket) any { return pinsOf(w.TLS) }},
	{socket, "advertise", Swap, open, func(w *WebSocket) any { return w.Advertise }},
	{socket, "proxy_protocol", Restart, open, func(w *WebSocket) any { return w.Proxies.Protocol }},
	{socket, "trusted_proxies", Swap, open, func(w *WebSocket) any { return sorted(w.Proxies.Trusted) }},
	{socket, "proxy_header", Swap, open, func(w *WebSocket) any { return w.Proxies.Header }},

	{socket, "same_origin", Swap, open, func(w *WebSocket) any { return w.SameOrigin }},
	{socket, "allowed_origins", Swap, open, func(w *WebSocket) any { return sorted(w.AllowedOrigins) }},
	{socket, "origin_required", Swap, open, func(w *WebSocket) any { return w.OriginRequired }},
	{socket, "loopback_origins", Swap, open, func(w *WebSocket) any { return w.LoopbackOrigins }},
	{socket, "compression", Swap, open, func(w *WebSocket) any { return w.Compression }},
	{socket, "compression.context_takeover", Swap, open, func(w *WebSocket) any { return w.Deflate.ContextTakeover }},
	{socket, "compression.window_bits", Swap, open, func(w *WebSocket) any { return w.Deflate.WindowBits }},
	{socket, "compression.level", Swap, open, func(w *WebSocket) any { return w.Deflate.Level }},
	{socket, "compression.threshold", Swap, open, func(w *WebSocket) any { return w.Deflate.Threshold }},
	{socket, "max_frame", Swap, open, func(w *WebSocket) any { return w.MaxFrame }},
	{socket, "no_masking", Swap, open, func(w *WebSocket) any { return w.NoMasking }},
	{socket, "handshake_timeout", Restart, open, func(w *WebSocket) any { return spell(w.HandshakeTimeout) }},
	{socket, "max_header", Restart, open, func(w *WebSocket) any { return w.MaxHeader }},
	{socket, "headers", Swap, secret, func(w *WebSocket) any { return w.Headers }},
	{socket, "ping_interval", Swap, open, func(w *WebSocket) any { return w.KeepAlive.Interval }},
	{socket, "ws_ping_interval", Swap, open, func(w *WebSocket) any { return spell(w.KeepAlive.WSInterval) }},
	{socket, "max_connection_age", Swap, open, func(w *WebSocket) any { return spell(w.KeepAlive.MaxAge) }},

	{socket, "limits.half_open", Swap, open, func(w *WebSocket) any { return w.Limits.HalfOpen }},
	{socket, "limits.half_open_per_ip", Swap, open, func(w *WebSocket) any { return w.Limits.HalfOpenPerIP }},
	{socket, "limits.connections_per_ip", Swap, open, func(w *WebSocket) any { return w.Limits.ConnectionsPerIP }},
	{socket, "limits.handshakes_per_second", Swap, open, func(w *WebSocket) any { return w.Limits.HandshakesPerSecond }},
	{socket, "limits.handshakes_per_second_per_ip", Swap, open, func(w *WebSocket) any { return w.Limits.HandshakesPerSecondPerIP }},
	{socket, "limits.pre_auth_bytes", Swap, open, func(w *WebSocket) any { return w.Limits.PreAuthBytes }},

	{socket, "username", Recheck, open, func(w *WebSocket) any { return w.Auth.Username }},
	{socket, "password", Recheck, secret, func(w *WebSocket) any { return w.Auth.Password }},
	{socket, "token", Recheck, secret, func(w *WebSocket) any { return w.Auth.Token }},
	{socket, "users", Recheck, open, func(w *WebSocket) any { return plannedUsers(w.Auth.Users) }},
	{socket, "no_auth_user", Recheck, open, func(w *WebSocket) any { return w.Auth.NoAuthUser }},
	{socket, "open", Recheck, open, func(w *WebSocket) any { return w.Auth.Open }},
	{socket, "proxy_required", Recheck, open, func(w *WebSocket) any { return w.Auth.ProxyRequired }},
	{socket, "auth_callout", Recheck, open, func(w *WebSocket) any { return plannedCallout(w.Auth.Callout, w.NoCallout) }},
	{socket, "auth_timeout", Swap, open, func(w *WebSocket) any { return w.AuthTimeout }},
	{socket, "bearer_header", Swap, open, func(w *WebSocket) any { return w.BearerHeader }},
	{socket, "bearer_subprotocol", Swap, open, func(w *WebSocket) any { return w.BearerSubprotocol }},
	{socket, "jwt_cookie", Swap, open, func(w *WebSocket) any { return w.Cookies.JWT }},
	{socket, "user_cookie", Swap, open, func(w *WebSocket) any { return w.Cookies.User }},
	{socket, "pass_cookie", Swap, open, func(w *WebSocket) any { return w.Cookies.Pass }},
	{socket, "token_cookie", Swap, open, func(w *WebSocket) any { return w.Cookies.Token }},

	{socket, "console", Swap, open, func(w *WebSocket) any { return w.Console }},
	{socket, "monitoring", Swap, open, func(w *WebSocket) any { return w.Monitoring }},
	{socket, "health_path", Swap, open, func(w *WebSocket) any { return w.HealthPath }},
}

// spell shows a duration; below and at 0 it is none, and all of those are the same.
func spell(d time.Duration) string {
	if d <= 0 {
		return "none"
	}
	return d.String()
}

// public is a list without secrets.
func public(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, conf.Public(s))
	}
	return out
}

// sorted is a list whose order means nothing, without secrets.
func sorted(list []string) []string {
	out := public(list)
	slices.Sort(out)
	return out
}
