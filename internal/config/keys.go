package config

import (
	"math"
	"slices"
	"strings"
	"time"

	"weir/internal/claims"
	"weir/internal/conf"
	"weir/internal/conn"
	"weir/internal/ocsp"
	"weir/internal/tlsfile"
)

// topKeys are the keys of the file itself: one line per setting, its aliases in one string.
var topKeys = conf.Joined(listenerKeys, limitKeys, logKeys, processKeys, unbuiltKeys,
	conf.Within(claims.Keys, func(o *Options) *claims.Config { return &o.Accounts.Claims }))

var listenerKeys = conf.Table[Options]{
	"listen":                                 listener(func(o *Options) *Listener { return &o.Client }),
	"port":                                   port(func(o *Options) *int { return &o.Client.Port }),
	"host net":                               conf.Text(func(o *Options) *string { return &o.Client.Host }),
	"client_advertise":                       conf.Text(func(o *Options) *string { return &o.Advertise }),
	"tls":                                    func(r *conf.Reader, o *Options, v conf.Value) { o.TLS = tlsfile.Read(r, v) },
	"ocsp":                                   func(r *conf.Reader, o *Options, v conf.Value) { ocsp.ReadStapling(r, &o.OCSP, v) },
	"ocsp_cache":                             func(r *conf.Reader, o *Options, v conf.Value) { ocsp.ReadCache(r, &o.OCSP.Cache, v) },
	"store_dir storedir":                     conf.Text(func(o *Options) *string { return &o.OCSP.StoreDir }),
	"proxy_protocol":                         conf.Flag(func(o *Options) *bool { return &o.ProxyProtocol }),
	"allow_non_tls":                          conf.Flag(func(o *Options) *bool { return &o.AllowNonTLS }),
	"authorization":                          setAuthorization,
	"accounts":                               setAccounts,
	"mappings maps":                          setMappings,
	"system_account system":                  setSystem,
	"no_system_account no_system no_sys_acc": conf.Flag(func(o *Options) *bool { return &o.Accounts.NoSystem }),
	"resolver_tls":                           func(r *conf.Reader, o *Options, v conf.Value) { o.Accounts.ResolverTLS = tlsfile.Read(r, v) },
	"no_auth_user":                           conf.Text(func(o *Options) *string { return &o.Auth.NoAuthUser }),
	"proxies":                                setProxies,
	"websocket ws":                           setWebSockets,
	"http":                                   setHTTP,
	"https":                                  setHTTPS,
	"http_port monitor_port":                 port(func(o *Options) *int { return &o.Monitor.Port }),
	"https_port":                             port(func(o *Options) *int { return &o.Monitor.HTTPSPort }),
	"http_base_path":                         conf.Text(func(o *Options) *string { return &o.Monitor.BasePath }),
}

var limitKeys = conf.Table[Options]{
	"max_connections max_conn":               setMaxConnections,
	"max_subscriptions max_subs":             conf.Int(func(o *Options) *int { return &o.Protocol.MaxSubscriptions }),
	"max_payload":                            conf.Wire(func(o *Options) *int { return &o.Protocol.MaxPayload }),
	"max_control_line":                       conf.Wire(func(o *Options) *int { return &o.Protocol.MaxControlLine }),
	"max_pending":                            conf.Int64(func(o *Options) *int64 { return &o.Conn.MaxPending }),
	"max_closed_clients":                     conf.Int(func(o *Options) *int { return &o.Monitor.MaxClosed }),
	"no_header_support":                      conf.Flag(func(o *Options) *bool { return &o.Protocol.NoHeaders }),
	"ping_interval":                          conf.DurationOrSeconds(true, func(o *Options) *time.Duration { return &o.Conn.PingInterval }),
	"ping_max":                               conf.Int(func(o *Options) *int { return &o.Conn.PingMax }),
	"write_deadline":                         conf.DurationOrSeconds(true, func(o *Options) *time.Duration { return &o.Conn.WriteDeadline }),
	"write_timeout":                          setWriteTimeout,
	"max_sub_tokens max_subscription_tokens": setMaxSubTokens,
}

var logKeys = conf.Table[Options]{
	"log_file logfile":                  conf.Text(func(o *Options) *string { return &o.Log.File }),
	"log_size_limit logfile_size_limit": conf.Int64(func(o *Options) *int64 { return &o.Log.SizeLimit }),
	"log_max_num logfile_max_num":       conf.Int(func(o *Options) *int { return &o.Log.MaxFiles }),
	"debug":                             conf.Flag(func(o *Options) *bool { return &o.Log.Debug }),
	"trace":                             conf.Flag(func(o *Options) *bool { return &o.Log.Trace }),
	"trace_verbose":                     setTraceVerbose,
	"trace_headers":                     setTraceHeaders,
	"logtime":                           setTime,
	"logtime_utc":                       conf.Flag(func(o *Options) *bool { return &o.Log.UTC }),
	"syslog":                            conf.Flag(func(o *Options) *bool { return &o.Log.Syslog }),
	"remote_syslog":                     conf.Text(func(o *Options) *string { return &o.Log.RemoteSyslog }),
	"max_traced_msg_len":                conf.Int(func(o *Options) *int { return &o.Log.MaxTracedLen }),
}

var processKeys = conf.Table[Options]{
	"server_name":            setServerName,
	"server_tags":            setTags,
	"server_metadata":        conf.Pairs(func(o *Options) *map[string]string { return &o.Metadata }),
	"pid_file pidfile":       conf.Text(func(o *Options) *string { return &o.PidFile }),
	"ports_file_dir":         conf.Text(func(o *Options) *string { return &o.PortsDir }),
	"prof_port":              port(func(o *Options) *int { return &o.Profile.Port }),
	"prof_block_rate":        conf.Int(func(o *Options) *int { return &o.Profile.BlockRate }),
	"lame_duck_duration":     setLameDuckDuration,
	"lame_duck_grace_period": setLameDuckGrace,
}

var unbuiltKeys = conf.Table[Options]{
	"cluster":                         block(clusterNames),
	"gateway":                         block(gatewayNames),
	"leafnodes leaf":                  block(leafNames),
	"mqtt":                            block(mqttNames),
	"jetstream":                       setJetStream,
	"default_js_domain feature_flags": off[Options](nil),
	"connect_error_reports reconnect_error_reports": off[Options](nil),

	// There is no match cache shared by connections, and no publisher that ever stalls.
	"disable_sublist_cache no_sublist_cache no_fast_producer_stall": checkedFlag,
}

// checkedFlag is a boolean that changes nothing.
func checkedFlag(r *conf.Reader, _ *Options, v conf.Value) { r.Flag(v) }

// setMaxConnections reads a limit that, as in nats-server, lets nobody in if it is 0.
func setMaxConnections(r *conf.Reader, o *Options, v conf.Value) {
	n, ok := r.Integer(v)
	if ok && n == 0 {
		n = -1
	}
	o.Conn.MaxConnections = int(n)
}

// setMaxSubTokens checks and sets a limit that nats-server keeps in one byte.
func setMaxSubTokens(r *conf.Reader, o *Options, v conf.Value) {
	n, ok := r.Integer(v)
	switch {
	case !ok:
	case n > math.MaxUint8:
		r.Fail(v.At, "%s value is too big", v.Key)
	case n <= 0:
		r.Fail(v.At, "%s value can not be negative", v.Key)
	default:
		o.Protocol.MaxSubTokens = int(n)
	}
}

func setServerName(r *conf.Reader, o *Options, v conf.Value) {
	name, ok := r.Text(v)
	if ok && strings.Contains(name, " ") {
		r.Fail(v.At, "%v", errNameHasSpaces)
		return
	}
	o.ServerName = name
}

// setTags reads tags, which are compared without regard to case.
func setTags(r *conf.Reader, o *Options, v conf.Value) {
	tags, _ := r.Texts(v)
	for _, tag := range tags {
		tag = strings.ToLower(strings.TrimSpace(tag))
		if tag != "" && !slices.Contains(o.Tags, tag) {
			o.Tags = append(o.Tags, tag)
		}
	}
}

var readDuration = conf.Duration(func(d *time.Duration) *time.Duration { return d })

func setLameDuckDuration(r *conf.Reader, o *Options, v conf.Value) {
	var d time.Duration
	before := len(r.Errors)
	readDuration(r, &d, v)
	if len(r.Errors) == before && d < MinLameDuckDuration {
		r.Fail(v.At, "invalid %s of %v, minimum is 30 seconds", v.Key, d)
		return
	}
	o.LameDuck.Duration = d
}

func setLameDuckGrace(r *conf.Reader, o *Options, v conf.Value) {
	var d time.Duration
	readDuration(r, &d, v)
	if d < 0 {
		r.Fail(v.At, "invalid %s, needs to be positive", v.Key)
		return
	}
	o.LameDuck.Grace = d
}

// setWriteTimeout reads what becomes of a receiver that does not read in time.
func setWriteTimeout(r *conf.Reader, o *Options, v conf.Value) {
	s, ok := r.Text(v)
	switch {
	case !ok:
	case s != "default" && s != "close" && s != conn.WriteRetry:
		r.Fail(v.At, "%s must be 'default', 'close' or 'retry'", v.Key)
	case s != "default":
		o.Conn.WriteTimeout = s
	}
}
