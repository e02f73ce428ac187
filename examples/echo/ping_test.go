package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestPing(t *testing.T) {
	longest := strings.Repeat("\xfe", 125)
	var ten, answers []string
	for i := range 10 {
		ten = append(ten, frame(ping, fmt.Sprintf("ping %d", i)))
		answers = append(answers, fmt.Sprintf(`pong "ping %d"`, i))
	}
	tooLong := "control frame of more than 125 bytes, "
	run(t, serveEcho(t, plainPolicy), "", []exchange{
		{"ping, empty", []string{frame(ping, "")}, []string{`pong ""`}},
		{"ping with text", []string{frame(ping, "Hello, world!")}, []string{`pong "Hello, world!"`}},
		{"ping with binary", []string{frame(ping, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff")}, []string{`pong "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"`}},
		{"longest ping", []string{frame(ping, longest)}, []string{fmt.Sprintf("pong %q", longest)}},
		{tooLong + "ping", []string{frame(ping, longest+"x")}, []string{"close 1002"}},
		{tooLong + "ping with a 64-bit length", []string{"\x89\xff\x00\x00\x00\x00\x00\x00\x00\x7e\x01\x02\x03\x04"}, []string{"close 1002"}},
		{tooLong + "pong", []string{frame(pong, longest+"x")}, []string{"close 1002"}},
		{"pong, empty", []string{frame(pong, "")}, nil},
		{"pong with text", []string{frame(pong, "unasked")}, nil},
		{"pong, then ping", []string{frame(pong, "unasked"), frame(ping, "asked")}, []string{`pong "asked"`}},
		{"ten pings", ten, answers},
		{"pings around a message", []string{frame(ping, "1"), frame(text, "hello"), frame(ping, "2")},
			[]string{`pong "1"`, `text "hello"`, `pong "2"`}},
	})
}

// Pings of every length on one connection, each answered before the next.
func TestPingLengths(t *testing.T) {
	p := dial(t, serveEcho(t, plainPolicy), "", "")
	for n := range 126 {
		p.send(frame(ping, pattern(n)), n%3)
		p.same(pong, pattern(n))
	}
	p.bye()
}
