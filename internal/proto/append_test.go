package proto_test

import (
	"math"
	"strconv"
	"testing"

	"weir/internal/proto"
)

func TestAppendLines(t *testing.T) {
	subject, sid, reply, queue := []byte("foo.bar"), []byte("9"), []byte("_INBOX.x"), []byte("q")
	for _, row := range []struct {
		got  []byte
		want string
	}{
		{proto.AppendMsgLine([]byte("x"), subject, sid, nil, 0, 5), "xMSG foo.bar 9 5\r\n"},
		{proto.AppendMsgLine(nil, subject, sid, reply, -1, 0), "MSG foo.bar 9 _INBOX.x 0\r\n"},
		{proto.AppendMsgLine(nil, subject, sid, nil, 12, 17), "HMSG foo.bar 9 12 17\r\n"},
		{proto.AppendMsgLine(nil, subject, sid, reply, 12, 12), "HMSG foo.bar 9 _INBOX.x 12 12\r\n"},
		{proto.AppendPub(nil, subject, nil, 5), "PUB foo.bar 5\r\n"},
		{proto.AppendPub(nil, subject, reply, 1048576), "PUB foo.bar _INBOX.x 1048576\r\n"},
		{proto.AppendHPub(nil, subject, nil, 12, 17), "HPUB foo.bar 12 17\r\n"},
		{proto.AppendHPub(nil, subject, reply, 0, 17), "HPUB foo.bar _INBOX.x 0 17\r\n"},
		{proto.AppendSub(nil, subject, nil, sid), "SUB foo.bar 9\r\n"},
		{proto.AppendSub(nil, subject, queue, sid), "SUB foo.bar q 9\r\n"},
		{proto.AppendUnsub(nil, sid, 0), "UNSUB 9\r\n"},
		{proto.AppendUnsub(nil, sid, 5), "UNSUB 9 5\r\n"},
	} {
		if string(row.got) != row.want {
			t.Errorf("%q, want %q", row.got, row.want)
		}
	}
}

func TestAppendInt(t *testing.T) {
	for n := 0; n < 1_000_000_000; n = n*3/2 + 1 {
		if got := string(proto.AppendInt(nil, n)); got != strconv.Itoa(n) {
			t.Fatalf("%d: %q", n, got)
		}
	}
	for n, want := range map[int]string{
		0: "0", 9: "9", 10: "10", 99: "99", 100: "100", 999_999_999: "999999999", math.MaxInt32: "2147483647",
	} {
		if got := string(proto.AppendInt([]byte("x"), n)); got != "x"+want {
			t.Errorf("%d: %q", n, got)
		}
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 1024)
	subject, sid, reply := []byte("foo.bar"), []byte("9"), []byte("_INBOX.x")
	n := testing.AllocsPerRun(100, func() {
		b := proto.AppendMsgLine(buf, subject, sid, reply, 12, 123456)
		b = proto.AppendPub(b, subject, reply, 5)
		b = proto.AppendHPub(b, subject, reply, 12, 17)
		b = proto.AppendSub(b, subject, sid, sid)
		b = proto.AppendUnsub(b, sid, 5)
		b = proto.AppendErr(b, proto.ErrInvalidSubject)
		b = proto.AppendPublishDenied(b, subject)
		b = proto.AppendSubscribeDenied(b, subject, sid)
		b = proto.AppendNoResponders(b, reply, sid, subject)
		b = proto.AppendStatus(b, 408, "Request Timeout")
		if len(b) > cap(buf) {
			t.Fatal("the buffer is too small")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
