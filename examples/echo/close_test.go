package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestCloseCodes(t *testing.T) {
	good := []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4999}
	codes := []int{0, 1, 125, 500, 998, 999, 1100, 1999, 2000, 2500, 2999, 5000, 5001, 10000, 32768, 65535}
	for code := 1000; code <= 1020; code++ {
		codes = append(codes, code)
	}
	var list []exchange
	for _, code := range append(codes, 3000, 3001, 3999, 4000, 4999) {
		for name, reason := range map[string]string{"no reason": "", "a reason": "see you"} {
			want := "close 1002"
			if slices.Contains(good, code) {
				want = fmt.Sprintf("close %d", code)
			}
			list = append(list, exchange{fmt.Sprintf("%d, %s", code, name), []string{frame(closing, status(code, reason))}, []string{want}})
		}
	}
	run(t, serveEcho(t, plainPolicy), "", list)
}

func TestClosePayload(t *testing.T) {
	list := []exchange{
		{"empty", []string{frame(closing, "")}, []string{"close"}},
		{"one byte", []string{frame(closing, "a")}, []string{"close 1002"}},
		{"code only", []string{frame(closing, status(1000, ""))}, []string{"close 1000"}},
		{"reason of 123 bytes", []string{frame(closing, status(1000, pattern(123)))}, []string{"close 1000"}},
		{"reason of 124 bytes", []string{frame(closing, status(1000, pattern(124)))}, []string{"close 1002"}},
		{"reason of 123 bytes, all characters cut", []string{frame(closing, status(1000, strings.Repeat("é", 61)+"\xc3"))}, []string{"close 1007"}},
		{"reason in other scripts", []string{frame(closing, status(1000, "κόσμε 日本語 😀"))}, []string{"close 1000"}},
	}
	for _, b := range badTexts() {
		if len(b.text) < 100 {
			list = append(list, exchange{"reason with " + b.name, []string{frame(closing, status(1000, "bye"+b.text))}, []string{"close 1007"}})
		}
	}
	run(t, serveEcho(t, plainPolicy), "", list)
}

// The close frame comes back as it was sent.
func TestCloseIsEchoed(t *testing.T) {
	addr := serveEcho(t, plainPolicy)
	for _, payload := range []string{"", status(1000, ""), status(1001, "leaving"), status(4321, pattern(123))} {
		p := dial(t, addr, "", "")
		p.send(frame(closing, payload), 0)
		if b0, got := p.receive(); b0 != closing || got != payload {
			t.Errorf("got %x %q, want %q", b0, got, payload)
		}
		p.expect("end")
	}
}

// Whatever follows a close frame is not looked at, and nothing follows the server's.
func TestAfterClose(t *testing.T) {
	bye := frame(closing, status(1000, ""))
	large := pattern(256 << 10)
	run(t, serveEcho(t, plainPolicy), "", []exchange{
		{"message, then close", []string{frame(text, "hello"), bye}, []string{`text "hello"`, "close 1000"}},
		{"close twice", []string{bye, frame(closing, status(1001, ""))}, []string{"close 1000"}},
		{"close three times", []string{bye, bye, bye}, []string{"close 1000"}},
		{"ping after close", []string{bye, frame(ping, "")}, []string{"close 1000"}},
		{"text after close", []string{bye, frame(text, "hello")}, []string{"close 1000"}},
		{"text and ping after close", []string{bye, frame(text, "hello"), frame(ping, "")}, []string{"close 1000"}},
		{"bad frame after close", []string{bye, frame(0xf3, "")}, []string{"close 1000"}},
		{"close between fragments", []string{frame(textMore, "a"), bye, frame(cont, "b")}, []string{"close 1000"}},
		{"close instead of the last fragment", []string{frame(textMore, "a"), frame(contMore, "b"), bye}, []string{"close 1000"}},
		{"ping, then close", []string{frame(ping, "p"), bye}, []string{`pong "p"`, "close 1000"}},
		{"bad frame, then close", []string{frame(0x83, ""), bye}, []string{"close 1002"}},
	})
	p := dial(t, serveEcho(t, plainPolicy), "", "")
	p.send(join(frame(text, large), bye, frame(ping, "")), 0)
	p.same(text, large)
	p.expect("close 1000", "end")
}

// A client that is just gone leaves nothing behind; the cleanup of serveEcho waits for that.
func TestClientGone(t *testing.T) {
	addr := serveEcho(t, plainPolicy)
	for name, stream := range map[string]string{
		"at once": "", "in a header": "\x81", "in a mask": "\x81\x85\x01", "in a payload": frame(text, "hello")[:8],
		"between fragments": frame(textMore, "a"), "in a ping": frame(ping, "hello")[:8],
	} {
		t.Run(name, func(t *testing.T) {
			p := dial(t, addr, "", "")
			p.send(stream, 0)
			p.nc.Close()
		})
	}
}

// A peer that answers our close frame with more data, and without reading, still finds it.
func TestCloseIsNotLost(t *testing.T) {
	p := dial(t, serveEcho(t, plainPolicy), "", "")
	p.send(frame(0x83, "")+strings.Repeat(frame(binMsg, pattern(1000)), 1000), 0)
	p.expect("close 1002", "end")
}
