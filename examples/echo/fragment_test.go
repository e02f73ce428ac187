package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestFragmentedControl(t *testing.T) {
	run(t, serveEcho(t, plainPolicy), "", []exchange{
		{"ping in two", []string{frame(ping&^0x80, "frag"), frame(cont, "ment")}, []string{"close 1002"}},
		{"pong in two", []string{frame(pong&^0x80, "frag"), frame(cont, "ment")}, []string{"close 1002"}},
		{"close in two", []string{frame(closing&^0x80, status(1000, "")), frame(cont, "bye")}, []string{"close 1002"}},
		{"empty ping without FIN", []string{frame(ping&^0x80, "")}, []string{"close 1002"}},
		{"ping in two between fragments", []string{frame(textMore, "a"), frame(ping&^0x80, "b"), frame(cont, "c")}, []string{"close 1002"}},
	})
}

func TestFragments(t *testing.T) {
	var list []exchange
	for name, b0 := range map[string]byte{"text": text, "binary": binMsg} {
		more, echo := b0&^0x80, func(s string) string { return fmt.Sprintf("%s %q", name, s) }
		whole := "fragment1fragment2"
		list = append(list,
			exchange{name + " in two", []string{frame(more, whole[:9]), frame(cont, whole[9:])}, []string{echo(whole)}},
			exchange{name + " in two, ping between", []string{frame(more, whole[:9]), frame(ping, "?"), frame(cont, whole[9:])},
				[]string{`pong "?"`, echo(whole)}},
			exchange{name + " in two, pong between", []string{frame(more, whole[:9]), frame(pong, "!"), frame(cont, whole[9:])}, []string{echo(whole)}},
			exchange{name + " byte by byte", fragments(b0, whole, 1), []string{echo(whole)}},
			exchange{name + " of empty frames", []string{frame(more, ""), frame(contMore, ""), frame(cont, "")}, []string{echo("")}},
			exchange{name + ", first is empty", []string{frame(more, ""), frame(cont, "x")}, []string{echo("x")}},
			exchange{name + ", last is empty", []string{frame(more, "x"), frame(cont, "")}, []string{echo("x")}},
			exchange{name + ", middle is empty", []string{frame(more, "x"), frame(contMore, ""), frame(cont, "y")}, []string{echo("xy")}},
			exchange{name + " twice", []string{frame(more, "a"), frame(cont, "b"), frame(more, "c"), frame(cont, "d")}, []string{echo("ab"), echo("cd")}},
			exchange{name + ", fragmented and whole", []string{frame(more, "a"), frame(cont, "b"), frame(b0, "c")}, []string{echo("ab"), echo("c")}},
			exchange{name + " in five with two pings",
				[]string{frame(more, "1"), frame(contMore, "2"), frame(ping, "a"), frame(contMore, "3"), frame(contMore, "4"), frame(ping, "b"), frame(cont, "5")},
				[]string{`pong "a"`, `pong "b"`, echo("12345")}})
		pinged := exchange{name: name + " with a ping before each"}
		for _, f := range fragments(b0, whole, 3) {
			pinged.send = append(pinged.send, frame(ping, "p"), f)
			pinged.want = append(pinged.want, `pong "p"`)
		}
		pinged.want = append(pinged.want, echo(whole))
		list = append(list, pinged)
	}
	run(t, serveEcho(t, plainPolicy), "", list)
}

// Continuations of nothing, and messages inside of messages (RFC 6455 §5.4).
func TestFragmentOrder(t *testing.T) {
	hello := frame(text, "Hello, world!")
	fail := []string{"close 1002"}
	var list []exchange
	for name, b0 := range map[string]byte{"with FIN": cont, "without FIN": contMore} {
		list = append(list,
			exchange{"continuation " + name, []string{frame(b0, "nothing to continue")}, fail},
			exchange{"empty continuation " + name, []string{frame(b0, "")}, fail},
			exchange{"continuation " + name + ", then a message", []string{frame(b0, "nothing to continue"), hello}, fail},
			exchange{"continuation " + name + " after a message", []string{hello, frame(b0, "nothing to continue"), hello},
				[]string{`text "Hello, world!"`, "close 1002"}},
			exchange{"continuation " + name + " after fragments",
				[]string{frame(textMore, "a"), frame(cont, "b"), frame(b0, "nothing to continue"), hello}, []string{`text "ab"`, "close 1002"}},
			exchange{"continuation " + name + " after a ping", []string{frame(ping, "p"), frame(b0, "x"), hello}, []string{`pong "p"`, "close 1002"}},
			exchange{"continuation " + name + " between whole messages, again and again",
				[]string{frame(b0, "x"), hello, frame(b0, "x"), hello}, fail})
	}
	for name, b0 := range map[string]byte{"text": text, "binary": binMsg, "text without FIN": textMore, "binary without FIN": binMore} {
		list = append(list,
			exchange{name + " inside of text", []string{frame(textMore, "a"), frame(b0, "b")}, fail},
			exchange{name + " inside of binary", []string{frame(binMore, "a"), frame(b0, "b")}, fail},
			exchange{name + " inside, later", []string{frame(textMore, "a"), frame(contMore, "b"), frame(ping, "p"), frame(b0, "c"), frame(cont, "d")},
				[]string{`pong "p"`, "close 1002"}},
			exchange{name + " inside, empty", []string{frame(binMore, ""), frame(b0, "")}, fail})
	}
	run(t, serveEcho(t, plainPolicy), "", list)
}

// Between fragments a ping is answered before the message goes on.
func TestPingWhileFragmented(t *testing.T) {
	p := dial(t, serveEcho(t, plainPolicy), "", "")
	var message string
	for i, b0 := range []byte{textMore, contMore, contMore, contMore} {
		piece := fmt.Sprintf("fragment %d, ", i)
		message += piece
		p.send(frame(b0, piece), 0)
		p.send(frame(ping, piece), 0)
		p.same(pong, piece)
	}
	p.send(frame(cont, "end"), 0)
	p.same(text, message+"end")
	p.bye()
}

// A message of 64 KiB in fragments of many sizes.
func TestFragmentSizes(t *testing.T) {
	p := dial(t, serveEcho(t, plainPolicy), "", "")
	message := pattern(65536)
	for _, size := range []int{100, 125, 126, 127, 1300, 4096, 65535, 65536} {
		p.send(strings.Join(fragments(binMsg, message, size), ""), 0)
		p.same(binMsg, message)
	}
	p.bye()
}
