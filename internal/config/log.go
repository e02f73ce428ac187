package config

import "weir/internal/conf"

// Log says what is logged and where. Without a file and without syslog, the log goes to standard error.
type Log struct {
	// File is the log file. Above SizeLimit bytes (0: never) it is rotated, and MaxFiles files are kept (0: all).
	File      string
	SizeLimit int64
	MaxFiles  int
	// Debug logs what the server does, Trace the protocol of every client.
	Debug, Trace bool
	// TraceVerbose traces the system account too, TraceHeaders only the headers of a message. Both imply Trace.
	TraceVerbose, TraceHeaders bool
	// NoTime leaves the time out of each line; UTC writes it in UTC instead of local time.
	NoTime, UTC bool
	// Syslog sends the log to the local syslog, or to the URL RemoteSyslog.
	Syslog       bool
	RemoteSyslog string
	// MaxTracedLen is how many bytes of a message a trace line shows; 0 means all.
	MaxTracedLen int
}

func setTime(r *conf.Reader, o *Options, v conf.Value) {
	if on, ok := r.Flag(v); ok {
		o.Log.NoTime = !on
	}
}

func setTraceVerbose(r *conf.Reader, o *Options, v conf.Value) {
	if on, ok := r.Flag(v); ok {
		o.Log.TraceVerbose, o.Log.Trace = on, on
	}
}

func setTraceHeaders(r *conf.Reader, o *Options, v conf.Value) {
	if on, ok := r.Flag(v); ok {
		o.Log.TraceHeaders, o.Log.Trace = on, on
	}
}
