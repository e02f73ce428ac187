package config

import (
	"fmt"
	"strings"
	"time"

	"weir/internal/admission"
	"weir/internal/authfile"
	"weir/internal/conf"
	"weir/internal/tlsfile"
)

var webSocketKeys = conf.Table[WebSocket]{
	"name":                 conf.Text(func(w *WebSocket) *string { return &w.Name }),
	"listen":               setWebSocketListen,
	"port":                 port(func(w *WebSocket) *int { return &w.Port }),
	"host net":             conf.Text(func(w *WebSocket) *string { return &w.Host }),
	"unix":                 conf.Text(func(w *WebSocket) *string { return &w.Unix }),
	"advertise":            conf.Text(func(w *WebSocket) *string { return &w.Advertise }),
	"no_tls":               conf.Flag(func(w *WebSocket) *bool { return &w.NoTLS }),
	"tls":                  func(r *conf.Reader, w *WebSocket, v conf.Value) { w.TLS = tlsfile.Read(r, v) },
	"trusted_proxies":      conf.Texts(func(w *WebSocket) *[]string { return &w.Proxies.Trusted }),
	"proxy_header":         conf.Text(func(w *WebSocket) *string { return &w.Proxies.Header }),
	"proxy_protocol":       conf.Flag(func(w *WebSocket) *bool { return &w.Proxies.Protocol }),
	"same_origin":          conf.Flag(func(w *WebSocket) *bool { return &w.SameOrigin }),
	"origin_required":      conf.Flag(func(w *WebSocket) *bool { return &w.OriginRequired }),
	"compression compress": setCompression,
	"max_frame":            conf.Wire(func(w *WebSocket) *int { return &w.MaxFrame }),
	"no_masking":           conf.Flag(func(w *WebSocket) *bool { return &w.NoMasking }),
	"max_header":           conf.Wire(func(w *WebSocket) *int { return &w.MaxHeader }),
	"headers":              conf.Pairs(func(w *WebSocket) *map[string]string { return &w.Headers }),
	"limits":               func(r *conf.Reader, w *WebSocket, v conf.Value) { conf.Read(r, v, limitsKeys, &w.Limits) },
	"console":              conf.Flag(func(w *WebSocket) *bool { return &w.Console }),
	"monitoring":           conf.Flag(func(w *WebSocket) *bool { return &w.Monitoring }),
	"health_path":          conf.Text(func(w *WebSocket) *string { return &w.HealthPath }),
	"bearer_header":        conf.Flag(func(w *WebSocket) *bool { return &w.BearerHeader }),
	"bearer_subprotocol":   conf.Flag(func(w *WebSocket) *bool { return &w.BearerSubprotocol }),
	"jwt_cookie":           conf.Text(func(w *WebSocket) *string { return &w.Cookies.JWT }),
	"user_cookie":          conf.Text(func(w *WebSocket) *string { return &w.Cookies.User }),
	"pass_cookie":          conf.Text(func(w *WebSocket) *string { return &w.Cookies.Pass }),
	"token_cookie":         conf.Text(func(w *WebSocket) *string { return &w.Cookies.Token }),
	"no_auth_user":         conf.Text(func(w *WebSocket) *string { return &w.Auth.NoAuthUser }),

	"allowed_origins allowed_origin allow_origins allow_origin origins origin": conf.Texts(func(w *WebSocket) *[]string {
		return &w.AllowedOrigins
	}),
	"authorization authentication": func(r *conf.Reader, w *WebSocket, v conf.Value) {
		a := authfile.ReadListener(r, v)
		a.NoAuthUser = w.Auth.NoAuthUser // a key beside the block
		w.Auth, w.AuthTimeout, w.NoCallout = a.Config, a.Timeout, a.NoCallout
	},

	"handshake_timeout":  conf.DurationOrSeconds(false, func(w *WebSocket) *time.Duration { return &w.HandshakeTimeout }),
	"ping_interval":      conf.DurationOrSeconds(true, func(w *WebSocket) *time.Duration { return &w.KeepAlive.Interval }),
	"ws_ping_interval":   conf.Interval(func(w *WebSocket) *time.Duration { return &w.KeepAlive.WSInterval }),
	"max_connection_age": conf.Interval(func(w *WebSocket) *time.Duration { return &w.KeepAlive.MaxAge }),
}.Split()

var deflateKeys = conf.Table[WebSocket]{
	"enabled":          conf.Flag(func(w *WebSocket) *bool { return &w.Compression }),
	"context_takeover": conf.Flag(func(w *WebSocket) *bool { return &w.Deflate.ContextTakeover }),
	"window_bits":      conf.Int(func(w *WebSocket) *int { return &w.Deflate.WindowBits }),
	"level":            conf.Int(func(w *WebSocket) *int { return &w.Deflate.Level }),
	"threshold":        conf.Wire(func(w *WebSocket) *int { return &w.Deflate.Threshold }),
}

var limitsKeys = conf.Table[admission.Limits]{
	"half_open":                    conf.Limit(func(l *admission.Limits) *int { return &l.HalfOpen }),
	"half_open_per_ip":             conf.Limit(func(l *admission.Limits) *int { return &l.HalfOpenPerIP }),
	"connections_per_ip":           conf.Limit(func(l *admission.Limits) *int { return &l.ConnectionsPerIP }),
	"handshakes_per_second":        conf.Limit(func(l *admission.Limits) *int { return &l.HandshakesPerSecond }),
	"handshakes_per_second_per_ip": conf.Limit(func(l *admission.Limits) *int { return &l.HandshakesPerSecondPerIP }),
	"pre_auth_bytes":               conf.Limit(func(l *admission.Limits) *int { return &l.PreAuthBytes }),
}

// setWebSockets reads one block, or a list of them. Blocks under both names of the key are one, as in nats-server.
func setWebSockets(r *conf.Reader, o *Options, v conf.Value) {
	switch v.V.(type) {
	case map[string]any:
		if len(o.WebSockets) == 0 {
			o.WebSockets = append(o.WebSockets, new(WebSocket))
		}
		readWebSocket(r, o.WebSockets[0], v, v.At)
	case []any:
		items, _ := r.Items(v)
		if len(items) == 0 {
			r.Fail(v.At, "Expected websocket to be a map, got an empty list")
		}
		for _, item := range items {
			if _, ok := item.V.(map[string]any); !ok {
				r.Fail(item.At, "Expected websocket to be a map, got %s", conf.Kind(item.V))
				continue
			}
			w := new(WebSocket)
			readWebSocket(r, w, item, r.Start(item))
			o.WebSockets = append(o.WebSockets, w)
		}
	default:
		r.Fail(v.At, "Expected websocket to be a map, got %s", conf.Kind(v.V))
	}
}

// readWebSocket reads one block, which stands at a place.
func readWebSocket(r *conf.Reader, w *WebSocket, v conf.Value, at conf.Position) {
	conf.Read(r, v, webSocketKeys, w)
	if t := w.TLS; !w.On() && t != nil && (t.CertFile != "" || t.KeyFile != "" || len(t.Certs) > 0) {
		if _, err := t.Load(); err != nil { // nobody asks for it later, and nats-server looks
			r.Fail(t.At(), "%v", err)
		}
	}
	if w.On() && w.AnyPageLogsIn() {
		r.Warn(fmt.Sprintf("%v: %s: %s", at, v.Key, AnyPageLogsIn))
	}
}

// setWebSocketListen reads a port, "host:port" or "unix:path".
func setWebSocketListen(r *conf.Reader, w *WebSocket, v conf.Value) {
	if s, ok := v.V.(string); ok {
		if path, ok := strings.CutPrefix(s, unixScheme); ok {
			if w.Unix = path; path == "" {
				r.Fail(v.At, "%s: unix: needs a path", v.Key)
			}
			return
		}
	}
	if l, ok := listen(r, v); ok {
		w.Listener = l
	}
}

// setCompression reads a switch, or how to compress.
func setCompression(r *conf.Reader, w *WebSocket, v conf.Value) {
	if _, ok := v.V.(map[string]any); ok {
		w.Compression = true
		conf.Read(r, v, deflateKeys, w)
	} else if on, ok := r.Flag(v); ok {
		w.Compression = on
	}
}
