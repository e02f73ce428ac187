package admission

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Refusal is why a [Gate] did not let somebody in. It is an error, but for Admitted.
type Refusal uint8

// The refusals.
const (
	Admitted Refusal = iota
	HalfOpenFull
	HalfOpenPerIPFull
	ConnectionsPerIPFull
	HandshakeRate
	HandshakeRatePerIP
)

// refusals has a row for each: the text of logs and counters, and after how many seconds it makes sense to try again.
var refusals = [...]struct {
	text  string
	after int
}{
	Admitted:             {"admitted", 0},
	HalfOpenFull:         {"too many handshakes under way", 2},
	HalfOpenPerIPFull:    {"too many handshakes under way from one address", 2},
	ConnectionsPerIPFull: {"too many connections from one address", 30},
	HandshakeRate:        {"too many handshakes per second", 1},
	HandshakeRatePerIP:   {"too many handshakes per second from one address", 1},
}

func (r Refusal) String() string { return refusals[r].text }

// Error is the same as String.
func (r Refusal) Error() string { return r.String() }

// RetryAfter is the number of seconds after which it makes sense to try again.
func (r Refusal) RetryAfter() int { return refusals[r].after }

// Gate keeps the [Limits] of one listener. It is safe for use by any number of goroutines. Its memory is bounded by the
// number of connections and by maxRates.
type Gate struct {
	start  time.Time // immutable
	limits atomic.Pointer[Limits]

	mu       sync.Mutex // guards all below, and the fields of every Pass
	halfOpen int
	places   map[source]places // of addresses that have any
	total    bucket
	fresh    map[source]bucket // of addresses that came in since turned
	stale    map[source]bucket // of those before; a bucket that is in neither map is full
	turned   int64
	admitted uint64
	refused  [len(refusals)]uint64
}

// places is what one address holds.
type places struct{ halfOpen, connections int32 }

// maxRates is how many addresses one generation of buckets holds. Whoever comes from more networks than this within a
// second meets the total rate only.
const maxRates = 32 << 10

// NewGate makes a gate with the limits l, defaults filled in.
func NewGate(l Limits) *Gate {
	g := &Gate{start: time.Now(), places: make(map[source]places), fresh: make(map[source]bucket)}
	g.SetLimits(l)
	return g
}

// SetLimits replaces the limits for all who come from now on.
func (g *Gate) SetLimits(l Limits) {
	l = l.WithDefaults()
	g.limits.Store(&l)
}

// GateCounts is a snapshot of a gate's counters.
type GateCounts struct {
	HalfOpen int    // handshakes under way
	Admitted uint64 // connections since the start
	Refused  map[Refusal]uint64
}

// Counts returns a snapshot.
func (g *Gate) Counts() GateCounts {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := GateCounts{HalfOpen: g.halfOpen, Admitted: g.admitted, Refused: make(map[Refusal]uint64)}
	for r := HalfOpenFull; int(r) < len(refusals); r++ {
		c.Refused[r] = g.refused[r]
	}
	return c
}

// source is what limits per address count by. The zero value has no limits of its own.
type source [16]byte

// nat64 has IPv4 addresses in its last 32 bits (RFC 6052 §2.1).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

func sourceOf(a netip.Addr) source {
	a = a.Unmap()
	switch {
	case !a.IsValid() || a.IsLoopback():
		return source{}
	case a.Is4():
		return a.As16()
	}
	b := a.As16()
	if nat64.Contains(a) {
		return netip.AddrFrom4([4]byte(b[12:])).As16()
	}
	clear(b[8:])
	return b
}

// bucket holds tokens for one second; it is the time, since the start of the gate, at which it will be full again. (This is
// the generic cell rate algorithm: a token bucket in one number.)
type bucket int64

// take returns b without one of its rate tokens; it reports false if there is none.
func (b bucket) take(rate int, now int64) (bucket, bool) {
	b = max(b, bucket(now)) + bucket(int64(time.Second)/int64(rate))
	return b, int64(b)-now <= int64(time.Second)
}

// turnLocked begins a new generation of buckets. Those of the last but one are full by then: each was used more than a
// second ago.
func (g *Gate) turnLocked(now int64) {
	if len(g.fresh) < maxRates && now-g.turned <= int64(time.Second) {
		return
	}
	if len(g.fresh)+len(g.stale) > 0 {
		g.fresh, g.stale = make(map[source]bucket), g.fresh
	}
	g.turned = now
}

// chargeLocked takes a token of all and one of s; of both or of neither.
func (g *Gate) chargeLocked(l *Limits, s source, now int64, total bool) Refusal {
	all, own, ok := g.total, bucket(0), true
	if total && l.HandshakesPerSecond > 0 {
		if all, ok = all.take(l.HandshakesPerSecond, now); !ok {
			return HandshakeRate
		}
	}
	if l.HandshakesPerSecondPerIP > 0 && s != (source{}) {
		g.turnLocked(now)
		own = max(g.fresh[s], g.stale[s])
		if own, ok = own.take(l.HandshakesPerSecondPerIP, now); !ok {
			return HandshakeRatePerIP
		}
		g.fresh[s] = own
	}
	g.total = all
	return Admitted
}

// fullLocked says which limit of s another connection would break.
func (g *Gate) fullLocked(l *Limits, s source) Refusal {
	if s == (source{}) {
		return Admitted
	}
	switch have := g.places[s]; {
	case l.HalfOpenPerIP > 0 && int(have.halfOpen) >= l.HalfOpenPerIP:
		return HalfOpenPerIPFull
	case l.ConnectionsPerIP > 0 && int(have.connections) >= l.ConnectionsPerIP:
		return ConnectionsPerIPFull
	}
	return Admitted
}

// Enter gives p a place for a connection from a, or says why not. An invalid address has no limits of its own.
func (g *Gate) Enter(p *Pass, a netip.Addr) Refusal {
	if g == nil {
		return Admitted
	}
	l, s, now := g.limits.Load(), sourceOf(a), int64(time.Since(g.start))
	g.mu.Lock()
	defer g.mu.Unlock()
	why := Admitted
	if l.HalfOpen > 0 && g.halfOpen >= l.HalfOpen {
		why = HalfOpenFull
	}
	if why == Admitted {
		why = g.fullLocked(l, s)
	}
	if why == Admitted {
		why = g.chargeLocked(l, s, now, true)
	}
	if why != Admitted {
		g.refused[why]++
		return why
	}
	g.admitted++
	p.gate = g
	p.holdLocked(s, true, l.ConnectionsPerIP > 0)
	return Admitted
}

// Charge takes a token for one more attempt from a on a connection that is in already.
func (g *Gate) Charge(a netip.Addr) Refusal {
	if g == nil {
		return Admitted
	}
	l, s, now := g.limits.Load(), sourceOf(a), int64(time.Since(g.start))
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.chargeLocked(l, s, now, true)
}

// Pass is what one connection holds of a gate. The zero value holds nothing, and its methods do nothing.
type Pass struct {
	gate *Gate // set by Enter

	// Guarded by the gate's mutex.
	halfOpen bool   // one of the gate's, and of the address's
	counted  bool   // one of the address's connections
	from     source // the address
}

// PreAuthBytes is how much the peer may send before it has authenticated; 0 means no limit.
func (p *Pass) PreAuthBytes() int {
	if p.gate == nil {
		return 0
	}
	return max(p.gate.limits.Load().PreAuthBytes, 0)
}

// holdLocked changes what the pass holds.
func (p *Pass) holdLocked(from source, halfOpen, counted bool) {
	g := p.gate
	if p.halfOpen {
		g.halfOpen--
	}
	if halfOpen {
		g.halfOpen++
	}
	g.addLocked(p.from, p.halfOpen, p.counted, -1)
	g.addLocked(from, halfOpen, counted, 1)
	p.from, p.halfOpen, p.counted = from, halfOpen, counted
}

// addLocked changes what an address holds.
func (g *Gate) addLocked(s source, halfOpen, counted bool, by int32) {
	if s == (source{}) {
		return
	}
	have := g.places[s]
	if halfOpen {
		have.halfOpen += by
	}
	if counted {
		have.connections += by
	}
	if have == (places{}) {
		delete(g.places, s)
	} else {
		g.places[s] = have
	}
}

// Bind says that the connection, which came through a proxy, is one of a. If the limits of that address do not allow it,
// the pass stays as it was.
func (p *Pass) Bind(a netip.Addr) Refusal {
	s := sourceOf(a)
	if p == nil || p.gate == nil || s == (source{}) {
		return Admitted
	}
	g := p.gate
	l, now := g.limits.Load(), int64(time.Since(g.start))
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.from == s {
		return Admitted
	}
	why := g.fullLocked(l, s)
	if why == Admitted {
		why = g.chargeLocked(l, s, now, false)
	}
	if why != Admitted {
		g.refused[why]++
		return why
	}
	p.holdLocked(s, p.halfOpen, l.ConnectionsPerIP > 0)
	return Admitted
}

// Establish says that the handshake is over. It reports whether the pass still holds something, until Leave.
func (p *Pass) Establish() bool {
	if p == nil || p.gate == nil {
		return false
	}
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	if !p.counted || p.from == (source{}) {
		p.holdLocked(source{}, false, false)
		return false
	}
	p.holdLocked(p.from, false, true)
	return true
}

// Leave gives everything back. It may be called more than once.
func (p *Pass) Leave() {
	if p == nil || p.gate == nil {
		return
	}
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	p.holdLocked(source{}, false, false)
}
