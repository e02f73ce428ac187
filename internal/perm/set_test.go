package perm_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"weir/internal/perm"
	"weir/internal/subject"
)

func compile(t testing.TB, c perm.Config) *perm.Set {
	t.Helper()
	s, err := perm.Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSubscribe has what nats-server 2.15 answers to SUB, but for the lines that say so.
func TestSubscribe(t *testing.T) {
	star := perm.Rule{Allow: []string{"foo.*"}}
	full := perm.Rule{Allow: []string{"foo.>"}}
	denyStar := perm.Rule{Deny: []string{"foo.*"}}
	denyOne := perm.Rule{Deny: []string{"foo.bar"}}
	queues := perm.Rule{
		Allow: []string{"foo v1", "bar *.prod", "baz", "baz v2", "> w.>"},
		Deny:  []string{"qux no", "baz secret.*"},
	}
	for _, c := range []struct {
		rule    perm.Rule
		sub     string
		allowed bool
	}{
		{perm.Rule{}, "foo", true},
		{perm.Rule{Allow: []string{}, Deny: []string{}}, ">", true},
		{star, "foo.bar", true},
		{star, "foo.*", true},
		{star, "foo.>", false}, // allowed by nats-server, which then delivers foo.bar.baz
		{star, "foo.*.*", false},
		{star, ">", false},
		{star, "*.bar", false},
		{star, "foo", false},
		{star, "foo.", false},
		{full, "foo.bar", true},
		{full, "foo.*", true},
		{full, "foo.>", true},
		{full, "foo.*.>", true},
		{full, "foo", false},
		{full, "*.>", false},
		{full, "foo..x", false},
		{denyStar, "foo.bar", false},
		{denyStar, "foo.*", false},
		{denyStar, "foo.>", false},
		{denyStar, "*.>", true},
		{denyStar, "*.bar", true},
		{denyStar, ">", true},
		{denyStar, "foo", true},
		{denyOne, "foo.bar", false},
		{denyOne, "foo.bar q", false},
		{denyOne, "foo.*", true},
		{denyOne, "*.bar q", true},
		{perm.Rule{Deny: []string{"*"}}, ">", false},
		{perm.Rule{Deny: []string{"*"}}, "*.>", true},
		{queues, "foo", false},
		{queues, "foo v1", true},
		{queues, "foo v2", false},
		{queues, "bar", false},
		{queues, "bar x.prod", true},
		{queues, "bar x.y.prod", false},
		{queues, "bar *.prod", true},
		{queues, "baz", true},
		{queues, "baz v2", true},
		{queues, "baz v1", false},
		{queues, "baz w.x", true},
		{queues, "baz secret.x", false},
		{queues, "qux no", false},
		{queues, "qux w", false},
		{queues, "qux w.x", true},
		{perm.Rule{Deny: []string{"foo.bar q1"}}, "foo.bar", true},
		{perm.Rule{Deny: []string{"foo.bar q1"}}, "foo.bar q1", false},
		{perm.Rule{Deny: []string{"foo.bar q1"}}, "foo.bar q2", true},
		{perm.Rule{Deny: []string{"foo.bar q1"}}, "foo.* q1", true},
	} {
		s := compile(t, perm.Config{Subscribe: c.rule})
		pattern, queue, _ := strings.Cut(c.sub, " ")
		if got := s.CanSubscribe(pattern, queue); got != c.allowed {
			t.Errorf("SUB %s with %v: %v", c.sub, c.rule, got)
		}
	}
}

// TestPublish has what nats-server 2.15 answers to PUB.
func TestPublish(t *testing.T) {
	for _, c := range []struct {
		allow, deny, subject string
		allowed              bool
	}{
		{"", "", "foo", true},
		{"foo.*", "", "foo.bar", true},
		{"foo.*", "", "foo.*", true},
		{"foo.*", "", "foo.>", true},
		{"foo.*", "", "foo", false},
		{"foo.*", "", "foo.a.b", false},
		{"foo.*", "", "foo.", false},
		{">", "", "foo..bar", false},
		{"", "foo.*", "foo.bar", false},
		{"", "foo.*", "foo.>", false},
		{"", "foo.*", "foo", true},
		{"", "foo.*", ">", true},
		{"", "foo.*", "foo..", true},
		{"foo.>", "foo.bar", "foo.bar", false},
		{"foo.>", "foo.bar", "foo.bar.baz", true},
	} {
		s := compile(t, perm.Config{Publish: perm.Rule{Allow: strings.Fields(c.allow), Deny: strings.Fields(c.deny)}})
		if got := s.CanPublish([]byte(c.subject)); got != c.allowed {
			t.Errorf("PUB %s with allow %q deny %q: %v", c.subject, c.allow, c.deny, got)
		}
	}
}

// TestDelivery has what nats-server 2.15 delivers to a subscription that is wider than a deny entry.
func TestDelivery(t *testing.T) {
	for _, c := range []struct {
		deny, sub    string
		filter       bool
		held, passed []string
	}{
		{"foo.bar", "foo.*", true, []string{"foo.bar"}, []string{"foo.baz"}},
		{"foo.bar", "foo.* q", true, []string{"foo.bar"}, []string{"foo.baz"}},
		{"foo.bar", "baz.*", false, nil, []string{"baz.bar"}},
		{"foo.bar", "foo", false, nil, []string{"foo"}},
		{"foo.*", ">", true, []string{"foo.bar", "foo.baz"}, []string{"foo", "foo.a.b"}},
		{"foo.bar q1", "foo.* q1", true, []string{"foo.bar"}, []string{"foo.baz"}},
		{"foo.bar q1", "foo.* q2", false, nil, []string{"foo.bar", "foo.baz"}},
		{"foo.bar q.*", "foo.> q.x", true, []string{"foo.bar"}, []string{"foo.baz"}},
		{"foo.bar q1", "foo.*", false, nil, []string{"foo.bar", "foo.baz"}},
	} {
		s := compile(t, perm.Config{Subscribe: perm.Rule{Deny: []string{c.deny}}})
		pattern, queue, _ := strings.Cut(c.sub, " ")
		if !s.CanSubscribe(pattern, queue) {
			t.Errorf("deny %q: SUB %q is refused", c.deny, c.sub)
		}
		if got := s.NeedsDeliveryFilter(pattern, queue); got != c.filter {
			t.Errorf("deny %q, SUB %q: filter %v", c.deny, c.sub, got)
		}
		for _, name := range slices.Concat(c.held, c.passed) {
			if got := s.CanDeliver([]byte(name), queue); got != slices.Contains(c.passed, name) {
				t.Errorf("deny %q, SUB %q: delivery of %q %v", c.deny, c.sub, name, got)
			}
		}
	}
}

func TestNilSetAllowsEverything(t *testing.T) {
	s := compile(t, perm.Config{})
	if s != nil {
		t.Error("no permissions compile to a Set that is not nil")
	}
	if !s.CanPublish([]byte("a..b")) || !s.CanSubscribe(">", "q") || !s.CanDeliver([]byte("a"), "") {
		t.Error("a nil Set refuses something")
	}
	if s.NeedsDeliveryFilter(">", "") || s.NewReplies() != nil {
		t.Error("a nil Set filters")
	}
}

func TestCompileRefuses(t *testing.T) {
	for _, c := range []struct {
		config perm.Config
		err    error
		text   string
	}{
		{perm.Config{Publish: perm.Rule{Allow: []string{"foo..bar"}}}, perm.ErrSubject, `publish: allow: subject "foo..bar" is not a valid subject`},
		{perm.Config{Publish: perm.Rule{Deny: []string{"foo q"}}}, perm.ErrSubject, `publish: deny: subject "foo q" is not a valid subject`},
		{perm.Config{Subscribe: perm.Rule{Allow: []string{"a", ""}}}, perm.ErrSubject, `subscribe: allow: subject "" is not a valid subject`},
		{perm.Config{Subscribe: perm.Rule{Allow: []string{"foo a b"}}}, perm.ErrSubject, `subscribe: allow: subject "foo a b" is not a valid subject`},
		{perm.Config{Subscribe: perm.Rule{Deny: []string{">.a q"}}}, perm.ErrSubject, `subscribe: deny: subject ">.a" is not a valid subject`},
		{perm.Config{Subscribe: perm.Rule{Deny: []string{"a q."}}}, perm.ErrQueue, `subscribe: deny: queue "q." is not a valid queue`},
	} {
		s, err := perm.Compile(c.config)
		if s != nil || !errors.Is(err, c.err) || err.Error() != c.text {
			t.Errorf("Compile(%v): %v, want %s", c.config, err, c.text)
		}
	}
}

// naive is the rules by their words, over lists.
type naive struct{ c perm.Config }

// covers reports whether an entry reaches the subject's tokens. In strict mode `>` is not one token but what it stands for.
func covers(entry, subject string, strict bool) bool {
	e, s := strings.Split(entry, "."), strings.Split(subject, ".")
	if slices.Contains(s, "") {
		return false
	}
	for i, token := range e {
		switch {
		case i >= len(s):
			return false
		case token == ">":
			return true
		case strict && s[i] == ">" || token != "*" && token != s[i]:
			return false
		}
	}
	return len(e) == len(s)
}

func (n naive) name(pattern, queue string) bool {
	return queue == pattern || covers(pattern, queue, true)
}

func (n naive) publish(subject string) bool {
	allowed := len(n.c.Publish.Allow) == 0 && n.c.Responses == nil
	for _, e := range n.c.Publish.Allow {
		allowed = allowed || covers(e, subject, false)
	}
	for _, e := range n.c.Publish.Deny {
		allowed = allowed && !covers(e, subject, false)
	}
	return allowed
}

func (n naive) subscribe(pattern, queue string) bool {
	plain, about, named := len(n.c.Subscribe.Allow) == 0, false, false
	for _, e := range n.c.Subscribe.Allow {
		s, q, two := strings.Cut(e, " ")
		switch {
		case !two:
			plain = plain || covers(s, pattern, true)
		case queue != "" && covers(s, pattern, false):
			about = true
			named = named || covers(s, pattern, true) && n.name(q, queue)
		}
	}
	if about {
		plain = named
	}
	return plain && n.deliver(pattern, queue)
}

func (n naive) deliver(subject, queue string) bool {
	for _, e := range n.c.Subscribe.Deny {
		s, q, two := strings.Cut(e, " ")
		if covers(s, subject, false) && (!two || queue != "" && n.name(q, queue)) {
			return false
		}
	}
	return true
}

var (
	patterns = []string{
		"a", "b", "*", ">", "a.a", "a.b", "b.a", "a.*", "*.a", "*.*", "a.>", "*.>", "a.a.b", "a.*.b", "*.a.>", "a.b.*", "a.*.>",
	}
	literals = []string{"a", "b", "c", "a.a", "a.b", "b.a", "c.c", "a.a.b", "a.c.b", "a.b.c", "c.a.c.b", "a..b"}
	names    = []string{"", "q", "q.x", "q.y", "q.*", "q.>", ">", "r"}
)

func randomRule(rng *rand.Rand, queues bool) perm.Rule {
	list := func() (l []string) {
		for range rng.IntN(4) {
			e := patterns[rng.IntN(len(patterns))]
			if queues && rng.IntN(3) == 0 {
				e += " " + names[1+rng.IntN(len(names)-1)]
			}
			l = append(l, e)
		}
		return l
	}
	return perm.Rule{Allow: list(), Deny: list()}
}

// TestMatrix compares every check with the oracle, for random rules.
//
// advisory: CVE-2022-29946 secnote-2026-17 secnote-2026-18
func TestMatrix(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		n := naive{perm.Config{Publish: randomRule(rng, false), Subscribe: randomRule(rng, true)}}
		if i%3 == 0 {
			n.c.Responses = new(perm.Responses)
		}
		s := compile(t, n.c)
		for _, l := range slices.Concat(literals, patterns) {
			if got := s.CanPublish([]byte(l)); got != n.publish(l) {
				t.Fatalf("PUB %s with %+v: %v", l, n.c.Publish, got)
			}
		}
		for _, p := range slices.Concat(patterns, literals) {
			for _, q := range names {
				checkSubscription(t, s, n, p, q)
			}
		}
	}
}

func checkSubscription(t *testing.T, s *perm.Set, n naive, p, q string) {
	t.Helper()
	can := s.CanSubscribe(p, q)
	if can != n.subscribe(p, q) {
		t.Fatalf("SUB %s %s with %+v: %v", p, q, n.c.Subscribe, can)
	}
	filter, holds := s.NeedsDeliveryFilter(p, q), false
	for _, l := range literals {
		got := s.CanDeliver([]byte(l), q)
		if got != n.deliver(l, q) {
			t.Fatalf("delivery of %s to %s %s with %+v: %v", l, p, q, n.c.Subscribe, got)
		}
		holds = holds || covers(p, l, false) && !got
		// No message may come that the user could not subscribe to by name, unless queue entries speak of it.
		if can && got && covers(p, l, false) && q == "" && !n.subscribe(l, q) {
			t.Fatalf("SUB %s gets %s with %+v", p, l, n.c.Subscribe)
		}
	}
	if can && holds && !filter {
		t.Fatalf("SUB %s %s with %+v needs a filter", p, q, n.c.Subscribe)
	}
}

// FuzzRules compares rules of any words with the oracle. A list is one entry in each line.
func FuzzRules(f *testing.F) {
	f.Add("foo.*", "foo.bar q.*", "foo.>", "q.x", false)
	f.Add("> w", "*", "a..b", "", true)
	f.Add("a.> q\n> q.*\nb", "a.*.c *\n*.b", "a.*", "q.>", false)
	f.Add("", "foo*\n$SYS.>", "foo*.bar", ">", true)
	f.Add("a \t q", "\u00e9.>", "\u00e9.*", "q", false)
	f.Fuzz(func(t *testing.T, allow, deny, name, queue string, answers bool) {
		list := func(s string, queues bool) (l []string) {
			for e := range strings.SplitSeq(s, "\n") {
				switch {
				case subject.Valid(e):
					l = append(l, e)
				case perm.Check(e, queues) == nil:
					l = append(l, strings.Join(strings.Fields(e), " "))
				}
			}
			return l
		}
		n := naive{perm.Config{
			Publish:   perm.Rule{Allow: list(allow, false), Deny: list(deny, false)},
			Subscribe: perm.Rule{Allow: list(allow, true), Deny: list(deny, true)},
		}}
		if answers {
			n.c.Responses = new(perm.Responses)
		}
		s := compile(t, n.c)
		if got := s.CanPublish([]byte(name)); got != n.publish(name) {
			t.Errorf("PUB %q with %+v: %v", name, n.c.Publish, got)
		}
		if got := s.CanDeliver([]byte(name), queue); got != n.deliver(name, queue) {
			t.Errorf("delivery of %q to %q with %+v: %v", name, queue, n.c.Subscribe, got)
		}
		if !subject.Valid(name) || queue != "" && !subject.Valid(queue) {
			return
		}
		if got := s.CanSubscribe(name, queue); got != n.subscribe(name, queue) {
			t.Errorf("SUB %q %q with %+v: %v", name, queue, n.c.Subscribe, got)
		}
	})
}

var big = perm.Config{
	Publish:   perm.Rule{Allow: []string{"chat.room.*", "_INBOX.>", "user.1.>", "log"}, Deny: []string{"chat.room.secret", "user.*.admin"}},
	Subscribe: perm.Rule{Allow: []string{"chat.room.*", "chat.> w.*", "_INBOX.>"}, Deny: []string{"chat.room.secret", "chat.> no.*"}},
}

func TestNoAllocations(t *testing.T) {
	s := compile(t, big)
	name := []byte("chat.room.a-name-that-does-not-fit-into-a-small-buffer")
	pattern := string(name)
	for what, f := range map[string]func() bool{
		"CanPublish":          func() bool { return s.CanPublish(name) },
		"CanSubscribe":        func() bool { return s.CanSubscribe(pattern, "w.1") },
		"NeedsDeliveryFilter": func() bool { return s.NeedsDeliveryFilter("chat.room.*", "w.1") },
		"CanDeliver":          func() bool { return s.CanDeliver(name, "w.1") },
	} {
		if n := testing.AllocsPerRun(100, func() {
			if !f() {
				t.Error(what, "says no")
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
}

func BenchmarkCanPublish(b *testing.B) {
	many := perm.Config{}
	for i := range 300 {
		many.Publish.Allow = append(many.Publish.Allow, fmt.Sprintf("device.%d.>", i), fmt.Sprintf("literal.%d", i))
	}
	for _, c := range []struct {
		name, subject string
		config        perm.Config
	}{
		{"few", "chat.room.general", big},
		{"thousand", "device.999.temperature", many},
		{"literal", "literal.999", many},
	} {
		s, name := compile(b, c.config), []byte(c.subject)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.CanPublish(name)
			}
		})
	}
}

func BenchmarkCanSubscribe(b *testing.B) {
	s := compile(b, big)
	b.ReportAllocs()
	for b.Loop() {
		s.CanSubscribe("chat.room.general", "w.1")
	}
}

func BenchmarkCanDeliver(b *testing.B) {
	s, name := compile(b, big), []byte("chat.room.general")
	b.ReportAllocs()
	for b.Loop() {
		s.CanDeliver(name, "")
	}
}
