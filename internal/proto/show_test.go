package proto_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"weir/internal/proto"
)

// show writes an operation as one line: PUB s=foo r=bar b="hello".
func show(a *proto.Args) string {
	var b strings.Builder
	b.WriteString(a.Op.String())
	for _, f := range []struct {
		name  string
		value []byte
	}{{"s", a.Subject}, {"r", a.Reply}, {"q", a.Queue}, {"sid", a.SID}} {
		if f.value != nil {
			fmt.Fprintf(&b, " %s=%s", f.name, f.value)
		}
	}
	if a.Max != 0 {
		fmt.Fprintf(&b, " max=%d", a.Max)
	}
	if a.HeaderLen != 0 {
		fmt.Fprintf(&b, " h=%d", a.HeaderLen)
	}
	switch a.Op {
	case proto.OpPub, proto.OpHPub, proto.OpMsg, proto.OpHMsg:
		fmt.Fprintf(&b, " b=%q", a.Body)
	case proto.OpConnect, proto.OpInfo, proto.OpErr:
		fmt.Fprintf(&b, " line=%q", a.Line)
	}
	return b.String()
}

// feed gives the chunks to a parser and returns the operations as text and the error. Each chunk is overwritten after its
// use, as a pooled buffer is, and owned bodies are kept.
func feed(t testing.TB, role proto.Role, lim *proto.Limits, chunks ...[]byte) (ops []string, err error) {
	t.Helper()
	p := proto.NewParser(role)
	var a proto.Args // one for all, as a client has it: a PUB to the subject before is read in a way of its own
	var kept, copies [][]byte
	for _, chunk := range chunks {
		in := bytes.Clone(chunk)
		rest := in
		for len(rest) > 0 && err == nil {
			rest, err = p.Next(rest, lim, &a)
			switch {
			case err != nil && a.Op != proto.OpNone:
				t.Fatalf("an error and the operation %s", show(&a))
			case err == nil && a.Op == proto.OpNone && len(rest) > 0:
				t.Fatalf("no operation, but %q is left", rest)
			case a.Op != proto.OpNone:
				ops = append(ops, show(&a))
				if room := cap(a.Body) - len(a.Body); room > 0 && (!a.Owned || room > 2) {
					t.Fatalf("body of %d bytes has capacity %d", len(a.Body), cap(a.Body))
				}
			}
			if a.Owned {
				kept, copies = append(kept, a.Body), append(copies, bytes.Clone(a.Body))
			}
		}
		for i := range in {
			in[i] = 0xAA
		}
		if err != nil {
			break
		}
	}
	for i := range kept {
		if !bytes.Equal(kept[i], copies[i]) {
			t.Fatalf("an owned body changed from %q to %q", copies[i], kept[i])
		}
	}
	if err != nil {
		checkDead(t, &p, lim, err)
	}
	return ops, err
}

// checkDead checks that an error is final and frees what the parser held.
func checkDead(t testing.TB, p *proto.Parser, lim *proto.Limits, err error) {
	t.Helper()
	var a proto.Args
	if _, again := p.Next([]byte("PING\r\n"), lim, &a); again != err || a.Op != proto.OpNone {
		t.Fatalf("after %v comes %v, %v", err, a.Op, again)
	}
	if n := p.Buffered(); n != 0 {
		t.Fatalf("a failed parser holds %d bytes", n)
	}
}

// cuts calls f with in as a whole, cut at every place in two, and cut into single bytes.
func cuts(in []byte, f func(chunks ...[]byte)) {
	f(in)
	for i := 1; i < len(in); i++ {
		f(in[:i], in[i:])
	}
	var single [][]byte
	for i := range in {
		single = append(single, in[i:i+1])
	}
	f(single...)
}
