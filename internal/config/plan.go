package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/conf"
	"weir/internal/tlsfile"
)

// Effect is what a reload does about one changed field.
type Effect int

const (
	// Swap takes effect for what comes next: connections, handshakes, messages, log lines.
	Swap Effect = iota
	// Recheck is a swap after which every connection is looked at again; those no longer allowed are closed.
	Recheck
	// Restart closes a listener and opens it anew; its connections stay.
	Restart
	// Refuse needs a new process: a reload with such a change does nothing at all.
	Refuse
)

// String is the word for e in logs.
func (e Effect) String() string {
	switch e {
	case Swap:
		return "swap"
	case Recheck:
		return "recheck connections"
	case Restart:
		return "restart listener"
	case Refuse:
		return "refuse"
	}
	return fmt.Sprintf("effect %d", int(e))
}

// Change is one field that differs between two configurations. Secrets are conf.Redacted in Old and New.
type Change struct {
	// Room is who applies it: auth, client, conn, log, monitor, server, tls or websocket.
	Room, Field string
	// Block is the name of the websocket block; empty for other rooms.
	Block    string
	Old, New string
	Effect   Effect
}

// String is room.field: old -> new (effect), with the name of a block that is not the first after its room.
func (c Change) String() string {
	room := c.Room
	if c.Block != "" && c.Block != defaultName {
		room += "[" + c.Block + "]"
	}
	return fmt.Sprintf("%s.%s: %s -> %s (%v)", room, c.Field, c.Old, c.New, c.Effect)
}

// Plan lists what differs between two configurations that went through [Options.SetDefaults]. A file whose name stayed
// and whose content changed, such as a renewed certificate, is not a difference: a reload reads those anew in any case.
func Plan(old, next *Options) []Change {
	return append(differences(planned, old, next), planWebSockets(old.WebSockets, next.WebSockets)...)
}

// plannedField is one row of a table of [Plan].
type plannedField[T any] struct {
	room, field string
	effect      Effect
	secret      bool
	get         func(*T) any
}

// differences are the rows of a table in which the two differ.
func differences[T any](table []plannedField[T], old, next *T) []Change {
	var out []Change
	for _, f := range table {
		a, b := f.get(old), f.get(next)
		if reflect.DeepEqual(a, b) {
			continue
		}
		c := Change{Room: f.room, Field: f.field, Effect: f.effect, Old: conf.Redacted, New: conf.Redacted}
		if !f.secret {
			c.Old, c.New = fmt.Sprint(a), fmt.Sprint(b)
		}
		out = append(out, c)
	}
	return out
}

const (
	open   = false // may be shown
	secret = true
)

var planned = []plannedField[Options]{
	{"server", "server_name", Refuse, open, func(o *Options) any { return o.ServerName }},
	{"server", "server_tags", Swap, open, func(o *Options) any { return o.Tags }},
	{"server", "server_metadata", Swap, open, func(o *Options) any { return o.Metadata }},
	{"server", "pid_file", Swap, open, func(o *Options) any { return o.PidFile }},
	{"server", "ports_file_dir", Swap, open, func(o *Options) any { return o.PortsDir }},
	{"server", "lame_duck_duration", Swap, open, func(o *Options) any { return o.LameDuck.Duration }},
	{"server", "lame_duck_grace_period", Swap, open, func(o *Options) any { return o.LameDuck.Grace }},
	{"server", "prof_port", Refuse, open, func(o *Options) any { return o.Profile.Port }},
	{"server", "prof_block_rate", Refuse, open, func(o *Options) any { return o.Profile.BlockRate }},

	{"client", "listen", Restart, open, func(o *Options) any { return o.Client }},
	{"client", "dont_listen", Restart, open, func(o *Options) any { return o.DontListen }},
	{"client", "client_advertise", Swap, open, func(o *Options) any { return o.Advertise }},
	{"client", "proxy_protocol", Swap, open, func(o *Options) any { return o.ProxyProtocol }},
	{"client", "tls", Swap, open, func(o *Options) any { return unpinned(o.TLS) }},
	{"client", "pinned_certs", Recheck, open, func(o *Options) any { return pinsOf(o.TLS) }},
	{"client", "allow_non_tls", Swap, open, func(o *Options) any { return o.AllowNonTLS }},
	{"client", "max_payload", Recheck, open, func(o *Options) any { return o.Protocol.MaxPayload }},
	{"client", "max_control_line", Swap, open, func(o *Options) any { return o.Protocol.MaxControlLine }},
	{"client", "max_subscriptions", Recheck, open, func(o *Options) any { return o.Protocol.MaxSubscriptions }},
	{"client", "max_sub_tokens", Swap, open, func(o *Options) any { return o.Protocol.MaxSubTokens }},
	{"client", "no_header_support", Swap, open, func(o *Options) any { return o.Protocol.NoHeaders }},
	{"client", "auth_timeout", Swap, open, func(o *Options) any { return o.Protocol.AuthTimeout }},
	{"client", "max_traced_msg_len", Swap, open, func(o *Options) any { return o.Protocol.MaxTracedLen }},

	{"tls", "ocsp.mode", Swap, open, func(o *Options) any { return o.OCSP.Mode }},
	{"tls", "ocsp.urls", Swap, open, func(o *Options) any { return public(o.OCSP.Responders) }},
	{"tls", "ocsp_cache", Swap, open, func(o *Options) any { return o.OCSP.Cache }},
	{"tls", "store_dir", Swap, open, func(o *Options) any { return o.OCSP.StoreDir }},

	{"conn", "max_connections", Recheck, open, func(o *Options) any { return o.Conn.MaxConnections }},
	{"conn", "max_pending", Swap, open, func(o *Options) any { return o.Conn.MaxPending }},
	{"conn", "write_deadline", Swap, open, func(o *Options) any { return o.Conn.WriteDeadline }},
	{"conn", "write_timeout", Swap, open, func(o *Options) any { return o.Conn.WriteTimeout }},
	{"conn", "ping_interval", Swap, open, func(o *Options) any { return o.Conn.PingInterval }},
	{"conn", "ping_max", Swap, open, func(o *Options) any { return o.Conn.PingMax }},

	{"auth", "username", Recheck, open, func(o *Options) any { return o.Auth.Username }},
	{"auth", "password", Recheck, secret, func(o *Options) any { return o.Auth.Password }},
	{"auth", "token", Recheck, secret, func(o *Options) any { return o.Auth.Token }},
	{"auth", "failed_logins_per_minute", Swap, open, func(o *Options) any { return o.Auth.FailedLogins }},
	{"auth", "no_auth_user", Recheck, open, func(o *Options) any { return o.Auth.NoAuthUser }},
	{"auth", "users", Recheck, open, func(o *Options) any { return plannedUsers(o.Auth.Users) }},
	{"auth", "open", Recheck, open, func(o *Options) any { return o.Auth.Open }},
	{"auth", "proxy_required", Recheck, open, func(o *Options) any { return o.Auth.ProxyRequired }},
	{"auth", "auth_callout", Recheck, open, func(o *Options) any { return plannedCallout(o.Auth.Callout, false) }},
	{"auth", "default_permissions", Swap, open, func(o *Options) any { return plannedDefaults(o.Auth.Defaults) }},
	{"account", "accounts", Recheck, open, func(o *Options) any { return plannedAccounts(o.Accounts.All()) }},
	{"account", "system_account", Refuse, open, func(o *Options) any { return o.Accounts.SystemName() }},

	{"claims", "operators", Refuse, open, func(o *Options) any { return plannedTokens(o.Accounts.Claims.Operators) }},
	{"claims", "trusted_keys", Refuse, open, func(o *Options) any { return o.Accounts.Claims.TrustedKeys }},
	{"claims", "any resolver", Refuse, open, func(o *Options) any { return o.Accounts.Claims.Resolver.Kind != "" }},
	{"claims", "resolver", Recheck, open, func(o *Options) any { return plannedResolver(o.Accounts.Claims.Resolver) }},
	{"claims", "resolver_tls", Recheck, open, func(o *Options) any { return o.Accounts.ResolverTLS.String() }},
	{"claims", "resolver_preload", Recheck, open, func(o *Options) any { return plannedPreloads(o.Accounts.Claims.Preload) }},
	{"claims", "resolver_pinned_accounts", Recheck, open, func(o *Options) any { return sorted(o.Accounts.Claims.Pinned) }},
	{"claims", "default_sentinel", Swap, secret, func(o *Options) any { return o.Accounts.Claims.Sentinel }},

	{"auth", "proxies.trusted", Recheck, open, func(o *Options) any { return sorted(o.ProxyKeys) }},

	{"monitor", "host", Restart, open, func(o *Options) any { return o.Monitor.Host }},
	{"monitor", "http_port", Restart, open, func(o *Options) any { return o.Monitor.Port }},
	{"monitor", "https_port", Restart, open, func(o *Options) any { return o.Monitor.HTTPSPort }},
	{"monitor", "http_base_path", Restart, open, func(o *Options) any { return o.Monitor.BasePath }},
	{"monitor", "tls", Swap, open, func(o *Options) any { return unpinned(o.Monitor.TLS) }},
	{"monitor", "max_closed_clients", Swap, open, func(o *Options) any { return o.Monitor.MaxClosed }},

	{"log", "log_file", Swap, open, func(o *Options) any { return o.Log.File }},
	{"log", "log_size_limit", Swap, open, func(o *Options) any { return o.Log.SizeLimit }},
	{"log", "log_max_num", Swap, open, func(o *Options) any { return o.Log.MaxFiles }},
	{"log", "debug", Swap, open, func(o *Options) any { return o.Log.Debug }},
	{"log", "trace", Swap, open, func(o *Options) any { return o.Log.Trace }},
	{"log", "trace_verbose", Swap, open, func(o *Options) any { return o.Log.TraceVerbose }},
	{"log", "trace_headers", Swap, open, func(o *Options) any { return o.Log.TraceHeaders }},
	{"log", "no_logtime", Swap, open, func(o *Options) any { return o.Log.NoTime }},
	{"log", "logtime_utc", Swap, open, func(o *Options) any { return o.Log.UTC }},
	{"log", "syslog", Swap, open, func(o *Options) any { return o.Log.Syslog }},
	{"log", "remote_syslog", Swap, open, func(o *Options) any { return conf.Public(o.Log.RemoteSyslog) }},
}

// plannedUsers is compared as a whole and shown without passwords.
type plannedUsers []auth.User

// maxShownUsers is how many users are shown by name.
const maxShownUsers = 20

func (u plannedUsers) String() string {
	if len(u) > maxShownUsers {
		return fmt.Sprintf("%d users", len(u))
	}
	names := make([]string, len(u))
	for i := range u {
		names[i] = u[i].Name
	}
	return fmt.Sprint(names)
}

// plannedAccounts is compared as a whole and shown by names.
type plannedAccounts []account.Config

func (a plannedAccounts) String() string {
	if len(a) > maxShownUsers {
		return fmt.Sprintf("%d accounts", len(a))
	}
	names := make([]string, len(a))
	for i := range a {
		names[i] = a[i].Name
	}
	return fmt.Sprint(names)
}

// unpinned is a TLS block without its pins, which have a row of their own.
func unpinned(t *tlsfile.Block) string {
	if t == nil {
		return t.String()
	}
	plain := *t
	plain.PinnedCerts = nil
	return plain.String()
}

// plannedPins is compared as a whole and shown by the beginnings of the pins.
type plannedPins []string

func pinsOf(t *tlsfile.Block) plannedPins {
	if t == nil {
		return plannedPins{}
	}
	all := make(plannedPins, len(t.PinnedCerts))
	for i, p := range t.PinnedCerts {
		all[i] = strings.ToLower(p)
	}
	slices.Sort(all)
	return all
}

func (p plannedPins) String() string {
	const digits = 8
	short := make([]string, len(p))
	for i, pin := range p {
		short[i] = pin[:min(digits, len(pin))]
	}
	return fmt.Sprint(short)
}
