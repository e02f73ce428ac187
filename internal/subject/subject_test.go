package subject_test

import (
	"strings"
	"testing"

	"weir/internal/subject"
)

func TestValid(t *testing.T) {
	for _, c := range []struct {
		subject                  string
		valid, literal, wildcard bool
	}{
		{"foo", true, true, false},
		{"foo.bar.baz", true, true, false},
		{"*", true, false, true},
		{">", true, false, true},
		{"foo.*", true, false, true},
		{"*.foo", true, false, true},
		{"foo.*.bar.>", true, false, true},
		{"foo*", true, true, false},
		{"*foo", true, true, false},
		{"foo.**", true, true, false},
		{"foo.>>", true, true, false},
		{"foo.>x.y", true, true, false},
		{"x>.y", true, true, false},
		{"f\x00o", true, true, false},
		{"\xff\xfe", true, true, false},
		{"größe.€", true, true, false},
		{"", false, false, false},
		{".", false, false, false},
		{".foo", false, false, false},
		{"foo.", false, false, false},
		{"foo..bar", false, false, false},
		{">.foo", false, false, true},
		{"foo.>.bar", false, false, true},
		{"foo.>.", false, false, true},
		{">.>", false, false, true},
		{" ", false, false, false},
		{"foo bar", false, false, false},
		{"foo\t", false, false, false},
		{"foo\r.bar", false, false, false},
		{"\n", false, false, false},
		{"foo\fbar", false, false, false},
	} {
		if got := subject.Valid(c.subject); got != c.valid {
			t.Errorf("Valid(%q) = %v", c.subject, got)
		}
		if got := subject.Valid([]byte(c.subject)); got != c.valid {
			t.Errorf("Valid([]byte(%q)) = %v", c.subject, got)
		}
		if got := subject.ValidLiteral(c.subject); got != c.literal {
			t.Errorf("ValidLiteral(%q) = %v", c.subject, got)
		}
		if got := subject.HasWildcard(c.subject); got != c.wildcard {
			t.Errorf("HasWildcard(%q) = %v", c.subject, got)
		}
	}
}

func TestTokens(t *testing.T) {
	for s, want := range map[string]int{"": 1, "foo": 1, "foo.bar": 2, "a..b": 3, "a.b.>": 3} {
		if got := subject.Tokens(s); got != want {
			t.Errorf("Tokens(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, literal string
		want             bool
	}{
		{"foo", "foo", true},
		{"foo", "fo", false},
		{"foo", "foo.bar", false},
		{"foo.bar", "foo", false},
		{"*", "foo", true},
		{"*", "foo.bar", false},
		{"foo.*", "foo", false},
		{"foo.*", "foo.bar", true},
		{"foo.*.baz", "foo.bar.baz", true},
		{"foo.*.baz", "foo.bar.bar", false},
		{">", "foo", true},
		{">", "foo.bar.baz", true},
		{"foo.>", "foo", false},
		{"foo.>", "foo.bar", true},
		{"foo.>", "foo.bar.baz", true},
		{"*.>", "foo", false},
		{"foo*", "foox", false},
		{"foo*", "foo*", true},
		// A published wildcard is an ordinary token.
		{"foo.*", "foo.*", true},
		{"foo.*", "foo.>", true},
		{"foo.bar", "foo.*", false},
		{">", ">", true},
		// An empty token reaches nobody.
		{">", "", false},
		{">", "foo.", false},
		{">", ".foo", false},
		{"foo.*", "foo.", false},
		{"foo.>", "foo..bar", false},
	} {
		if got := subject.Match(c.pattern, c.literal); got != c.want {
			t.Errorf("Match(%q, %q) = %v", c.pattern, c.literal, got)
		}
		if got := naiveMatch(c.pattern, c.literal); got != c.want {
			t.Errorf("the oracle says %v for %q, %q", got, c.pattern, c.literal)
		}
	}
}

// TestSubsetOverlap compares with the definition: it tries every subject over three tokens, of which the patterns use two.
func TestSubsetOverlap(t *testing.T) {
	literals := words([]string{"a", "b", "c"}, 5)
	var patterns []string
	for _, p := range words([]string{"a", "b", "*", ">"}, 3) {
		if subject.Valid(p) {
			patterns = append(patterns, p)
		}
	}
	reach := map[string]map[string]bool{}
	for _, p := range patterns {
		reach[p] = map[string]bool{}
		for _, l := range literals {
			if naiveMatch(p, l) {
				reach[p][l] = true
			}
		}
	}
	for _, a := range patterns {
		for _, b := range patterns {
			subset, overlap := true, false
			for l := range reach[a] {
				subset = subset && reach[b][l]
				overlap = overlap || reach[b][l]
			}
			if got := subject.Subset(a, []byte(b)); got != subset {
				t.Errorf("Subset(%q, %q) = %v", a, b, got)
			}
			if got := subject.Overlap([]byte(a), b); got != overlap {
				t.Errorf("Overlap(%q, %q) = %v", a, b, got)
			}
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("foo.*.>", "foo.bar.baz")
	f.Add("*.*", "a.b")
	f.Add("foo..", ".")
	f.Fuzz(func(t *testing.T, pattern, literal string) {
		if len(pattern)+len(literal) > 1000 {
			return
		}
		valid := subject.Valid(pattern)
		if valid != subject.Valid([]byte(pattern)) || valid != naiveValid(pattern) {
			t.Fatalf("Valid(%q) = %v", pattern, valid)
		}
		if !valid {
			return
		}
		if got, want := subject.Match([]byte(pattern), literal), naiveMatch(pattern, literal); got != want {
			t.Fatalf("Match(%q, %q) = %v", pattern, literal, got)
		}
		if !subject.Subset(pattern, pattern) || !subject.Overlap(pattern, pattern) {
			t.Fatalf("%q is not a subset of itself", pattern)
		}
		if !subject.Valid(literal) {
			return
		}
		if subject.Subset(literal, pattern) && !subject.Overlap(literal, pattern) {
			t.Fatalf("%q is a subset of %q but does not overlap it", literal, pattern)
		}
		if !subject.HasWildcard(literal) && subject.Overlap(literal, pattern) != subject.Match(pattern, literal) {
			t.Fatalf("Overlap and Match differ for %q, %q", pattern, literal)
		}
	})
}

// words is every subject of up to n of the tokens.
func words(tokens []string, n int) []string {
	all := tokens
	last := tokens
	for range n - 1 {
		var next []string
		for _, w := range last {
			for _, t := range tokens {
				next = append(next, w+"."+t)
			}
		}
		all, last = append(all[:len(all):len(all)], next...), next
	}
	return all
}

func naiveValid(s string) bool {
	tokens := strings.Split(s, ".")
	for i, token := range tokens {
		if token == "" || token == ">" && i != len(tokens)-1 {
			return false
		}
	}
	return !strings.ContainsAny(s, " \t\r\n\f")
}

// naiveMatch is the definition of a match.
func naiveMatch(pattern, literal string) bool {
	l := strings.Split(literal, ".")
	for _, token := range l {
		if token == "" {
			return false
		}
	}
	for i, token := range strings.Split(pattern, ".") {
		if i >= len(l) {
			return false
		}
		if token == ">" {
			return true
		}
		if token != "*" && token != l[i] {
			return false
		}
	}
	return strings.Count(pattern, ".") == len(l)-1
}

func TestIntersect(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"a.b", "a.b", "a.b"}, {"a.b", "a.c", ""}, {"a.*", "a.b", "a.b"}, {"a.*", "*.b", "a.b"}, {"a.>", "*.b", "a.b"},
		{"a.>", "a.b.*", "a.b.*"}, {">", "a.*.>", "a.*.>"}, {"a.>", "a.>", "a.>"}, {"a.>", "a", ""}, {"*", "a.b", ""},
		{"*.x.>", "a.*.*", "a.x.*"},
	} {
		for _, swap := range []bool{false, true} {
			a, b := c.a, c.b
			if swap {
				a, b = b, a
			}
			if got, ok := subject.Intersect(a, b); got != c.want || ok != (c.want != "") || ok != subject.Overlap(a, b) {
				t.Errorf("%s and %s: %q %v, want %q", a, b, got, ok, c.want)
			}
		}
	}
}
