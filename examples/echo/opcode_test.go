package main

import (
	"fmt"
	"testing"
)

// Opcodes that RFC 6455 §5.2 reserves, for data and for control frames.
func TestReservedOpcodes(t *testing.T) {
	var list []exchange
	for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		list = append(list,
			exchange{fmt.Sprintf("%d, empty", op), []string{frame(0x80|op, "")}, []string{"close 1002"}},
			exchange{fmt.Sprintf("%d with payload", op), []string{frame(0x80|op, "small payload")}, []string{"close 1002"}},
			exchange{fmt.Sprintf("%d without FIN", op), []string{frame(op, "small"), frame(cont, "payload")}, []string{"close 1002"}},
			exchange{fmt.Sprintf("%d with a long payload", op), []string{frame(0x80|op, pattern(300))}, []string{"close 1002"}},
			exchange{fmt.Sprintf("%d after a message, before a ping", op),
				[]string{frame(text, "before"), frame(0x80|op, ""), frame(ping, "")}, []string{`text "before"`, "close 1002"}},
			exchange{fmt.Sprintf("%d with payload after a message, before a ping", op),
				[]string{frame(binMsg, "before"), frame(0x80|op, "small"), frame(ping, "")}, []string{`binary "before"`, "close 1002"}},
			exchange{fmt.Sprintf("%d between fragments", op),
				[]string{frame(textMore, "a"), frame(0x80|op, ""), frame(cont, "b")}, []string{"close 1002"}})
	}
	run(t, serveEcho(t, plainPolicy), "", list)
}
