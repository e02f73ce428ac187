package config

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"weir/internal/conf"
)

// Ports. Only the client listener has a default; the others are those of [Local].
const (
	DefaultClientPort  = 4222
	LocalWebSocketPort = 8080
	LocalMonitorPort   = 8222

	// AnyPort asks the system for a free port.
	AnyPort = -1

	// defaultHost is every interface.
	defaultHost = "0.0.0.0"
	maxPort     = 1<<16 - 1
)

// Listener is where to accept connections. Port -1 is any free port; what 0 means is said where a Listener is used.
type Listener struct {
	Host string
	Port int
}

// Address is l as net.Listen wants it.
func (l Listener) Address() string { return Address(l.Host, l.Port) }

// Address is host and port as net.Listen wants them: [AnyPort] becomes 0.
func Address(host string, port int) string {
	return net.JoinHostPort(host, strconv.Itoa(max(port, 0)))
}

// ParseListener reads "host:port".
func ParseListener(s string) (Listener, error) {
	host, digits, err := net.SplitHostPort(s)
	if err != nil {
		return Listener{}, fmt.Errorf("could not parse address string %q", conf.Public(s))
	}
	port, err := strconv.Atoi(digits)
	if err != nil {
		return Listener{}, fmt.Errorf("could not parse port %q", conf.Public(digits))
	}
	return Listener{host, port}, checkPort(port)
}

// ParseAdvertise splits host[:port]; a missing port, 0 and -1 mean own.
func ParseAdvertise(s string, own int) (Listener, error) {
	host, digits, err := net.SplitHostPort(s)
	if missing, ok := err.(*net.AddrError); ok && strings.Contains(missing.Err, "missing port") {
		host, digits, err = net.SplitHostPort(s + ":" + strconv.Itoa(own))
	}
	if err != nil {
		return Listener{}, err
	}
	port, err := strconv.Atoi(strings.TrimSpace(digits))
	if err != nil {
		return Listener{}, fmt.Errorf("could not parse port %q", digits)
	}
	if port == 0 || port == AnyPort {
		port = own
	}
	return Listener{strings.TrimSpace(host), port}, checkPort(port)
}

func checkPort(port int) error {
	if port < AnyPort || port > maxPort {
		return fmt.Errorf("invalid port %d: it must be -1 (any free port) or 0 to %d", port, maxPort)
	}
	return nil
}

// listen reads a port or "host:port". A port alone clears the host.
func listen(r *conf.Reader, v conf.Value) (Listener, bool) {
	var (
		l   Listener
		err error
	)
	switch x := v.V.(type) {
	case int64:
		l.Port, err = int(x), checkPort(int(x))
	case string:
		l, err = ParseListener(x)
	default:
		r.Fail(v.At, "expected port or host:port, got %s", conf.Kind(v.V))
		return l, false
	}
	if err != nil {
		r.Fail(v.At, "%v", err)
	}
	return l, err == nil
}

// listener sets a Listener.
func listener[T any](field func(*T) *Listener) conf.Set[T] {
	return func(r *conf.Reader, t *T, v conf.Value) {
		if l, ok := listen(r, v); ok {
			*field(t) = l
		}
	}
}

// port sets a port.
func port[T any](field func(*T) *int) conf.Set[T] {
	return func(r *conf.Reader, t *T, v conf.Value) {
		n, ok := r.Integer(v)
		if !ok {
			return
		}
		if err := checkPort(int(n)); err != nil {
			r.Fail(v.At, "%s: %v", v.Key, err)
			return
		}
		*field(t) = int(n)
	}
}
