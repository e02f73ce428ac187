package proto_test

import (
	"testing"

	"weir/internal/proto"
)

// What Repeated reads is what Next would have read; it leaves to Next all that is not the same line with a whole body.
func TestRepeated(t *testing.T) {
	for _, row := range []struct {
		first, next string
		want        bool
	}{
		{"PUB foo 2\r\nab\r\n", "PUB foo 2\r\ncd\r\n", true},
		{"PUB foo 2\r\nab\r\n", "PUB foo 2\r\ncd\r\nPING\r\n", true},
		{"PUB foo 0\r\n\r\n", "PUB foo 0\r\n\r\n", true},
		{"pub foo 2\r\nab\r\n", "PUB foo 2\r\ncd\r\n", true},
		{"PUB foo 2\r\nab\r\n", "pub foo 2\r\ncd\r\n", false},
		{"PUB foo 2\r\nab\r\n", "PUB foo 3\r\ncde\r\n", false},
		{"PUB foo 2\r\nab\r\n", "PUB bar 2\r\ncd\r\n", false},
		{"PUB foo 2\r\nab\r\n", "PUB foo 20\r\ncd\r\n", false},
		{"PUB foo 2\r\nab\r\n", "PUB foo 2\ncd\r\n", false},
		{"PUB foo 2\r\nab\r\n", "PUB foo 2\r\ncde\r\n", false},
		{"PUB foo 2\r\nab\r\n", "PUB foo 2\r\ncd\r", false},
		{"PUB foo 2\r\nab\r\n", "PUB foo 2\r\ncd", false},
		{"PUB foo 2\r\nab\r\n", "PUB fo", false},
		{"PUB foo 2\r\nab\r\n", "", false},
		{"PUB foo in 2\r\nab\r\n", "PUB foo in 2\r\ncd\r\n", false},
		{"HPUB foo 0 2\r\nab\r\n", "HPUB foo 0 2\r\ncd\r\n", false},
		{"PING\r\n", "PUB \r\n\r\n", false},
	} {
		var a, b proto.Args
		var p, q proto.Parser
		lim := proto.Limits{MaxPayload: 100}
		for _, x := range []struct {
			p *proto.Parser
			a *proto.Args
		}{{&p, &a}, {&q, &b}} {
			if _, err := x.p.Next([]byte(row.first), &lim, x.a); err != nil {
				t.Fatalf("%q: %v", row.first, err)
			}
		}
		n := a.Repeated([]byte(row.next))
		if n > 0 != row.want {
			t.Errorf("%q behind %q: %d bytes, want some: %v", row.next, row.first, n, row.want)
			continue
		}
		rest, err := q.Next([]byte(row.next), &lim, &b)
		if n == 0 {
			continue
		}
		if err != nil || len(row.next)-len(rest) != n || string(a.Body) != string(b.Body) || string(a.Subject) != string(b.Subject) || cap(a.Body) != cap(b.Body) {
			t.Errorf("%q: %d bytes, body %q, want %d and %q", row.next, n, a.Body, len(row.next)-len(rest), b.Body)
		}
	}
}
