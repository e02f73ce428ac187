package admission_test

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/admission"
)

const (
	here  = "198.51.100.1"
	there = "203.0.113.9"
)

// enter lets in a connection from text; empty is a peer without an address.
func enter(g *admission.Gate, text string) (*admission.Pass, admission.Refusal) {
	p := new(admission.Pass)
	var a netip.Addr
	if text != "" {
		a = netip.MustParseAddr(text)
	}
	return p, g.Enter(p, a)
}

// must fails the test unless the gate says want.
func must(t *testing.T, g *admission.Gate, from string, want admission.Refusal) *admission.Pass {
	t.Helper()
	p, why := enter(g, from)
	if why != want {
		t.Fatalf("from %s: %v, want %v", from, why, want)
	}
	return p
}

// empty fails the test if the gate still holds something.
func empty(t *testing.T, g *admission.Gate) {
	t.Helper()
	if places, _ := g.Remembered(); places != 0 || g.Counts().HalfOpen != 0 {
		t.Errorf("%d addresses hold places, %d half-open", places, g.Counts().HalfOpen)
	}
}

func TestHalfOpen(t *testing.T) {
	g := admission.NewGate(admission.Limits{HalfOpen: 3, HalfOpenPerIP: 2})
	first := must(t, g, here, admission.Admitted)
	second := must(t, g, here, admission.Admitted)
	must(t, g, here, admission.HalfOpenPerIPFull)
	third := must(t, g, there, admission.Admitted)
	must(t, g, there, admission.HalfOpenFull)
	must(t, g, "", admission.HalfOpenFull)
	if first.Establish() {
		t.Error("a pass without a limit of connections holds a place after the handshake")
	}
	fourth := must(t, g, here, admission.Admitted)
	second.Leave()
	second.Leave()
	fifth := must(t, g, "127.0.0.1", admission.Admitted)
	must(t, g, "127.0.0.1", admission.HalfOpenFull)
	counts := g.Counts()
	if counts.HalfOpen != 3 || counts.Admitted != 5 || counts.Refused[admission.HalfOpenFull] != 3 ||
		counts.Refused[admission.HalfOpenPerIPFull] != 1 {
		t.Errorf("counts %+v", counts)
	}
	for _, p := range []*admission.Pass{first, second, third, fourth, fifth} {
		p.Leave()
	}
	empty(t, g)
}

func TestConnectionsPerIP(t *testing.T) {
	g := admission.NewGate(admission.Limits{ConnectionsPerIP: 2})
	first := must(t, g, here, admission.Admitted)
	if !first.Establish() {
		t.Error("the pass of a counted connection was given back after the handshake")
	}
	second := must(t, g, here, admission.Admitted)
	must(t, g, here, admission.ConnectionsPerIPFull)
	must(t, g, there, admission.Admitted).Leave()
	first.Leave()
	third := must(t, g, here, admission.Admitted)

	g.SetLimits(admission.Limits{ConnectionsPerIP: 3})
	fourth := must(t, g, here, admission.Admitted)
	must(t, g, here, admission.ConnectionsPerIPFull)
	g.SetLimits(admission.Limits{})
	fifth := must(t, g, here, admission.Admitted)
	for _, p := range []*admission.Pass{second, third, fourth, fifth} {
		p.Leave()
	}
	empty(t, g)
}

// What counts as one address.
func TestSources(t *testing.T) {
	for _, row := range []struct {
		name, first, second string
		same                bool
	}{
		{"one address", here, here, true},
		{"two addresses", here, there, false},
		{"mapped", here, "::ffff:" + here, true},
		{"one network of 64 bits", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
		{"two networks of 64 bits", "2001:db8:0:1::1", "2001:db8:0:2::1", false},
		{"zones", "fe80::1%a", "fe80::2%b", true},
		{"translated, one address", "64:ff9b::c633:6401", here, true},
		{"translated, two addresses", "64:ff9b::c633:6401", "64:ff9b::c633:6402", false},
		{"loopback", "127.0.0.1", "127.0.0.1", false},
		{"loopback of IPv6", "::1", "::1", false},
		{"mapped loopback", "::ffff:127.0.0.1", "::ffff:127.0.0.1", false},
		{"no address", "", "", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := admission.NewGate(admission.Limits{ConnectionsPerIP: 1})
			must(t, g, row.first, admission.Admitted)
			want := admission.Admitted
			if row.same {
				want = admission.ConnectionsPerIPFull
			}
			must(t, g, row.second, want)
		})
	}
}

func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := admission.NewGate(admission.Limits{HandshakesPerSecond: 30, HandshakesPerSecondPerIP: 10})
		burst := func(from string, want int, then admission.Refusal) {
			t.Helper()
			for range want {
				must(t, g, from, admission.Admitted)
			}
			must(t, g, from, then)
		}
		burst(here, 10, admission.HandshakeRatePerIP)
		for range 100 { // whom his own rate refuses takes nothing from the others
			must(t, g, here, admission.HandshakeRatePerIP)
		}
		burst(there, 10, admission.HandshakeRatePerIP)
		burst("127.0.0.1", 10, admission.HandshakeRate)
		must(t, g, "192.0.2.1", admission.HandshakeRate)
		time.Sleep(100 * time.Millisecond) // one token of each address, three of all
		burst(here, 1, admission.HandshakeRatePerIP)
		must(t, g, there, admission.Admitted)
		burst("192.0.2.1", 1, admission.HandshakeRate) // it lost no token of its own before
		time.Sleep(time.Hour)
		burst(here, 10, admission.HandshakeRatePerIP)
		burst(there, 10, admission.HandshakeRatePerIP)
		for range 10 {
			must(t, g, "192.0.2.1", admission.Admitted)
		}
		must(t, g, "192.0.2.1", admission.HandshakeRate)
	})
}

// What a gate forgets is full again by then, whenever it was used.
func TestRatesAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for wait := 50 * time.Millisecond; wait < 2500*time.Millisecond; wait += 150 * time.Millisecond {
			g := admission.NewGate(admission.Limits{HandshakesPerSecondPerIP: 10})
			time.Sleep(wait)
			for range 10 {
				must(t, g, here, admission.Admitted)
			}
			time.Sleep(250 * time.Millisecond)
			must(t, g, there, admission.Admitted)
			must(t, g, here, admission.Admitted)
			must(t, g, here, admission.Admitted)
			must(t, g, here, admission.HandshakeRatePerIP)
		}
	})
}

// An attempt on a connection that is in costs a token, too.
func TestCharge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := admission.NewGate(admission.Limits{HandshakesPerSecondPerIP: 2})
		must(t, g, here, admission.Admitted)
		a := netip.MustParseAddr(here)
		if first, second := g.Charge(a), g.Charge(a); first != admission.Admitted || second != admission.HandshakeRatePerIP {
			t.Errorf("charged: %v, %v", first, second)
		}
		if why := (*admission.Gate)(nil).Charge(a); why != admission.Admitted {
			t.Errorf("without a gate: %v", why)
		}
	})
}

// A connection through a proxy counts for the client once that is known.
func TestBind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := admission.NewGate(admission.Limits{HalfOpenPerIP: 2, ConnectionsPerIP: 3, HandshakesPerSecondPerIP: 4})
		a := netip.MustParseAddr(here)
		var all []*admission.Pass
		bind := func(want admission.Refusal) *admission.Pass {
			t.Helper()
			p := must(t, g, "", admission.Admitted)
			if why := p.Bind(a); why != want {
				t.Fatalf("bind: %v, want %v", why, want)
			}
			all = append(all, p)
			return p
		}
		first := bind(admission.Admitted)
		if why := first.Bind(a); why != admission.Admitted {
			t.Errorf("bound twice: %v", why)
		}
		second := bind(admission.Admitted)
		refused := bind(admission.HalfOpenPerIPFull)
		must(t, g, here, admission.HalfOpenPerIPFull)
		first.Establish()
		second.Establish()
		if why := refused.Bind(a); why != admission.Admitted {
			t.Errorf("bound later: %v", why)
		}
		refused.Establish()
		bind(admission.ConnectionsPerIPFull)
		first.Leave()
		if why := second.Bind(netip.MustParseAddr(there)); why != admission.Admitted {
			t.Errorf("bound to another: %v", why)
		}
		bind(admission.Admitted)
		bind(admission.HandshakeRatePerIP)
		if why := bind(admission.HandshakeRatePerIP).Bind(netip.Addr{}); why != admission.Admitted {
			t.Errorf("bound to nobody: %v", why)
		}
		for _, p := range all {
			p.Leave()
		}
		empty(t, g)
	})
}

// Without a gate nothing is limited and nothing is held.
func TestNoGate(t *testing.T) {
	p := new(admission.Pass)
	if why := (*admission.Gate)(nil).Enter(p, netip.MustParseAddr(here)); why != admission.Admitted {
		t.Error(why)
	}
	if why := p.Bind(netip.MustParseAddr(here)); why != admission.Admitted || p.Establish() || p.PreAuthBytes() != 0 {
		t.Errorf("%v, %d", why, p.PreAuthBytes())
	}
	p.Leave()
	(*admission.Pass)(nil).Leave()
	if (*admission.Pass)(nil).Establish() {
		t.Error("nobody holds something")
	}
}

func TestPreAuthBytes(t *testing.T) {
	for limit, want := range map[int]int{0: admission.DefaultPreAuthBytes, admission.NoLimit: 0, 5000: 5000} {
		g := admission.NewGate(admission.Limits{PreAuthBytes: limit})
		if got := must(t, g, here, admission.Admitted).PreAuthBytes(); got != want {
			t.Errorf("%d: %d, want %d", limit, got, want)
		}
	}
}

// Ten thousand connections of one machine at once are no attack, nor are a thousand from behind one address.
func TestDefaultsAllowStorms(t *testing.T) {
	g := admission.NewGate(admission.Limits{})
	var all []*admission.Pass
	for range 10_000 {
		all = append(all, must(t, g, "127.0.0.1", admission.Admitted))
	}
	for range 1000 {
		all = append(all, must(t, g, here, admission.Admitted))
	}
	for _, p := range all {
		p.Leave()
	}
	empty(t, g)
}

// distinct is a network of its own for each n.
func distinct(n int) netip.Addr {
	b := [16]byte{0: 0x20, 1: 0x01}
	binary.BigEndian.PutUint32(b[4:], uint32(n))
	return netip.AddrFrom16(b)
}

// Whoever comes from very many addresses does not make the gate remember them.
func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := admission.NewGate(admission.Limits{HandshakesPerSecondPerIP: 5, ConnectionsPerIP: 10})
		most := 0
		for n := range admission.MaxRates + admission.MaxRates/2 {
			p := new(admission.Pass)
			if why := g.Enter(p, distinct(n)); why != admission.Admitted {
				t.Fatal(why)
			}
			p.Leave()
			_, rates := g.Remembered()
			most = max(most, rates)
		}
		if most > admission.MaxRates {
			t.Errorf("%d rates were remembered", most)
		}
		empty(t, g)
		for range 2 {
			time.Sleep(time.Second + 1)
			must(t, g, here, admission.Admitted).Leave()
		}
		if _, rates := g.Remembered(); rates > 2 { // one, in both generations
			t.Errorf("%d rates are remembered after a while", rates)
		}
	})
}

// Any interleaving keeps the limits, and nothing is left at the end.
func TestConcurrent(t *testing.T) {
	const workers, rounds, most = 8, 2000, 5
	g := admission.NewGate(admission.Limits{HalfOpen: most, ConnectionsPerIP: 3})
	var inside atomic.Int32
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for n := range rounds {
				p := new(admission.Pass)
				if g.Enter(p, distinct(n%3)) != admission.Admitted {
					continue
				}
				if inside.Add(1) > most {
					t.Error("too many half-open connections")
				}
				p.Bind(distinct((n + w) % 5))
				inside.Add(-1)
				if n%2 == 0 {
					p.Establish()
				}
				p.Leave()
			}
		})
	}
	all.Wait()
	empty(t, g)
}

func TestGateAllocations(t *testing.T) {
	g := admission.NewGate(admission.Limits{HandshakesPerSecond: 1_000_000, ConnectionsPerIP: 10})
	a, p := netip.MustParseAddr(here), new(admission.Pass)
	if n := testing.AllocsPerRun(1000, func() {
		g.Enter(p, a)
		p.Establish()
		p.Leave()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkGate(b *testing.B) {
	g := admission.NewGate(admission.Limits{ConnectionsPerIP: 10})
	a, p := netip.MustParseAddr(here), new(admission.Pass)
	b.ReportAllocs()
	for b.Loop() {
		g.Enter(p, a)
		p.Establish()
		p.Leave()
	}
}

func TestRefusalTexts(t *testing.T) {
	seen := map[string]bool{}
	for r := admission.HalfOpenFull; r <= admission.HandshakeRatePerIP; r++ {
		if text := r.Error(); text == "" || seen[text] || r.RetryAfter() < 1 {
			t.Errorf("%d: %q, again after %d s", r, text, r.RetryAfter())
		}
		seen[r.String()] = true
	}
	if len(seen) != 5 {
		t.Errorf("%d texts", len(seen))
	}
}

func TestLimits(t *testing.T) {
	d := admission.Limits{}.WithDefaults()
	if d != (admission.Limits{
		HalfOpen: admission.DefaultHalfOpen, HalfOpenPerIP: admission.DefaultHalfOpenPerIP, ConnectionsPerIP: -1,
		HandshakesPerSecond: -1, HandshakesPerSecondPerIP: -1, PreAuthBytes: admission.DefaultPreAuthBytes,
	}) {
		t.Errorf("defaults %+v", d)
	}
	own := admission.Limits{1, 2, 3, 4, 5, 6000}
	if own.WithDefaults() != own {
		t.Errorf("own values became %+v", own.WithDefaults())
	}
	for _, row := range []struct {
		limits admission.Limits
		want   string
	}{
		{admission.Limits{}, ""},
		{d, ""},
		{own, ""},
		{admission.Limits{-1, -1, -1, -1, -1, -1}, ""},
		{admission.Limits{HalfOpen: -2}, "half_open can"},
		{admission.Limits{HalfOpenPerIP: -2}, "half_open_per_ip can"},
		{admission.Limits{ConnectionsPerIP: -2}, "connections_per_ip can"},
		{admission.Limits{HandshakesPerSecond: -2}, "handshakes_per_second can"},
		{admission.Limits{HandshakesPerSecondPerIP: -2}, "handshakes_per_second_per_ip can"},
		{admission.Limits{PreAuthBytes: -2}, "pre_auth_bytes can"},
		{admission.Limits{HandshakesPerSecond: 1_000_001}, "handshakes_per_second can not be above"},
		{admission.Limits{HandshakesPerSecondPerIP: 1_000_001}, "handshakes_per_second_per_ip can not be above"},
		{admission.Limits{PreAuthBytes: 1023}, "pre_auth_bytes can not be below"},
	} {
		err := row.limits.Validate()
		if (err == nil) != (row.want == "") || err != nil && !strings.HasPrefix(err.Error(), row.want) {
			t.Errorf("%+v: %v, want %q", row.limits, err, row.want)
		}
	}
}
