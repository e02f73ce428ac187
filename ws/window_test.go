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

func takeover(bits int) ws.Window {
	return ws.DeflateDirection{Takeover: true, WindowBits: bits}.NewWindow()
}

// The window is the end of all that was appended.
func TestWindowKeepsTheEnd(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for bits := 8; bits <= 15; bits++ {
		w, size := takeover(bits), 1<<bits
		var all []byte
		for range 300 {
			piece := []byte(noise(r.IntN(size / 20)))
			switch r.IntN(20) {
			case 0:
				piece = []byte(noise(size + r.IntN(3) - 1))
			case 1:
				piece = nil
			}
			all = append(all, piece...)
			w.Append(piece)
			if got := w.Bytes(); !bytes.Equal(got, all[max(0, len(all)-size):]) {
				t.Fatalf("%d bits, after %d bytes: the window holds %d others", bits, len(all), len(got))
			}
			if c := cap(w.Bytes()); c > size {
				t.Fatalf("%d bits: %d bytes of memory", bits, c)
			}
		}
		if w.Reset(); len(w.Bytes()) > 0 || cap(w.Bytes()) > 0 {
			t.Fatal("Reset kept something")
		}
	}
}

// A connection that never says much does not pay for a whole window; one without takeover pays nothing.
func TestWindowMemory(t *testing.T) {
	w := takeover(15)
	if w.Append([]byte(noise(100))); cap(w.Bytes()) > 256 {
		t.Errorf("%d bytes of memory for 100", cap(w.Bytes()))
	}
	for _, w := range []ws.Window{{}, ws.DeflateDirection{WindowBits: 12}.NewWindow()} {
		w.Append([]byte(noise(100)))
		w.AppendDeflated(nil, []byte(text(500)), 0)
		if cap(w.Bytes()) > 0 {
			t.Error("memory without takeover")
		}
	}
}

// conversation is messages as they might be: similar, of all sizes, some that do not shrink, some empty.
func conversation(n int) (messages [][]byte) {
	r := rand.New(rand.NewPCG(3, uint64(n)))
	for i := range n {
		switch r.IntN(12) {
		case 0:
			messages = append(messages, nil)
		case 1:
			messages = append(messages, []byte(noise(1+r.IntN(700))))
		case 2:
			messages = append(messages, []byte(prose(uint64(i), 2000+r.IntN(20000))))
		default:
			messages = append(messages, []byte(prose(uint64(i), 1+r.IntN(400))))
		}
	}
	return messages
}

// What we send with takeover, a peer with one decompressor for the whole connection reads, and so do we.
func TestTakeoverOut(t *testing.T) {
	for bits := 8; bits <= 15; bits++ {
		for _, level := range []int{0, 9} {
			out, in := takeover(bits), takeover(bits)
			var before, stream []byte
			for i, raw := range conversation(50) {
				message := ws.FinishMessage(out.AppendDeflated(nil, raw, level), true)
				if got, err := strictInflate(message, before, bits); err != nil || !bytes.Equal(got, raw) {
					t.Fatalf("%d bits, level %d, message %d: %d bytes, %v, want %d", bits, level, i, len(got), err, len(raw))
				}
				if got, err := windowInflate(&in, message); err != nil || !bytes.Equal(got, raw) {
					t.Fatalf("%d bits, level %d, message %d: %d bytes, %v, want %d", bits, level, i, len(got), err, len(raw))
				}
				before = append(before, raw...)
				stream = append(append(stream, message...), "\x00\x00\xff\xff"...)
			}
			// One stream of all messages is what a peer's decompressor sees.
			if got, err := readAll(stdflate.NewReader, append(stream, 0)); err != nil || !bytes.Equal(got, before) {
				t.Fatalf("%d bits, level %d: compress/flate has %d bytes, %v, want %d", bits, level, len(got), err, len(before))
			}
		}
	}
}

func windowInflate(w *ws.Window, message []byte) (out []byte, err error) {
	_, err = w.Inflate(message, ws.InflateLimit{}, func(p []byte) error {
		out = append(out, p...)
		return nil
	})
	return out, err
}

// What a peer sends with one compressor for the whole connection, we read. It may also end its blocks with BFINAL.
func TestTakeoverIn(t *testing.T) {
	for level := 1; level <= 9; level += 4 {
		var packed bytes.Buffer
		peer, err := stdflate.NewWriter(&packed, level)
		if err != nil {
			t.Fatal(err)
		}
		w := takeover(15)
		sent, all := 0, 0
		for i, raw := range conversation(100) {
			packed.Reset()
			peer.Write(raw)
			peer.Flush()
			message := bytes.TrimSuffix(packed.Bytes(), []byte("\x00\x00\xff\xff"))
			if got, err := windowInflate(&w, message); err != nil || !bytes.Equal(got, raw) {
				t.Fatalf("level %d, message %d: %d bytes, %v, want %d", level, i, len(got), err, len(raw))
			}
			sent, all = sent+len(message), all+len(raw)
		}
		if sent > all*3/4 {
			t.Errorf("level %d: %d of %d bytes: the peer did not refer back", level, sent, all)
		}
	}
}

func TestTakeoverFinalBlocks(t *testing.T) {
	w := takeover(15)
	first, second := prose(1, 3000), prose(2, 3000)+prose(1, 3000)
	for _, raw := range []string{first, second, first} {
		var packed bytes.Buffer
		peer, err := stdflate.NewWriterDict(&packed, 6, w.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		half := len(raw) / 2
		io.WriteString(peer, raw[:half])
		peer.Close()
		// Another stream in the same message, which refers to the messages before and to the first half.
		peer, err = stdflate.NewWriterDict(&packed, 6, append(bytes.Clone(w.Bytes()), raw[:half]...))
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(peer, raw[half:])
		peer.Close()
		packed.WriteByte(0)
		if got, err := windowInflate(&w, packed.Bytes()); err != nil || string(got) != raw {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
}

func TestTakeoverLimits(t *testing.T) {
	out, in := takeover(15), takeover(15)
	zeros := make([]byte, 1<<20)
	for range 2 {
		message := ws.FinishMessage(out.AppendDeflated(nil, zeros, 0), true)
		n, err := in.Inflate(message, ws.InflateLimit{MaxBytes: 1 << 20}, func([]byte) error { return nil })
		if err != nil || n != 1<<20 {
			t.Fatalf("%d bytes, %v", n, err)
		}
	}
	message := ws.FinishMessage(out.AppendDeflated(nil, zeros, 0), true)
	n, err := in.Inflate(message, ws.InflateLimit{MaxBytes: 1<<20 - 1}, func([]byte) error { return nil })
	if err != ws.ErrInflateTooBig || n >= 1<<20 {
		t.Fatalf("%d bytes, %v", n, err)
	}
	known := []byte(noise(2000)) // few bytes may become many by the window alone
	in, out = takeover(15), takeover(15)
	out.Append(known)
	in.Append(known)
	message = ws.FinishMessage(out.AppendDeflated(nil, known, 0), true)
	if _, err := in.Inflate(message, ws.InflateLimit{MaxRatio: 2}, func([]byte) error { return nil }); err != ws.ErrInflateRatio {
		t.Fatal(err)
	}
}

// A message composed of stored blocks and of a body deflated from an empty window is legal with takeover, too.
func TestTakeoverComposed(t *testing.T) {
	out, in := takeover(12), takeover(12)
	body := []byte(prose(1, 3000))
	shared := ws.AppendDeflated(nil, body)
	for i := range 5 {
		line := fmt.Appendf(nil, "MSG feed %d 3000\r\n", i)
		message := append(ws.AppendStored(nil, line), shared...)
		out.Append(line)
		out.Append(body)
		message = ws.FinishMessage(out.AppendDeflated(message, body[:200], 0), true)
		want := append(append(line, body...), body[:200]...)
		if got, err := windowInflate(&in, message); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("message %d: %d bytes, %v", i, len(got), err)
		}
	}
}

func TestAppendMessage(t *testing.T) {
	mask := &[4]byte{1, 2, 3, 4}
	policy := ws.DeflatePolicy{ContextTakeover: true, Threshold: 20}
	for _, m := range []*[4]byte{nil, mask} {
		role := ws.Client
		if m != nil {
			role = ws.Server
		}
		d := ws.NewDecoder(role, ws.DecoderOptions{Deflate: true})
		out, in := takeover(10), takeover(10)
		compressed := 0
		for i, raw := range append(conversation(100), []byte(prose(9, 100000)), []byte("short "), []byte(strings.Repeat("a", 20))) {
			before := len(out.Bytes())
			stream := out.AppendMessage([]byte("before"), ws.OpText, raw, policy, m)
			if !bytes.HasPrefix(stream, []byte("before")) {
				t.Fatal("what was there is gone")
			}
			ev, rest, err := d.Next(stream[6:])
			if err != nil || len(rest) > 0 || ev.Kind != ws.EventData || ev.Opcode != ws.OpText || !ev.End {
				t.Fatalf("message %d: %+v, %d bytes left, %v", i, ev, len(rest), err)
			}
			got := ev.Payload
			switch {
			case ev.Compressed && (len(raw) < policy.Threshold || len(got) >= len(raw) && before >= 512 || len(got) > len(raw)+6):
				t.Fatalf("message %d: %d bytes compressed to %d", i, len(raw), len(got))
			case ev.Compressed:
				compressed++
				if got, err = windowInflate(&in, got); err != nil {
					t.Fatalf("message %d: %v", i, err)
				}
			case len(out.Bytes()) != before:
				t.Fatalf("message %d went plain and is remembered", i)
			}
			if !bytes.Equal(got, raw) {
				t.Fatalf("message %d: %d bytes, want %d", i, len(got), len(raw))
			}
		}
		if compressed < 50 {
			t.Errorf("%d messages of 100 compressed", compressed)
		}
	}
}

// Short messages that would never shrink alone are sent so that later ones can refer to them; noise soon is not.
func TestAppendMessageFillsTheWindow(t *testing.T) {
	for _, bits := range []int{8, 9, 12, 15} {
		out, policy := takeover(bits), ws.DeflatePolicy{ContextTakeover: true}
		message := []byte(`{"sensor":"kitchen window","unit":"kelvin","value":294.65}`)
		first := len(out.AppendMessage(nil, ws.OpText, message, policy, nil)) - 2
		second := len(out.AppendMessage(nil, ws.OpText, message, policy, nil)) - 2
		if first > len(message)+6 || second > len(message)/4 {
			t.Errorf("%d bits: %d bytes became %d, and then %d", bits, len(message), first, second)
		}
		out = takeover(bits)
		for i := range 100 {
			out.AppendMessage(nil, ws.OpBinary, []byte(noise(100+i)), policy, nil)
		}
		if n := len(out.Bytes()); n > 1<<10+200 {
			t.Errorf("%d bits: %d bytes of noise are remembered", bits, n)
		}
	}
	var plain ws.Window
	if got := plain.AppendMessage(nil, ws.OpBinary, []byte(noise(100)), ws.DeflatePolicy{}, nil); len(got) != 2+100 {
		t.Errorf("without takeover 100 bytes became %d", len(got)-2)
	}
}

// Messages through both windows come out as they went in, wherever they are cut and whatever the agreement.
func FuzzTakeover(f *testing.F) {
	f.Add([]byte(prose(1, 900)), []byte{10, 200, 0, 255, 30}, uint8(0x10))
	f.Add([]byte(noise(900)), []byte{100, 100, 100, 100}, uint8(0x8f))
	f.Add([]byte(strings.Repeat("ab", 900)), []byte{250, 1, 250, 1}, uint8(0x97))
	f.Fuzz(func(t *testing.T, raw, sizes []byte, agreement uint8) {
		direction := ws.DeflateDirection{Takeover: agreement&0x80 != 0, WindowBits: 8 + int(agreement&7)}
		policy := ws.DeflatePolicy{Level: int(agreement >> 3 & 7)}
		out, in := direction.NewWindow(), direction.NewWindow()
		d := ws.NewDecoder(ws.Client, ws.DecoderOptions{Deflate: true})
		for _, size := range sizes {
			n := min(len(raw), int(size)*int(size)/16)
			ev, _, err := d.Next(out.AppendMessage(nil, ws.OpBinary, raw[:n], policy, nil))
			if err != nil {
				t.Fatal(err)
			}
			got := ev.Payload
			if ev.Compressed {
				if _, err := strictInflate(got, in.Bytes(), direction.WindowBits); err != nil {
					t.Fatal(err)
				}
				if got, err = windowInflate(&in, got); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(got, raw[:n]) || !bytes.Equal(in.Bytes(), out.Bytes()) {
				t.Fatalf("%d bytes of %d, windows of %d and %d", len(got), n, len(in.Bytes()), len(out.Bytes()))
			}
			if len(raw) > n {
				raw = raw[n/2:]
			}
		}
	})
}

func TestTakeoverAllocations(t *testing.T) {
	limit, runs := 0.0, 200
	if raceEnabled { // see TestDeflateAllocations
		limit, runs = 20, 20
	}
	buf := make([]byte, 0, 64<<10)
	yield := func(p []byte) error { return nil }
	for _, bits := range []int{9, 15} {
		for _, size := range []int{100, 5000} {
			out, in := takeover(bits), takeover(bits)
			out.Append([]byte(prose(1, 40000)))
			in.Append([]byte(prose(1, 40000)))
			raw := []byte(prose(2, size))
			n := testing.AllocsPerRun(runs, func() {
				message := ws.FinishMessage(out.AppendDeflated(buf, raw, 0), true)
				if _, err := in.Inflate(message, ws.InflateLimit{MaxBytes: 1 << 20}, yield); err != nil {
					t.Fatal(err)
				}
				out.AppendMessage(buf, ws.OpText, raw, ws.DeflatePolicy{}, nil)
				in.Append(raw)
			})
			if n > limit {
				t.Errorf("%d bits, %d bytes: %v allocations", bits, size, n)
			}
		}
	}
}

// A message after a full window of similar ones: the time, and the bytes that remain. What it leaves out is framing.
func BenchmarkTakeover(b *testing.B) {
	for _, bits := range []int{0, 9, 12, 15} {
		for _, size := range []int{64, 512, 1024, 8192} {
			b.Run(fmt.Sprintf("bits=%d/size=%d", bits, size), func(b *testing.B) {
				w := ws.Window{}
				if bits > 0 {
					w = takeover(bits)
				}
				w.Append([]byte(text(40000)))
				raw, buf, n := []byte(text(30000)[20000:20000+size]), make([]byte, 0, 16<<10), 0
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					n = len(ws.AppendDeflatedWith(buf, raw, w.Bytes(), max(bits, 9), 1))
				}
				b.ReportMetric(float64(n), "packed")
			})
		}
	}
}

func BenchmarkTakeoverInflate(b *testing.B) {
	for _, bits := range []int{9, 15} {
		b.Run(fmt.Sprintf("bits=%d", bits), func(b *testing.B) {
			w := takeover(bits)
			w.Append([]byte(text(40000)))
			message := ws.FinishMessage(ws.AppendDeflatedWith(nil, []byte(text(500)), nil, bits, 1), true)
			b.SetBytes(500)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Inflate(message, ws.InflateLimit{}, func([]byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
