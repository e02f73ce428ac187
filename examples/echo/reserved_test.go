package main

import (
	"fmt"
	"testing"

	"weir/ws"
)

// Reserved bits without an extension that defines them: the connection fails with the header, and what was complete
// before is answered.
func TestReservedBits(t *testing.T) {
	var list []exchange
	for rsv := byte(1); rsv < 8; rsv++ {
		for name, b0 := range map[string]byte{"text": text, "binary": binMsg, "close": closing, "ping": ping, "pong": pong, "continuation": cont} {
			bad := b0 | rsv<<4
			list = append(list,
				exchange{fmt.Sprintf("%s with %03b", name, rsv), []string{frame(bad, "small")}, []string{"close 1002"}},
				exchange{fmt.Sprintf("%s with %03b, empty", name, rsv), []string{frame(bad, "")}, []string{"close 1002"}},
				exchange{fmt.Sprintf("%s with %03b between others", name, rsv),
					[]string{frame(text, "before"), frame(bad, "small"), frame(ping, "after"), frame(text, "after")},
					[]string{`text "before"`, "close 1002"}})
		}
		list = append(list, exchange{fmt.Sprintf("continuation with %03b of a message", rsv),
			[]string{frame(textMore, "a"), frame(cont|rsv<<4, "b")}, []string{"close 1002"}})
	}
	run(t, serveEcho(t, plainPolicy), "", list)
}

// With compression only RSV1 has a meaning, and only on the first frame of a message.
func TestReservedBitsWithDeflate(t *testing.T) {
	const packed = "\xf2\x48\xcd\xc9\xc9\x07\x00" // RFC 7692 §7.2.3.1
	var list []exchange
	for rsv := byte(1); rsv < 8; rsv++ {
		for name, b0 := range map[string]byte{"text": text, "binary": binMsg} {
			if rsv != 4 {
				list = append(list, exchange{fmt.Sprintf("%s with %03b", name, rsv), []string{frame(b0|rsv<<4, packed)}, []string{"close 1002"}})
			}
		}
		for name, b0 := range map[string]byte{"close": closing, "ping": ping, "pong": pong} {
			list = append(list, exchange{fmt.Sprintf("%s with %03b", name, rsv), []string{frame(b0|rsv<<4, "")}, []string{"close 1002"}})
		}
		list = append(list,
			exchange{fmt.Sprintf("continuation with %03b", rsv),
				[]string{frame(textMore|rsv1, packed[:3]), frame(cont|rsv<<4, packed[3:])}, []string{"close 1002"}},
			exchange{fmt.Sprintf("continuation with %03b of a plain message", rsv),
				[]string{frame(textMore, "a"), frame(cont|rsv<<4, packed)}, []string{"close 1002"}})
	}
	list = append(list,
		exchange{"text with 100", []string{frame(text|rsv1, packed)}, []string{`text "Hello"`}},
		exchange{"text in fragments with 100", []string{frame(textMore|rsv1, packed[:3]), frame(cont, packed[3:])}, []string{`text "Hello"`}})
	run(t, serveEcho(t, ws.UpgradePolicy{Compression: true}), "permessage-deflate", list)
}
