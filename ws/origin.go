package ws

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Origins is a set of allowed origins, made by [ParseOrigins] and then never changed. The zero value is empty.
type Origins struct {
	set   map[origin]struct{}
	below []origin // whose host stands for every host below it
	null  bool     // the origin of a page that has none, such as one from a file
}

const (
	nullOrigin = "null"
	wildcard   = "*."
)

// has reports whether o is in the set.
func (s *Origins) has(o origin) bool {
	if _, ok := s.set[o]; ok {
		return true
	}
	for _, b := range s.below {
		if o.scheme == b.scheme && o.port == b.port && strings.HasSuffix(o.host, "."+b.host) {
			return true
		}
	}
	return false
}

// origin is a scheme, a host in lower case and a port that is never empty (RFC 6454 §4).
type origin struct{ scheme, host, port string }

// ParseOrigins returns the set of the given origins. Each is an http or https URL with a host, and the port of its
// scheme unless it names one; a path is ignored. A host may begin with *. and then stands for every host below it, at any
// depth. The word null stands for pages without an origin; other sites can make such pages, too.
func ParseOrigins(list []string) (Origins, error) {
	all := Origins{set: make(map[origin]struct{}, len(list))}
	for _, s := range list {
		if s == nullOrigin {
			all.null = true
			continue
		}
		u, err := url.ParseRequestURI(s)
		if err != nil {
			return Origins{}, fmt.Errorf("allowed origin: %w", err)
		}
		if u.Scheme != "http" && u.Scheme != "https" {
			return Origins{}, fmt.Errorf("allowed origin %q: the scheme has to be http or https", s)
		}
		if u.Host == "" {
			return Origins{}, fmt.Errorf("allowed origin %q: there is no host", s)
		}
		o, ok := newOrigin(u.Scheme, u.Host)
		if !ok {
			return Origins{}, fmt.Errorf("allowed origin %q: bad host or port", s)
		}
		if host, ok := strings.CutPrefix(o.host, wildcard); ok {
			all.below = append(all.below, origin{o.scheme, host, o.port})
		} else {
			all.set[o] = struct{}{}
		}
	}
	return all, nil
}

// Len returns the number of different origins in the set.
func (s Origins) Len() int {
	n := len(s.set) + len(s.below)
	if s.null {
		n++
	}
	return n
}

// newOrigin fills in the default port of scheme. It fails if hostport can not be divided.
func newOrigin(scheme, hostport string) (origin, bool) {
	host, port, ok := splitHostPort(hostport)
	if port == "" {
		port = "80"
		if scheme == "https" {
			port = "443"
		}
	}
	return origin{scheme, strings.ToLower(host), port}, ok
}

// loopback reports whether only this machine can have served a page of o: localhost and the names below it (RFC 6761
// §6.3), or a loopback address.
func (o origin) loopback() bool {
	if o.host == "localhost" || strings.HasSuffix(o.host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(o.host)
	return err == nil && ip.IsLoopback()
}

// splitHostPort divides "host:port", "host", "[v6]:port" and "[v6]"; the brackets are dropped.
func splitHostPort(s string) (host, port string, ok bool) {
	host = s
	if strings.HasPrefix(s, "[") {
		var after string
		if host, after, ok = strings.Cut(s[1:], "]"); !ok || after != "" && after[0] != ':' {
			return "", "", false
		}
		port = strings.TrimPrefix(after, ":")
	} else {
		host, port, _ = strings.Cut(s, ":")
	}
	ok = !strings.ContainsAny(host, "[]") && !strings.ContainsAny(port, ":[]")
	return host, port, ok
}

// checkOrigin applies the origin policy to r. A request without an origin passes: it is not from a browser, and such
// a client could claim any origin (RFC 6455 §10.2).
func (p *UpgradePolicy) checkOrigin(r *http.Request) *UpgradeError {
	if !p.SameOrigin && !p.LoopbackOrigins && !p.OriginRequired && p.AllowedOrigins.Len() == 0 {
		return nil
	}
	value := r.Header.Get("Origin")
	if value == "" {
		value = r.Header.Get("Sec-Websocket-Origin") // the name of early drafts
	}
	switch {
	case value == "" && p.OriginRequired:
		return ErrOriginMissing
	case value == "":
		return nil
	case value == nullOrigin && p.AllowedOrigins.null && !p.SameOrigin && !p.LoopbackOrigins:
		return nil
	case !p.SameOrigin && !p.LoopbackOrigins && p.AllowedOrigins.Len() == 0:
		return nil
	}
	u, err := url.ParseRequestURI(value)
	if err != nil {
		return ErrOriginInvalid
	}
	o, ok := newOrigin(u.Scheme, u.Host)
	if !ok {
		return ErrOriginInvalid
	}
	if p.SameOrigin {
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		if ours, ok := newOrigin(scheme, r.Host); !ok || o != ours {
			return ErrOriginNotSame
		}
	}
	if p.LoopbackOrigins && !o.loopback() {
		return ErrOriginNotLoopback
	}
	if p.AllowedOrigins.Len() > 0 {
		if !p.AllowedOrigins.has(o) {
			return ErrOriginNotAllowed
		}
	}
	return nil
}
