package proto_test

import (
	"bytes"
	"slices"
	"testing"

	"weir/internal/proto"
)

// FuzzAnyCut holds the parser to its first promise: however a stream is cut, the operations and the error are the same.
// The second argument gives the lengths of the chunks, one byte each, over and over.
func FuzzAnyCut(f *testing.F) {
	for _, table := range [][]parity{verbParity, subParity, pubParity, hpubParity, lengthParity} {
		for _, row := range table {
			f.Add([]byte(row.in), []byte{3, 1, 7}, false)
		}
	}
	f.Add([]byte("PING\r\nSUB a b c\r\nPUB x 3\r\nabc\r\nUNSUB 1\r\nHPUB a 1 2\r\nab\r\nFOO"), []byte{1}, false)
	f.Add([]byte("INFO {}\r\nMSG a 1 3\r\nabc\r\nHMSG a 1 b 1 2\r\nab\r\n-ERR 'x'\r\n"), []byte{2, 5}, true)
	for _, row := range wholeRows {
		f.Add([]byte(row), []byte{5, 9}, false)
	}
	f.Fuzz(func(t *testing.T, in, lengths []byte, client bool) {
		role := proto.RoleServer
		if client {
			role = proto.RoleClient
		}
		lim := proto.Limits{MaxControlLine: 64, MaxPayload: 1000}
		wantOps, wantErr := feed(t, role, &lim, in)
		ops, err := feed(t, role, &lim, cut(in, lengths)...)
		if !slices.Equal(ops, wantOps) || err != wantErr {
			t.Fatalf("whole: %q, %v\n  cut: %q, %v", wantOps, wantErr, ops, err)
		}
	})
}

// cut cuts in into chunks of the given lengths; without lengths, into single bytes.
func cut(in, lengths []byte) (chunks [][]byte) {
	for i := 0; len(in) > 0; i++ {
		n := 1
		if len(lengths) > 0 {
			n = max(1, int(lengths[i%len(lengths)]))
		}
		n = min(n, len(in))
		chunks = append(chunks, in[:n])
		in = in[n:]
	}
	return chunks
}

// word makes a text that can stand as one argument: not empty, no blanks, no line ends.
func word(b []byte) []byte {
	b = bytes.Map(func(r rune) rune {
		if r <= ' ' {
			return '_'
		}
		return r
	}, b)
	if len(b) == 0 {
		return []byte("x")
	}
	return b[:min(len(b), 500)]
}

// FuzzWhatWeAppendWeParse: what the encoder writes, the parser reads back, for both roles.
func FuzzWhatWeAppendWeParse(f *testing.F) {
	f.Add([]byte("foo"), []byte("bar"), []byte("9"), []byte("hello"), 0, 5)
	f.Add([]byte("a.b"), []byte(""), []byte("1234567890"), []byte("NATS/1.0\r\n\r\nx"), 12, 0)
	f.Add([]byte("\xff"), []byte("\r\n"), []byte("-"), []byte("\r\n"), 1, 1<<30)
	f.Fuzz(func(t *testing.T, subject, reply, sid, body []byte, hdrLen, max int) {
		subject, sid = word(subject), word(sid)
		if len(reply) > 0 {
			reply = word(reply)
		} else {
			reply = nil
		}
		if hdrLen < 0 || hdrLen > len(body) {
			hdrLen = 0
		}
		max &= 0x1FFFFFFF
		end := func(b []byte) []byte { return append(append(b, body...), proto.CRLF...) }

		wire := end(proto.AppendMsgLine(nil, subject, sid, reply, hdrLen, len(body)))
		want := proto.Args{Op: proto.OpMsg, Subject: subject, SID: sid, Reply: reply, HeaderLen: hdrLen, Body: body}
		if hdrLen > 0 {
			want.Op = proto.OpHMsg
		}
		expect(t, proto.RoleClient, wire, &want)

		wire = end(proto.AppendPub(nil, subject, reply, len(body)))
		expect(t, proto.RoleServer, wire, &proto.Args{Op: proto.OpPub, Subject: subject, Reply: reply, Body: body})

		wire = end(proto.AppendHPub(nil, subject, reply, hdrLen, len(body)))
		want = proto.Args{Op: proto.OpHPub, Subject: subject, Reply: reply, HeaderLen: hdrLen, Body: body}
		expect(t, proto.RoleServer, wire, &want)

		expect(t, proto.RoleServer, proto.AppendSub(nil, subject, reply, sid),
			&proto.Args{Op: proto.OpSub, Subject: subject, Queue: reply, SID: sid})
		expect(t, proto.RoleServer, proto.AppendUnsub(nil, sid, max), &proto.Args{Op: proto.OpUnsub, SID: sid, Max: max})
	})
}

func expect(t *testing.T, role proto.Role, wire []byte, want *proto.Args) {
	t.Helper()
	ops, err := feed(t, role, &free, wire)
	if err != nil || len(ops) != 1 || ops[0] != show(want) {
		t.Fatalf("%q: got %q, %v; want %q", wire, ops, err, show(want))
	}
	half := len(wire) / 2
	if ops, err = feed(t, role, &free, wire[:half], wire[half:]); err != nil || len(ops) != 1 || ops[0] != show(want) {
		t.Fatalf("%q cut at %d: got %q, %v; want %q", wire, half, ops, err, show(want))
	}
}
