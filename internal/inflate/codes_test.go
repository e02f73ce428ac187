package inflate

import (
	"math/rand/v2"
	"testing"
)

// complete makes lengths of n codes that are complete: it splits a code at random until there are enough, the long ones rather
// if bias says so.
func complete(r *rand.Rand, n, bias int) []uint8 {
	lens := []uint8{1, 1}
	for len(lens) < n {
		i := r.IntN(len(lens))
		for range bias {
			if j := r.IntN(len(lens)); lens[j] > lens[i] && lens[j] < maxCode {
				i = j
			}
		}
		if lens[i] < maxCode {
			lens[i]++
			lens = append(lens, lens[i])
		}
	}
	r.Shuffle(n, func(i, j int) { lens[i], lens[j] = lens[j], lens[i] })
	return lens
}

// end is where the last second table of a table ends.
func end(table []uint32, index int) int {
	last := 1 << index
	for _, e := range table[:1<<index] {
		if e&entryLink != 0 && e < entryLiteral {
			last = max(last, int(e>>entryValue)+1<<(e>>entryCode&15))
		}
	}
	return last
}

func TestTablesAreLargeEnough(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var c codes
	lit, dist := 0, 0
	for i := range 3000 {
		if !makeTable(c.lit[:], litBits, complete(r, 286, i%6), litMeaning[:]) ||
			!makeTable(c.dist[:], distBits, complete(r, 2+i%31, i%6), distMeaning[:]) {
			t.Fatal("a complete code is refused")
		}
		lit, dist = max(lit, end(c.lit[:], litBits)), max(dist, end(c.dist[:], distBits))
	}
	t.Logf("the largest tables have %d of %d and %d of %d entries", lit, litSize, dist, distSize)
	if lit < litSize/2 || dist < distSize/2 {
		t.Error("these codes are too tame to show anything")
	}
}

// Each code of a table is found by its bits, whatever follows them.
func TestTablesAreComplete(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for i := range 200 {
		var c codes
		lens := complete(r, 286, i%6)
		makeTable(c.lit[:], litBits, lens, litMeaning[:])
		// The codes again, one by one (RFC 1951 §3.2.2).
		code := 0
		for n := 1; n <= maxCode; n++ {
			for s, length := range lens {
				if int(length) != n {
					continue
				}
				bits := uint64(backwards(code, n)) | r.Uint64()<<n
				e := c.lit[bits&(1<<litBits-1)]
				took := uint32(0)
				if e < entryLiteral && e&entryLink != 0 {
					took = litBits
					e = c.lit[e>>entryValue+uint32(bits>>litBits)&(1<<(e>>entryCode&15)-1)]
				}
				extra := litMeaning[s] & entryBits
				if took += e&entryBits - extra; took != uint32(n) || e>>entryValue != litMeaning[s]>>entryValue {
					t.Fatalf("symbol %d of %d bits is read as %x with %d bits", s, n, e, took)
				}
				code++
			}
			code <<= 1
		}
	}
}

func TestWhatIsNoCode(t *testing.T) {
	var c codes
	for _, row := range []struct {
		lens []uint8
		want bool
	}{
		{[]uint8{}, true}, {[]uint8{0, 0}, true}, {[]uint8{0, 1}, true}, {[]uint8{1, 1}, true}, {[]uint8{2, 2, 2, 2}, true},
		{[]uint8{2}, false}, {[]uint8{1, 2}, false}, {[]uint8{1, 1, 1}, false}, {[]uint8{2, 2, 2}, false}, {[]uint8{15}, false},
	} {
		if got := makeTable(c.dist[:], distBits, row.lens, distMeaning[:]); got != row.want {
			t.Errorf("%v: %v", row.lens, got)
		}
	}
}
