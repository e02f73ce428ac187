package main

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// encode is the pattern of UTF-8 for any value in n bytes, legal or not: 1 to 6 as in its first definition.
func encode(value, n int) string {
	if n == 1 {
		return string([]byte{byte(value)})
	}
	b := make([]byte, n)
	for i := n - 1; i > 0; i-- {
		b[i] = 0x80 | byte(value&0x3f)
		value >>= 6
	}
	b[0] = byte(0xff<<(8-n)) | byte(value)
	return string(b)
}

// badText is a text that is not UTF-8, and the number of bytes that show it.
type badText struct {
	name, text string
	shown      int
}

// badTexts are the families of RFC 3629 §3, §4 and §10. What shows them is found by trying, not by a table.
func badTexts() (list []badText) {
	add := func(name, s string) {
		shown := 1
		for viable(s[:shown]) {
			shown++
			if shown > len(s) {
				panic(name + " is viable")
			}
		}
		list = append(list, badText{name, s, shown})
	}
	for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 64} {
		add(fmt.Sprintf("%d continuation bytes", n), strings.Repeat("\x80\xbf", n)[:n])
	}
	for c := 0x80; c < 0xc0; c += 7 {
		add(fmt.Sprintf("lone %02x", c), string([]byte{byte(c)}))
	}
	for c := 0xc0; c <= 0xff; c++ { // no character begins with these, or the space does not continue it
		add(fmt.Sprintf("%02x and a space", c), string([]byte{byte(c), ' '}))
	}
	for n := 2; n <= 6; n++ {
		full := encode(1<<(5*n), n)
		for cut := 1; cut < n; cut++ {
			add(fmt.Sprintf("%d of %d bytes, then ASCII", cut, n), full[:cut]+"a")
			add(fmt.Sprintf("%d of %d bytes, then another", cut, n), full[:cut]+"\xc3\xa9")
		}
	}
	for n := 2; n <= 6; n++ {
		least := []int{0, 0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000}[n]
		for name, value := range map[string]int{"NUL": 0, "slash": '/', "largest": least - 1} {
			add(fmt.Sprintf("overlong %s in %d bytes", name, n), encode(value, n))
		}
	}
	for _, value := range []int{0xd800, 0xdb7f, 0xdb80, 0xdbff, 0xdc00, 0xdf80, 0xdfff} {
		add(fmt.Sprintf("surrogate %x", value), encode(value, 3))
	}
	for _, high := range []int{0xd800, 0xdb7f, 0xdb80, 0xdbff} {
		for _, low := range []int{0xdc00, 0xdfff} {
			add(fmt.Sprintf("surrogates %x and %x", high, low), encode(high, 3)+encode(low, 3))
		}
	}
	add("above the last", encode(0x110000, 4))
	add("largest of 4 bytes", encode(0x1fffff, 4))
	add("first of 5 bytes", encode(0x200000, 5))
	add("largest of 5 bytes", encode(0x3ffffff, 5))
	add("first of 6 bytes", encode(0x4000000, 6))
	add("largest of 6 bytes", encode(0x7fffffff, 6))
	add("FE FE FF FF", "\xfe\xfe\xff\xff")
	add("UTF-16", "\xff\xfeh\x00i\x00")
	return list
}

// viable reports whether something could follow p that makes it UTF-8.
func viable(p string) bool {
	for _, tail := range []string{"", "\x80", "\x90", "\xa0", "\x80\x80", "\x90\x80", "\xa0\x80", "\x80\x80\x80", "\x90\x80\x80"} {
		if utf8.ValidString(p + tail) {
			return true
		}
	}
	return false
}

func goodTexts() []string {
	list := []string{
		"", "\x00", "Hello-µ@ßöäüàá-UTF-8!!", "κόσμε", "日本語", "😀 🏁",
		"\x7f\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff",
		"\ufeff with a mark", "\ufffd replaced",
	}
	for plane := range 17 { // no characters, but legal
		list = append(list, string([]rune{rune(plane<<16 | 0xfffe), rune(plane<<16 | 0xffff)}))
	}
	return append(list, string([]rune{0xfdd0, 0xfdef}))
}

func TestValidUTF8(t *testing.T) {
	addr := serveEcho(t, plainPolicy)
	p := dial(t, addr, "", "")
	for _, s := range goodTexts() {
		p.roundTrip(text, s, 0)
		p.roundTrip(text, s, 1)
		for n := range 4 { // cut inside of characters, in frames and in writes
			p.send(join(fragments(text, s, n+1)...), 0)
			p.same(text, s)
			p.send(join(fragments(text, "a"+s+"z", n+1)...), 1)
			p.same(text, "a"+s+"z")
		}
	}
	p.bye()
}

func TestInvalidUTF8(t *testing.T) {
	var list []exchange
	bad := []string{"close 1007"}
	for _, b := range badTexts() {
		s := "κόσμε" + b.text + "edited"
		list = append(list,
			exchange{b.name + ", one frame", []string{frame(text, s)}, bad},
			exchange{b.name + ", alone", []string{frame(text, b.text)}, bad},
			exchange{b.name + ", in fragments of a byte", fragments(text, s, 1), bad},
			exchange{b.name + ", after a message", []string{frame(text, "κόσμε"), frame(text, s), frame(text, "x")}, []string{`text "κόσμε"`, "close 1007"}})
	}
	for n := 2; n <= 4; n++ { // all right so far, but the message ends
		full := string(rune([]int{2: 0xe9, 3: 0x20ac, 4: 0x1f600}[n]))
		for cut := 1; cut < n; cut++ {
			name := fmt.Sprintf("ends after %d of %d bytes", cut, n)
			list = append(list,
				exchange{name, []string{frame(text, "abc"+full[:cut])}, bad},
				exchange{name + ", then an empty fragment", []string{frame(textMore, full[:cut]), frame(cont, "")}, bad},
				exchange{name + ", and the rest comes in another message", []string{frame(text, full[:cut]), frame(text, full[cut:])}, bad})
		}
	}
	run(t, serveEcho(t, plainPolicy), "", list)
}

// The server closes with the byte that shows it, and not before: the rest is never sent.
func TestInvalidUTF8FailsFast(t *testing.T) {
	addr := serveEcho(t, plainPolicy)
	for _, b := range badTexts() {
		for _, before := range []string{"", "κόσμε"} {
			good, last := before+b.text[:b.shown-1], b.text[b.shown-1:b.shown]

			p := dial(t, addr, "", "") // by fragments
			p.send(frame(textMore, good), 0)
			p.send(frame(ping, "still there?"), 0)
			p.expect(`pong "still there?"`)
			p.send(frame(contMore, last), 0)
			p.expect("close 1007", "end")
			p.nc.Close()

			p = dial(t, addr, "", "") // inside of a frame that claims 100 bytes more
			claimed := frame(text, good+last+pattern(100))
			p.send(claimed[:len(claimed)-100], 1)
			p.expect("close 1007", "end")
			p.nc.Close()
		}
	}
}

// Binary messages may hold anything.
func TestBinaryIsNotText(t *testing.T) {
	p := dial(t, serveEcho(t, plainPolicy), "", "")
	for _, b := range badTexts() {
		p.roundTrip(binMsg, b.text, 0)
		p.send(join(fragments(binMsg, b.text, 1)...), 0)
		p.same(binMsg, b.text)
	}
	p.bye()
}
