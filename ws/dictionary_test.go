package ws_test

import (
	"bytes"
	stdflate "compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"weir/ws"
)

// prose is n bytes of words in random order: all of it compresses, and it refers back to any distance.
func prose(seed uint64, n int) string {
	words := strings.Fields("subject token wildcard queue group sid reply inbox interest account export import pending slow " +
		"consumer drain lame duck stale leaf hub spoke stream sequence ack frame opcode mask close code")
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(words[r.IntN(len(words))])
		if r.IntN(4) == 0 {
			fmt.Fprintf(&b, "=%d", r.IntN(1000))
		}
		b.WriteByte(' ')
	}
	return b.String()[:n]
}

// stdInflate is what Go's own reader makes of a message after dict.
func stdInflate(message, dict []byte) ([]byte, error) {
	return readAll(func(r io.Reader) io.ReadCloser { return stdflate.NewReaderDict(r, dict) }, message)
}

// checkDeflated reads part, which needs dict, with the standard library and with the strict decoder.
func checkDeflated(t testing.TB, deflated, raw, dict []byte, bits int) {
	t.Helper()
	if !bytes.HasSuffix(deflated, []byte("\x00\x00\xff\xff")) {
		t.Fatalf("%d bytes end with % x", len(deflated), deflated[max(0, len(deflated)-4):])
	}
	message := ws.FinishMessage(bytes.Clone(deflated), true)
	window := dict[max(0, len(dict)-1<<bits):]
	if got, err := stdInflate(message, window); err != nil || !bytes.Equal(got, raw) {
		t.Fatalf("compress/flate: %d bytes, %v, want %d", len(got), err, len(raw))
	}
	if got, err := strictInflate(message, dict, bits); err != nil || !bytes.Equal(got, raw) {
		t.Fatalf("strict decoder: %d bytes, %v, want %d", len(got), err, len(raw))
	}
}

func TestAppendDeflatedWith(t *testing.T) {
	dicts := []string{"", "x", "sub", "subject ", prose(1, 300), prose(2, 5000), prose(3, 40000), noise(70000)}
	raws := []string{"", "x", "sub", "subject token wildcard ", prose(4, 100), prose(3, 512), prose(3, 513), prose(5, 3000),
		strings.Repeat("ab", 1000), noise(200), noise(2000), string(bytes.Repeat([]byte{0xf7}, 300))}
	for bits := 8; bits <= 15; bits++ {
		for i, dict := range dicts {
			for j, raw := range raws {
				for _, level := range []int{0, 6, 9} {
					t.Run(fmt.Sprintf("bits %d, dictionary %d, raw %d, level %d", bits, i, j, level), func(t *testing.T) {
						got := ws.AppendDeflatedWith([]byte("before"), []byte(raw), []byte(dict), bits, level)
						if !bytes.HasPrefix(got, []byte("before")) {
							t.Fatalf("% x", got[:min(len(got), 10)])
						}
						checkDeflated(t, got[6:], []byte(raw), []byte(dict), bits)
						if most := len(raw) + 5*(2+len(raw)/ws.MaxStored); len(got)-6 > most+len(raw)/32 {
							t.Fatalf("%d bytes became %d", len(raw), len(got)-6)
						}
					})
				}
			}
		}
	}
}

// Short messages that are sent once: whatever they hold, they are right, and not larger than they were but for a few bytes.
func TestAppendBrief(t *testing.T) {
	for n := range 2 * ws.MaxBrief {
		for _, raw := range []string{prose(uint64(n), n), noise(n), strings.Repeat("ab", n/2)} {
			got := ws.AppendBrief([]byte("before"), []byte(raw))
			if !bytes.HasPrefix(got, []byte("before")) {
				t.Fatalf("% x", got[:min(len(got), 10)])
			}
			checkDeflated(t, got[6:], []byte(raw), nil, 15)
			if most := len(raw) + 16; len(got)-6 > most {
				t.Fatalf("%d bytes became %d", len(raw), len(got)-6)
			}
		}
	}
}

// A message of several windows, so that compressors slide theirs.
func TestAppendDeflatedWithLarge(t *testing.T) {
	raw := []byte(prose(6, 90000) + noise(1000) + prose(7, 20000))
	for bits := 8; bits <= 15; bits++ {
		for level := 1; level <= 9; level += 8 {
			got := ws.AppendDeflatedWith(nil, raw, []byte(prose(8, 40000)), bits, level)
			checkDeflated(t, got, raw, []byte(prose(8, 40000)), bits)
			if len(got) > len(raw)*3/4 {
				t.Errorf("bits %d, level %d: %d bytes became %d", bits, level, len(raw), len(got))
			}
		}
	}
}

// What is in the dictionary need not be sent again, in whatever way a message of that length is deflated and wherever it
// lies.
func TestDictionaryIsUsed(t *testing.T) {
	dict := []byte(noise(6000))
	for _, n := range []int{40, 128, 400, 512, 513, 2000} {
		for _, bits := range []int{13, 14, 15} {
			for _, level := range []int{1, 9} {
				for at := 3900; at < 3908; at++ {
					raw := dict[at : at+n]
					got := ws.AppendDeflatedWith(nil, raw, dict, bits, level)
					if checkDeflated(t, got, raw, dict, bits); len(got) > 40+n/16 {
						t.Errorf("%d known bytes with %d bits at level %d: %d bytes", n, bits, level, len(got))
					}
				}
			}
		}
	}
}

// Values that do not exist are brought to the nearest that do.
func TestAppendDeflatedWithBounds(t *testing.T) {
	raw, dict := []byte(prose(1, 2000)), []byte(prose(2, 3000))
	for _, tt := range []struct{ bits, level, sameBits, sameLevel int }{
		{0, 0, 15, 1}, {16, 1, 15, 1}, {7, 1, 8, 1}, {-1, 1, 8, 1}, {15, -3, 15, 1}, {15, 99, 15, 9},
	} {
		got := ws.AppendDeflatedWith(nil, raw, dict, tt.bits, tt.level)
		if want := ws.AppendDeflatedWith(nil, raw, dict, tt.sameBits, tt.sameLevel); !bytes.Equal(got, want) {
			t.Errorf("%+v: %d bytes, want %d", tt, len(got), len(want))
		}
	}
}

// The pools for dictionaries and those without do not mix.
func TestDictionaryDoesNotStay(t *testing.T) {
	raw, dict := []byte(prose(1, 2000)), []byte(prose(2, 3000))
	fresh := ws.AppendDeflated(nil, raw)
	for range 3 {
		ws.AppendDeflatedWith(nil, raw, dict, 15, 1)
		ws.AppendDeflatedWith(nil, raw, dict, 15, 6)
		for _, got := range [][]byte{
			ws.AppendDeflated(nil, raw),
			ws.AppendDeflatedWith(nil, raw, nil, 15, 1),
			ws.AppendDeflatedWith(nil, raw, nil, 11, 1),
			ws.AppendDeflatedWith(nil, raw, nil, 15, 6),
		} {
			checkDeflated(t, got, raw, nil, 15)
		}
		if got := ws.AppendDeflated(nil, raw); !bytes.Equal(got, fresh) {
			t.Fatal("AppendDeflated depends on what was deflated before")
		}
	}
}

func FuzzAppendDeflatedWith(f *testing.F) {
	f.Add([]byte("subject token"), []byte("token subject subject"), uint8(15), uint8(1))
	f.Add([]byte(prose(1, 6000)), []byte(prose(1, 700)), uint8(9), uint8(6))
	f.Add([]byte(noise(400)), []byte(noise(400)), uint8(8), uint8(9))
	f.Add([]byte(strings.Repeat("\xff\x00", 300)), []byte(strings.Repeat("\x00\xff", 250)), uint8(8), uint8(0))
	f.Fuzz(func(t *testing.T, dict, raw []byte, bits, level uint8) {
		bits = 8 + bits%8
		got := ws.AppendDeflatedWith(nil, raw, dict, int(bits), int(level%10))
		checkDeflated(t, got, raw, dict, int(bits))
		checkDeflated(t, ws.AppendBrief(nil, raw), raw, nil, 15)
	})
}
