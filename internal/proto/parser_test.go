package proto_test

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"weir/internal/proto"
)

var free = proto.Limits{MaxPayload: -1}

// TestLongStream cuts one stream of all that the reference took into chunks of many lengths.
func TestLongStream(t *testing.T) {
	var stream []byte
	var want []string
	for _, table := range [][]parity{verbParity, subParity, pubParity, hpubParity, lengthParity} {
		for _, row := range table {
			if row.says == "" && len(row.ops) > 0 {
				stream = append(stream, row.in...)
				want = append(want, row.ops...)
			}
		}
	}
	want = append(want, "PING")
	stream = append(stream, "PING\r\nGET / HTTP/1.1\r\n"...)
	lim := proto.Limits{MaxControlLine: 64, MaxPayload: 1000}
	for n := 1; n < 256; n += 2 {
		for _, lengths := range [][]byte{{byte(n)}, {byte(n), 1}, {1, byte(n), byte(255 - n), 7}} {
			ops, err := feed(t, proto.RoleServer, &lim, cut(stream, lengths)...)
			if !slices.Equal(ops, want) || err != proto.ErrUnknownOp {
				t.Fatalf("chunks of %d: %v\n got %q\nwant %q", lengths, err, ops, want)
			}
		}
	}
}

func TestClientRole(t *testing.T) {
	for _, row := range []struct {
		in   string
		ops  []string
		says string
	}{
		{in: "INFO {\"a\":1} \r\n", ops: ops(`INFO line="{\"a\":1} "`)},
		{in: "MSG foo 9 5\r\nhello\r\nPING\r\n", ops: ops(`MSG s=foo sid=9 b="hello"`, "PING")},
		{in: "MSG foo 9 bar 005\r\nhello\r\n", ops: ops(`MSG s=foo r=bar sid=9 b="hello"`)},
		{in: "HMSG foo 9 12 17\r\nNATS/1.0\r\n\r\nhello\r\n", ops: ops(`HMSG s=foo sid=9 h=12 b="NATS/1.0\r\n\r\nhello"`)},
		{in: "HMSG foo 9 bar 1 1\r\nX\r\n", ops: ops(`HMSG s=foo r=bar sid=9 h=1 b="X"`)},
		{in: "+OK\r\n-ERR 'Stale Connection'\r\nPONG\r\n", ops: ops("+OK", `-ERR line="'Stale Connection'"`, "PONG")},
		{in: "MSG foo 5\r\nhello\r\n", says: silence},
		{in: "MSG foo 9 bar baz 5\r\nhello\r\n", says: silence},
		{in: "MSG foo 9 x\r\n", says: silence},
		{in: "HMSG foo 9 5\r\nhello\r\n", says: silence},
		{in: "HMSG foo 9 a b 5 5\r\nhello\r\n", says: silence},
		{in: "HMSG foo 9 6 5\r\nhello\r\n", says: silence},
		{in: "MSG foo 9 5\r\nhelloX", says: unknown},
		{in: "PUB foo 5\r\n", says: unknown},
		{in: "SUB foo 5\r\n", says: unknown},
		{in: "UNSUB 5\r\n", says: unknown},
		{in: "HPUB foo 5 5\r\n", says: unknown},
		{in: "CONNECT {}\r\n", says: unknown},
	} {
		cuts([]byte(row.in), func(chunks ...[]byte) {
			ops, err := feed(t, proto.RoleClient, &free, chunks...)
			if !slices.Equal(ops, row.ops) || outcome(err) != row.says {
				t.Fatalf("%q: got %q, says %q; want %q, says %q", row.in, ops, outcome(err), row.ops, row.says)
			}
		})
	}
}

func TestZeroValueReadsWhatAClientSends(t *testing.T) {
	var p proto.Parser
	var a proto.Args
	rest, err := p.Next([]byte("SUB foo 1\r\nPING\r\n"), &free, &a)
	if err != nil || a.Op != proto.OpSub || string(rest) != "PING\r\n" {
		t.Fatalf("%v %v %q", err, a.Op, rest)
	}
	if string(a.Line) != "foo 1" {
		t.Fatalf("line %q", a.Line)
	}
}

func TestWholeOperationIsBorrowed(t *testing.T) {
	var p proto.Parser
	var a proto.Args
	in := []byte("HPUB foo bar 12 17\r\nNATS/1.0\r\n\r\nhello\r\n")
	if _, err := p.Next(in, &free, &a); err != nil {
		t.Fatal(err)
	}
	if a.Owned || string(a.Header()) != "NATS/1.0\r\n\r\n" || string(a.Payload()) != "hello" {
		t.Fatalf("owned %v, header %q, payload %q", a.Owned, a.Header(), a.Payload())
	}
	if &a.Body[0] != &in[len("HPUB foo bar 12 17\r\n")] || &a.Subject[0] != &in[len("HPUB ")] {
		t.Fatal("not a sub-slice of the chunk")
	}
	if a = (proto.Args{}); a.Header() != nil || len(a.Payload()) != 0 {
		t.Fatal("an empty Args has a header or a payload")
	}
}

func TestIdleParserIsSmallAndEmpty(t *testing.T) {
	if size := unsafe.Sizeof(proto.Parser{}); size > 64 {
		t.Errorf("a parser is %d bytes", size)
	}
	var p proto.Parser
	var a proto.Args
	for _, op := range []string{"PUB foo 5\r\nhello\r\n", "SUB foo 1\r\n", "PING\r\n", "CONNECT {}\r\n", "PUB f 0\r\n\r\n"} {
		for i := range op {
			if _, err := p.Next([]byte(op[i:i+1]), &free, &a); err != nil {
				t.Fatal(err)
			}
			done := i == len(op)-1
			if p.Idle() != done || (a.Op != proto.OpNone) != done {
				t.Fatalf("%q after %d bytes: idle %v, op %v", op, i+1, p.Idle(), a.Op)
			}
		}
		if n := p.Buffered(); n != 0 {
			t.Errorf("%q leaves %d bytes", op, n)
		}
	}
}

// TestBodyBufferFollowsTheBytes: what a PUB line claims is not allocated.
func TestBodyBufferFollowsTheBytes(t *testing.T) {
	const size = 64 << 20
	var p proto.Parser
	var a proto.Args
	next := func(in []byte) {
		t.Helper()
		if _, err := p.Next(in, &free, &a); err != nil {
			t.Fatal(err)
		}
	}
	head := []byte("PUB foo " + strconv.Itoa(size) + "\r\n")
	next(head)
	lineOnly := p.Buffered()
	if lineOnly > 64 {
		t.Fatalf("a line of %d bytes takes %d", len(head), lineOnly)
	}
	chunk := bytes.Repeat([]byte("x"), 1000)
	for sent := 0; sent < 1<<20; sent += len(chunk) {
		next(chunk)
		if body := p.Buffered() - lineOnly; body > max(32<<10, 2*(sent+len(chunk))) {
			t.Fatalf("%d bytes arrived, %d are held", sent+len(chunk), body)
		}
	}
}

// TestBodyBufferIsExact: a body that came in pieces is handed over in a buffer of its own size, with room for a CR LF.
func TestBodyBufferIsExact(t *testing.T) {
	for _, size := range []int{1, 100, 32<<10 - 1, 32 << 10, 32<<10 + 1, 100_000, 1 << 20} {
		in := "PUB foo " + strconv.Itoa(size) + "\r\n" + strings.Repeat("x", size) + "\r\n"
		for _, step := range []int{997, 32 << 10} {
			var p proto.Parser
			var a proto.Args
			for at := 0; at < len(in); at += step {
				if _, err := p.Next([]byte(in[at:min(at+step, len(in))]), &free, &a); err != nil {
					t.Fatal(err)
				}
			}
			if room := cap(a.Body) - size; a.Op != proto.OpPub || len(a.Body) != size || room < 0 || room > 2 {
				t.Errorf("size %d in steps of %d: %v, %d bytes, capacity %d", size, step, a.Op, len(a.Body), cap(a.Body))
			}
			if fits := len(in) <= step; a.Owned == fits {
				t.Errorf("size %d in steps of %d: owned %v", size, step, a.Owned)
			}
		}
	}
}

// TestLineBufferIsBounded: no more of a line is kept than its limit allows, and blanks and tails are not kept at all.
func TestLineBufferIsBounded(t *testing.T) {
	lim := proto.Limits{MaxControlLine: 1000}
	for _, row := range []struct {
		head string
		fill byte
		err  error
		held int
	}{
		{"SUB ", 'x', proto.ErrMaxControlLine, 2 * 1000},
		{"CONNECT ", '{', proto.ErrMaxControlLine, 2 * 1000},
		{"SUB ", ' ', nil, 0},
		{"PING", 'x', nil, 0},
		{"+OK", '\r', nil, 0},
	} {
		var p proto.Parser
		var a proto.Args
		_, err := p.Next([]byte(row.head), &lim, &a)
		for range 3000 {
			if err != nil {
				break
			}
			_, err = p.Next([]byte{row.fill}, &lim, &a)
			if p.Buffered() > row.held {
				t.Fatalf("%q and %q: %d bytes are held", row.head, row.fill, p.Buffered())
			}
		}
		if err != row.err {
			t.Errorf("%q and %q: %v", row.head, row.fill, err)
		}
	}
}

// TestLimitsMayChange: a limit that is lowered while a body arrives is for the next operation.
func TestLimitsMayChange(t *testing.T) {
	var p proto.Parser
	var a proto.Args
	lim := proto.Limits{MaxPayload: 100}
	if _, err := p.Next([]byte("HPUB foo 1 5\r\nhel"), &lim, &a); err != nil {
		t.Fatal(err)
	}
	lim = proto.Limits{MaxPayload: 1, NoHeaders: true, ConnectOnly: true, MaxControlLine: 1}
	if _, err := p.Next([]byte("lo\r\n"), &lim, &a); err != nil || string(a.Body) != "hello" || a.HeaderLen != 1 {
		t.Fatalf("%v, %q, header %d", err, a.Body, a.HeaderLen)
	}
	if _, err := p.Next([]byte("PUB foo 2\r\n"), &lim, &a); err != proto.ErrAuthorization {
		t.Fatal(err)
	}
}

func TestPayloadLimits(t *testing.T) {
	for _, row := range []struct {
		limit, size int
		err         error
	}{{0, 0, nil}, {0, 1, proto.ErrMaxPayload}, {5, 5, nil}, {5, 6, proto.ErrMaxPayload}, {-1, 999_999_999, nil}} {
		var p proto.Parser
		var a proto.Args
		lim := proto.Limits{MaxPayload: row.limit}
		if _, err := p.Next([]byte("PUB foo "+strconv.Itoa(row.size)+"\r\n"), &lim, &a); err != row.err {
			t.Errorf("limit %d, size %d: %v", row.limit, row.size, err)
		}
	}
}

func TestOpString(t *testing.T) {
	for op, want := range map[proto.Op]string{
		proto.OpNone: "", proto.OpPub: "PUB", proto.OpErr: "-ERR", proto.OpHMsg: "HMSG", 200: "",
	} {
		if got := op.String(); got != want {
			t.Errorf("%d: %q, want %q", op, got, want)
		}
	}
}

func TestNextAllocatesNothing(t *testing.T) {
	in := []byte("PUB foo.bar 5\r\nhello\r\nHPUB foo.bar _INBOX.x 12 17\r\nNATS/1.0\r\n\r\nhello\r\n" +
		"SUB foo q 1\r\nUNSUB 1 5\r\nPING\r\nPONG\r\n+OK\r\nCONNECT {}\r\nINFO {}\r\n-ERR 'x'\r\n")
	bad := []byte("FOO\r\n")
	var a proto.Args
	n := testing.AllocsPerRun(100, func() {
		var p proto.Parser
		rest := in
		for len(rest) > 0 {
			var err error
			if rest, err = p.Next(rest, &free, &a); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.Next(bad, &free, &a); err == nil {
			t.Fatal("FOO is taken")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestSplitVerbAllocatesNothing: a cut inside the verb, the blanks or the line end of PING costs no memory.
func TestSplitVerbAllocatesNothing(t *testing.T) {
	var chunks [][]byte
	for _, c := range []string{"P", "I", "NG", "\r", "\nCONN", "ECT", "  ", "{}\r\n"} {
		chunks = append(chunks, []byte(c))
	}
	var a proto.Args
	n := testing.AllocsPerRun(100, func() {
		var p proto.Parser
		for _, c := range chunks {
			for len(c) > 0 {
				c, _ = p.Next(c, &free, &a)
			}
		}
		if a.Op != proto.OpConnect {
			t.Fatal(a.Op)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
