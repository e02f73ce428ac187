package config

import (
	"math"
	"slices"
	"strings"
	"time"
)

// topKeys are the keys of the file itself: one line per setting, its aliases in one string.
var topKeys = joined(listenerKeys, limitKeys, logKeys, processKeys, unbuiltKeys)

var listenerKeys = table[Options]{
	"listen":                 listener(func(o *Options) *Listener { return &o.Client }),
	"port":                   port(func(o *Options) *int { return &o.Client.Port }),
	"host net":               text(func(o *Options) *string { return &o.Client.Host }),
	"client_advertise":       text(func(o *Options) *string { return &o.Advertise }),
	"tls":                    func(r *reader, o *Options, v value) { o.TLS = r.tls(v) },
	"allow_non_tls":          flag(func(o *Options) *bool { return &o.AllowNonTLS }),
	"authorization":          setAuthorization,
	"websocket ws":           setWebSocket,
	"http":                   setHTTP,
	"https":                  setHTTPS,
	"http_port monitor_port": port(func(o *Options) *int { return &o.Monitor.Port }),
	"https_port":             port(func(o *Options) *int { return &o.Monitor.HTTPSPort }),
	"http_base_path":         text(func(o *Options) *string { return &o.Monitor.BasePath }),
}

var limitKeys = table[Options]{
	"max_connections max_conn":               setMaxConnections,
	"max_subscriptions max_subs":             integer(func(o *Options) *int { return &o.Protocol.MaxSubscriptions }),
	"max_payload":                            wire(func(o *Options) *int { return &o.Protocol.MaxPayload }),
	"max_control_line":                       wire(func(o *Options) *int { return &o.Protocol.MaxControlLine }),
	"max_pending":                            integer64(func(o *Options) *int64 { return &o.Conn.MaxPending }),
	"max_closed_clients":                     integer(func(o *Options) *int { return &o.Monitor.MaxClosed }),
	"no_header_support":                      flag(func(o *Options) *bool { return &o.Protocol.NoHeaders }),
	"ping_interval":                          durationOrSeconds(true, func(o *Options) *time.Duration { return &o.Conn.PingInterval }),
	"ping_max":                               integer(func(o *Options) *int { return &o.Conn.PingMax }),
	"write_deadline":                         durationOrSeconds(true, func(o *Options) *time.Duration { return &o.Conn.WriteDeadline }),
	"write_timeout":                          setWriteTimeout,
	"max_sub_tokens max_subscription_tokens": setMaxSubTokens,
}

var logKeys = table[Options]{
	"log_file logfile":                  text(func(o *Options) *string { return &o.Log.File }),
	"log_size_limit logfile_size_limit": integer64(func(o *Options) *int64 { return &o.Log.SizeLimit }),
	"log_max_num logfile_max_num":       integer(func(o *Options) *int { return &o.Log.MaxFiles }),
	"debug":                             flag(func(o *Options) *bool { return &o.Log.Debug }),
	"trace":                             flag(func(o *Options) *bool { return &o.Log.Trace }),
	"trace_verbose":                     setTraceVerbose,
	"trace_headers":                     setTraceHeaders,
	"logtime":                           setTime,
	"logtime_utc":                       flag(func(o *Options) *bool { return &o.Log.UTC }),
	"syslog":                            flag(func(o *Options) *bool { return &o.Log.Syslog }),
	"remote_syslog":                     text(func(o *Options) *string { return &o.Log.RemoteSyslog }),
	"max_traced_msg_len":                integer(func(o *Options) *int { return &o.Log.MaxTracedLen }),
}

var processKeys = table[Options]{
	"server_name":            setServerName,
	"server_tags":            setTags,
	"server_metadata":        pairs(func(o *Options) *map[string]string { return &o.Metadata }),
	"pid_file pidfile":       text(func(o *Options) *string { return &o.PidFile }),
	"ports_file_dir":         text(func(o *Options) *string { return &o.PortsDir }),
	"prof_port":              port(func(o *Options) *int { return &o.Profile }),
	"prof_block_rate":        integer(func(o *Options) *int { return &o.ProfileBlockRate }),
	"lame_duck_duration":     setLameDuckDuration,
	"lame_duck_grace_period": setLameDuckGrace,
}

var unbuiltKeys = table[Options]{
	"cluster":        block(clusterNames),
	"gateway":        block(gatewayNames),
	"leafnodes leaf": block(leafNames),
	"mqtt":           block(mqttNames),
	"jetstream":      setJetStream,
	"store_dir storedir default_js_domain feature_flags ocsp_cache": off[Options](nil),
	"connect_error_reports reconnect_error_reports":                 off[Options](nil),

	"accounts system_account system no_auth_user default_sentinel mappings maps":      refused[Options],
	"operator operators root roots root_operator root_operators trusted trusted_keys": refused[Options],
	"resolver account_resolver accounts_resolver resolver_tls resolver_preload":       refused[Options],
	"resolver_pinned_accounts proxies proxy_protocol ocsp":                            refused[Options],

	// There is no system account to leave out, no match cache shared by connections, and no publisher that ever stalls.
	"no_system_account no_system no_sys_acc disable_sublist_cache no_sublist_cache no_fast_producer_stall": checkedFlag,
}

// joined is all tables in one, with the aliases split.
func joined(tables ...table[Options]) table[Options] {
	out := make(table[Options])
	for _, t := range tables {
		for name, set := range t.split() {
			out[name] = set
		}
	}
	return out
}

// checkedFlag is a boolean that changes nothing.
func checkedFlag(r *reader, _ *Options, v value) { r.flag(v) }

// setMaxConnections reads a limit for which nats-server's 0 means none.
func setMaxConnections(r *reader, o *Options, v value) {
	n, ok := r.integer(v)
	if ok && n == 0 {
		n = -1
	}
	o.Conn.MaxConnections = int(n)
}

// setMaxSubTokens checks and sets a limit that nats-server keeps in one byte.
func setMaxSubTokens(r *reader, o *Options, v value) {
	n, ok := r.integer(v)
	switch {
	case !ok:
	case n > math.MaxUint8:
		r.fail(v.at, "%s value is too big", v.key)
	case n <= 0:
		r.fail(v.at, "%s value can not be negative", v.key)
	default:
		o.Protocol.MaxSubTokens = int(n)
	}
}

func setServerName(r *reader, o *Options, v value) {
	name, ok := r.text(v)
	if ok && strings.Contains(name, " ") {
		r.fail(v.at, "%v", errNameHasSpaces)
		return
	}
	o.ServerName = name
}

// setTags reads tags, which are compared without regard to case.
func setTags(r *reader, o *Options, v value) {
	tags, _ := r.texts(v)
	for _, tag := range tags {
		tag = strings.ToLower(strings.TrimSpace(tag))
		if tag != "" && !slices.Contains(o.Tags, tag) {
			o.Tags = append(o.Tags, tag)
		}
	}
}

var readDuration = duration(func(d *time.Duration) *time.Duration { return d })

func setLameDuckDuration(r *reader, o *Options, v value) {
	var d time.Duration
	before := len(r.errs)
	readDuration(r, &d, v)
	if len(r.errs) == before && d < MinLameDuckDuration {
		r.fail(v.at, "invalid %s of %v, minimum is 30 seconds", v.key, d)
		return
	}
	o.LameDuck.Duration = d
}

func setLameDuckGrace(r *reader, o *Options, v value) {
	var d time.Duration
	readDuration(r, &d, v)
	if d < 0 {
		r.fail(v.at, "invalid %s, needs to be positive", v.key)
		return
	}
	o.LameDuck.Grace = d
}
