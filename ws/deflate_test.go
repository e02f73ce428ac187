package ws_test

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

	"weir/ws"
)

// part is one part of a composed message.
type part struct {
	raw      []byte
	deflated bool
}

func stored(s string) part   { return part{[]byte(s), false} }
func deflated(s string) part { return part{[]byte(s), true} }

// compose returns the message and what it has to inflate to.
func compose(parts ...part) (message, want []byte) {
	last := false
	for _, p := range parts {
		if want = append(want, p.raw...); p.deflated {
			message = ws.AppendDeflated(message, p.raw)
		} else {
			message = ws.AppendStored(message, p.raw)
		}
		last = p.deflated
	}
	return ws.FinishMessage(message, last), want
}

// noise is n bytes that do not shrink; text is n bytes that do.
func noise(n int) string {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

func text(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `{"sensor":%d,"value":%d,"unit":"kelvin"},`, i%17, i*i%1013)
	}
	return b.String()[:n]
}

// readAll inflates with a reader of another package. The tail is that of RFC 7692 §7.2.2 and a final block.
func readAll(newReader func(io.Reader) io.ReadCloser, message []byte) ([]byte, error) {
	return io.ReadAll(newReader(io.MultiReader(bytes.NewReader(message), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))))
}

func inflate(t testing.TB, message []byte, limit ws.InflateLimit) (out []byte, err error) {
	t.Helper()
	before := bytes.Clone(message)
	n, err := ws.Inflate(message, limit, func(p []byte) error {
		if len(p) == 0 || len(p) > 64<<10+512 {
			t.Fatalf("a piece of %d bytes", len(p))
		}
		out = append(out, p...)
		return nil
	})
	if int(n) != len(out) || !bytes.Equal(message, before) {
		t.Fatalf("yielded %d bytes and says %d; message changed: %t", len(out), n, !bytes.Equal(message, before))
	}
	return out, err
}

func checkMessage(t testing.TB, message, want []byte) {
	t.Helper()
	for name, newReader := range map[string]func(io.Reader) io.ReadCloser{"compress/flate": stdflate.NewReader, "klauspost": flate.NewReader} {
		if got, err := readAll(newReader, message); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s: %d bytes, %v, want %d", name, len(got), err, len(want))
		}
	}
	if got, err := inflate(t, message, ws.InflateLimit{}); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("Inflate: %d bytes, %v, want %d", len(got), err, len(want))
	}
}

func TestComposedMessages(t *testing.T) {
	const tail = "\x00\x00\xff\xff"
	tests := map[string][]part{
		"nothing":                      nil,
		"empty parts":                  {stored(""), deflated(""), stored("")},
		"empty deflated":               {deflated("")},
		"one stored":                   {stored("MSG foo 1 5\r\nhello\r\n")},
		"one deflated":                 {deflated(text(4096))},
		"tiny deflated":                {deflated("x")},
		"line and body":                {stored("MSG foo 1 4096\r\n"), deflated(text(4096)), stored("\r\n")},
		"line and body, deflated last": {stored("MSG foo 1 4096\r\n"), deflated(text(4096))},
		"several messages":             {stored("MSG a 1 9\r\n"), deflated(text(999)), stored("\r\nMSG b 2 9\r\n"), deflated(text(80)), stored("\r\n")},
		"deflated twice":               {deflated(text(2000)), deflated(text(2000))},
		"deflated noise":               {deflated(noise(1000)), stored("x")},
		"large deflated":               {stored("a"), deflated(text(300000)), stored("b"), deflated(noise(200000))},
		"stored, exactly one block":    {stored(noise(ws.MaxStored))},
		"stored, one byte more":        {stored(noise(ws.MaxStored + 1))},
		"stored, three blocks":         {stored(text(2*ws.MaxStored + 1)), deflated(text(100))},
		"stored raw ends in the tail":  {deflated("abc"), stored("abc" + tail)},
		"stored raw is the tail":       {stored(tail)},
		"deflated raw is the tail":     {deflated(tail)},
	}
	for name, parts := range tests {
		t.Run(name, func(t *testing.T) {
			message, want := compose(parts...)
			checkMessage(t, message, want)
		})
	}
}

// A body deflated once stands in the messages of many receivers.
func TestSharedBody(t *testing.T) {
	body := text(4096)
	once := ws.AppendDeflated(nil, []byte(body))
	for sid := range 3 {
		line := fmt.Sprintf("MSG feed %d 4096\r\n", sid)
		message := ws.AppendStoredHeader(nil, len(line))
		message = append(append(message, line...), once...)
		message = ws.FinishMessage(ws.AppendStored(message, []byte("\r\n")), false)
		checkMessage(t, message, []byte(line+body+"\r\n"))
		if len(message) > len(once)+len(line)+2*5+3 {
			t.Fatalf("%d bytes around a body of %d", len(message)-len(once), len(once))
		}
	}
}

func TestAppendDeflatedShape(t *testing.T) {
	for _, raw := range []string{"", "x", text(31), text(127), text(5000), noise(70000)} {
		got := ws.AppendDeflated([]byte("before"), []byte(raw))
		if !bytes.HasPrefix(got, []byte("before")) || !bytes.HasSuffix(got, []byte("\x00\x00\xff\xff")) {
			t.Fatalf("%d raw bytes: % x", len(raw), got[:min(len(got), 20)])
		}
		if again := ws.AppendDeflated(nil, []byte(raw)); !bytes.Equal(got[6:], again) {
			t.Fatalf("%d raw bytes: the pooled compressor remembers something", len(raw))
		}
		if len(got)-6 > len(raw)+5*(2+len(raw)/ws.MaxStored) {
			t.Fatalf("%d raw bytes grew to %d", len(raw), len(got)-6)
		}
	}
}

func TestAppendStoredHeaderRange(t *testing.T) {
	if got := ws.AppendStoredHeader(nil, ws.MaxStored); string(got) != "\x00\xff\xff\x00\x00" {
		t.Fatalf("% x", got)
	}
	for _, n := range []int{-1, ws.MaxStored + 1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d did not panic", n)
				}
			}()
			ws.AppendStoredHeader(nil, n)
		}()
	}
}

func TestInflateForms(t *testing.T) {
	finished := func(level int, raw string) []byte { // ends with BFINAL
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, level)
		io.WriteString(w, raw)
		w.Close()
		return b.Bytes()
	}
	whole := finished(6, text(50000))
	tests := []struct {
		name    string
		message []byte
		want    string
	}{
		{"rfc7692 7.2.3.1", []byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello"},
		{"rfc7692 7.2.3.3, stored", []byte("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), "Hello"},
		{"rfc7692 7.2.3.4, BFINAL", []byte("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "Hello"},
		{"rfc7692 7.2.3.5, two blocks", []byte("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), "Hello"},
		{"rfc7692 7.2.3.6, empty", []byte("\x00"), ""},
		{"BFINAL without the byte after it", []byte("\xf3\x48\xcd\xc9\xc9\x07\x00"), "Hello"},
		{"BFINAL in an empty stored block, stripped", []byte("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff\x01"), "Hello"},
		{"BFINAL twice", []byte("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00"), "HelloHello"},
		{"BFINAL, then not", []byte("\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00"), "HelloHello"},
		{"BFINAL, large", whole, text(50000)},
		{"BFINAL, large, and more", append(bytes.Clone(whole), finished(1, text(777))...), text(50000) + text(777)},
		{"BFINAL, empty many times", append(bytes.Repeat([]byte{0x03, 0x00}, 1000), "\xf2\x48\xcd\xc9\xc9\x07\x00"...), "Hello"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := inflate(t, tt.message, ws.InflateLimit{}); err != nil || string(got) != tt.want {
				t.Fatalf("got %q, %v", got[:min(len(got), 50)], err)
			}
		})
	}
}

func TestInflateCorrupt(t *testing.T) {
	good, _ := compose(deflated(text(3000)))
	tests := map[string][]byte{
		"no bytes":             nil,
		"reserved block":       {0x06},
		"complement":           []byte("\x00\x05\x00\xfa\xfeHello\x00"),
		"no window before":     []byte("\x02\x03\x00\x00\x00"),
		"garbage after BFINAL": []byte("\xf3\x48\xcd\xc9\xc9\x07\x00\x06"),
		"cut":                  good[:len(good)/2],
		"stored, cut":          []byte("\x00\x50\x00\xaf\xffHello"),
	}
	for name, message := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := inflate(t, message, ws.InflateLimit{}); err != ws.ErrInflateCorrupt {
				t.Fatalf("got %d bytes, %v", len(got), err)
			}
		})
	}
	if got, err := inflate(t, good, ws.InflateLimit{}); err != nil || string(got) != text(3000) {
		t.Fatalf("a pooled decompressor suffers from the message before: %v", err)
	}
}

// What a message inflates to is bounded while it inflates.
//
// advisory: CVE-2026-27571
func TestInflateLimits(t *testing.T) {
	zeros, _ := compose(deflated(strings.Repeat("\x00", 1<<20)))
	ratio := (1<<20)/len(zeros) + 1
	tests := []struct {
		name  string
		limit ws.InflateLimit
		want  error
		most  int
	}{
		{"none", ws.InflateLimit{}, nil, 1 << 20},
		{"bytes, exactly", ws.InflateLimit{MaxBytes: 1 << 20}, nil, 1 << 20},
		{"bytes, one less", ws.InflateLimit{MaxBytes: 1<<20 - 1}, ws.ErrInflateTooBig, 1<<20 - 1},
		{"bytes, few", ws.InflateLimit{MaxBytes: 1}, ws.ErrInflateTooBig, 1},
		{"ratio, enough", ws.InflateLimit{MaxRatio: ratio}, nil, 1 << 20},
		{"ratio, too small", ws.InflateLimit{MaxRatio: ratio - 1}, ws.ErrInflateRatio, (ratio - 1) * len(zeros)},
		{"ratio, from", ws.InflateLimit{MaxRatio: 2, RatioFrom: 1 << 20}, nil, 1 << 20},
		{"ratio, from one less", ws.InflateLimit{MaxRatio: 2, RatioFrom: 1<<20 - 1}, ws.ErrInflateRatio, 1<<20 - 1},
		{"both, bytes first", ws.InflateLimit{MaxBytes: 100, MaxRatio: 2}, ws.ErrInflateTooBig, 100},
		{"both, ratio first", ws.InflateLimit{MaxBytes: 1 << 19, MaxRatio: 2}, ws.ErrInflateRatio, 2 * len(zeros)},
		{"ratio too large to matter", ws.InflateLimit{MaxRatio: int(^uint(0) >> 1)}, nil, 1 << 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := inflate(t, zeros, tt.limit)
			if err != tt.want || len(got) > tt.most || err == nil && len(got) != 1<<20 {
				t.Fatalf("got %d bytes, %v", len(got), err)
			}
		})
	}
}

func TestInflateYieldError(t *testing.T) {
	message, _ := compose(deflated(text(100000)))
	stop := errors.New("stop")
	calls := 0
	n, err := ws.Inflate(message, ws.InflateLimit{}, func(p []byte) error {
		calls++
		if calls == 2 {
			return stop
		}
		return nil
	})
	if err != stop || calls != 2 || n == 0 || n > 65<<10 {
		t.Fatalf("%d bytes, %d calls, %v", n, calls, err)
	}
}

// A yield may inflate another message.
func TestInflateReentrant(t *testing.T) {
	outer, wantOuter := compose(deflated(text(40000)))
	inner, wantInner := compose(stored("x"), deflated(text(500)))
	var got []byte
	_, err := ws.Inflate(outer, ws.InflateLimit{}, func(p []byte) error {
		if in, err := inflate(t, inner, ws.InflateLimit{}); err != nil || !bytes.Equal(in, wantInner) {
			t.Fatalf("inner: %v", err)
		}
		got = append(got, p...)
		return nil
	})
	if err != nil || !bytes.Equal(got, wantOuter) {
		t.Fatalf("outer: %v", err)
	}
}

// parity: 9.1.53
func TestDeflateAllocations(t *testing.T) {
	raw := []byte(text(1024))
	buf := make([]byte, 0, 8<<10)
	message, _ := compose(stored("MSG a 1 1024\r\n"), deflated(string(raw)), deflated(text(40000)), stored("\r\n"))
	total := 0
	yield := func(p []byte) error { total += len(p); return nil }
	for name, f := range map[string]func(){
		"AppendDeflated": func() { ws.AppendDeflated(buf, raw) },
		"AppendBrief":    func() { ws.AppendBrief(buf, raw) },
		"composed":       func() { ws.FinishMessage(ws.AppendStored(ws.AppendStored(buf, raw), raw), false) },
		"Inflate":        func() { ws.Inflate(message, ws.InflateLimit{MaxBytes: 1 << 20, MaxRatio: 100}, yield) },
	} {
		// The race detector makes pools forget on purpose, and a collection empties them; both are rare enough for an
		// average below one, and an allocation in each call is not.
		limit := 0.0
		if raceEnabled {
			limit = 20
		}
		if n := testing.AllocsPerRun(200, f); n > limit {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if total == 0 {
		t.Error("nothing was inflated")
	}
}

// Composed parts inflate to their concatenation.
func FuzzComposed(f *testing.F) {
	f.Add([]byte("MSG foo 1 5\r\n"), []byte("hello"), []byte("\r\n"), uint8(0b010))
	f.Add([]byte{}, []byte("\x00\x00\xff\xff"), []byte("\x00\x00\xff\xff"), uint8(0b101))
	f.Add([]byte(text(3000)), []byte(noise(300)), []byte(text(3000)), uint8(0b111))
	f.Fuzz(func(t *testing.T, a, b, c []byte, kinds uint8) {
		message, want := compose(part{a, kinds&1 != 0}, part{b, kinds&2 != 0}, part{c, kinds&4 != 0})
		checkMessage(t, message, want)
	})
}

// Inflate never yields more than it may, whatever it is given, and agrees with another reader where both accept.
func FuzzInflate(f *testing.F) {
	for _, parts := range [][]part{{stored("abc")}, {deflated(text(300))}, {deflated(text(200)), stored("x"), deflated(noise(50))}} {
		message, _ := compose(parts...)
		f.Add(message, uint16(200), uint8(3))
	}
	f.Add([]byte("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00"), uint16(0), uint8(0))
	f.Fuzz(func(t *testing.T, message []byte, maxBytes uint16, maxRatio uint8) {
		limit := ws.InflateLimit{MaxBytes: int64(maxBytes), MaxRatio: int(maxRatio)}
		got, err := inflate(t, message, limit)
		if maxBytes > 0 && len(got) > int(maxBytes) || maxRatio > 0 && len(got) > int(maxRatio)*len(message) {
			t.Fatalf("%d bytes under %+v", len(got), limit)
		}
		if err != nil {
			return
		}
		// The other reader stops at the first BFINAL, so it may know less. More is checked by FuzzMessage of package inflate.
		if want, err := readAll(stdflate.NewReader, message); !bytes.HasPrefix(got, want) {
			t.Fatalf("got %q, compress/flate %q, %v", got, want, err)
		}
	})
}

func BenchmarkAppendDeflated(b *testing.B) {
	for _, size := range []int{128, 1024, 4096} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			raw := []byte(text(size))
			buf := make([]byte, 0, 2*size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				ws.AppendDeflated(buf, raw)
			}
		})
	}
}

// BenchmarkBrief compares what is made for short messages with what is made for all.
func BenchmarkBrief(b *testing.B) {
	for name, deflate := range map[string]func(dst, raw []byte) []byte{"brief": ws.AppendBrief, "any": ws.AppendDeflated} {
		for _, size := range []int{64, 128, 256, 512, 1024} {
			b.Run(fmt.Sprintf("%s/size=%d", name, size), func(b *testing.B) {
				raw, buf, n := []byte(text(size)), make([]byte, 0, 2*size), 0
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					n = len(deflate(buf, raw))
				}
				b.ReportMetric(float64(n), "packed")
			})
		}
	}
}

// One receiver's message from a body that is deflated already; what it leaves out is the deflating, once for all.
func BenchmarkComposed(b *testing.B) {
	body := ws.AppendDeflated(nil, []byte(text(4096)))
	line, crlf := []byte("MSG feed.prices 17 4096\r\n"), []byte("\r\n")
	buf := make([]byte, 0, 4096)
	b.SetBytes(int64(len(line) + 4096 + len(crlf)))
	b.ReportAllocs()
	for b.Loop() {
		m := append(ws.AppendStored(buf, line), body...)
		ws.FinishMessage(ws.AppendStored(m, crlf), false)
	}
}

func BenchmarkInflate(b *testing.B) {
	for _, size := range []int{1024, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			message, _ := compose(deflated(text(size)))
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ws.Inflate(message, ws.InflateLimit{MaxBytes: 1 << 20}, func([]byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
