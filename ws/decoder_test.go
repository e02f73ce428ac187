package ws_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"weir/ws"
)

// frame is one frame with a fixed mask, or without one.
func frame(b0 byte, payload string, masked bool) []byte {
	var mask *[4]byte
	if masked {
		mask = &[4]byte{0x37, 0xfa, 0x21, 0x3d}
	}
	f := ws.AppendHeader(nil, b0&0x80 != 0, b0&0x40 != 0, ws.Opcode(b0&0x0f), len(payload), mask)
	f[0] = b0
	n := len(f)
	f = append(f, payload...)
	if masked {
		ws.Mask(f[n:], *mask, 0)
	}
	return f
}

func masked(b0 byte, payload string) []byte { return frame(b0, payload, true) }
func plain(b0 byte, payload string) []byte  { return frame(b0, payload, false) }

func join(frames ...[]byte) []byte { return bytes.Join(frames, nil) }

// transcript feeds the stream in chunks of the given sizes, repeated, and writes down what the decoder says. Pieces of
// data that follow each other are joined, because where they are divided depends on the chunks.
func transcript(t testing.TB, d ws.Decoder, stream []byte, sizes ...int) string {
	t.Helper()
	var out strings.Builder
	var data strings.Builder
	stream = bytes.Clone(stream)
	for i := 0; len(stream) > 0; i++ {
		n := len(stream)
		if len(sizes) > 0 {
			n = min(n, max(1, sizes[i%len(sizes)]))
		}
		chunk := stream[:n:n]
		stream = stream[n:]
		for {
			ev, rest, err := d.Next(chunk)
			if err != nil {
				_, _, again := d.Next([]byte{0x81})
				if again != err {
					t.Fatalf("the error did not stay: %v, then %v", err, again)
				}
				return out.String() + data.String() + "error: " + err.Error()
			}
			if len(rest) > len(chunk) || ev.Kind == ws.EventNone && len(rest) > 0 {
				t.Fatalf("event %d left %d of %d bytes", ev.Kind, len(rest), len(chunk))
			}
			if ev.Kind == ws.EventNone {
				break
			}
			chunk = rest
			if ev.Kind != ws.EventData {
				out.WriteString(data.String())
				data.Reset()
				fmt.Fprintf(&out, "%s %q %d %q\n", ev.Opcode, ev.Payload, ev.Code, ev.Reason)
				continue
			}
			if data.Len() == 0 {
				fmt.Fprintf(&data, "%s compressed=%t ", ev.Opcode, ev.Compressed)
			}
			fmt.Fprintf(&data, "%x", ev.Payload)
			if ev.End {
				out.WriteString(data.String() + " end\n")
				data.Reset()
			}
		}
	}
	if data.Len() > 0 {
		data.WriteString(" ...")
	}
	return out.String() + data.String()
}

func server() ws.Decoder  { return ws.NewDecoder(ws.Server, ws.DecoderOptions{}) }
func deflate() ws.Decoder { return ws.NewDecoder(ws.Server, ws.DecoderOptions{Deflate: true}) }
func client() ws.Decoder  { return ws.NewDecoder(ws.Client, ws.DecoderOptions{}) }
func noMasking() ws.Decoder {
	return ws.NewDecoder(ws.Server, ws.DecoderOptions{NoMasking: true})
}

func TestDecoderRefusals(t *testing.T) {
	const open = 0x01 // text without FIN
	long := strings.Repeat("x", 126)
	tests := []struct {
		name   string
		d      ws.Decoder
		stream []byte
		row    *ws.ProtocolError
		code   ws.CloseCode
		text   string
	}{
		{"rsv2", server(), masked(0xa2, ""), ws.ErrReservedBits, 1002, "RSV2 and RSV3 must be clear"},
		{"rsv3", server(), masked(0x92, ""), ws.ErrReservedBits, 1002, "RSV2 and RSV3 must be clear"},
		{"rsv1 not negotiated", server(), masked(0xc2, ""), ws.ErrNotNegotiated, 1002,
			"compressed frame received without negotiated permessage-deflate"},
		{"unmasked data", server(), plain(0x82, "x"), ws.ErrMaskMissing, 1002, "mask bit missing"},
		{"unmasked ping", server(), plain(0x89, ""), ws.ErrMaskMissing, 1002, "mask bit missing"},
		// parity: 9.4.5.2
		{"masked from server", client(), masked(0x82, "x"), ws.ErrMaskUnexpected, 1002, "frame from server must not be masked"},
		{"long ping", server(), masked(0x89, long), ws.ErrControlTooLong, 1002,
			"control frame length bigger than maximum allowed of 125 bytes"},
		{"ping with 64-bit length", server(), []byte{0x89, 0xff}, ws.ErrControlTooLong, 1002,
			"control frame length bigger than maximum allowed of 125 bytes"},
		{"fragmented ping", server(), masked(0x09, ""), ws.ErrControlFragmented, 1002, "control frame does not have final bit set"},
		{"compressed ping", deflate(), masked(0xc9, ""), ws.ErrControlCompressed, 1002, "control frame must not be compressed"},
		{"text in message", server(), join(masked(open, "a"), masked(0x81, "b")), ws.ErrMessageOpen, 1002,
			"new message started before final frame for previous message was received"},
		{"binary in message", server(), join(masked(open, "a"), masked(0x82, "b")), ws.ErrMessageOpen, 1002,
			"new message started before final frame for previous message was received"},
		{"continuation of nothing", server(), masked(0x80, "a"), ws.ErrContinuation, 1002, "invalid continuation frame"},
		{"continuation after the end", server(), join(masked(0x82, "a"), masked(0x80, "a")), ws.ErrContinuation, 1002,
			"invalid continuation frame"},
		{"compressed continuation", deflate(), join(masked(0x42, "a"), masked(0xc0, "b")), ws.ErrContinuation, 1002,
			"invalid continuation frame"},
		{"opcode 3", server(), masked(0x83, ""), ws.ErrUnknownOpcode, 1002, "unknown opcode 3"},
		{"opcode 7", server(), masked(0x87, ""), ws.ErrUnknownOpcode, 1002, "unknown opcode 7"},
		{"opcode 11", server(), masked(0x8b, long), ws.ErrUnknownOpcode, 1002, "unknown opcode 11"},
		{"opcode 15", server(), masked(0x0f, ""), ws.ErrUnknownOpcode, 1002, "unknown opcode 15"},
		{"length with top bit", server(), []byte{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, ws.ErrPayloadLength, 1002,
			"invalid 64-bit payload length"},
		{"close of one byte", server(), masked(0x88, "x"), ws.ErrCloseLength, 1002, "close frame payload cannot be 1 byte"},
		{"close text", server(), masked(0x88, "\x03\xe8\xff"), ws.ErrCloseText, 1007, "invalid utf8 body in close frame"},
		// The first rule that is broken counts.
		{"order rsv2, rsv1", server(), plain(0xe3, ""), ws.ErrReservedBits, 1002, "RSV2 and RSV3 must be clear"},
		{"order rsv1, mask", server(), plain(0xc3, ""), ws.ErrNotNegotiated, 1002,
			"compressed frame received without negotiated permessage-deflate"},
		{"order mask, length", server(), plain(0x09, long), ws.ErrMaskMissing, 1002, "mask bit missing"},
		{"order length, fin", deflate(), masked(0x49, long), ws.ErrControlTooLong, 1002,
			"control frame length bigger than maximum allowed of 125 bytes"},
		{"order fin, rsv1", deflate(), masked(0x49, ""), ws.ErrControlFragmented, 1002, "control frame does not have final bit set"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var err error
			d := tt.d
			for p := bytes.Clone(tt.stream); err == nil && len(p) > 0; {
				_, p, err = d.Next(p)
			}
			var got *ws.ProtocolError
			if !errors.As(err, &got) || got.Code != tt.code || got.Text != tt.text || !errors.Is(err, tt.row) {
				t.Fatalf("got %#v, want %d %q", err, tt.code, tt.text)
			}
			checkCuts(t, tt.d, tt.stream)
		})
	}
}

func TestDecoderCloseCodes(t *testing.T) {
	legal := func(c int) bool {
		return c >= 1000 && c <= 1003 || c >= 1007 && c <= 1014 || c >= 3000 && c <= 4999
	}
	for c := range 1 << 16 {
		d := server()
		ev, _, err := d.Next(masked(0x88, string([]byte{byte(c >> 8), byte(c)})+"why"))
		if !legal(c) {
			var bad *ws.ProtocolError
			if !errors.As(err, &bad) || bad.Text != fmt.Sprintf("invalid close status code %d", c) || !errors.Is(err, ws.ErrCloseCode) {
				t.Fatalf("code %d: %v", c, err)
			}
			continue
		}
		if err != nil || ev.Kind != ws.EventClose || ev.Code != ws.CloseCode(c) || ev.Reason != "why" ||
			string(ev.Payload) != string([]byte{byte(c >> 8), byte(c)})+"why" {
			t.Fatalf("code %d: %+v, %v", c, ev, err)
		}
	}
}

// parity: 9.1.1 9.1.2 9.1.3
func TestDecoderStreams(t *testing.T) {
	tests := []struct {
		name   string
		d      ws.Decoder
		stream []byte
		want   string
	}{
		{"rfc6455 5.7 unmasked", client(), []byte("\x81\x05Hello"), "text compressed=false 48656c6c6f end\n"},
		{"rfc6455 5.7 masked", server(), []byte("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "text compressed=false 48656c6c6f end\n"},
		{"rfc6455 5.7 fragmented", client(), []byte("\x01\x03Hel\x80\x02lo"), "text compressed=false 48656c6c6f end\n"},
		{"rfc6455 5.7 ping", client(), []byte("\x89\x05Hello"), "ping \"Hello\" 0 \"\"\n"},
		{"rfc6455 5.7 pong", server(), []byte("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "pong \"Hello\" 0 \"\"\n"},
		{"rfc7692 7.2.3.1", deflate(), masked(0xc1, "\xf2\x48\xcd\xc9\xc9\x07\x00"), "text compressed=true f248cdc9c90700 end\n"},
		{"rfc7692 7.2.3.1 fragmented", deflate(), join(masked(0x41, "\xf2\x48\xcd"), masked(0x80, "\xc9\xc9\x07\x00")),
			"text compressed=true f248cdc9c90700 end\n"},
		{"ping between fragments", server(), join(masked(0x02, "PI"), masked(0x89, "?"), masked(0x80, "NG")),
			"binary compressed=false 5049ping \"?\" 0 \"\"\nbinary compressed=false 4e47 end\n"},
		{"empty final fragment", deflate(), join(masked(0x42, "\x00"), masked(0x80, "")), "binary compressed=true 00 end\n"},
		{"empty fragments", server(), join(masked(0x02, ""), masked(0x00, ""), masked(0x00, "a"), masked(0x80, "")),
			"binary compressed=false 61 end\n"},
		{"empty message", server(), masked(0x82, ""), "binary compressed=false  end\n"},
		{"text is not checked", server(), masked(0x81, "\xff\xfe"), "text compressed=false fffe end\n"},
		{"16-bit length not minimal", client(), []byte("\x82\x7e\x00\x01x"), "binary compressed=false 78 end\n"},
		{"64-bit length not minimal", client(), []byte("\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x01x"), "binary compressed=false 78 end\n"},
		{"64-bit length, zero", client(), []byte("\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x00"), "binary compressed=false  end\n"},
		{"no-masking, unmasked", noMasking(), plain(0x82, "a"), "binary compressed=false 61 end\n"},
		// parity: 9.4.5.1
		{"no-masking, masked", noMasking(), join(masked(0x82, "a"), plain(0x82, "b"), masked(0x89, "c")),
			"binary compressed=false 61 end\nbinary compressed=false 62 end\nping \"c\" 0 \"\"\n"},
		{"largest ping", server(), masked(0x89, strings.Repeat("p", 125)), "ping \"" + strings.Repeat("p", 125) + "\" 0 \"\"\n"},
		{"empty close", server(), masked(0x88, ""), "close \"\" 1005 \"\"\n"},
		{"close", server(), masked(0x88, "\x03\xe9bye é"), "close \"\\x03\\xe9bye é\" 1001 \"bye é\"\n"},
		{"nothing after close", server(), join(masked(0x88, ""), masked(0x82, "a"), masked(0x83, "")), "close \"\" 1005 \"\"\n"},
		{"unfinished", server(), masked(0x02, "ab"), "binary compressed=false 6162 ..."},
		{"huge claim", client(), []byte("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xffx"), "binary compressed=false 78 ..."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := transcript(t, tt.d, tt.stream); got != tt.want {
				t.Fatalf("got\n%swant\n%s", got, tt.want)
			}
			checkCuts(t, tt.d, tt.stream)
		})
	}
}

// checkCuts cuts the stream once at each place, and everywhere.
func checkCuts(t *testing.T, d ws.Decoder, stream []byte) {
	t.Helper()
	want := transcript(t, d, stream)
	if got := transcript(t, d, stream, 1); got != want {
		t.Errorf("byte by byte: got\n%swant\n%s", got, want)
	}
	for i := 1; i < len(stream); i++ {
		if got := transcript(t, d, stream, i, len(stream)); got != want {
			t.Errorf("cut at %d: got\n%swant\n%s", i, got, want)
		}
	}
}

// A final fragment without payload ends its message with its last header byte, not with the byte after it.
//
// parity: 9.4.3
func TestDecoderEmptyFinalFragmentAtOnce(t *testing.T) {
	d := deflate()
	if ev, rest, err := d.Next(masked(0x42, "\x00")); ev.Kind != ws.EventData || ev.End || len(rest) > 0 || err != nil {
		t.Fatalf("%+v %v %v", ev, rest, err)
	}
	last := masked(0x80, "")
	for i, b := range last {
		ev, _, err := d.Next([]byte{b})
		want := i == len(last)-1
		if err != nil || (ev.Kind == ws.EventData) != want || ev.End != want || len(ev.Payload) > 0 || ev.Compressed != want {
			t.Fatalf("byte %d: %+v %v", i, ev, err)
		}
	}
}

func TestDecoderMaxFragments(t *testing.T) {
	opt := ws.DecoderOptions{Deflate: true, MaxFragments: 3}
	ok := join(masked(0x42, "a"), masked(0x00, "b"), masked(0x80, "c"))
	d := ws.NewDecoder(ws.Server, opt)
	if got := transcript(t, d, join(ok, ok)); strings.Contains(got, "error") {
		t.Fatal(got)
	}
	long := join(masked(0x42, "a"), masked(0x00, ""), masked(0x00, ""), masked(0x80, ""))
	if got := transcript(t, d, long); !strings.HasSuffix(got, "error: websocket 1008 policy violation: too many fragments in one compressed message") {
		t.Fatal(got)
	}
	long[0] = 0x02
	if got := transcript(t, d, long); strings.Contains(got, "error") {
		t.Fatal("uncompressed:", got)
	}
}

func TestDecoderUnmasksInPlace(t *testing.T) {
	d := server()
	chunk := masked(0x82, "hello")
	ev, rest, err := d.Next(chunk)
	if err != nil || string(ev.Payload) != "hello" || &ev.Payload[0] != &chunk[6] || len(rest) > 0 {
		t.Fatalf("%+v %v %v", ev, rest, err)
	}
	if cap(ev.Payload) != len(ev.Payload) {
		t.Fatal("an append to the payload would reach the bytes behind it")
	}
}

func TestDecoderSize(t *testing.T) {
	if n := unsafe.Sizeof(ws.Decoder{}); n > 96 {
		t.Fatalf("an idle connection pays %d bytes, want at most 96", n)
	}
}

func TestDecoderAllocations(t *testing.T) {
	stream := join(masked(0x02, "hello"), masked(0x89, "ping"), masked(0x80, strings.Repeat("x", 300)), masked(0x8a, ""))
	buf := make([]byte, len(stream))
	d := server()
	allocs := testing.AllocsPerRun(100, func() {
		copy(buf, stream)
		for p := buf; len(p) > 0; { // the cut is in a data header and in a data payload, not in a control payload
			chunk := p[:min(len(p), 23)]
			p = p[len(chunk):]
			for {
				ev, rest, err := d.Next(chunk)
				if err != nil {
					t.Fatal(err)
				}
				if chunk = rest; ev.Kind == ws.EventNone {
					break
				}
			}
		}
	})
	if allocs != 0 {
		t.Fatalf("%v allocations for four frames", allocs)
	}
}

func FuzzDecoderCuts(f *testing.F) {
	for _, s := range [][]byte{
		join(masked(0x02, "PI"), masked(0x89, "?"), masked(0x80, "NG"), masked(0x88, "\x03\xe8bye")),
		join(masked(0xc2, "\xf2\x48\xcd\xc9\xc9\x07\x00"), masked(0x82, strings.Repeat("z", 70000))),
		join(plain(0x42, ""), plain(0x80, ""), plain(0x8a, strings.Repeat("p", 125)), plain(0x83, "")),
		masked(0x88, "x"),
		{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0},
	} {
		f.Add(s, []byte{1}, uint8(7))
		f.Add(s, []byte{3, 5, 2}, uint8(0))
	}
	f.Fuzz(func(t *testing.T, stream, cuts []byte, opt uint8) {
		d := ws.NewDecoder(ws.Role(opt&1), ws.DecoderOptions{
			Deflate: opt&2 != 0, NoMasking: opt&4 != 0, MaxFragments: uint32(opt >> 6),
		})
		sizes := []int{1}
		for _, c := range cuts {
			sizes = append(sizes, int(c))
		}
		if whole, cut := transcript(t, d, stream), transcript(t, d, stream, sizes...); whole != cut {
			t.Fatalf("whole\n%s\ncut\n%s", whole, cut)
		}
	})
}

func BenchmarkDecoder(b *testing.B) {
	for _, size := range []int{64, 1024, 16 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			f := masked(0x82, strings.Repeat("x", size))
			d := server()
			b.SetBytes(int64(len(f)))
			b.ReportAllocs()
			for b.Loop() {
				if _, rest, err := d.Next(f); err != nil || len(rest) > 0 { // payload toggles between masked and not
					b.Fatal(err)
				}
			}
		})
	}
}
