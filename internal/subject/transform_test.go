package subject_test

import (
	"errors"
	"strings"
	"testing"

	"weir/internal/subject"
)

func TestTransform(t *testing.T) {
	for _, c := range []struct{ source, dest, subject, want string }{
		{"foo", "bar", "foo", "bar"},
		{"foo.*", "bar.$1", "foo.x", "bar.x"},
		{"foo.*.*", "bar.$2.{{wildcard(1)}}", "foo.a.b", "bar.b.a"},
		{"foo.>", "bar.>", "foo.a.b", "bar.a.b"},
		{">", "x.>", "foo.a", "x.foo.a"},
		{"", "x.>", "foo", "x.foo"},
		{"foo.>", ">", "foo.a.b", "a.b"},
		{"foo.*.>", "{{ Wildcard( 1 ) }}.y.>", "foo.a.b.c", "a.y.b.c"},
		{"*", "{{splitfromleft(1,3)}}", "12345", "123.45"},
		{"*", "{{SplitFromRight(1,3)}}", "12345", "12.345"},
		{"*", "{{splitFromRight(1,9)}}", "12345", "12345"},
		{"*", "{{SliceFromLeft(1,3)}}", "1234567890", "123.456.789.0"},
		{"*", "{{SliceFromRight(1,3)}}", "1234567890", "1.234.567.890"},
		{"*", "{{SliceFromLeft(1,2)}}", "1234", "12.34"},
		{"*", "{{SliceFromRight(1,2)}}", "1234", "12.34"},
		{"*", "{{split(1,-)}}", "-abc-def--ghi-", "abc.def.ghi"},
		{"*", "{{split(1, -)}}", "abc-def", "abc.def"},
		{"*", "{{left(1,2)}}.{{right(1,1)}}", "1234", "12.4"},
		{"*", "{{left(1,0)}}", "1234", "1234"},
		{"*.*", "{{partition(10,1,2)}}", "foo.bar", "0"}, // FNV-1a of foobar is 0xbf9cf968,
		{"foo", "bar.{{partition(1)}}.{{random(1)}}", "foo", "bar.0.0"},
		{"foo.*", "bar.{{partition(0,1)}}.{{random(0)}}", "foo.x", "bar.0.0"},
		{"foo", "$SYS.$x", "foo", "$SYS.$x"},
	} {
		tr, err := subject.NewTransform(c.source, c.dest)
		if err != nil {
			t.Errorf("%s -> %s: %v", c.source, c.dest, err)
			continue
		}
		if got := tr.Apply(c.subject); got != c.want || !tr.Match([]byte(c.subject)) {
			t.Errorf("%s -> %s: %s became %s, want %s", c.source, c.dest, c.subject, got, c.want)
		}
	}
}

func TestTransformErrors(t *testing.T) {
	for _, c := range []struct {
		source, dest string
		reversible   bool
		want         error
	}{
		{"foo..x", "bar", false, subject.ErrTransformSubject},
		{"foo", "", false, subject.ErrTransformSubject},
		{"foo", "bar.*", false, subject.ErrTransformSubject},
		{"foo.>", "bar", false, subject.ErrTransformSubject},
		{"foo", "bar.>", false, subject.ErrTransformSubject},
		{"foo.>.x", "bar.>", false, subject.ErrTransformSubject},
		{"foo", "bar 1", false, subject.ErrTransformSpace},
		{"foo", "a.\r\nPING.b", false, subject.ErrTransformSpace},
		{"foo.*", "a.{{left( 1, 2 )}}", false, nil},
		{"foo.*", "bar.$2", false, subject.ErrTransformIndex},
		{"foo", "bar.$1", false, subject.ErrTransformIndex},
		{"foo.>", "bar.{{wildcard(1)}}.>", false, subject.ErrTransformIndex},
		{"foo.*", "bar.{{wildcard()}}", false, subject.ErrTransformFewArgs},
		{"foo.*", "bar.{{wildcard(1,2)}}", false, subject.ErrTransformManyArgs},
		{"foo.*", "bar.{{wildcard(x)}}", false, subject.ErrTransformArg},
		{"foo.*", "bar.{{partition()}}", false, subject.ErrTransformArg},
		{"foo.*", "bar.{{partition(1,x)}}", false, subject.ErrTransformArg},
		{"foo.*", "bar.{{left(1)}}", false, subject.ErrTransformFewArgs},
		{"foo.*", "bar.{{left(1,2,3)}}", false, subject.ErrTransformManyArgs},
		{"foo.*", "bar.{{left(1,99999999999)}}", false, subject.ErrTransformArg},
		{"foo.*", "bar.{{split(1)}}", false, subject.ErrTransformFewArgs},
		{"foo.*", "bar.{{split(1, )}}", false, nil},
		{"foo.*", "bar.{{random()}}", false, subject.ErrTransformArg},
		{"foo.*", "bar.{{random(1,2)}}", false, subject.ErrTransformFewArgs},
		{"foo.*", "bar.{{unknown(1)}}", false, subject.ErrTransformFunction},
		{"foo.*", "bar.{{wildcard 1}}", false, subject.ErrTransformFunction},
		{"foo.*", "bar.{{left(1,2)}}", true, subject.ErrTransformReversible},
		{"foo.*.*", "bar.$1", true, subject.ErrTransformWildcards},
		{"foo.*.*", "bar.$1", false, nil},
	} {
		make := subject.NewTransform
		if c.reversible {
			make = subject.NewReversible
		}
		if _, err := make(c.source, c.dest); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s -> %s: %v, want %v", c.source, c.dest, err, c.want)
		}
	}
}

func TestTransformReverse(t *testing.T) {
	for _, c := range []struct{ source, dest, subject string }{
		{"foo", "bar", "foo"},
		{"foo.*.*", "bar.$2.x.$1", "foo.a.b"},
		{"foo.*.>", "x.{{wildcard(1)}}.>", "foo.a.b.c"},
		{"foo.>", "a.b.>", "foo.x.y"},
	} {
		tr, err := subject.NewReversible(c.source, c.dest)
		if err != nil {
			t.Fatal(err)
		}
		back := tr.Reverse()
		if back == nil {
			t.Errorf("%s -> %s: no way back", c.source, c.dest)
			continue
		}
		if got := back.Apply(tr.Apply(c.subject)); got != c.subject {
			t.Errorf("%s -> %s: %s came back as %s", c.source, c.dest, c.subject, got)
		}
	}
	if tr, _ := subject.NewTransform("foo.*", "bar.{{left(1,2)}}"); tr.Reverse() != nil {
		t.Error("a function has a way back")
	}
	if tr, _ := subject.NewTransform("foo.*.*", "bar.$1"); tr.Reverse() != nil {
		t.Error("a lost token has a way back")
	}
	if got := subject.Numbered("foo.*.x.*.>"); got != "foo.$1.x.$2.>" {
		t.Errorf("numbered: %s", got)
	}
}

func TestTransformDoesNotAllocate(t *testing.T) {
	tr, err := subject.NewTransform("foo.*.*.>", "bar.$2.{{left(1,2)}}.{{splitFromLeft(1,1)}}.{{partition(5,1)}}.>")
	if err != nil {
		t.Fatal(err)
	}
	dst, from := make([]byte, 0, 100), []byte("foo.one.two.three")
	if n := testing.AllocsPerRun(100, func() { dst = tr.Append(dst[:0], from) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever a destination is made of, it does not panic, and a literal subject stays one.
func FuzzTransform(f *testing.F) {
	f.Add("foo.*.>", "bar.{{split(1,-)}}.>", "foo.a-b.c")
	f.Add("*", "{{sliceFromRight(1,3)}}.{{partition(3,1)}}", "abcdefgh")
	f.Add("*", "$0.{{random(-4)}}.{{partition(-1,0)}}", "x")
	f.Fuzz(func(t *testing.T, source, dest, s string) {
		tr, err := subject.NewTransform(source, dest)
		if err != nil {
			return
		}
		if !strings.ContainsAny(s, " \t\r\n") && strings.ContainsAny(tr.Apply(s), " \t\r\n") {
			t.Errorf("%q -> %q: %q became %q", source, dest, s, tr.Apply(s))
		}
		if !tr.Match([]byte(s)) || strings.ContainsAny(s+dest, "*> ") && !strings.HasSuffix(dest, ">") {
			return
		}
		if got := tr.Apply(s); got == "" {
			t.Errorf("%q -> %q: %q became nothing", source, dest, s)
		}
		if back := tr.Reverse(); back != nil && back.Apply(tr.Apply(s)) != s {
			t.Errorf("%q -> %q: %q came back as %q", source, dest, s, back.Apply(tr.Apply(s)))
		}
	})
}
