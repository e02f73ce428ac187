package account_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"weir/internal/account"
)

// What an error says is what the reference says, and where.
func TestErrorTexts(t *testing.T) {
	exporter := account.Config{Name: "A", Exports: []account.Export{{Subject: "s.*"}, {Subject: "q", Service: true}}}
	for want, configs := range map[string][]account.Config{
		`account "B": "X" account not defined for stream import`: {
			{Name: "B", Imports: []account.Import{stream("X", "s", "")}}},
		`account "B": "X" account not defined for service export`: {
			{Name: "B", Exports: []account.Export{{Subject: "s", Service: true, Accounts: []string{"X"}}}}},
		`account "B": Error adding service import "s.x": service import not authorized: not exported`: {
			exporter, {Name: "B", Imports: []account.Import{service("A", "s.x", "")}}},
		`account "B": Error adding stream import "s.*": stream import already exists`: {
			exporter, {Name: "B", Imports: []account.Import{stream("A", "s.*", "a.$1"), stream("A", "s.*", "b.$1")}}},
		`account "B": Error adding stream import "s.*": failed to create mapping transform from "s.*" to "x": invalid mapping destination: not using all of the token wildcard(s) in x`: {
			exporter, {Name: "B", Imports: []account.Import{stream("A", "s.*", "x")}}},
		`account "B": Error adding mapping "a": total weight needs to be <= 100`: {
			{Name: "B", Mappings: []account.Mapping{{Source: "a", To: []account.Weighted{{Subject: "b", Weight: 60}, {Subject: "c", Weight: 60}}}}}},
		`account "B": Error adding account "B": already exists`: {{Name: "B"}, {Name: "B"}},
	} {
		err := account.NewDirectory().Apply(configs)
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// Only what the reference takes for a circle is refused; it holds where an import leads to against where it starts.
//
// advisory: CVE-2020-28466
func TestCycles(t *testing.T) {
	own := func(name string, kind bool, subject string) account.Config {
		return account.Config{Name: name, Exports: []account.Export{{Subject: subject, Service: kind}}}
	}
	with := func(c account.Config, imports ...account.Import) account.Config {
		c.Imports = imports
		return c
	}
	const streams, services = false, true
	for name, c := range map[string]struct {
		configs []account.Config
		cycle   bool
	}{
		"services of each other": {[]account.Config{
			with(own("A", services, "a"), service("B", "b", "a")), with(own("B", services, "b"), service("A", "a", "b"))}, true},
		"services of each other under other names": {[]account.Config{
			with(own("A", services, "a"), service("B", "b", "c")), with(own("B", services, "b"), service("A", "a", "b"))}, true},
		"services of each other that do not meet": {[]account.Config{
			with(own("A", services, "a"), service("B", "b", "x")), with(own("B", services, "b"), service("A", "a", "y"))}, false},
		"its own service": {[]account.Config{with(own("A", services, "a"), service("A", "a", ""))}, false},
		"its own stream":  {[]account.Config{with(own("A", streams, "a"), stream("A", "a", ""))}, false},
		"three services of the same name": {[]account.Config{
			with(own("A", services, "x"), service("B", "x", "")), with(own("B", services, "x"), service("C", "x", "")),
			with(own("C", services, "x"), service("A", "x", ""))}, true},
		"three services of other names": {[]account.Config{
			with(own("A", services, "a"), service("B", "b", "a")), with(own("B", services, "b"), service("C", "c", "b")),
			with(own("C", services, "c"), service("A", "a", "c"))}, false},
		"streams of each other": {[]account.Config{
			with(own("A", streams, "a"), stream("B", "b", "a")), with(own("B", streams, "b"), stream("A", "a", "b"))}, true},
		"all streams of each other": {[]account.Config{
			with(own("A", streams, ">"), stream("B", ">", "")), with(own("B", streams, ">"), stream("A", ">", ""))}, true},
		"streams of each other that do not meet": {[]account.Config{
			with(own("A", streams, "a.>"), stream("B", "b.>", "")), with(own("B", streams, "b.>"), stream("A", "a.>", ""))}, false},
		"a chain": {[]account.Config{
			own("A", services, "x"), with(own("B", services, "x"), service("A", "x", "")), with(own("C", services, "x"), service("B", "x", ""))}, false},
	} {
		err := account.NewDirectory().Apply(c.configs)
		if errors.Is(err, account.ErrCycle) != c.cycle || err != nil && !c.cycle {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A request that circles all the same comes to each service once.
func TestCircleStops(t *testing.T) {
	exports := func(subject string) []account.Export { return []account.Export{{Subject: subject, Service: true}} }
	d := apply(t,
		account.Config{Name: "A", Exports: exports("a"), Imports: []account.Import{service("B", "b", "a")}},
		account.Config{Name: "B", Exports: exports("b"), Imports: []account.Import{service("C", "c", "b")}},
		account.Config{Name: "C", Exports: exports("c"), Imports: []account.Import{service("A", "a", "c")}},
	)
	a, b, c := d.listen("A", "a", ""), d.listen("B", "b", ""), d.listen("C", "c", "")
	if n := d.publish("A", "a", "", "?"); n != 4 {
		t.Errorf("%d got it", n)
	}
	a.want(t, "A", "a:?", "a:?")
	b.want(t, "B", "b:?")
	c.want(t, "C", "c:?")
}

// An export without wildcards has one name, whatever the importer calls it.
func TestImportsOfOneName(t *testing.T) {
	d := apply(t,
		account.Config{Name: "A", Exports: []account.Export{{Subject: "q", Service: true}, {Subject: "s"}}},
		account.Config{Name: "B", Imports: []account.Import{
			service("A", "q", "any.*"), service("A", "q", "lit.$1"), stream("A", "s", "odd.$1")}},
	)
	asked := d.listen("A", "q", "")
	for name, want := range map[string]int{"any.x": 1, "any": 0, "lit.$1": 1, "lit.x": 0} {
		if n := d.publish("B", name, "", "?"); n != want {
			t.Errorf("%d got %s", n, name)
		}
	}
	asked.want(t, "asked", "q:?", "q:?")
	v := newVisitor(0)
	v.names = true
	v.sub(t, d.Lookup("B"), "odd.*", "", "1")
	w := newVisitor(0)
	w.names = true
	w.sub(t, d.Lookup("B"), "odd.$1", "", "1")
	other := d.listen("B", "odd.x", "")
	for range 2 {
		if n := d.publish("A", "s", "", "!"); n != 2 {
			t.Errorf("%d got the stream", n)
		}
	}
	v.want(t, "wildcard", "odd.$1", "odd.$1")
	w.want(t, "literal", "odd.$1", "odd.$1")
	other.want(t, "another")
}

// sharing are two accounts of which one imports some of the other's streams and services.
func sharing(imports ...account.Import) []account.Config {
	return []account.Config{
		{Name: "A", Exports: []account.Export{{Subject: "s.*"}, {Subject: "t.*"}, {Subject: "q", Service: true}, {Subject: "r", Service: true}}},
		{Name: "B", Imports: imports},
	}
}

// What is imported before and after a change is imported all the while, once.
func TestChangesDoNotInterrupt(t *testing.T) {
	stay := []account.Import{stream("A", "s.*", "in.$1"), service("A", "q", "")}
	d := apply(t, sharing(stay...)...)
	v, asked := d.listen("B", "in.*", ""), d.listen("A", "q", "")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			change := slices.Clone(stay)
			if i%2 == 0 {
				change = append(change, stream("A", "t.*", "in.$1"), service("A", "r", ""))
			}
			if err := d.Apply(sharing(change...)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for i := range 500 {
		if n := d.publish("A", "s.x", "", "x"); n != 1 {
			t.Fatalf("message %d: %d got it", i, n)
		}
		if n := d.publish("B", "q", "", "x"); n != 1 {
			t.Fatalf("request %d: %d got it", i, n)
		}
	}
	close(stop)
	wg.Wait()
	if v.count() != 500 || asked.count() != 500 {
		t.Errorf("got %d messages and %d requests", v.count(), asked.count())
	}
}

// Subscriptions that come and go while imports change have the shadows that they should have, and leave none.
func TestChangesUnderSubscriptions(t *testing.T) {
	one, two := stream("A", "s.*", "in.$1"), stream("A", "t.*", "in.$1")
	d := apply(t, sharing()...)
	b := d.Lookup("B")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			v := newVisitor(0)
			for range 200 {
				s := &account.Sub{Subject: "in.*", SID: "1", Owner: v, Out: &v.q}
				if err := b.Subscribe(s); err != nil {
					t.Error(err)
				}
				b.Unsubscribe(s)
			}
		})
	}
	for _, imports := range slices.Repeat([][]account.Import{{one}, {one, two}, {two}, nil}, 20) {
		if err := d.Apply(sharing(imports...)); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	v := newVisitor(0)
	s := v.sub(t, b, "in.*", "", "1")
	for i, imports := range [][]account.Import{{one, two}, {two}, {two, one}, {}, {one}} {
		if err := d.Apply(sharing(imports...)); err != nil {
			t.Fatal(err)
		}
		if n := d.Lookup("A").Subs().Len(); n != len(imports) {
			t.Errorf("change %d: %d shadows, want %d", i, n, len(imports))
		}
	}
	b.Unsubscribe(s)
	if n := d.Lookup("A").Subs().Len(); n != 0 {
		t.Errorf("%d shadows are left", n)
	}
}
