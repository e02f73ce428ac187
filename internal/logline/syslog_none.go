//go:build windows || plan9

package logline

import "errors"

var errNoSyslog = errors.New("syslog is not available on this system; use a log file")

func localSyslog() (sink, error) { return nil, errNoSyslog }

func dialSyslog(string) (sink, error) { return nil, errNoSyslog }
