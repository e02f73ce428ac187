package account_test

import (
	"testing"

	"weir/internal/account"
)

// A publisher that says that the subject is the one of before gets what it would get without saying so.
func TestAgain(t *testing.T) {
	d := apply(t,
		account.Config{Name: "A", Exports: []account.Export{{Subject: "svc", Service: true}}, Mappings: []account.Mapping{}},
		account.Config{Name: "B", Imports: []account.Import{service("A", "svc", "")}},
	)
	b := d.Lookup("B")
	self := newVisitor(0)
	p := &account.Publisher{Self: self, Who: func(bool) account.Client { return account.Client{} }}
	publish := func(subject, reply string, again bool, want int) {
		t.Helper()
		to, maps := b.Mapped(p, []byte(subject))
		pub := account.Pub{Subject: to, Reply: []byte(reply), Again: again && !maps}
		if n := b.Publish(p, &pub); n != want {
			t.Errorf("%s, again %v: %d got it, want %d", subject, again, n, want)
		}
		p.Flush()
	}
	publish("foo", "", false, 0)
	publish("foo", "", true, 0)
	s := self.sub(t, b, "foo", "", "1")
	publish("foo", "", true, 1)
	publish("foo", "", true, 1)
	inbox := self.sub(t, b, "in", "", "2")
	if got := p.SubOf(b, []byte("in")); got != inbox {
		t.Error("SubOf found", got)
	}
	publish("foo", "", true, 1)
	b.Unsubscribe(s)
	publish("foo", "", true, 0)

	// A request leads to look-ups in two accounts, and the answer to more.
	asked := d.listen("A", "svc", "")
	publish("svc", "in", false, 1)
	publish("svc", "in", true, 1)
	publish("in", "", false, 1)
	publish("in", "", true, 1)
	if n := asked.count(); n != 2 {
		t.Errorf("asked %d times", n)
	}

	if err := d.Apply([]account.Config{
		{Name: "A"}, {Name: "B", Mappings: []account.Mapping{{Source: "in", To: []account.Weighted{{Subject: "out", Weight: 100}}}}},
	}); err != nil {
		t.Fatal(err)
	}
	publish("in", "", true, 0)
	self.sub(t, b, "out", "", "3")
	publish("in", "", true, 1)
	p.Release()
	publish("in", "", true, 1)
}

// It is true for the account of before only.
func TestAgainInAnotherAccount(t *testing.T) {
	a, b := account.New("A"), account.New("B")
	v := newVisitor(0)
	v.sub(t, b, "foo", "", "1")
	var p account.Publisher
	for i, row := range []struct {
		in   *account.Account
		want int
	}{{a, 0}, {b, 1}, {a, 0}, {a, 0}, {b, 1}, {b, 1}, {a, 0}} {
		if n := row.in.Publish(&p, &account.Pub{Subject: []byte("foo"), Again: i > 0}); n != row.want {
			t.Errorf("message %d: %d got it, want %d", i, n, row.want)
		}
	}
	p.Flush()
}

// An owned body is kept if somebody gets it, and is the publisher's again if nobody does.
func TestOwnedBodies(t *testing.T) {
	a := account.New("A")
	var p account.Publisher
	pub := account.Pub{Subject: []byte("foo"), Body: []byte("body"), Owned: true}
	if n := a.Publish(&p, &pub); n != 0 || !pub.Owned {
		t.Errorf("nobody: %d, owned %v", n, pub.Owned)
	}
	v := newVisitor(0)
	v.sub(t, a, "foo", "", "1")
	if n := a.Publish(&p, &pub); n != 1 || pub.Owned {
		t.Errorf("somebody: %d, owned %v", n, pub.Owned)
	}
}
