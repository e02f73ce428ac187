package ws_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"weir/ws"
)

// reading feeds the stream in chunks of the given sizes, repeated, and writes down what it says. Uncompressed payload is
// joined over the messages, as Gather gives it.
func reading(t testing.TB, d ws.Decoder, gather bool, stream []byte, sizes ...int) string {
	t.Helper()
	var out strings.Builder
	var data []byte
	say := func(format string, args ...any) {
		fmt.Fprintf(&out, "%x ", data)
		data = nil
		fmt.Fprintf(&out, format, args...)
	}
	stream = bytes.Clone(stream)
	for i := 0; len(stream) > 0; i++ {
		n := min(len(stream), max(1, sizes[i%len(sizes)]))
		chunk := stream[:n:n]
		stream = stream[n:]
		for len(chunk) > 0 {
			if gather {
				payload, rest := d.Gather(chunk)
				if len(payload)+len(rest) > len(chunk) || cap(payload) > len(payload) {
					t.Fatalf("Gather gave %d of %d bytes and left %d", cap(payload), len(chunk), len(rest))
				}
				data, chunk = append(data, payload...), rest
			}
			ev, rest, err := d.Next(chunk)
			if err != nil {
				say("error: %v", err)
				if payload, _ := d.Gather(masked(0x82, "x")); len(payload) > 0 {
					t.Fatalf("after %v Gather gave %q", err, payload)
				}
				return out.String()
			}
			switch chunk = rest; {
			case ev.Kind == ws.EventData && !ev.Compressed:
				data = append(data, ev.Payload...)
			case ev.Kind != ws.EventNone:
				say("%s %q %t %d\n", ev.Opcode, ev.Payload, ev.Compressed && ev.End, ev.Code)
			}
		}
	}
	say("...")
	return out.String()
}

// checkGather compares Gather with Next alone, over all cuts.
func checkGather(t testing.TB, d ws.Decoder, stream []byte) {
	t.Helper()
	for i := 1; i <= len(stream); i++ {
		for _, sizes := range [][]int{{i, len(stream)}, {i}} {
			want := reading(t, d, false, stream, sizes...)
			if got := reading(t, d, true, stream, sizes...); got != want {
				t.Fatalf("%x in chunks of %d: Gather\n%s\nNext\n%s", stream, sizes, got, want)
			}
		}
	}
}

func TestGatherIsNext(t *testing.T) {
	z := func(n int) string { return strings.Repeat("z", n) }
	for name, stream := range map[string][]byte{
		"small":           join(masked(0x82, "a"), masked(0x81, "bc"), masked(0x82, z(7)), masked(0x82, z(8)), masked(0x82, z(9))),
		"unrolled":        join(masked(0x82, z(63)), masked(0x82, z(64)), masked(0x82, z(125)), masked(0x82, z(126)), masked(0x82, z(200))),
		"empty":           join(masked(0x82, ""), masked(0x82, "a"), masked(0x82, ""), masked(0x82, "b"), masked(0x82, "")),
		"control between": join(masked(0x82, "PI"), masked(0x89, "?"), masked(0x82, "NG"), masked(0x88, "\x03\xe8bye"), masked(0x82, "x")),
		"fragments":       join(masked(0x82, "a"), masked(0x02, "b"), masked(0x89, ""), masked(0x00, "c"), masked(0x80, "d"), masked(0x82, "e")),
		"compressed":      join(masked(0x82, "a"), masked(0xc2, "\xf2\x48\xcd\xc9\xc9\x07\x00"), masked(0x82, "b"), masked(0x42, "\x00"), masked(0x80, "")),
		"unmasked":        join(masked(0x82, "a"), plain(0x82, "b"), masked(0x82, "c")),
		"reserved bit":    join(masked(0x82, "a"), masked(0xa2, "b")),
		"continuation":    join(masked(0x82, "a"), masked(0x80, "b")),
		"message open":    join(masked(0x02, "a"), masked(0x82, "b")),
		"unknown opcode":  join(masked(0x82, "a"), masked(0x83, "b")),
		"not minimal":     []byte("\x82\xfe\x00\x01abcd\x01\x82\xff\x00\x00\x00\x00\x00\x00\x00\x01abcd\x01\x82\x81abcd\x01"),
		"length":          []byte("\x82\x81abcd\x01\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00abcd"),
	} {
		t.Run(name, func(t *testing.T) {
			for _, d := range []ws.Decoder{server(), deflate(), noMasking(), client()} {
				checkGather(t, d, stream)
			}
		})
	}
}

func FuzzGather(f *testing.F) {
	f.Add(join(masked(0x82, "PI"), masked(0x89, "?"), masked(0x82, "NG"), masked(0x02, ""), masked(0x80, "x")), []byte{1, 20}, uint8(2))
	f.Add(join(masked(0x82, strings.Repeat("z", 300)), masked(0xc2, "\x00"), masked(0x81, strings.Repeat("y", 77))), []byte{200}, uint8(2))
	f.Fuzz(func(t *testing.T, stream, cuts []byte, opt uint8) {
		d := ws.NewDecoder(ws.Role(opt&1), ws.DecoderOptions{Deflate: opt&2 != 0, NoMasking: opt&4 != 0})
		sizes := []int{1}
		for _, c := range cuts {
			sizes = append(sizes, int(c))
		}
		if want, got := reading(t, d, false, stream, sizes...), reading(t, d, true, stream, sizes...); got != want {
			t.Fatalf("Gather\n%s\nNext\n%s", got, want)
		}
	})
}

// BenchmarkGather is a chunk of 32 KiB of PUBs of 128 bytes, each in a frame of its own; ns/op is for one of them. Next is
// the same by events. The chunk is copied before, as a read would: that is in the figure.
func BenchmarkGather(b *testing.B) {
	f := masked(0x82, "PUB foo.bar.baz 128\r\n"+strings.Repeat("x", 128)+"\r\n")
	n := 32 << 10 / len(f)
	chunk := bytes.Repeat(f, n)
	buf := make([]byte, len(chunk))
	d := server()
	run := func(name string, read func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(f)))
			for i := 0; i < b.N; i += n {
				copy(buf, chunk)
				read()
			}
		})
	}
	run("gather", func() {
		if payload, rest := d.Gather(buf); len(rest) > 0 || len(payload) == 0 {
			b.Fatal(len(rest))
		}
	})
	run("next", func() {
		for p := buf; len(p) > 0; {
			_, rest, err := d.Next(p)
			if err != nil {
				b.Fatal(err)
			}
			p = rest
		}
	})
}
