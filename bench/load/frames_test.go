package load

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"slices"
	"testing"
)

// serverFrame makes one unmasked frame.
func serverFrame(first byte, payload []byte) []byte {
	switch n := len(payload); {
	case n < 126:
		return append([]byte{first, byte(n)}, payload...)
	case n < 1<<16:
		return append(binary.BigEndian.AppendUint16([]byte{first, 126}, uint16(n)), payload...)
	default:
		return append(binary.BigEndian.AppendUint64([]byte{first, 127}, uint64(n)), payload...)
	}
}

// pack deflates a message as RFC 7692 §7.2.1 wants it: flushed, without the last four bytes.
func pack(t *testing.T, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(body)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte{0x00, 0x00, 0xff, 0xff})
}

func TestFramesAreTheSameHoweverTheyAreCut(t *testing.T) {
	small, medium, large := []byte("one"), Documents(1, 300)[0], Documents(1, 70_000)[0]
	packed := pack(t, large)
	stream := slices.Concat(
		serverFrame(bitFin|opBinary, small),
		serverFrame(bitFin|0x9, []byte("ping")),
		serverFrame(bitFin|opText, medium),
		serverFrame(opBinary, small), serverFrame(bitFin|0xa, nil), serverFrame(bitFin|opContinuation, medium),
		serverFrame(bitFin|opBinary, nil),
		serverFrame(bitFin|opBinary|bitCompressed, packed),
		serverFrame(opBinary|bitCompressed, packed[:10]), serverFrame(opContinuation, packed[10:]), serverFrame(bitFin|opContinuation, nil),
		serverFrame(bitFin|opBinary, large),
	)
	want := slices.Concat(small, medium, small, medium, large, large, large)
	for _, size := range []int{1, 2, 3, 7, 125, 4096, len(stream)} {
		var f frames
		var got []byte
		for part := range slices.Chunk(stream, size) {
			if err := f.feed(part, func(b []byte) error { got = append(got, b...); return nil }); err != nil {
				t.Fatalf("chunks of %d: %v", size, err)
			}
		}
		if !bytes.Equal(got, want) {
			t.Errorf("chunks of %d: %d bytes of payload, want %d", size, len(got), len(want))
		}
	}
}

func TestFramesRefuse(t *testing.T) {
	for name, stream := range map[string][]byte{
		"a close":        serverFrame(bitFin|opClose, []byte{0x03, 0xe8}),
		"an empty close": serverFrame(bitFin|opClose, nil),
		"a masked frame": {bitFin | opBinary, bitMask | 1, 1, 2, 3, 4, 5},
		"broken deflate": serverFrame(bitFin|opBinary|bitCompressed, []byte{0x07}),
	} {
		var f frames
		if err := f.feed(stream, func([]byte) error { return nil }); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestAppendFrame(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 125, 126, 65_535, 65_536, 100_003} {
		body := make([]byte, n)
		for i := range body {
			body[i] = byte(i)
		}
		frame := appendFrame([]byte("before"), bitFin|opBinary, body)[len("before"):]
		header := serverFrame(bitFin|opBinary, body)
		header = header[:len(header)-n]
		header[1] |= bitMask
		if !bytes.HasPrefix(frame, header) {
			t.Fatalf("%d bytes: header % x, want % x", n, frame[:len(header)], header)
		}
		key, payload := frame[len(header):len(header)+4], frame[len(header)+4:]
		for i := range payload {
			payload[i] ^= key[i%4]
		}
		if !bytes.Equal(payload, body) {
			t.Errorf("%d bytes do not come back unmasked", n)
		}
	}
}

// The reader must cost the machine little, or it is the load that is measured.
func TestReadingDoesNotAllocate(t *testing.T) {
	msg := bytes.Replace(AppendPub(nil, "market.prices", "", Documents(1, 128)[0]), []byte("PUB market.prices"), []byte("MSG market.prices 1"), 1)
	c := &Client{via: WS, ops: ops{size: MsgSize("market.prices", "", 128)}}
	c.data = func(b []byte) error { return c.ops.feed(b, nil) }
	stream := slices.Concat(serverFrame(bitFin|opBinary, msg), serverFrame(bitFin|opBinary, []byte("PONG\r\n")))
	allocs := testing.AllocsPerRun(100, func() {
		if err := c.feed(stream); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 0 || c.ops.messages != 101 || c.ops.pongs != 101 {
		t.Errorf("%v allocations, %d messages, %d pongs", allocs, c.ops.messages, c.ops.pongs)
	}
}
