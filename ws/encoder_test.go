package ws_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"weir/ws"
)

// parity: 9.1.5.1 9.1.5.2 9.1.5.3 9.1.5.4
func TestAppendHeader(t *testing.T) {
	key := &[4]byte{1, 2, 3, 4}
	tests := []struct {
		fin, rsv1 bool
		op        ws.Opcode
		n         int
		mask      *[4]byte
		want      string
	}{
		{true, false, ws.OpBinary, 0, nil, "8200"},
		{true, false, ws.OpText, 125, nil, "817d"},
		{true, false, ws.OpBinary, 126, nil, "827e007e"},
		{true, false, ws.OpBinary, 65535, nil, "827effff"},
		{true, false, ws.OpBinary, 65536, nil, "827f0000000000010000"},
		{false, true, ws.OpBinary, 1, nil, "4201"},
		{false, false, ws.OpContinuation, 1, nil, "0001"},
		{true, true, ws.OpBinary, 5, key, "c28501020304"},
		{true, false, ws.OpBinary, 256, key, "82fe010001020304"},
		{true, false, ws.OpBinary, 1 << 20, key, "82ff000000000010000001020304"},
	}
	for _, tt := range tests {
		got := ws.AppendHeader([]byte("ab"), tt.fin, tt.rsv1, tt.op, tt.n, tt.mask)
		if hex.EncodeToString(got) != "6162"+tt.want {
			t.Errorf("%+v: got %x", tt, got)
		}
		if len(got)-2 > ws.MaxHeader {
			t.Errorf("%+v: %d bytes", tt, len(got)-2)
		}
	}
}

func TestAppendControl(t *testing.T) {
	payload := []byte("Hello")
	got := ws.AppendControl(nil, ws.OpPong, payload, &[4]byte{0x37, 0xfa, 0x21, 0x3d})
	if string(got) != "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58" || string(payload) != "Hello" {
		t.Fatalf("%x %s", got, payload)
	}
	if got := ws.AppendControl(nil, ws.OpPing, bytes.Repeat([]byte("x"), 200), nil); len(got) != 2+125 || got[1] != 125 {
		t.Fatalf("%d bytes", len(got))
	}
}

func TestAppendClose(t *testing.T) {
	x, dots := strings.Repeat("x", 130), "..."
	tests := []struct {
		name string
		code ws.CloseCode
		text string
		want string
	}{
		// parity: 9.1.4.1
		{"plain", ws.CloseGoingAway, "Server Shutdown", "\x03\xe9Server Shutdown"},
		{"no text", ws.CloseNormal, "", "\x03\xe8"},
		{"longest", ws.CloseNormal, x[:123], "\x03\xe8" + x[:123]},
		// parity: 9.1.4.2
		{"one more", ws.CloseNormal, x[:124], "\x03\xe8" + x[:120] + dots},
		{"rune at the cut", ws.CloseNormal, x[:119] + "ééé", "\x03\xe8" + x[:119] + dots},
		{"rune before the cut", ws.CloseNormal, x[:118] + "ééé", "\x03\xe8" + x[:118] + "é" + dots},
		{"long rune at the cut", ws.CloseNormal, x[:117] + "😀😀", "\x03\xe8" + x[:117] + dots},
		{"not UTF-8", ws.CloseNormal, "a\xffb", "\x03\xe8a\uFFFDb"},
		{"no status", ws.CloseNoStatus, "x", ""},
		{"abnormal", ws.CloseAbnormal, "x", ""},
		{"zero", 0, "x", ""},
		{"application", 4999, "x", "\x13\x87x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ws.AppendClose(nil, tt.code, tt.text, nil)
			if want := fmt.Sprintf("\x88%c%s", len(tt.want), tt.want); string(got) != want {
				t.Fatalf("got %q, want %q", got, want)
			}
			d := ws.NewDecoder(ws.Client, ws.DecoderOptions{})
			if ev, _, err := d.Next(got); err != nil || ev.Kind != ws.EventClose {
				t.Fatalf("the peer says %v", err)
			}
		})
	}
}

func TestCloseCodeString(t *testing.T) {
	if got := ws.CloseProtocolError.String() + ", " + ws.CloseCode(4001).String(); got != "1002 protocol error, 4001" {
		t.Fatal(got)
	}
}

// parity: 9.1.3
func TestMask(t *testing.T) {
	key := [4]byte{0xa1, 0x02, 0x53, 0x74}
	for n := range 140 {
		for pos := range 4 {
			for align := range 8 {
				buf := make([]byte, align+n+8)
				for i := range buf {
					buf[i] = byte(i * 7)
				}
				want := bytes.Clone(buf)
				for i := range n {
					want[align+i] ^= key[(pos+i)%4]
				}
				if got := ws.Mask(buf[align:align+n], key, pos); got != (pos+n)%4 || !bytes.Equal(buf, want) {
					t.Fatalf("length %d, pos %d, alignment %d: pos %d, % x", n, pos, align, got, buf)
				}
			}
		}
	}
}

func TestEncoderAllocations(t *testing.T) {
	buf := make([]byte, 0, 512)
	key, payload := ws.NewMaskKey(), []byte("payload")
	if n := testing.AllocsPerRun(100, func() {
		b := ws.AppendHeader(buf, true, true, ws.OpBinary, 70000, &key)
		b = ws.AppendControl(b, ws.OpPong, payload, &key)
		ws.AppendClose(b, ws.CloseGoingAway, "Server Shutdown", &key)
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func TestNewMaskKey(t *testing.T) {
	seen := map[[4]byte]bool{}
	for range 1000 {
		seen[ws.NewMaskKey()] = true
	}
	if len(seen) < 990 { // 1000 keys out of 2^32 collide about never
		t.Fatalf("%d different keys of 1000", len(seen))
	}
}

// What we append, we parse.
//
// parity: 9.1.48.2 9.1.52.2
func FuzzFrameRoundTrip(f *testing.F) {
	f.Add(true, true, true, []byte("payload"), uint32(0))
	f.Add(false, false, false, []byte{}, uint32(0x01020304))
	f.Add(true, false, true, bytes.Repeat([]byte("x"), 126), uint32(0xffffffff))
	f.Add(true, false, true, bytes.Repeat([]byte("x"), 65536), uint32(7))
	f.Fuzz(func(t *testing.T, fin, rsv1, isClient bool, payload []byte, k uint32) {
		role, mask := ws.Client, (*[4]byte)(nil)
		if isClient { // then the reader is the server
			role, mask = ws.Server, &[4]byte{byte(k), byte(k >> 8), byte(k >> 16), byte(k >> 24)}
		}
		stream := ws.AppendHeader(nil, fin, rsv1, ws.OpBinary, len(payload), mask)
		head := len(stream)
		stream = append(stream, payload...)
		if mask != nil {
			ws.Mask(stream[head:], *mask, 0)
		}
		stream = ws.AppendControl(stream, ws.OpPing, payload, mask)
		text := string(payload)
		stream = ws.AppendClose(stream, ws.CloseNormal, text, mask)

		d := ws.NewDecoder(role, ws.DecoderOptions{Deflate: true})
		var got []ws.Event
		for p := stream; len(p) > 0; {
			ev, rest, err := d.Next(p)
			if err != nil {
				t.Fatal(err)
			}
			got, p = append(got, ev), rest
		}
		if fin || len(payload) > 0 {
			ev := got[0]
			if ev.Kind != ws.EventData || ev.End != fin || ev.Compressed != rsv1 || !bytes.Equal(ev.Payload, payload) {
				t.Fatalf("data: %+v", ev)
			}
			got = got[1:]
		}
		if len(got) != 2 || got[0].Kind != ws.EventPing || !bytes.Equal(got[0].Payload, payload[:min(len(payload), 125)]) {
			t.Fatalf("ping: %+v", got)
		}
		if ev := got[1]; ev.Kind != ws.EventClose || ev.Code != ws.CloseNormal || !utf8.ValidString(ev.Reason) ||
			utf8.ValidString(text) && len(text) <= ws.MaxCloseText && ev.Reason != text {
			t.Fatalf("close: %+v", ev)
		}
	})
}

func BenchmarkMask(b *testing.B) {
	for _, size := range []int{64, 16 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			buf := make([]byte, size+1)[1:]
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				ws.Mask(buf, [4]byte{1, 2, 3, 4}, 1)
			}
		})
	}
}

func BenchmarkNewMaskKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ws.NewMaskKey()
	}
}
