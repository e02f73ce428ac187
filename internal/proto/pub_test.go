package proto_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"weir/internal/proto"
)

// wholeRows are streams of messages, under a limit of 1000 bytes for a body and of 64 for a line, that lie about the edges of
// the short ways: what those do not take, and where they end.
var wholeRows = []string{
	"PUB a 3\r\nabc\r\nPUB a 3\r\nabd\r\nPUB a 10\r\n0123456789\r\nPUB a 0\r\n\r\nPUB b 1\r\nx\r\nPUB a 1\r\ny\r\n",
	"PUB a.b c 3\r\nabc\r\nPUB a.b c 3\r\nabd\r\nPUB a.b 3\r\nabe\r\nPUB a.b 3 3\r\nabf\r\nPUB a.b 1\r\nx\r\n",
	"HPUB a 2 5\r\nhhbbb\r\nHPUB a r 2 5\r\nhhbbb\r\nHPUB a 0 0\r\n\r\nHPUB a 5 5\r\nhhhhh\r\nPUB a 1\r\nx\r\nHPUB a 1 1\r\nh\r\n",
	"PUB a 1\r\nx\r\nPUB ab 1\r\nx\r\nPUB a 1\r\nx\r\nPUB  a 1\r\nx\r\npub a 1\r\nx\r\nPUB\ta\t1\r\nx\r\nPUB a 1 \r\nx\r\nPUB a 1\nx\r\n",
	"PUB a 1\r\nx\r\nPING\r\nPUB a 1\r\nx\r\nSUB a 1\r\nPUB a 1\r\nx\r\nUNSUB 1 3\r\nPUB a 01\r\nx\r\nPUB a 000000001\r\nx\r\n",
	"PUB a 1\r\nx\r\nPUB a 0000000001\r\nx\r\n",
	"PUB a 1\r\nx\r\nPUB a 18446744073709551617\r\nx\r\n",
	"PUB a 1\r\nx\r\nPUB a -1\r\nx\r\n",
	"PUB a 1\r\nx\r\nPUB a \r\nx\r\n",
	"PUB a 1\r\nx\r\nPUB a\r\nx\r\n",
	"PUB a 1\r\nx\r\nPUB a 2\r\nx\r\n",
	"PUB a 1\r\nx\r\nPUB a 1\r\nx\rx",
	"PUB a 1\r\nx\r\nPUB a 1\rx\nx\r\n",
	"PUB a 1\r\nx\r\nPUB a\x00 1\r\nx\r\nPUB a\x00 1\r\nx\r\nPUB \xff\x80 1\r\nx\r\nPUB \xff\x80 1\r\nx\r\nPUB a\r 1\r\nx\r\nPUB a\r 1\r\nx\r\n",
	"HPUB a 3 2\r\nhh\r\n", "HPUB a 2\r\nhh\r\n", "HPUB a r x 2 2\r\nhh\r\n", "PUB a b c 1\r\nx\r\n",
	"PUB a 1000\r\n" + strings.Repeat("x", 1000) + "\r\nPUB a 1001\r\n" + strings.Repeat("x", 1001) + "\r\n",
	"PUB b 1\r\nx\r\nPUB b 1001\r\n" + strings.Repeat("x", 1001) + "\r\n",
	"PUB " + strings.Repeat("a", 62) + " 1\r\nx\r\nPUB " + strings.Repeat("a", 62) + " 1\r\nx\r\nPUB " + strings.Repeat("a", 62) + " 10\r\n0123456789\r\n",
	"PUB " + strings.Repeat("a", 63) + " 1\r\nx\r\n",
	"HPUB " + strings.Repeat("a", 60) + " 1 1\r\nx\r\nHPUB " + strings.Repeat("a", 61) + " 1 1\r\nx\r\n",
}

// TestWholePub: messages that lie whole in a chunk are what they are byte by byte, where the stages read them.
func TestWholePub(t *testing.T) {
	for _, noHeaders := range []bool{false, true} {
		lim := proto.Limits{MaxControlLine: 64, MaxPayload: 1000, NoHeaders: noHeaders}
		for _, row := range wholeRows {
			want, wantErr := feed(t, proto.RoleServer, &lim, cut([]byte(row), nil)...)
			cuts([]byte(row), func(chunks ...[]byte) {
				if ops, err := feed(t, proto.RoleServer, &lim, chunks...); !slices.Equal(ops, want) || err != wantErr {
					t.Errorf("%q in %d chunks: %q, %v, want %q, %v", row, len(chunks), ops, err, want, wantErr)
				}
			})
		}
	}
}

// A message for a server is none for a client, nor before a CONNECT if one has to come first.
func TestWholePubKeepsTheRules(t *testing.T) {
	var a proto.Args
	p := proto.NewParser(proto.RoleClient)
	if _, err := p.Next([]byte("PUB a 1\r\nx\r\n"), &free, &a); err != proto.ErrUnknownOp {
		t.Errorf("a client takes %v, %v", a.Op, err)
	}
	p = proto.Parser{}
	if _, err := p.Next([]byte("PUB a 1\r\nx\r\n"), &proto.Limits{MaxPayload: 9, ConnectOnly: true}, &a); err != proto.ErrAuthorization {
		t.Errorf("before CONNECT %v, %v", a.Op, err)
	}
}

// TestRecycle: bodies that nobody keeps lie in one buffer, whatever their cuts; those of other sizes do not.
func TestRecycle(t *testing.T) {
	message := func(size int, fill string) string {
		return "PUB foo " + strconv.Itoa(size) + "\r\n" + strings.Repeat(fill, size) + "\r\n"
	}
	var p proto.Parser
	var a proto.Args
	var last *byte
	for i, row := range []struct {
		size int
		same bool
	}{{1000, false}, {1000, true}, {900, true}, {501, true}, {400, false}, {1000, false}, {2000, false}, {2000, true}} {
		fill := string(rune('a' + i))
		in := message(row.size, fill)
		for at := 0; at < len(in); at += 300 {
			if _, err := p.Next([]byte(in[at:min(at+300, len(in))]), &free, &a); err != nil {
				t.Fatal(err)
			}
		}
		if !a.Owned || string(a.Body) != strings.Repeat(fill, row.size) {
			t.Fatalf("row %d: owned %v, %d bytes", i, a.Owned, len(a.Body))
		}
		if same := &a.Body[0] == last; same != row.same {
			t.Errorf("row %d: %d bytes in the same buffer: %v", i, row.size, same)
		}
		last = &a.Body[0]
		a.Recycle()
		if a.Owned || a.Body != nil || p.Buffered() != 0 {
			t.Fatalf("row %d: recycled, and still owned", i)
		}
	}
	if _, err := p.Next([]byte("PUB foo 3\r\nabc\r\n"), &free, &a); err != nil || a.Owned {
		t.Fatal(err, a.Owned)
	}
	if a.Recycle(); string(a.Body) != "abc" {
		t.Error("a borrowed body was recycled")
	}
}
