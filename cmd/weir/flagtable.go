package main

import "weir/internal/config"

// commandFlags say what to do, or where the configuration is.
var commandFlags = []struct {
	names string // aliases, separated by spaces
	kind  kind
	set   func(*commandLine, value)
}{
	{"help h", toggle, func(c *commandLine, v value) { c.help = v.on }},
	{"version v", toggle, func(c *commandLine, v value) { c.version = v.on }},
	{"help_tls", toggle, func(c *commandLine, v value) { c.helpTLS = v.on }},
	{"config c", text, func(c *commandLine, v value) { c.config = v.text }},
	{"t", toggle, func(c *commandLine, v value) { c.test = v.on }},
	{"signal sl", text, func(c *commandLine, v value) { c.signal = v.text }},

	{"tls", toggle, func(c *commandLine, v value) { c.tls.given, c.tls.off = true, !v.on }},
	{"tlsverify", toggle, func(c *commandLine, v value) { c.tls.given, c.tls.verify = true, v.on }},
	{"tlscert", text, func(c *commandLine, v value) { c.tls.given, c.tls.cert = true, v.text }},
	{"tlskey", text, func(c *commandLine, v value) { c.tls.given, c.tls.key = true, v.text }},
	{"tlscacert", text, func(c *commandLine, v value) { c.tls.given, c.tls.ca = true, v.text }},
}

// optionFlags override one key of the configuration each.
var optionFlags = []struct {
	names string
	kind  kind
	set   func(*config.Options, value)
}{
	{"addr a net", text, func(o *config.Options, v value) { o.Client.Host = v.text }},
	{"port p", number, func(o *config.Options, v value) { o.Client.Port = int(v.number) }},
	{"server_name name n", text, func(o *config.Options, v value) { o.ServerName = v.text }},
	{"client_advertise", text, func(o *config.Options, v value) { o.Advertise = v.text }},
	{"http_port m", number, func(o *config.Options, v value) { o.Monitor.Port = int(v.number) }},
	{"https_port ms", number, func(o *config.Options, v value) { o.Monitor.HTTPSPort = int(v.number) }},
	{"pid P", text, func(o *config.Options, v value) { o.PidFile = v.text }},
	{"ports_file_dir", text, func(o *config.Options, v value) { o.PortsDir = v.text }},
	{"profile", number, func(o *config.Options, v value) { o.Profile.Port = int(v.number) }},

	{"user", text, func(o *config.Options, v value) { o.Auth.Username = v.text }},
	{"pass", text, func(o *config.Options, v value) { o.Auth.Password = v.text }},
	{"auth", text, func(o *config.Options, v value) { o.Auth.Token = v.text }},

	{"log l", text, func(o *config.Options, v value) { o.Log.File = v.text }},
	{"logtime T", toggle, func(o *config.Options, v value) { o.Log.NoTime = !v.on }},
	{"logtime_utc", toggle, func(o *config.Options, v value) { o.Log.UTC = v.on }},
	{"log_size_limit", number, func(o *config.Options, v value) { o.Log.SizeLimit = v.number }},
	{"syslog s", toggle, func(o *config.Options, v value) { o.Log.Syslog = v.on }},
	{"remote_syslog r", text, func(o *config.Options, v value) { o.Log.RemoteSyslog = v.text }},
	{"max_traced_msg_len", number, func(o *config.Options, v value) { o.Log.MaxTracedLen = int(v.number) }},
	{"debug D", toggle, func(o *config.Options, v value) { o.Log.Debug = v.on }},
	{"trace V", toggle, func(o *config.Options, v value) { o.Log.Trace = v.on }},
	{"VV", toggle, func(o *config.Options, v value) { o.Log.Trace, o.Log.TraceVerbose = v.on, v.on }},
	{"DV", toggle, func(o *config.Options, v value) { o.Log.Debug, o.Log.Trace = v.on, v.on }},
	{"DVV", toggle, func(o *config.Options, v value) { o.Log.Debug, o.Log.Trace, o.Log.TraceVerbose = v.on, v.on, v.on }},
}

// unbuiltFlags belong to features that are not built. They are taken, each with a warning.
var unbuiltFlags = []struct {
	names   string
	kind    kind
	feature string
}{
	{"jetstream js", toggle, "JetStream"},
	{"store_dir sd", text, "JetStream"},
	{"routes", text, "clustering"},
	{"cluster", text, "clustering"},
	{"cluster_listen", text, "clustering"},
	{"cluster_name", text, "clustering"},
	{"cluster_advertise", text, "clustering"},
	{"no_advertise", toggle, "clustering"},
	{"connect_retries", number, "clustering"},
}
