package admission

import (
	"errors"
	"fmt"
)

// Defaults of [Limits]. They are far above what honest clients need: ten thousand may connect at once, and as many as a
// thousand from behind one address.
const (
	DefaultHalfOpen      = 16 << 10
	DefaultHalfOpenPerIP = 1024
	DefaultPreAuthBytes  = 16 << 10
)

// NoLimit is the value of a field of [Limits] that sets no limit.
const NoLimit = -1

// maxRate is the highest rate per second that can be kept, one handshake each microsecond.
const maxRate = 1_000_000

// minPreAuthBytes leaves room for a CONNECT.
const minPreAuthBytes = 1 << 10

// Limits is what a listener grants to strangers. The zero value of a field means its default, -1 means no limit.
//
// Limits per address take an IPv6 network of 64 bits for one address, since that is what one subscriber gets. They do not
// hold for loopback, Unix sockets and trusted proxies, behind which many clients may be.
type Limits struct {
	// HalfOpen is the number of connections that were accepted and are not yet through TLS, HTTP and authentication.
	HalfOpen, HalfOpenPerIP int
	// ConnectionsPerIP is the number of connections from one address. By default there is no limit. A new limit counts
	// the connections that come in afterwards.
	ConnectionsPerIP int
	// HandshakesPerSecond is how many connections are accepted each second, and as many at once after a quiet second.
	// By default there is no limit.
	HandshakesPerSecond, HandshakesPerSecondPerIP int
	// PreAuthBytes is how much a peer may send before it has authenticated, in bytes of the stream below TLS, and of
	// what they inflate to. The head of an HTTP request is not counted.
	PreAuthBytes int
}

// WithDefaults returns l with every zero field replaced by its default.
func (l Limits) WithDefaults() Limits {
	fill := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	fill(&l.HalfOpen, DefaultHalfOpen)
	fill(&l.HalfOpenPerIP, DefaultHalfOpenPerIP)
	fill(&l.ConnectionsPerIP, NoLimit)
	fill(&l.HandshakesPerSecond, NoLimit)
	fill(&l.HandshakesPerSecondPerIP, NoLimit)
	fill(&l.PreAuthBytes, DefaultPreAuthBytes)
	return l
}

// Validate reports the first field that no listener can run with.
func (l Limits) Validate() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"half_open", l.HalfOpen}, {"half_open_per_ip", l.HalfOpenPerIP}, {"connections_per_ip", l.ConnectionsPerIP},
		{"handshakes_per_second", l.HandshakesPerSecond}, {"handshakes_per_second_per_ip", l.HandshakesPerSecondPerIP},
		{"pre_auth_bytes", l.PreAuthBytes},
	} {
		if f.value < NoLimit {
			return fmt.Errorf("%s can not be negative, but for -1: no limit", f.name)
		}
	}
	switch {
	case l.HandshakesPerSecond > maxRate:
		return errors.New("handshakes_per_second can not be above 1000000")
	case l.HandshakesPerSecondPerIP > maxRate:
		return errors.New("handshakes_per_second_per_ip can not be above 1000000")
	case l.PreAuthBytes > 0 && l.PreAuthBytes < minPreAuthBytes:
		return errors.New("pre_auth_bytes can not be below 1024")
	}
	return nil
}
