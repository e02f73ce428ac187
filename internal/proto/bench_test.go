package proto_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"weir/internal/proto"
)

// benchmarkParse goes over a chunk of about 32 KiB, as one read gives it; ns/op is for one operation. It leaves out the
// socket and what is done with the operation.
func benchmarkParse(b *testing.B, op []byte) {
	in := bytes.Repeat(op, 32<<10/len(op))
	lim := proto.Limits{MaxPayload: 1 << 20}
	var p proto.Parser
	var a proto.Args
	b.SetBytes(int64(len(op)))
	b.ReportAllocs()
	rest := in
	for b.Loop() {
		var err error
		if rest, err = p.Next(rest, &lim, &a); err != nil {
			b.Fatal(err)
		}
		if len(rest) == 0 {
			rest = in
		}
	}
}

func BenchmarkParsePub128(b *testing.B) {
	benchmarkParse(b, []byte("PUB foo.bar.baz 128\r\n"+strings.Repeat("x", 128)+"\r\n"))
}

func BenchmarkParsePubReply128(b *testing.B) {
	benchmarkParse(b, []byte("PUB foo.bar.baz _INBOX.Xs9vDGDzrsL1JVBBKWuPTs.1 128\r\n"+strings.Repeat("x", 128)+"\r\n"))
}

func BenchmarkParseHPub128(b *testing.B) {
	h := "NATS/1.0\r\nNats-Msg-Id: 1\r\n\r\n"
	benchmarkParse(b, fmt.Appendf(nil, "HPUB foo.bar.baz %d %d\r\n%s%s\r\n", len(h), len(h)+128, h, strings.Repeat("x", 128)))
}

func BenchmarkParsePing(b *testing.B) { benchmarkParse(b, []byte("PING\r\n")) }

func BenchmarkParseSub(b *testing.B) { benchmarkParse(b, []byte("SUB foo.bar.baz 12\r\n")) }

// BenchmarkParseSplitBody is one PUB of 64 KiB in chunks of 16 KiB: a buffer of 32 KiB, one of 64 KiB, and the line.
func BenchmarkParseSplitBody(b *testing.B) {
	in := []byte("PUB foo.bar.baz 65536\r\n" + strings.Repeat("x", 64<<10) + "\r\n")
	lim := proto.Limits{MaxPayload: 1 << 20}
	var p proto.Parser
	var a proto.Args
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		for at := 0; at < len(in); at += 16 << 10 {
			if _, err := p.Next(in[at:min(at+16<<10, len(in))], &lim, &a); err != nil {
				b.Fatal(err)
			}
		}
		if a.Op != proto.OpPub {
			b.Fatal(a.Op)
		}
	}
}

func BenchmarkAppendMsgLine(b *testing.B) {
	buf := make([]byte, 0, 256)
	subject, sid := []byte("foo.bar.baz"), []byte("12")
	b.ReportAllocs()
	for b.Loop() {
		buf = proto.AppendMsgLine(buf[:0], subject, sid, nil, 0, 128)
	}
}

func BenchmarkAppendHMsgLine(b *testing.B) {
	buf := make([]byte, 0, 256)
	subject, sid, reply := []byte("foo.bar.baz"), []byte("12"), []byte("_INBOX.Xs9vDGDzrsL1JVBBKWuPTs.1")
	b.ReportAllocs()
	for b.Loop() {
		buf = proto.AppendMsgLine(buf[:0], subject, sid, reply, 30, 16384)
	}
}

func BenchmarkAppendInt(b *testing.B) {
	buf := make([]byte, 0, 32)
	b.ReportAllocs()
	for b.Loop() {
		buf = proto.AppendInt(buf[:0], 16384)
	}
}

func BenchmarkAppendInfo(b *testing.B) {
	info := stockInfo()
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf = proto.AppendInfo(buf[:0], &info)
	}
}

func BenchmarkParseConnect(b *testing.B) {
	line := []byte(`{"verbose":false,"pedantic":false,"tls_required":false,"name":"","lang":"go","version":"1.55.0",` +
		`"protocol":1,"echo":true,"headers":true,"no_responders":true}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := proto.ParseConnect(line); err != nil {
			b.Fatal(err)
		}
	}
}
