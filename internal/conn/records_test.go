package conn

import (
	"math"
	"net"
	"net/netip"
	"testing"
	"time"

	"weir/internal/transport"
)

// What is remembered is the last so many, just as they were, whatever numbers they have.
func TestRecords(t *testing.T) {
	shared, other := &alike{kind: "Client"}, &alike{host: "unix"}
	record := func(i int) closedConn {
		c := closedConn{
			id: uint64(i), client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), uint16(i)),
			start: instant(i), active: instant(2 * i), stop: instant(3 * i), rtt: time.Duration(i), subs: int32(i % 5), outMsgs: int64(i),
			reason: ClientClosed, alike: shared,
		}
		switch i % 7 {
		case 1:
			c.client, c.alike = netip.AddrPort{}, other
		case 2:
			c.client = netip.MustParseAddrPort("[2001:db8::7]:65535")
		case 3:
			c.id, c.start, c.active, c.stop = math.MaxUint64, 0, math.MaxInt64, math.MaxInt64
			c.inMsgs, c.inBytes, c.outMsgs, c.outBytes, c.pending = math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64, -1
			c.rtt, c.subs, c.reason = math.MaxInt64, math.MaxInt32, PreAuthExceeded
		}
		return c
	}
	const added = 1000
	for _, most := range []int{-1, 0, 1, 3, 127, 128, 500, 10_000} {
		r := records{most: most}
		for i := range added {
			c := record(i)
			r.add(&c)
		}
		next := added - min(max(most, 0), added)
		if r.n != added-next {
			t.Errorf("of %d: %d", most, r.n)
		}
		r.all(func(c *closedConn) {
			if want := record(next); *c != want {
				t.Fatalf("of %d: record %d is %+v, want %+v", most, next, *c, want)
			}
			next++
		})
		if next != added {
			t.Errorf("of %d: %d are left out", most, added-next)
		}
		if most := max(most, 0)*largest/blockSize + 2; len(r.blocks) > most {
			t.Errorf("%d blocks, want at most %d", len(r.blocks), most)
		}
	}
}

// Who asks while others close sees what was there.
func TestRecordsAreACopy(t *testing.T) {
	r := records{most: 10}
	a := alike{}
	for i := range 15 {
		r.add(&closedConn{id: uint64(i), alike: &a})
	}
	then := r
	then.blocks = append([]block(nil), r.blocks...)
	for i := range 1000 {
		r.add(&closedConn{id: uint64(1000 + i), alike: &a})
	}
	want := uint64(5)
	then.all(func(c *closedConn) {
		if c.id != want {
			t.Errorf("record %d, want %d", c.id, want)
		}
		want++
	})
	if want != 15 {
		t.Errorf("the last is %d", want-1)
	}
}

// A record is small.
func TestRecordsAreSmall(t *testing.T) {
	const most, each = 10_000, 40
	r := records{most: most}
	a := alike{}
	for i := range 3 * most {
		at := instant(i) * instant(time.Millisecond)
		r.add(&closedConn{
			id: uint64(i), client: netip.MustParseAddrPort("203.0.113.9:50542"), start: at, active: at + 61e9 + 7777, stop: at + 90e9 + 12345,
			rtt: 123456, outMsgs: 1000, outBytes: 1 << 20, subs: 3, reason: ClientClosed, alike: &a,
		})
	}
	size := 0
	for i, b := range r.blocks {
		if size += cap(b.text) + 80; &b.alikes[0] != &r.blocks[0].alikes[0] {
			t.Fatalf("block %d has memory of its own for what all have in common", i)
		}
	}
	if size > each*most {
		t.Errorf("%d bytes for a record, want at most %d", size/most, each)
	}
	t.Logf("%d bytes for a record", size/most)
}

// Who is like the one before costs no memory of its own: it is remembered under the registry's mutex, and whoever allocates may have
// to help the collector, while thousands that leave together wait.
func TestRememberAllocatesNothingForTheSame(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	c := &Conn{Link: transport.NewConn(near)}
	i, end := Info{Kind: "Client", Client: Identity{Name: "page"}}, ending{reason: ClientClosed}
	first := c.remember(&i, &end, nil)
	var r records
	r.most = 10
	r.add(&first)
	if n := testing.AllocsPerRun(100, func() {
		again := c.remember(&i, &end, r.last.alike)
		r.add(&again)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
