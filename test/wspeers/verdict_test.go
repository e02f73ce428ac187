package wspeers_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"weir/ws"
)

// masked is a frame with any first byte.
func masked(b0 byte, payload string) string {
	mask := ws.NewMaskKey()
	f := ws.AppendHeader(nil, true, false, ws.OpBinary, len(payload), &mask)
	f[0] = b0
	head := len(f)
	f = append(f, payload...)
	ws.Mask(f[head:], mask, 0)
	return string(f)
}

// What a server has to say about bad frames, and how it answers a goodbye: the same, but where others are known to differ.
func TestSameVerdict(t *testing.T) {
	const coder, gws = "coder", "gws"
	list := []struct {
		name, stream string
		code         ws.CloseCode
		differs      string
	}{
		{"RSV1", masked(0xc1, "x"), 1002, ""},
		{"RSV2", masked(0xa1, "x"), 1002, ""},
		{"RSV3", masked(0x91, "x"), 1002, ""},
		{"opcode 3", masked(0x83, "x"), 1002, ""},
		{"opcode 11", masked(0x8b, ""), 1002, ""},
		{"no mask", "\x81\x01x", 1002, coder}, // ends without a close frame
		{"ping in fragments", masked(0x09, "x"), 1002, ""},
		{"long ping", masked(0x89, strings.Repeat("x", 126)), 1002, ""},
		{"continuation of nothing", masked(0x80, "x"), 1002, ""},
		{"message in a message", masked(0x01, "x") + masked(0x81, "y"), 1002, ""},
		{"close of a byte", masked(0x88, "x"), 1002, ""},
		{"close 999", masked(0x88, "\x03\xe7"), 1002, ""},
		{"close 1005", masked(0x88, "\x03\xed"), 1002, ""},
		{"close 5000", masked(0x88, "\x13\x88"), 1002, ""},
		{"close reason", masked(0x88, "\x03\xe8\xff"), 1007, coder}, // repeats it
		{"text", masked(0x81, "\xff"), 1007, coder},                 // does not look
		{"close 1000", masked(0x88, "\x03\xe8"), 1000, ""},
		{"close 1001", masked(0x88, "\x03\xe9"), 1001, gws}, // says 1000
		{"close 3000", masked(0x88, "\x0b\xb8"), 3000, ""},
		{"close 4999", masked(0x88, "\x13\x87"), 4999, ""},
		{"close empty", masked(0x88, ""), ws.CloseNoStatus, ""},
	}
	for name, start := range servers {
		url := start(t, mode{}).url
		for _, tt := range list {
			if tt.differs == name {
				continue
			}
			peer := weirClient(t, url, mode{}).(*weirPeer)
			if _, err := io.WriteString(peer.nc, tt.stream); err != nil {
				t.Fatal(err)
			}
			_, _, err := peer.receive()
			var end *closed
			if !errors.As(err, &end) || end.code != tt.code {
				t.Errorf("%s, %s: %v, want %d", name, tt.name, err, tt.code)
			}
		}
	}
}
