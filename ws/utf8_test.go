package ws_test

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"weir/ws"
)

// viable reports whether something could follow p that makes it UTF-8, by trying.
func viable(p []byte) bool {
	if utf8.Valid(p) {
		return true
	}
	for _, second := range []byte{0x80, 0x90, 0xa0} { // one of them suits each first byte
		for _, tail := range [][]byte{{second}, {second, 0x80}, {second, 0x80, 0x80}, {0x80, second}, {0x80, 0x80}} {
			if utf8.Valid(append(bytes.Clone(p), tail...)) {
				return true
			}
		}
	}
	return false
}

// firstBad is the number of bytes with which p stops being viable; -1 if it never does.
func firstBad(p []byte) int {
	for n := 1; n <= len(p); n++ {
		if !viable(p[:n]) {
			return n
		}
	}
	return -1
}

// refusedAt feeds p in chunks of the given sizes, repeated, and returns how many bytes had been given when it was refused.
func refusedAt(p []byte, sizes ...int) (n int, whole bool) {
	var u ws.UTF8
	for i := 0; n < len(p); i++ {
		k := min(len(p)-n, sizes[i%len(sizes)])
		n += k
		if !u.Valid(p[n-k : n]) {
			return n, false
		}
	}
	return -1, u.End()
}

func TestUTF8(t *testing.T) {
	tests := []struct {
		name, text string
		refused    int // by the byte with this number; -1: never
		whole      bool
	}{
		{"empty", "", -1, true},
		{"ASCII", "hello", -1, true},
		{"two bytes", "é", -1, true},
		{"three bytes", "\u20ac", -1, true},
		{"four bytes", "😀", -1, true},
		{"first of each length", "\x00\u0080\u0800\U00010000", -1, true},
		{"last of each length", "\x7f\u07ff\uffff\U0010ffff", -1, true},
		{"around the surrogates", "\ud7ff\ue000", -1, true},
		{"no characters, but legal", "\ufffe\uffff\ufdd0\U0001fffe", -1, true},
		{"replacement", "\ufffd", -1, true},
		{"cut after 1 of 2", "a\xc3", -1, false},
		{"cut after 2 of 3", "a\xe2\x82", -1, false},
		{"cut after 3 of 4", "a\xf0\x9f\x98", -1, false},
		{"lone continuation", "a\x80", 2, false},
		{"continuation too many", "é\x80", 3, false},
		{"continuation missing", "\xe2\x82a", 3, false},
		{"second lead byte", "\xc3\xc3", 2, false},
		{"overlong of 2", "\xc0\x80", 1, false},
		{"overlong slash", "\xc1\xaf", 1, false},
		{"overlong of 3", "\xe0\x9f\xbf", 2, false},
		{"overlong of 4", "\xf0\x8f\xbf\xbf", 2, false},
		{"first surrogate", "\xed\xa0\x80", 2, false},
		{"last surrogate", "\xed\xbf\xbf", 2, false},
		{"above the last", "\xf4\x90\x80\x80", 2, false},
		{"F5", "ok\xf5\x80\x80\x80", 3, false},
		{"FE", "\xfe", 1, false},
		{"FF", "\xff", 1, false},
		{"far in", string(bytes.Repeat([]byte("abc😀"), 1000)) + "\xf4\x90", 7002, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if n, whole := refusedAt([]byte(tt.text), 1); n != tt.refused || whole != tt.whole {
				t.Fatalf("byte by byte: refused at %d, whole %t, want %d, %t", n, whole, tt.refused, tt.whole)
			}
			for size := 2; size < 9; size++ {
				n, whole := refusedAt([]byte(tt.text), size)
				want := tt.refused
				if want > 0 { // with the chunk that has the byte
					want = min(len(tt.text), (want+size-1)/size*size)
				}
				if n != want || whole != tt.whole {
					t.Fatalf("in pieces of %d: refused at %d, whole %t, want %d, %t", size, n, whole, want, tt.whole)
				}
			}
		})
	}
}

// Every sequence of two bytes, and of three and four those around all the bounds.
func TestUTF8AllSequences(t *testing.T) {
	check := func(p ...byte) {
		n, whole := refusedAt(p, 1)
		if want := firstBad(p); n != want || want < 0 && whole != utf8.Valid(p) {
			t.Fatalf("% x: refused at %d, whole %t, want %d, %t", p, n, whole, want, utf8.Valid(p))
		}
	}
	bounds := []byte{0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0}
	for a := range 256 {
		for b := range 256 {
			check(byte(a), byte(b))
		}
		for _, b := range bounds {
			for _, c := range bounds {
				check(byte(a), b, c)
				if a >= 0xf0 {
					check(byte(a), b, c, 0x80)
					check(byte(a), b, c, 0xc0)
				}
			}
		}
	}
}

// Once refused, always refused, and no end is a good one.
func TestUTF8StaysRefused(t *testing.T) {
	for _, bad := range []string{"\xff", "\xe2\x82\x20", "\xed\xa0", "\x80", "abc\xc0"} {
		for _, more := range []string{"", "a", "\x80", "\xbf", "\xff", "\x00", "\xc3\xa9"} {
			for cut := range len(bad) {
				var u ws.UTF8
				ok := u.Valid([]byte(bad[:cut])) && u.Valid([]byte(bad[cut:]))
				if ok || u.Valid([]byte(more)) && more != "" || u.End() {
					t.Errorf("%q, cut at %d, then %q is accepted", bad, cut, more)
				}
			}
		}
	}
}

func TestUTF8StartsAnew(t *testing.T) {
	var u ws.UTF8
	if !u.Valid([]byte{0xe2, 0x82}) || u.End() {
		t.Fatal("a cut character was accepted as an end")
	}
	if !u.Valid([]byte("abc")) || !u.End() {
		t.Fatal("End did not forget the message before")
	}
	u.Valid([]byte{0xe2})
	u.Reset()
	if !u.Valid([]byte("abc")) || !u.End() {
		t.Fatal("Reset did not forget the message before")
	}
}

// Wherever it is cut, the verdict is that of unicode/utf8, and bad bytes are refused by the chunk that has them.
func FuzzUTF8(f *testing.F) {
	f.Add([]byte("κόσμε😀"), uint8(1), uint8(3))
	f.Add([]byte("a\xed\xa0\x80"), uint8(2), uint8(1))
	f.Add([]byte("\xf4\x90\x80\x80 and more"), uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, p []byte, a, b uint8) {
		n, whole := refusedAt(p, int(a)+1, int(b)+1)
		if n < 0 && whole != utf8.Valid(p) || n >= 0 && utf8.Valid(p) {
			t.Fatalf("refused at %d, whole %t, unicode/utf8 says %t", n, whole, utf8.Valid(p))
		}
		if n >= 0 && viable(p[:n]) || n < 0 && !viable(p) {
			t.Fatalf("refused at %d, but the first byte that can not be is number %d", n, firstBad(p))
		}
	})
}

func TestUTF8Allocations(t *testing.T) {
	piece := []byte("grüße 😀"[:len("grüße 😀")-1])
	if n := testing.AllocsPerRun(100, func() {
		var u ws.UTF8
		if !u.Valid(piece) || u.End() {
			t.Fatal("wrong verdict")
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkUTF8(b *testing.B) {
	for name, char := range map[string]string{"ascii": "abcdefgh", "mixed": "abcé€😀"} {
		b.Run(name, func(b *testing.B) {
			p := bytes.Repeat([]byte(char), 2048)
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			for b.Loop() {
				var u ws.UTF8
				if !u.Valid(p) {
					b.Fatal("refused")
				}
			}
		})
	}
}
