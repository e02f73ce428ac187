package main

import (
	"fmt"
	"strings"
	"testing"
)

// pattern is n bytes of text: numbers, which repeat after 64 KiB less 15 bytes.
func pattern(n int) string { return strings.Repeat(numbers, n/len(numbers)+1)[:n] }

var numbers = func() string {
	var b strings.Builder
	for i := range 8 << 10 {
		fmt.Fprintf(&b, "%07d ", i)
	}
	return b.String()[15:]
}()

// roundTrip sends a message in one frame and wants the same back in one frame.
func (p *peer) roundTrip(b0 byte, message string, chop int) {
	p.Helper()
	p.send(frame(b0, message), chop)
	p.same(b0, message)
}

// same reads one message.
func (p *peer) same(b0 byte, message string) {
	p.Helper()
	if got, payload := p.receive(); got != b0 || payload != message {
		p.Fatalf("got %s, want %s", said(got, payload), said(b0, message))
	}
}

func TestFraming(t *testing.T) {
	addr := serveEcho(t, plainPolicy)
	for _, size := range []int{0, 1, 124, 125, 126, 127, 128, 65534, 65535, 65536, 65537} {
		for _, b0 := range []byte{text, binMsg} {
			for _, chop := range []int{0, 1, 13, 997} {
				if chop == 1 && size > 200 {
					continue
				}
				t.Run(fmt.Sprintf("%#x of %d bytes in pieces of %d", b0, size, chop), func(t *testing.T) {
					p := dial(t, addr, "", "")
					message := pattern(size)
					if b0 == binMsg {
						message = strings.ReplaceAll(message, "1", "\xfe")
					}
					p.roundTrip(b0, message, chop)
					p.bye()
				})
			}
		}
	}
}

// All sizes one after the other, and all opcodes mixed, on one connection.
func TestFramingOneConnection(t *testing.T) {
	p := dial(t, serveEcho(t, plainPolicy), "", "")
	for size := range 300 {
		p.roundTrip(text, pattern(size), 0)
		p.roundTrip(binMsg, pattern(size), 0)
	}
	var stream string
	for size := range 300 {
		stream += frame(binMsg, pattern(size))
	}
	p.send(stream, 0)
	for size := range 300 {
		p.same(binMsg, pattern(size))
	}
	p.bye()
}

func TestHeaders(t *testing.T) {
	key := "\x01\x02\x03\x04"
	run(t, serveEcho(t, plainPolicy), "", []exchange{
		{"zero mask", []string{"\x81\x85\x00\x00\x00\x00hello"}, []string{`text "hello"`}},
		{"mask with all bits", []string{"\x82\x82\xff\xff\xff\xff\x00\xff"}, []string{`binary "\xff\x00"`}},
		{"16-bit length for 5 bytes", []string{"\x82\xfe\x00\x05\x00\x00\x00\x00hello"}, []string{`binary "hello"`}},
		{"64-bit length for 5 bytes", []string{"\x82\xff\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00hello"}, []string{`binary "hello"`}},
		{"64-bit length with top bit", []string{"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x05" + key}, []string{"close 1002"}},
		{"no mask", []string{"\x81\x05hello"}, []string{"close 1002"}},
		{"no mask, empty", []string{"\x81\x00"}, []string{"close 1002"}},
		{"ping without mask", []string{"\x89\x00"}, []string{"close 1002"}},
		{"close without mask", []string{"\x88\x00"}, []string{"close 1002"}},
		{"message, then no mask", []string{frame(text, "a"), "\x81\x01b", frame(text, "c")}, []string{`text "a"`, "close 1002"}},
	})
}

// A client ought to wait for the 101; what it sends before is not lost.
func TestBytesWithTheRequest(t *testing.T) {
	addr := serveEcho(t, plainPolicy)
	for _, cut := range []int{1, 5, 200} {
		f := frame(text, pattern(194))
		p := dial(t, addr, "", f[:cut])
		p.send(f[cut:], 0)
		p.same(text, pattern(194))
		p.bye()
	}
}
