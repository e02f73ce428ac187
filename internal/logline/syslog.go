//go:build !windows && !plan9

package logline

import (
	"bytes"
	"fmt"
	"log/slog"
	"log/syslog"
	"net/url"
	"os"
	"path/filepath"
)

// syslogSink sends each line without its header, at the severity nats-server uses.
type syslogSink struct{ w *syslog.Writer }

// localSyslog connects to the syslog of this machine.
func localSyslog() (sink, error) {
	w, err := syslog.New(syslog.LOG_DAEMON|syslog.LOG_NOTICE, syslogTag())
	if err != nil {
		return nil, fmt.Errorf("can not reach the local syslog: %w", err)
	}
	return syslogSink{w}, nil
}

// dialSyslog connects to udp://host:port, tcp://host:port or unix:///path.
func dialSyslog(addr string) (sink, error) {
	u, err := url.Parse(addr)
	if err != nil {
		return nil, fmt.Errorf("remote syslog %q: %w", addr, err)
	}
	target := u.Host
	switch u.Scheme {
	case "udp", "tcp":
	case "unix":
		target = u.Path
	default:
		return nil, fmt.Errorf("remote syslog %q: want udp://host:port, tcp://host:port or unix:///path", addr)
	}
	// The facility is the one nats-server sends to a remote syslog, which filters may rely on.
	w, err := syslog.Dial(u.Scheme, target, syslog.LOG_DEBUG, syslogTag())
	if err != nil {
		return nil, fmt.Errorf("remote syslog %q: %w", addr, err)
	}
	return syslogSink{w}, nil
}

// syslogTag is the name the program was started under.
func syslogTag() string { return filepath.Base(os.Args[0]) }

func (s syslogSink) write(level slog.Level, line []byte) error {
	text := string(bytes.TrimSuffix(line, []byte{'\n'}))
	switch labels[severity(level)].name {
	case "DBG":
		return s.w.Debug(text)
	case "WRN":
		return s.w.Warning(text)
	case "ERR":
		return s.w.Err(text)
	case "FTL":
		return s.w.Crit(text)
	}
	return s.w.Notice(text)
}

func (s syslogSink) close() error { return s.w.Close() }
