package account_test

import (
	"errors"
	"strings"
	"testing"

	"weir/internal/account"
	"weir/internal/subject"
)

// Whatever mappings are made of, what they make of a subject fits into a line of the protocol, and what they are not about
// stays as it is.
func FuzzMappings(f *testing.F) {
	f.Add("foo.*", "bar.$1", 50, "baz.{{partition(3,1)}}", 30, "foo.x")
	f.Add("foo.*.>", "bar.{{split(1,-)}}.>", 100, "foo.*.>", 0, "foo.a-b.c.d")
	f.Add("*.*", "{{wildcard(2)}}.{{left(1,3)}}", 20, "*.*", 10, "abcdef.b")
	f.Add(">", "all.>", 100, "none", 1, "x")
	f.Add("a", "a", 1, "{{random(4)}}", 2, "a")
	f.Fuzz(func(t *testing.T, source, one string, n int, two string, m int, name string) {
		d := account.NewDirectory()
		err := d.Apply([]account.Config{{Name: "A", Mappings: []account.Mapping{
			{Source: source, To: []account.Weighted{{Subject: one, Weight: n}, {Subject: two, Weight: m}}},
		}}})
		if about := new(account.Error); err != nil {
			if !errors.As(err, &about) || about.Part != account.PartMapping {
				t.Errorf("%v", err)
			}
			return
		}
		if !subject.ValidLiteral(name) {
			return
		}
		var p account.Publisher
		to, maps := d.Lookup("A").Mapped(&p, []byte(name))
		kept := one == source || two == source // then what is missing from 100 is lost
		switch {
		case !maps:
			t.Error("there are no mappings")
		case !subject.Match(source, name) && string(to) != name:
			t.Errorf("%q became %q", name, to)
		case len(to) == 0 && !kept:
			t.Errorf("%q is lost", name)
		case strings.ContainsAny(string(to), " \t\r\n"):
			t.Errorf("%q became %q", name, to)
		}
	})
}
