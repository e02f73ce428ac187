package main

import "strings"

const redacted = "[REDACTED]"

// redact takes secrets out of arguments that the profiling listener shows. The arguments are changed in place.
func redact(args []string) {
	for i, arg := range args {
		name, value, inline := strings.Cut(arg, "=")
		hide := hider(strings.TrimPrefix(strings.TrimPrefix(name, "-"), "-"))
		switch {
		case hide == nil || !strings.HasPrefix(name, "-"):
		case inline:
			args[i] = name + "=" + hide(value)
		case i+1 < len(args):
			args[i+1] = hide(args[i+1])
		}
	}
}

// hider returns what takes the secrets out of the value of a flag; nil if it holds none.
func hider(flag string) func(string) string {
	switch flag {
	case "user", "pass", "auth":
		return func(string) string { return redacted }
	case "routes", "cluster", "cluster_listen":
		return hideUserinfo
	}
	return nil
}

// hideUserinfo hides what stands between "//" and "@" in each URL of a list.
func hideUserinfo(list string) string {
	urls := strings.Split(list, ",")
	for i, u := range urls {
		at := strings.LastIndexByte(u, '@')
		start := strings.Index(u, "//") + len("//")
		if start < len("//") {
			start = 0
		}
		if at >= start {
			urls[i] = u[:start] + redacted + u[at:]
		}
	}
	return strings.Join(urls, ",")
}
