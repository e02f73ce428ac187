package load

import (
	"slices"
	"strings"
	"testing"
)

func TestOpsAreTheSameHoweverTheyAreCut(t *testing.T) {
	const subject, reply = "a.subject", "_INBOX.1"
	msg := "MSG " + subject + " 1 " + reply + " 5\r\nhe\r\no\r\n"
	stream := "INFO {\"x\":1} \r\n" + msg + "PING\r\n" + msg + msg + "PONG\r\nPING\r\nINFO {}\r\n" + msg
	for _, size := range []int{1, 2, 3, 5, 11, len(stream)} {
		o := ops{size: MsgSize(subject, reply, 5)}
		var kept []string
		for part := range slices.Chunk([]byte(stream), size) {
			if err := o.feed(part, func(b []byte) { kept = append(kept, string(b)) }); err != nil {
				t.Fatalf("chunks of %d: %v", size, err)
			}
		}
		if o.messages != 4 || o.infos != 2 || o.pings != 2 || o.pongs != 1 {
			t.Errorf("chunks of %d: %d messages, %d infos, %d pings, %d pongs", size, o.messages, o.infos, o.pings, o.pongs)
		}
		if !slices.Equal(kept, []string{msg, msg, msg, msg}) {
			t.Errorf("chunks of %d: kept %q", size, kept)
		}
	}
}

func TestOpsRefuse(t *testing.T) {
	for _, stream := range []string{
		"-ERR 'Authorization Violation'\r\n",
		"HMSG a 1 2 3\r\n",
		"MSG a 1 10\r\n0123456789\r\n", // longer than announced: the next operation begins with body bytes
	} {
		o := ops{size: MsgSize("a", "", 5)}
		if err := o.feed([]byte(stream), nil); err == nil {
			t.Errorf("%q was taken", stream)
		}
	}
	var o ops
	if err := o.feed([]byte("MSG a 1 0\r\n\r\n"), nil); err == nil || !strings.Contains(err.Error(), "none was expected") {
		t.Errorf("a MSG without a subscription: %v", err)
	}
}
