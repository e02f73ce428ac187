package main

import (
	"fmt"
	"strings"
	"testing"
)

const kib, mib = 1 << 10, 1 << 20

// multibyte is n bytes of text, most of them in characters of three bytes.
func multibyte(n int) string {
	s := strings.Repeat("€uro €ager ", n/15+1)[:n]
	for strings.HasSuffix(s, "\xe2") || strings.HasSuffix(s, "\xe2\x82") {
		s = s[:len(s)-1]
	}
	return s + strings.Repeat(".", n-len(s))
}

func TestLargeMessages(t *testing.T) {
	addr := serveEcho(t, plainPolicy)
	for _, size := range []int{64 * kib, 256 * kib, mib, 4 * mib, 8 * mib, 16 * mib} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			p := dial(t, addr, "", "")
			p.roundTrip(text, pattern(size), 0)
			p.roundTrip(binMsg, strings.Repeat("\x00\xfe\xff\x80", size/4), 0)
			p.bye()
		})
	}
	p := dial(t, addr, "", "")
	p.roundTrip(text, multibyte(mib), 0)
	p.bye()
}

// 4 MiB in fragments of 64 bytes to 4 MiB.
func TestLargeMessagesInFragments(t *testing.T) {
	addr := serveEcho(t, plainPolicy)
	message := multibyte(4 * mib)
	for size := 64; size <= 4*mib; size *= 4 {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			p := dial(t, addr, "", "")
			for _, b0 := range []byte{text, binMsg} {
				p.send(join(fragments(b0, message, size)...), 0)
				p.same(b0, message)
			}
			p.bye()
		})
	}
}

// 1 MiB in one frame that is written in pieces of 64 bytes to 2 KiB.
func TestLargeMessagesChopped(t *testing.T) {
	addr := serveEcho(t, plainPolicy)
	message := multibyte(mib)
	for chop := 64; chop <= 2*kib; chop *= 2 {
		t.Run(fmt.Sprint(chop), func(t *testing.T) {
			p := dial(t, addr, "", "")
			p.roundTrip(text, message, chop)
			p.roundTrip(binMsg, message, chop)
			p.bye()
		})
	}
}

// Many messages of one size, each awaited, and then all at once.
func TestManyMessages(t *testing.T) {
	addr := serveEcho(t, plainPolicy)
	const count = 200
	for _, size := range []int{0, 16, 64, 256, kib, 4 * kib} {
		for _, b0 := range []byte{text, binMsg} {
			t.Run(fmt.Sprintf("%#x of %d bytes", b0, size), func(t *testing.T) {
				p := dial(t, addr, "", "")
				for range count {
					p.roundTrip(b0, pattern(size), 0)
				}
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					p.send(strings.Repeat(frame(b0, pattern(size)), count), 0)
				}()
				for range count {
					p.same(b0, pattern(size))
				}
				<-sent
				p.bye()
			})
		}
	}
}

// One byte above 16 MiB is refused, in one frame, in fragments, and when only the first bytes of the frame have come.
func TestTooBig(t *testing.T) {
	addr := serveEcho(t, plainPolicy)
	message := strings.Repeat("x", maxMessage+1)
	for name, frames := range map[string][]string{
		"one frame":        {frame(binMsg, message)},
		"two fragments":    {frame(textMore, message[:maxMessage]), frame(cont, "x")},
		"no end":           {frame(binMore, message[:maxMessage]), frame(contMore, "x")},
		"with more behind": {frame(binMsg, message+message[:mib]), frame(text, "after")},
	} {
		t.Run(name, func(t *testing.T) {
			p := dial(t, addr, "", "")
			go p.send(join(frames...), 0)
			p.expect("close 1009", "end")
		})
	}
}

// What a header claims costs nothing until it comes.
func TestClaimedSize(t *testing.T) {
	p := dial(t, serveEcho(t, plainPolicy), "", "")
	p.send("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04some of it", 0)
	p.nc.Close()
}
