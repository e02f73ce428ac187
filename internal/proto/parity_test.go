package proto_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"weir/internal/proto"
)

// What the reference says before it closes. silence means that it closes without a word; it is not the same as "", where
// the connection stays open.
const (
	unknown = "Unknown Protocol Operation"
	line    = "maximum control line exceeded"
	payload = "Maximum Payload Violation"
	denied  = "Authorization Violation"
	silence = "(silence)"
)

// parity is what nats-server 2.15.2 did on a TCP connection with max_control_line 64 and max_payload 1000, after
// CONNECT {"verbose":false,"headers":true,"pedantic":false}: which operations it carried out, and what it said before it
// closed. The input was one segment.
type parity struct {
	in   string
	ops  []string
	says string
	// differs says why our outcome, which is in ops and says, is not the reference's.
	differs string
}

func TestParity(t *testing.T) {
	lim := proto.Limits{MaxControlLine: 64, MaxPayload: 1000}
	for _, table := range [][]parity{verbParity, subParity, pubParity, hpubParity, lengthParity} {
		for _, row := range table {
			cuts([]byte(row.in), func(chunks ...[]byte) {
				ops, err := feed(t, proto.RoleServer, &lim, chunks...)
				if !slices.Equal(ops, row.ops) {
					t.Fatalf("%q in %d chunks:\n got %q\nwant %q", row.in, len(chunks), ops, row.ops)
				}
				if got := outcome(err); got != row.says {
					t.Fatalf("%q in %d chunks: says %q, want %q", row.in, len(chunks), got, row.says)
				}
			})
		}
	}
}

// outcome is what the peer sees of an error.
func outcome(err error) string {
	var e proto.Error
	if !errors.As(err, &e) {
		return ""
	}
	text, ok := strings.CutPrefix(string(proto.AppendErr(nil, e)), "-ERR '")
	switch {
	case !e.Fatal():
		return "(stays open) " + text
	case !ok:
		return silence
	}
	return strings.TrimSuffix(text, "'\r\n")
}

func ops(o ...string) []string { return o }

var verbParity = []parity{
	{in: "PING\r\n", ops: ops("PING")},
	{in: "PING\n", ops: ops("PING")},
	{in: "ping\r\n", ops: ops("PING")},
	{in: "PiNg  \t \r\n", ops: ops("PING")},
	{in: "PINGPONG\r\n", ops: ops("PING")},
	{in: "PING foo bar\r\n", ops: ops("PING")},
	{in: "PING\r\r\nPING\r\n", ops: ops("PING", "PING")},
	{in: "PING"},
	{in: "PIN"},
	{in: "PIN\r\n", says: unknown},
	{in: "PINX", says: unknown},
	{in: " PING\r\n", says: unknown},
	{in: "\r\n", says: unknown},
	{in: "\n", says: unknown},
	{in: "\x00", says: unknown},
	{in: "\x0bOK\r\n", says: unknown},
	{in: "PONG\r\nPING\r\n", ops: ops("PONG", "PING")},
	{in: "PONGx\nPING\r\n", ops: ops("PONG", "PING")},
	{in: "+OK\r\nPING\r\n", ops: ops("+OK", "PING")},
	{in: "+OKgarbage\nPING\r\n", ops: ops("+OK", "PING")},
	{in: "+ok\nPING\r\n", ops: ops("+OK", "PING")},
	{in: "+OX", says: unknown},
	{in: "-ERR\r\n", says: unknown},
	{in: "-ERRx\r\n", says: unknown},
	{in: "-ERR x"},
	// The reference closes silently when it has read one of these; here the room above does, with ErrFromPeer.
	{in: "-ERR 'x y'\r\n", ops: ops(`-ERR line="'x y'"`)},
	{in: "-err\t'x'\n", ops: ops(`-ERR line="'x'"`)},
	{in: "-ERR \r\n", ops: ops(`-ERR line=""`)},

	{in: "FOO\r\n", says: unknown},
	{in: "G", says: unknown},
	{in: "GET / HTTP/1.1\r\n\r\n", says: unknown},
	{in: "PING\r\nGET / HTTP/1.1\r\n\r\n", ops: ops("PING"), says: unknown},
	{in: "MSG foo 1 5\r\nhello\r\n", says: unknown},
	{in: "M", says: unknown},
	{in: "HMSG foo 1 5 5\r\nhello\r\n", says: unknown},
	{in: "HM", says: unknown, differs: "the reference waits for the whole line"},
	{in: "RS+ A b\r\n", says: unknown},
	{in: "A+ x\r\n", says: unknown},
	{in: "LS+ foo\r\n", says: unknown},
	{in: "HPUBx", says: unknown},
	{in: "PUBx", says: unknown},
	{in: "PUB\r\n", says: unknown},
	{in: "PUB\n", says: unknown},
	{in: "SUBfoo", says: unknown},
	{in: "SUB\r\n", says: unknown},
	{in: "UNSUB\r\n", says: unknown},

	// What JSON may hold is in TestConnectParity; the parser hands any text on.
	{in: "CONNECT {}\r\nPING\r\n", ops: ops(`CONNECT line="{}"`, "PING")},
	{in: "CONNECT{}\r\n", ops: ops(`CONNECT line="{}"`)},
	{in: "connect \t {}\n", ops: ops(`CONNECT line="{}"`)},
	{in: "CONNECT {} x\r\n", ops: ops(`CONNECT line="{} x"`)},
	{in: "CONNECT\r\n", ops: ops(`CONNECT line=""`)},
	{in: "CONNECT \r\n", ops: ops(`CONNECT line=""`)},
	{in: "CONNECT\n{}\n", ops: ops(`CONNECT line=""`), says: unknown,
		differs: "the reference reads the object from the next line"},
	{in: "INFO {}\r\nPING\r\n", ops: ops(`INFO line="{}"`, "PING")},
	{in: "INFO{}\r\n", ops: ops(`INFO line="{}"`)},
	{in: "info\t {}\n", ops: ops(`INFO line="{}"`)},
	{in: "INFO\r\n", ops: ops(`INFO line=""`)},
}

var subParity = []parity{
	{in: "SUB foo 1\r\nPING\r\n", ops: ops("SUB s=foo sid=1", "PING")},
	{in: "SUB foo q 1\r\n", ops: ops("SUB s=foo q=q sid=1")},
	{in: "sub foo abc-def\r\n", ops: ops("SUB s=foo sid=abc-def")},
	{in: "SUB\tfoo\t1\n", ops: ops("SUB s=foo sid=1")},
	{in: "SUB  \t foo \t  1  \r\n", ops: ops("SUB s=foo sid=1")},
	{in: "SUB foo 1\r\r\n", ops: ops("SUB s=foo sid=1")},
	{in: "SUB foo\r1\r\n", ops: ops("SUB s=foo sid=1")},
	{in: "SUB foo\r\n", says: silence},
	{in: "SUB foo q 1 2\r\n", says: silence},
	{in: "SUB a b c d e f g h\r\n", says: silence},
	{in: "SUB \r\n", says: silence},
	{in: "SUB \nfoo 1\r\n", says: silence, differs: "the reference takes the LF as the first byte of the subject"},
	// Subjects are not judged here. Of these the reference answers the first four with 'Invalid Subject' and stays open,
	// and takes the others as they are, a queue group with wildcards among them.
	{in: "SUB foo. 1\r\n", ops: ops("SUB s=foo. sid=1")},
	{in: "SUB foo..bar 1\r\n", ops: ops("SUB s=foo..bar sid=1")},
	{in: "SUB .foo 1\r\n", ops: ops("SUB s=.foo sid=1")},
	{in: "SUB foo.>.x 1\r\n", ops: ops("SUB s=foo.>.x sid=1")},
	{in: "SUB foo* 1\r\n", ops: ops("SUB s=foo* sid=1")},
	{in: "SUB \x01\xff 1\r\n", ops: ops("SUB s=\x01\xff sid=1")},
	{in: "SUB foo\x00 1\r\n", ops: ops("SUB s=foo\x00 sid=1")},
	{in: "SUB foo b.>.ar 1\r\n", ops: ops("SUB s=foo q=b.>.ar sid=1")},

	{in: "UNSUB 1\r\nPING\r\n", ops: ops("UNSUB sid=1", "PING")},
	{in: "UNSUB\t1\n", ops: ops("UNSUB sid=1")},
	{in: "UNSUB 1 5\r\n", ops: ops("UNSUB sid=1 max=5")},
	{in: "UNSUB 1 0001\r\n", ops: ops("UNSUB sid=1 max=1")},
	{in: "UNSUB 1 999999999\r\n", ops: ops("UNSUB sid=1 max=999999999")},
	// A max that can not be read ends the subscription at once.
	{in: "UNSUB 1 0\r\n", ops: ops("UNSUB sid=1")},
	{in: "UNSUB 1 abc\r\n", ops: ops("UNSUB sid=1")},
	{in: "UNSUB 1 -1\r\n", ops: ops("UNSUB sid=1")},
	{in: "UNSUB 1 1234567890\r\n", ops: ops("UNSUB sid=1")},
	{in: "UNSUB 1 5 6\r\n", says: silence},
	{in: "UNSUB \r\n", says: silence},
}

var pubParity = []parity{
	{in: "PUB foo 5\r\nhello\r\nPING\r\n", ops: ops(`PUB s=foo b="hello"`, "PING")},
	{in: "PUB foo bar 5\r\nhello\r\n", ops: ops(`PUB s=foo r=bar b="hello"`)},
	{in: "PUB foo 5\nhello\r\n", ops: ops(`PUB s=foo b="hello"`)},
	{in: "pub foo 5\r\nhello\r\n", ops: ops(`PUB s=foo b="hello"`)},
	{in: "PUB  foo   5\r\nhello\r\n", ops: ops(`PUB s=foo b="hello"`)},
	{in: "PUB\tfoo\tbar\t5\t\r\nhello\r\n", ops: ops(`PUB s=foo r=bar b="hello"`)},
	{in: "PUB foo 0\r\n\r\nPING\r\n", ops: ops(`PUB s=foo b=""`, "PING")},
	{in: "PUB foo 0\n\r\n", ops: ops(`PUB s=foo b=""`)},
	{in: "PUB foo 2\r\n\r\n\r\n", ops: ops(`PUB s=foo b="\r\n"`)},
	{in: "PUB foo 5\r\nhel"},
	{in: "PUB foo 5\nhello\nPING\r\n", says: unknown},
	{in: "PUB foo 5\r\nhello\nPING\r\n", says: unknown},
	{in: "PUB foo 5\r\nhelloX\r\n", says: unknown},
	{in: "PUB foo 5\r\nhello\rX", says: unknown},
	{in: "PUB foo 5\r\nhello!", says: unknown},
	{in: "PUB foo 0\n\nPING\r\n", says: unknown},
	// Leading zeros count as digits, of which nine are read. The reference forwards them in MSG, we do not.
	{in: "PUB foo 005\r\nhello\r\n", ops: ops(`PUB s=foo b="hello"`)},
	{in: "PUB foo 000000005\r\nhello\r\n", ops: ops(`PUB s=foo b="hello"`)},
	{in: "PUB foo 0000000005\r\nhello\r\n", says: silence},
	{in: "PUB foo\r\n", says: silence},
	{in: "PUB \r\n", says: silence},
	{in: "PUB 5\r\nhello\r\n", says: silence},
	{in: "PUB foo bar baz 5\r\nhello\r\n", says: silence},
	{in: "PUB foo -1\r\n", says: silence},
	{in: "PUB foo +1\r\n", says: silence},
	{in: "PUB foo 5x\r\n", says: silence},
	{in: "PUB foo 0x5\r\n", says: silence},
	{in: "PUB foo 9999999999\r\n", says: silence},
	{in: "PUB foo 99999999999999999999999\r\n", says: silence},
	{in: "PUB foo 5\r\r\nhello\r\n", says: silence},
	{in: "PUB foo 1001\r\n", says: payload},
	{in: "PUB foo 999999999\r\n", says: payload},
	{in: "PUB foo 1000\r\n" + strings.Repeat("x", 1000) + "\r\n",
		ops: ops(`PUB s=foo b="` + strings.Repeat("x", 1000) + `"`)},
	// Invalid subjects and wildcards reach whoever matches them; only a pedantic client is told.
	{in: "PUB foo..bar 5\r\nhello\r\n", ops: ops(`PUB s=foo..bar b="hello"`)},
	{in: "PUB foo.* 5\r\nhello\r\n", ops: ops(`PUB s=foo.* b="hello"`)},
	{in: "PUB f\x00o \xff 5\r\nhello\r\n", ops: ops("PUB s=f\x00o r=\xff b=\"hello\"")},
	{in: "PUB foo\rbar 5\r\nhello\r\n", ops: ops("PUB s=foo\rbar b=\"hello\"")},
	{in: "PUB \rfoo 5\r\nhello\r\n", ops: ops("PUB s=\rfoo b=\"hello\"")},
	{in: "PUB foo\rb 5\nhello\r\n", ops: ops("PUB s=foo\rb b=\"hello\""),
		differs: "the reference cuts the last byte of the line because of the earlier CR"},
	{in: "PUB \nfoo 5\r\nhello\r\n", says: silence, differs: "the reference takes the LF into the subject, and sends it on"},
}

var hpubParity = []parity{
	{in: "HPUB foo 12 17\r\nNATS/1.0\r\n\r\nhello\r\n", ops: ops(`HPUB s=foo h=12 b="NATS/1.0\r\n\r\nhello"`)},
	{in: "HPUB foo rep 12 17\r\nNATS/1.0\r\n\r\nhello\r\n", ops: ops(`HPUB s=foo r=rep h=12 b="NATS/1.0\r\n\r\nhello"`)},
	{in: "HPUB foo 12 12\r\nNATS/1.0\r\n\r\n\r\n", ops: ops(`HPUB s=foo h=12 b="NATS/1.0\r\n\r\n"`)},
	{in: "hpub\tfoo\t5\t5\nhello\r\n", ops: ops(`HPUB s=foo h=5 b="hello"`)},
	{in: "HPUB foo 1 1\r\nX\r\n", ops: ops(`HPUB s=foo h=1 b="X"`)},
	// Without a header it is delivered as MSG.
	{in: "HPUB foo 0 5\r\nhello\r\n", ops: ops(`HPUB s=foo b="hello"`)},
	{in: "HPUB foo 0 0\r\n\r\nPING\r\n", ops: ops(`HPUB s=foo b=""`, "PING")},
	{in: "HPUB foo 12 11\r\nNATS/1.0\r\n\r\nhello\r\n", says: silence},
	{in: "HPUB foo 5\r\nhello\r\n", says: silence},
	{in: "HPUB foo -1 5\r\nhello\r\n", says: silence},
	{in: "HPUB foo 5 -1\r\nhello\r\n", says: silence},
	{in: "HPUB foo x 5\r\nhello\r\n", says: silence},
	{in: "HPUB foo a b 5 5\r\nhello\r\n", says: silence},
	{in: "HPUB foo 9999999999 9999999999\r\n", says: silence},
	{in: "HPUB foo 5 9999999999\r\n", says: silence},
	{in: "HPUB foo 1002 1001\r\n", says: silence},
	{in: "HPUB foo 5 1001\r\n", says: payload},
	{in: "HPUB foo 1001 1001\r\n", says: payload},
}

// The limit of 64 is of the arguments alone: not the verb, not the blanks behind it, not the line end.
var lengthParity = []parity{
	{in: "SUB " + strings.Repeat("a", 62) + " 1\r\n", ops: ops("SUB s=" + strings.Repeat("a", 62) + " sid=1")},
	{in: "SUB " + strings.Repeat("a", 63) + " 1\r\n", says: line},
	{in: "SUB " + strings.Repeat("a", 64)},
	{in: "SUB " + strings.Repeat("a", 65), says: line},
	{in: "SUB " + strings.Repeat("a", 62) + " 1\r"},
	{in: "SUB " + strings.Repeat("a", 62) + " 1\r\r\n", says: line},
	{in: "SUB " + strings.Repeat(" ", 200) + "a 1\r\n", ops: ops("SUB s=a sid=1")},
	{in: "SUB a" + strings.Repeat(" ", 70) + "1\r\n", says: line},
	{in: "SUB a 1" + strings.Repeat(" ", 70) + "\r\n", says: line},
	{in: "PUB " + strings.Repeat("a", 63) + " 1\r\n", says: line},
	{in: "UNSUB " + strings.Repeat("1", 65) + "\r\n", says: line},
	{in: `CONNECT {"name":"` + strings.Repeat("x", 64) + "\"}\r\n", says: line},
	{in: `INFO {"server_id":"` + strings.Repeat("x", 64) + "\"}\r\n", says: line},
	{in: "-ERR '" + strings.Repeat("x", 64) + "'\r\n", says: line},
	{in: "PING" + strings.Repeat("x", 500) + "\r\n", ops: ops("PING")},
	{in: "+OK" + strings.Repeat("x", 200) + "\r\n", ops: ops("+OK")},
}

// TestParityBeforeConnect holds what the reference did on a connection that must authenticate, before its CONNECT.
func TestParityBeforeConnect(t *testing.T) {
	lim := proto.Limits{MaxPayload: 1000, ConnectOnly: true, NoHeaders: true}
	for _, row := range []parity{
		{in: "PING\r\n", says: denied},
		{in: "P", says: denied},
		{in: "SUB a 1\r\n", says: denied},
		{in: "\r\n", says: denied},
		{in: "G", says: denied},
		{in: "INFO {}\r\n", says: denied},
		{in: "c"},
		{in: "cX", says: unknown},
		{in: "CONNECT {}\r\n", ops: ops(`CONNECT line="{}"`)},
		{in: "CONNECT {bad\r\n", ops: ops(`CONNECT line="{bad"`)},
		{in: `CONNECT {"x":"` + strings.Repeat("y", 5000) + "\"}\r\n", says: line},
	} {
		cuts([]byte(row.in), func(chunks ...[]byte) {
			ops, err := feed(t, proto.RoleServer, &lim, chunks...)
			if !slices.Equal(ops, row.ops) || outcome(err) != row.says {
				t.Fatalf("%.40q: got %q, says %q; want %q, says %q", row.in, ops, outcome(err), row.ops, row.says)
			}
		})
	}
}

// TestParityNoHeaders: a server or a CONNECT without headers closes silently at the line of HPUB, whatever it holds.
func TestParityNoHeaders(t *testing.T) {
	lim := proto.Limits{MaxControlLine: 64, MaxPayload: 1000, NoHeaders: true}
	for _, in := range []string{"HPUB a 5 5\r\nhello\r\n", "HPUB a 5\r\n", "HPUB a 5 1001\r\n"} {
		if _, err := feed(t, proto.RoleServer, &lim, []byte(in)); err != proto.ErrNoHeaders {
			t.Errorf("%q: %v", in, err)
		}
	}
}
