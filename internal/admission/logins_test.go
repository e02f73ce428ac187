package admission_test

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/admission"
)

func TestFailedLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := admission.NewLogins(3)
		guesser, neighbour := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
		for i := range 3 {
			if !l.Hears(guesser) {
				t.Fatalf("login %d is not heard", i)
			}
			l.Failed(guesser)
		}
		if l.Hears(guesser) || l.Refused() != 1 {
			t.Errorf("a fourth login is heard; %d refused", l.Refused())
		}
		if !l.Hears(neighbour) {
			t.Error("a neighbour is not heard")
		}
		time.Sleep(20 * time.Second) // fake time: a third of a minute gives one back
		if !l.Hears(guesser) {
			t.Error("not heard after a while")
		}
		l.Failed(guesser)
		if l.Hears(guesser) {
			t.Error("heard again after one more failure")
		}
		time.Sleep(3 * time.Minute)
		for range 3 {
			if !l.Hears(guesser) {
				t.Error("not heard after all was forgotten")
			}
			l.Failed(guesser)
		}
	})
}

func TestFailedLoginsByNetwork(t *testing.T) {
	l := admission.NewLogins(1)
	l.Failed(netip.MustParseAddr("2001:db8::1"))
	if l.Hears(netip.MustParseAddr("2001:db8::2")) {
		t.Error("another address of the network is heard")
	}
	if !l.Hears(netip.MustParseAddr("2001:db8:1::1")) {
		t.Error("another network is not heard")
	}
	for range 5 {
		l.Failed(netip.MustParseAddr("127.0.0.1"))
		l.Failed(netip.Addr{})
	}
	if !l.Hears(netip.MustParseAddr("127.0.0.1")) || !l.Hears(netip.Addr{}) {
		t.Error("loopback has a limit")
	}
	l.SetLimit(-1)
	if !l.Hears(netip.MustParseAddr("2001:db8::2")) {
		t.Error("a limit without one")
	}
}

// However many addresses fail, the memory is bounded and nobody else is refused.
func TestFailedLoginsForget(t *testing.T) {
	l := admission.NewLogins(1)
	for i := range 200_000 {
		l.Failed(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if !l.Hears(netip.MustParseAddr("10.0.0.1")) {
		t.Error("the first was not forgotten")
	}
	if l.Hears(netip.AddrFrom4([4]byte{10, byte(199_999 >> 16), byte(199_999 >> 8 & 255), byte(199_999 & 255)})) {
		t.Error("the last was forgotten")
	}
}
