package inflate_test

import (
	"bytes"
	stdflate "compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"

	"weir/internal/inflate"
)

// tail is what a receiver puts behind a message to read it as a stream that ends.
const tail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

// compressed is a message as it stands in a frame.
func compressed(t testing.TB, level int, raw, dict []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := stdflate.NewWriterDict(&b, level, dict)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte(tail[:4]))
}

// read takes a message apart.
func read(t testing.TB, m *inflate.Message, src, dict []byte, takeover bool) (raw []byte, err error) {
	t.Helper()
	before := bytes.Clone(src)
	m.Begin(src, dict, takeover)
	for err == nil {
		var piece []byte
		if piece, err = m.Next(); len(piece) > inflate.MaxPiece {
			t.Fatalf("a piece of %d bytes", len(piece))
		}
		raw = append(raw, piece...)
	}
	m.Release()
	if !bytes.Equal(src, before) {
		t.Fatal("the message was changed")
	}
	if err == io.EOF {
		err = nil
	}
	return raw, err
}

// oracle is read by the standard library.
func oracle(src, dict []byte, takeover bool) (raw []byte, err error) {
	in := bytes.NewReader(append(bytes.Clone(src), tail...))
	for {
		r := stdflate.NewReaderDict(in, dict)
		piece, err := io.ReadAll(r)
		raw = append(raw, piece...)
		if err != nil {
			return raw, err
		}
		switch at := len(src) + len(tail) - in.Len() - len(src); {
		case at == 0, at == 4, at == 9:
			return raw, nil
		case at > 0:
			return raw, errors.New("a stream ends in the tail")
		}
		if dict = append(bytes.Clone(dict), piece...); !takeover {
			dict = nil
		}
		dict = dict[max(0, len(dict)-inflate.Window):]
	}
}

// documents is JSON of n bytes.
func documents(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b []byte
	for len(b) < n {
		b = fmt.Appendf(b, `{"symbol":"%c%c","bid":%.4f,"size":%d},`, 'A'+r.IntN(26), 'A'+r.IntN(26), r.Float64()*100, r.IntN(5000))
	}
	return b[:n]
}

// noise is n bytes that do not compress.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{7}).Read(b)
	return b
}

// skewed is n bytes whose codes are of all lengths: each is half as frequent as the one before.
func skewed(n int) []byte {
	r := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, n)
	for i := range b {
		for b[i] < 60 && r.IntN(2) == 0 {
			b[i]++
		}
	}
	return b
}

func TestAllSizesAndLevels(t *testing.T) {
	var m inflate.Message
	contents := map[string]func(int) []byte{
		"documents": documents, "noise": noise, "skewed": skewed,
		"one byte": func(n int) []byte { return bytes.Repeat([]byte("a"), n) },
		"a few":    func(n int) []byte { return []byte(strings.Repeat("abcdefg", n/7+1))[:n] },
		"far apart": func(n int) []byte {
			return bytes.Repeat(append(noise(inflate.Window-3), "abc"...), n/inflate.Window+1)[:n]
		},
	}
	for name, content := range contents {
		for _, n := range []int{0, 1, 2, 3, 8, 30, 100, 1000, 32767, 32768, 65535, 65536, 65537, 200_000} {
			raw := content(n)
			for _, level := range []int{flate.HuffmanOnly, 0, 1, 5, 9} {
				if got, err := read(t, &m, compressed(t, level, raw, nil), nil, false); err != nil || !bytes.Equal(got, raw) {
					t.Fatalf("%s, %d bytes, level %d: %d bytes, %v", name, n, level, len(got), err)
				}
			}
		}
	}
}

func TestDictionary(t *testing.T) {
	var m inflate.Message
	for _, n := range []int{1, 300, inflate.Window} {
		dict := noise(n)
		src := compressed(t, 9, dict, dict)
		if got, err := read(t, &m, src, dict, true); err != nil || !bytes.Equal(got, dict) {
			t.Fatalf("%d bytes: %d bytes, %v", n, len(got), err)
		}
		if n < 300 {
			continue
		}
		if got, err := read(t, &m, src, nil, true); err != inflate.ErrCorrupt || len(got) > 0 {
			t.Fatalf("%d bytes without their dictionary: %d bytes, %v", n, len(got), err)
		}
	}
}

// Several streams in one message refer to what was before them with takeover only (RFC 7692 §7.2.3.4).
func TestStreams(t *testing.T) {
	var m inflate.Message
	raw := noise(1000)
	var b bytes.Buffer
	for _, dict := range [][]byte{nil, raw} {
		w, err := stdflate.NewWriterDict(&b, 9, dict)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(raw)
		w.Close()
	}
	want := append(bytes.Clone(raw), raw...)
	if got, err := read(t, &m, b.Bytes(), nil, true); err != nil || !bytes.Equal(got, want) {
		t.Errorf("with takeover: %d bytes, %v", len(got), err)
	}
	if _, err := read(t, &m, b.Bytes(), nil, false); err != inflate.ErrCorrupt {
		t.Errorf("without takeover: %v", err)
	}
}

// What a message is not may depend on nothing but the message: codes of one before it are gone.
func TestNothingStaysBehind(t *testing.T) {
	var m inflate.Message
	// A block with a code for literals, and none for distances, that has a length all the same.
	for _, src := range [][]byte{
		[]byte("|\xcc;\x0e\x80 \x18\x04\xe1\xbblY!O0\xb7\xb1( A1Ah\x8cw7\xb1X\xbb\xbf.27 Aa11070000002020000000002000000000007\x857"),
	} {
		for range 2 {
			if got, err := read(t, &m, src, nil, false); err != inflate.ErrCorrupt {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
			if _, err := read(t, &m, compressed(t, 9, documents(5000), nil), nil, false); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A message that ends anywhere else is corrupt, and no piece of it comes that holds what was made of its end.
func TestCut(t *testing.T) {
	var m inflate.Message
	for _, level := range []int{flate.HuffmanOnly, 0, 1, 9} {
		raw := documents(2000)
		src := compressed(t, level, raw, nil)
		for n := range src {
			got, err := read(t, &m, src[:n], nil, false)
			want, wantErr := oracle(src[:n], nil, false)
			if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) || err != nil && len(got) > 0 {
				t.Fatalf("level %d, %d of %d bytes: %d bytes, %v, want %d, %v", level, n, len(src), len(got), err, len(want), wantErr)
			}
		}
	}
}

// TestBits changes each bit of a message: the result is what the standard library makes of it.
func TestBits(t *testing.T) {
	var m inflate.Message
	src := compressed(t, 9, documents(300), nil)
	for i := range len(src) * 8 {
		src[i/8] ^= 1 << (i % 8)
		same(t, &m, src, nil, false)
		src[i/8] ^= 1 << (i % 8)
	}
}

// same compares with the standard library.
func same(t testing.TB, m *inflate.Message, src, dict []byte, takeover bool) {
	t.Helper()
	got, err := read(t, m, src, dict, takeover)
	want, wantErr := oracle(src, dict, takeover)
	if (err == nil) != (wantErr == nil) || !bytes.HasPrefix(want, got) || err == nil && len(got) != len(want) {
		t.Fatalf("%x: %d bytes, %v, want %d, %v", src, len(got), err, len(want), wantErr)
	}
}

func TestAllocations(t *testing.T) {
	var m inflate.Message
	src := compressed(t, 6, documents(100_000), nil)
	n := testing.AllocsPerRun(20, func() {
		m.Begin(src, nil, false)
		for err := error(nil); err == nil; _, err = m.Next() {
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzMessage(f *testing.F) {
	for _, raw := range [][]byte{documents(200), noise(40), skewed(300), bytes.Repeat([]byte("ab"), 400)} {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 9} {
			f.Add(compressed(f, level, raw, nil), []byte(nil), false)
		}
		f.Add(compressed(f, 9, raw, raw), raw, true)
	}
	f.Add([]byte("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00"), []byte(nil), false)
	var m inflate.Message
	f.Fuzz(func(t *testing.T, src, dict []byte, takeover bool) {
		same(t, &m, src, dict[:min(len(dict), inflate.Window)], takeover)
	})
}

// BenchmarkMessage is one message of JSON, compressed as zlib does it by default; the library is klauspost's, at its best: with a
// reader that it knows.
func BenchmarkMessage(b *testing.B) {
	for _, size := range []int{128, 1 << 10, 16 << 10, 64 << 10} {
		src := compressed(b, 6, documents(size), nil)
		b.Run(fmt.Sprint("own/", size), func(b *testing.B) {
			var m inflate.Message
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				m.Begin(src, nil, false)
				for err := error(nil); err != io.EOF; {
					if _, err = m.Next(); err == inflate.ErrCorrupt {
						b.Fatal(err)
					}
				}
			}
		})
		b.Run(fmt.Sprint("library/", size), func(b *testing.B) {
			buf := make([]byte, 16<<10)
			in := bytes.NewReader(nil)
			r := flate.NewReader(in)
			whole := append(bytes.Clone(src), tail...)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				in.Reset(whole)
				if err := r.(flate.Resetter).Reset(in, nil); err != nil {
					b.Fatal(err)
				}
				for err := error(nil); err != io.EOF; {
					if _, err = r.Read(buf); err != nil && err != io.EOF {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
