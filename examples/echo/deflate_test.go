package main

import (
	"bytes"
	stdflate "compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"

	"weir/ws"
)

var fullPolicy = ws.UpgradePolicy{Compression: true, Deflate: ws.DeflatePolicy{ContextTakeover: true}}

// deflatePeer compresses as most clients do: with one compressor and one window for the connection, or a new one for each
// message.
type deflatePeer struct {
	*peer
	out      *flate.Writer
	packed   bytes.Buffer
	takeover bool // ours

	windowSize     int // the server's
	serverTakeover bool
	window         []byte
}

const tail = "\x00\x00\xff\xff"

// dialDeflate offers and reads the answer, which has to be the wanted one.
func dialDeflate(t testing.TB, addr, offer, answer string) *deflatePeer {
	t.Helper()
	p := &deflatePeer{peer: dial(t, addr, offer, ""), windowSize: 1 << 15}
	if p.extensions != answer {
		t.Fatalf("offered %q, got %q, want %q", offer, p.extensions, answer)
	}
	p.serverTakeover = !strings.Contains(answer, "server_no_context_takeover")
	p.takeover = !strings.Contains(answer, "client_no_context_takeover")
	bits := 15
	for param := range strings.SplitSeq(answer, "; ") {
		switch name, value, _ := strings.Cut(param, "="); name {
		case "client_max_window_bits":
			fmt.Sscan(value, &bits)
		case "server_max_window_bits":
			var n int
			fmt.Sscan(value, &n)
			p.windowSize = 1 << n
		}
	}
	var err error
	if p.out, err = flate.NewWriterWindow(&p.packed, 1<<bits); err != nil {
		t.Fatal(err)
	}
	return p
}

// pack compresses one message.
func (p *deflatePeer) pack(message string) string {
	if p.packed.Reset(); !p.takeover {
		p.out.Reset(&p.packed)
	}
	io.WriteString(p.out, message)
	p.out.Flush()
	return strings.TrimSuffix(p.packed.String(), tail)
}

// unpack reads one message of the server's.
func (p *deflatePeer) unpack(packed string) string {
	p.Helper()
	r := stdflate.NewReaderDict(strings.NewReader(packed+tail+"\x01"+tail), p.window)
	message, err := io.ReadAll(r)
	if err != nil {
		p.Fatalf("%d bytes from the server do not inflate: %v", len(packed), err)
	}
	if p.serverTakeover {
		p.window = append(p.window, message...)
		p.window = bytes.Clone(p.window[max(0, len(p.window)-p.windowSize):])
	}
	return string(message)
}

// echoed reads a message, compressed or not, and returns the bytes on the wire.
func (p *deflatePeer) echoed(b0 byte, message string) int {
	p.Helper()
	got, payload := p.receive()
	n := len(payload)
	if got&rsv1 != 0 {
		payload = p.unpack(payload)
	}
	if got&^rsv1 != b0 || payload != message {
		p.Fatalf("got %s, want %s", said(got, payload), said(b0, message))
	}
	return n
}

// Offers and their answers, and what then goes over the connection: messages of each size with each kind of content.
func TestDeflateParameters(t *testing.T) {
	const (
		name     = "permessage-deflate"
		snt, cnt = "; server_no_context_takeover", "; client_no_context_takeover"
		smw, cmw = "; server_max_window_bits", "; client_max_window_bits"
	)
	addr := serveEcho(t, fullPolicy)
	for _, tt := range []struct{ name, offer, answer string }{
		{"nothing", name, name},
		{"server without takeover", name + snt, name + snt},
		{"client without takeover", name + cnt, name + cnt},
		{"both without takeover", name + snt + cnt, name + snt + cnt},
		{"client window open", name + cmw, name},
		{"client window 9", name + cmw + "=9", name + cmw + "=9"},
		{"server window 9", name + smw + "=9", name + smw + "=9"},
		{"server window 15", name + smw + "=15", name + smw + "=15"},
		{"server without takeover, window 9", name + snt + smw + "=9", name + snt + smw + "=9"},
		{"server without takeover, window 15", name + snt + smw + "=15", name + snt + smw + "=15"},
		{"everything", name + snt + cnt + smw + "=11" + cmw + "=10", name + snt + cnt + smw + "=11" + cmw + "=10"},
		{"fallback", name + snt + smw + "=7, " + name + snt + ", " + name, name + snt},
		{"three that would do", name + snt + smw + "=9, " + name + snt + ", " + name, name + snt + smw + "=9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := dialDeflate(t, addr, tt.offer, tt.answer)
			for _, kind := range contents {
				for _, size := range []int{16, 64, 256, kib, 4 * kib, 8 * kib, 16 * kib, 32 * kib, 64 * kib, 128 * kib} {
					for i := range max(1, 8-size/2000) {
						message := kind.make(i, size)
						p.send(frame(kind.b0|rsv1, p.pack(message)), 0)
						p.echoed(kind.b0, message)
					}
				}
			}
			p.bye()
		})
	}
}

// contents are makers of messages: number i of the given size.
var contents = []struct {
	name string
	b0   byte
	make func(i, size int) string
}{
	{"JSON", text, func(i, size int) string {
		var b strings.Builder
		for n := i; b.Len() < size; n++ {
			fmt.Fprintf(&b, `{"number":%d,"name":"sensor %d","value":%d.5},`, n, n%7, n*n%1009)
		}
		return b.String()[:size]
	}},
	{"text", text, func(i, size int) string { return multibyte(size) }},
	{"zeros", binMsg, func(i, size int) string { return strings.Repeat("\x00", size) }},
	{"noise", binMsg, noise},
}

func noise(i, size int) string {
	r, b := rand.New(rand.NewPCG(uint64(i), uint64(size))), make([]byte, size)
	for k := range b {
		b[k] = byte(r.Uint32())
	}
	return string(b)
}

// With takeover what was said before need not be said again, as far as the window reaches.
func TestDeflateTakeoverPays(t *testing.T) {
	addr := serveEcho(t, fullPolicy)
	message := strings.Repeat("some words that compress, ", 30) + noise(0, 500)
	for answer, again := range map[string]bool{
		"permessage-deflate":                             true,
		"permessage-deflate; client_no_context_takeover": true,
		"permessage-deflate; server_no_context_takeover": false,
		"permessage-deflate; server_max_window_bits=12":  true,
		"permessage-deflate; server_max_window_bits=9":   false, // the message is longer than the window
	} {
		p := dialDeflate(t, addr, answer, answer)
		var sizes [2]int
		for i := range sizes {
			p.send(frame(binMsg|rsv1, p.pack(message)), 0)
			sizes[i] = p.echoed(binMsg, message)
		}
		if sizes[0] < 500 || (sizes[1] < 100) != again {
			t.Errorf("%s: the server sends %d bytes", answer, sizes)
		}
		p.bye()
	}
}

func TestDeflateDeclined(t *testing.T) {
	addr := serveEcho(t, fullPolicy)
	for _, offer := range []string{
		"", "x-webkit-deflate-frame", "permessage-bzip2", "foo; permessage-deflate", "permessage-deflate; unknown",
		"permessage-deflate; server_max_window_bits", "permessage-deflate; server_max_window_bits=16",
		"permessage-deflate; server_max_window_bits=7", "permessage-deflate; client_max_window_bits=99",
		"permessage-deflate; server_no_context_takeover; server_no_context_takeover",
		"permessage-deflate; client_no_context_takeover=1",
	} {
		p := dialDeflate(t, addr, offer, "")
		p.roundTrip(text, pattern(1000), 0)
		p.send(frame(text|rsv1, "\xf2\x48\xcd\xc9\xc9\x07\x00"), 0)
		p.expect("close 1002", "end")
	}
}

// The examples of RFC 7692 §7.2.3, and other forms that inflate.
func TestDeflateForms(t *testing.T) {
	hello, packed := []string{`text "Hello"`}, "\xf2\x48\xcd\xc9\xc9\x07\x00"
	list := []exchange{
		{"one block", []string{frame(text|rsv1, packed)}, hello},
		{"in two fragments", []string{frame(textMore|rsv1, packed[:3]), frame(cont, packed[3:])}, hello},
		{"in fragments of a byte", fragments(text|rsv1, packed, 1), hello},
		{"last fragment is empty", []string{frame(textMore|rsv1, packed), frame(cont, "")}, hello},
		{"first fragment is empty", []string{frame(textMore|rsv1, ""), frame(cont, packed)}, hello},
		{"ping between fragments", []string{frame(textMore|rsv1, packed[:3]), frame(ping, "?"), frame(cont, packed[3:])},
			[]string{`pong "?"`, `text "Hello"`}},
		{"stored block", []string{frame(text|rsv1, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00")}, hello},
		{"final block", []string{frame(text|rsv1, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00")}, hello},
		{"two blocks", []string{frame(text|rsv1, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00")}, hello},
		{"empty message", []string{frame(binMsg|rsv1, "\x00")}, []string{`binary ""`}},
		{"plain messages, too", []string{frame(text, "Hello"), frame(text|rsv1, packed), frame(textMore, "Hel"), frame(cont, "lo")},
			[]string{hello[0], hello[0], hello[0]}},
		{"nothing at all", []string{frame(text|rsv1, "")}, []string{"close 1007"}},
		{"reserved block", []string{frame(text|rsv1, "\x06")}, []string{"close 1007"}},
		{"stored length", []string{frame(text|rsv1, "\x00\x05\x00\xfa\xfeHello\x00")}, []string{"close 1007"}},
		{"cut", []string{frame(text|rsv1, packed[:3])}, []string{"close 1007"}},
		{"distance before the beginning", []string{frame(text|rsv1, "\x02\x03\x00\x00\x00")}, []string{"close 1007"}},
		{"bad after good", []string{frame(text|rsv1, packed), frame(text|rsv1, "\x06")}, []string{hello[0], "close 1007"}},
	}
	run(t, serveEcho(t, fullPolicy), "permessage-deflate; client_no_context_takeover", list)
	// RFC 7692 §7.2.3.2: the second message is a reference to the first.
	again := []exchange{{"takeover", []string{frame(text|rsv1, packed), frame(text|rsv1, "\xf2\x00\x11\x00\x00")}, []string{hello[0], hello[0]}}}
	run(t, serveEcho(t, fullPolicy), "permessage-deflate", again)
}

// Compressed text is checked, too.
func TestDeflateInvalidUTF8(t *testing.T) {
	addr := serveEcho(t, fullPolicy)
	for _, b := range badTexts() {
		p := dialDeflate(t, addr, "permessage-deflate", "permessage-deflate")
		p.send(frame(binMsg|rsv1, p.pack(b.text)), 0)
		p.echoed(binMsg, b.text)
		p.send(frame(text|rsv1, p.pack("κόσμε"+b.text+"edited")), 0)
		p.expect("close 1007", "end")
	}
}

// 16 MiB is the limit after inflating; a bomb is refused without being inflated to its end.
func TestDeflateLimits(t *testing.T) {
	addr := serveEcho(t, fullPolicy)
	p := dialDeflate(t, addr, "permessage-deflate", "permessage-deflate")
	largest := strings.Repeat("0123456789abcdef", mib)
	p.send(frame(text|rsv1, p.pack(largest)), 0)
	p.echoed(text, largest)
	grows := strings.Repeat(noise(1, 40*kib), maxMessage/(40*kib)+1)[:maxMessage] // what repeats is out of the window
	p.send(join(fragments(binMsg|rsv1, p.pack(grows), 64*kib)...), 0)
	p.echoed(binMsg, grows)
	p.send(frame(text|rsv1, p.pack(largest+"x")), 0)
	p.expect("close 1009", "end")
}

// A compressed message in frames of many sizes, and in writes of others.
func TestDeflateFragments(t *testing.T) {
	addr := serveEcho(t, fullPolicy)
	p := dialDeflate(t, addr, "permessage-deflate", "permessage-deflate")
	message := contents[0].make(0, 128*kib)
	for _, size := range []int{7, 64, 256, kib, 4 * kib} {
		for _, chop := range []int{0, 1000} {
			p.send(join(fragments(text|rsv1, p.pack(message), size)...), chop)
			p.echoed(text, message)
		}
	}
	p.bye()
}
