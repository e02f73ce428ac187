package account_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/account"
)

// tenants is a directory with publishers for its accounts.
type tenants struct {
	*account.Directory
	t *testing.T
}

func apply(t *testing.T, configs ...account.Config) *tenants {
	t.Helper()
	d := account.NewDirectory()
	if err := d.Apply(configs); err != nil {
		t.Fatal(err)
	}
	return &tenants{d, t}
}

// listen subscribes somebody new in the account.
func (d *tenants) listen(name, subject, queue string) *visitor {
	v := newVisitor(0)
	v.sub(d.t, d.Lookup(name), subject, queue, subject)
	return v
}

// publish sends a message in the account, and returns how many got it.
func (d *tenants) publish(name, subject, reply, payload string) int {
	p := &account.Publisher{Who: func(detailed bool) account.Client {
		c := account.Client{Account: name}
		if detailed {
			c.Name = "somebody"
		}
		return c
	}}
	to, _ := d.Lookup(name).Mapped(p, []byte(subject))
	n := d.Lookup(name).Publish(p, &account.Pub{Subject: to, Reply: []byte(reply), Body: []byte(payload)})
	p.Flush()
	return n
}

// want compares what reached v, and forgets it.
func (v *visitor) want(t *testing.T, what string, want ...string) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if !slices.Equal(v.got, want) {
		t.Errorf("%s: got %q, want %q", what, v.got, want)
	}
	v.got = nil
}

func stream(from, subject, to string) account.Import {
	return account.Import{Account: from, Subject: subject, To: to}
}

func service(from, subject, to string) account.Import {
	return account.Import{Service: true, Account: from, Subject: subject, To: to}
}

func TestAccountsAreApart(t *testing.T) {
	d := apply(t, account.Config{Name: "A"}, account.Config{Name: "B"})
	a, b := d.listen("A", ">", ""), d.listen("B", ">", "")
	if n := d.publish("A", "foo", "", "x"); n != 1 {
		t.Errorf("%d got it", n)
	}
	a.want(t, "A", ">:x")
	b.want(t, "B")
}

func TestStreamImports(t *testing.T) {
	exports := []account.Export{{Subject: "evt.>"}, {Subject: "data.*.*"}}
	d := apply(t,
		account.Config{Name: "A", Exports: exports},
		account.Config{Name: "B", Imports: []account.Import{
			stream("A", "evt.>", "from.a.evt.>"), stream("A", "data.*.*", "d.$2.$1"),
		}},
		account.Config{Name: "C", Imports: []account.Import{stream("A", "evt.>", "")}},
	)
	for _, c := range []struct{ account, sub, subject, want string }{
		{"B", "from.a.evt.x", "evt.x", "from.a.evt.x"},
		{"B", "from.a.evt.x", "evt.y", ""},
		{"B", ">", "evt.x.y", "from.a.evt.x.y"},
		{"B", "from.*.evt.*", "evt.x", "from.a.evt.x"},
		{"B", "*.a.evt.x", "evt.x", "from.a.evt.x"},
		{"B", "evt.x", "evt.x", ""},
		{"B", "d.two.*", "data.one.two", "d.two.one"},
		{"B", "d.two.*", "data.two.one", ""},
		{"C", "evt.x", "evt.x", "evt.x"},
		{"C", "evt.*", "evt.x", "evt.x"},
		{"C", "*.x", "evt.x", "evt.x"},
		{"C", "*.x", "evt.y", ""},
	} {
		v := newVisitor(0)
		v.names = true
		s := v.sub(t, d.Lookup(c.account), c.sub, "", "1")
		want := []string{}
		if c.want != "" {
			want = append(want, c.want)
		}
		if n := d.publish("A", c.subject, "", "x"); n != len(want) {
			t.Errorf("%s in %s: %d got %s", c.sub, c.account, n, c.subject)
		}
		v.want(t, c.account+" "+c.sub+" of "+c.subject, want...)
		if int(s.Delivered()) != len(want) {
			t.Errorf("%s counts %d", c.sub, s.Delivered())
		}
		d.Lookup(c.account).Unsubscribe(s)
		if d.publish("A", c.subject, "", "x") != 0 || d.Lookup("A").Subs().Len() != 0 {
			t.Errorf("%s in %s leaves a shadow", c.sub, c.account)
		}
	}
}

// Several receivers share the body, whatever name it has for them; a limit counts messages of imports, too; a guard sees
// the name.
func TestStreamImportsShare(t *testing.T) {
	d := apply(t,
		account.Config{Name: "A", Exports: []account.Export{{Subject: "evt.*"}}},
		account.Config{Name: "B", Imports: []account.Import{stream("A", "evt.*", "got.$1")}},
	)
	own := d.listen("A", "evt.*", "")
	b1, b2 := newVisitor(0), newVisitor(0)
	b1.names, b2.names = true, true
	s := b1.sub(t, d.Lookup("B"), "got.*", "", "1")
	s.Limit(2)
	guard := account.Guard(func(_ *account.Sub, subject, _ []byte) bool { return string(subject) != "got.no" })
	b2.sub(t, d.Lookup("B"), "got.>", "", "2").SetGuard(&guard)
	for _, name := range []string{"evt.a", "evt.no", "evt.b"} {
		d.publish("A", name, "", "x")
	}
	own.want(t, "exporter", "evt.*:x", "evt.*:x", "evt.*:x")
	b1.want(t, "limited", "got.a", "got.no")
	b2.want(t, "guarded", "got.a", "got.b")
	if len(b1.expired) != 1 || d.Lookup("B").Subs().Len() != 1 {
		t.Errorf("%d expired, %d left", len(b1.expired), d.Lookup("B").Subs().Len())
	}
}

func TestServices(t *testing.T) {
	d := apply(t,
		account.Config{Name: "A", Exports: []account.Export{
			{Subject: "svc.*", Service: true},
			{Subject: "many", Service: true, Response: account.Stream},
		}},
		account.Config{Name: "B", Imports: []account.Import{
			service("A", "svc.*", "ask.$1"), service("A", "many", ""),
		}},
	)
	if n := d.publish("B", "ask.x", "inbox", "?"); n != 0 || d.Lookup("A").Awaited() != 0 {
		t.Errorf("a request to nobody: %d got it, %d answers awaited", n, d.Lookup("A").Awaited())
	}
	asked := newVisitor(0)
	asked.full = true
	asked.sub(t, d.Lookup("A"), ">", "", "1")
	inbox := d.listen("B", "inbox", "")
	if n := d.publish("B", "ask.x", "inbox", "?"); n != 1 {
		t.Fatalf("%d got the request", n)
	}
	request := strings.SplitN(asked.got[0], " ", 3)
	asked.got = nil
	if request[0] != "svc.x" || !strings.HasPrefix(request[1], "_R_.") || !strings.HasSuffix(request[2], "?") {
		t.Fatalf("the request is %q", request)
	}
	if !strings.Contains(request[2], `Nats-Request-Info: {"acc":"B"}`) {
		t.Errorf("who asks: %q", request[2])
	}
	d.publish("A", request[1], "", "!")
	d.publish("A", request[1], "", "late")
	inbox.want(t, "one answer", "inbox:!")

	asked.got = nil
	d.publish("B", "many", "inbox", "?")
	reply := strings.SplitN(asked.got[0], " ", 3)[1]
	for _, answer := range []string{"1", "2", "", "late"} {
		d.publish("A", reply, "", answer)
	}
	inbox.want(t, "many answers", "inbox:1", "inbox:2", "inbox:")
	if n := d.Lookup("A").Awaited(); n != 0 {
		t.Errorf("%d answers awaited", n)
	}
}

// Requests go on through services that are imported and exported again, and never round in a circle.
func TestServiceChain(t *testing.T) {
	d := apply(t,
		account.Config{Name: "A", Exports: []account.Export{{Subject: "a", Service: true}}},
		account.Config{Name: "B", Imports: []account.Import{service("A", "a", "b")}, Exports: []account.Export{{Subject: "b", Service: true}}},
		account.Config{Name: "C", Imports: []account.Import{service("B", "b", "c")}},
	)
	asked := newVisitor(0)
	asked.full = true
	asked.sub(t, d.Lookup("A"), "a", "", "1")
	inbox := d.listen("C", "inbox", "")
	d.publish("C", "c", "inbox", "?")
	if len(asked.got) != 1 || !strings.Contains(asked.got[0], `"svc":"B"`) {
		t.Fatalf("asked: %q", asked.got)
	}
	d.publish("A", strings.SplitN(asked.got[0], " ", 3)[1], "", "!")
	inbox.want(t, "through two accounts", "inbox:!")

	err := account.NewDirectory().Apply([]account.Config{
		{Name: "A", Exports: []account.Export{{Subject: "a", Service: true}}, Imports: []account.Import{service("B", "b", "a")}},
		{Name: "B", Exports: []account.Export{{Subject: "b", Service: true}}, Imports: []account.Import{service("A", "a", "b")}},
	})
	if !errors.Is(err, account.ErrCycle) {
		t.Errorf("a circle: %v", err)
	}
}

func TestMappings(t *testing.T) {
	d := apply(t, account.Config{Name: "A", Mappings: []account.Mapping{
		{Source: "old.*", To: []account.Weighted{{Subject: "new.$1", Weight: 100}}},
		{Source: "half", To: []account.Weighted{{Subject: "other", Weight: 50}}},
		{Source: "lossy", To: []account.Weighted{{Subject: "lossy", Weight: 50}}},
	}})
	fresh, old := d.listen("A", "new.*", ""), d.listen("A", "old.*", "")
	d.publish("A", "old.x", "", "1")
	fresh.want(t, "new name", "new.*:1")
	old.want(t, "old name")
	half, other, lossy := d.listen("A", "half", ""), d.listen("A", "other", ""), d.listen("A", "lossy", "")
	for range 400 {
		d.publish("A", "half", "", "")
		d.publish("A", "lossy", "", "")
	}
	if n, m := half.count(), other.count(); n+m != 400 || n < 120 || m < 120 {
		t.Errorf("%d and %d of 400", n, m)
	}
	if n := lossy.count(); n < 120 || n > 280 {
		t.Errorf("%d of 400 were not lost", n)
	}
}

func TestApplyRefuses(t *testing.T) {
	exporter := account.Config{Name: "A", Exports: []account.Export{
		{Subject: "evt.>", Accounts: []string{"C"}},
		{Subject: "tok.*", TokenPosition: 2},
		{Subject: "act", Token: true, Revoked: map[string]int64{"*": 100}},
	}}
	importer := func(m account.Import) account.Config { return account.Config{Name: "B", Imports: []account.Import{m}} }
	activated := func(at int64) account.Import {
		return account.Import{Account: "A", Subject: "act", Activated: true, IssuedAt: at}
	}
	for name, c := range map[string]struct {
		config account.Config
		want   error
	}{
		"unknown account":    {importer(stream("X", "evt.x", "")), account.ErrNoAccount},
		"not exported":       {importer(stream("A", "other", "")), account.ErrNotExported},
		"other kind":         {importer(service("A", "evt.x", "")), account.ErrNotExported},
		"not authorized":     {importer(stream("A", "evt.x", "")), account.ErrNotAuthorized},
		"other's token":      {importer(stream("A", "tok.C", "")), account.ErrNotAuthorized},
		"own token":          {importer(stream("A", "tok.B", "")), nil},
		"not activated":      {importer(stream("A", "act", "")), account.ErrNotAuthorized},
		"activation revoked": {importer(activated(100)), account.ErrNotAuthorized},
		"activated":          {importer(activated(101)), nil},
		"bad subject":        {importer(stream("A", "evt..x", "")), account.ErrSubject},
		"weight":             {account.Config{Name: "B", Mappings: []account.Mapping{{Source: "a", To: []account.Weighted{{Subject: "b", Weight: 101}}}}}, account.ErrWeight},
		"weights": {account.Config{Name: "B", Mappings: []account.Mapping{
			{Source: "a", To: []account.Weighted{{Subject: "b", Weight: 60}, {Subject: "c", Weight: 60}}}}}, account.ErrTotalWeight},
		"token position":    {account.Config{Name: "B", Exports: []account.Export{{Subject: "a.b", TokenPosition: 2}}}, account.ErrTokenPosition},
		"twice":             {exporter, account.ErrDuplicate},
		"exact export":      {importer(stream("A", "tok.*", "")), account.ErrNotAuthorized},
		"prefix of a token": {account.Config{Name: "B", Exports: []account.Export{{Subject: "a.*", TokenPosition: 3}}}, account.ErrTokenPosition},
		"export for nobody": {account.Config{Name: "B", Exports: []account.Export{{Subject: "a", Accounts: []string{"X"}}}}, account.ErrNoAccount},
		"samples are requests": {account.Config{Name: "B", Exports: []account.Export{
			{Subject: "a.*", Service: true}, {Subject: "b", Service: true, Latency: &account.Latency{Subject: "a.x"}}}}, account.ErrResults},
		"samples of a stream": {account.Config{Name: "B", Exports: []account.Export{
			{Subject: "b", Service: true, Response: account.Stream, Latency: &account.Latency{Subject: "a"}}}}, account.ErrResponse},
		"sampling": {account.Config{Name: "B", Exports: []account.Export{
			{Subject: "b", Service: true, Latency: &account.Latency{Subject: "a", Sampling: 101}}}}, account.ErrSampling},
		"weights elsewhere": {account.Config{Name: "B", Mappings: []account.Mapping{
			{Source: "a", To: []account.Weighted{{Subject: "b", Weight: 60, Cluster: "x"}, {Subject: "c", Weight: 60, Cluster: "x"}}}}}, account.ErrTotalWeight},
		"same destination": {account.Config{Name: "B", Mappings: []account.Mapping{
			{Source: "a", To: []account.Weighted{{Subject: "b", Weight: 6}, {Subject: "b", Weight: 6}}}}}, account.ErrSameMapping},
	} {
		d := apply(t, account.Config{Name: "OLD"})
		err := d.Apply([]account.Config{exporter, c.config, {Name: "C"}})
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if (d.Lookup("OLD") != nil) != (c.want != nil) {
			t.Errorf("%s: the old account is there: %v", name, d.Lookup("OLD") != nil)
		}
	}
}

// Accounts and their subscriptions outlive a change; what they import changes under them.
func TestApplyAgain(t *testing.T) {
	exporter := account.Config{Name: "A", Exports: []account.Export{{Subject: "evt.*"}, {Subject: "svc", Service: true}}}
	d := apply(t, exporter, account.Config{Name: "B"})
	a, b := d.Lookup("A"), d.Lookup("B")
	v := d.listen("B", "evt.*", "")
	asked := d.listen("A", "svc", "")
	d.publish("A", "evt.x", "", "1")
	v.want(t, "before")
	imports := []account.Import{stream("A", "evt.*", ""), service("A", "svc", "")}
	if err := d.Apply([]account.Config{exporter, {Name: "B", Imports: imports}}); err != nil {
		t.Fatal(err)
	}
	if d.Lookup("A") != a || d.Lookup("B") != b {
		t.Error("accounts were made anew")
	}
	d.publish("A", "evt.x", "", "2")
	v.want(t, "imported", "evt.*:2")
	if n := d.publish("B", "svc", "", "?"); n != 1 || asked.count() != 1 {
		t.Errorf("%d got the request", n)
	}
	if err := d.Apply([]account.Config{exporter, {Name: "B"}}); err != nil {
		t.Fatal(err)
	}
	d.publish("A", "evt.x", "", "3")
	v.want(t, "not imported any more")
	if n := d.publish("B", "svc", "", "?"); n != 0 {
		t.Errorf("%d got the request", n)
	}
	if a.Subs().Len() != 1 || b.Subs().Len() != 1 {
		t.Errorf("%d and %d subscriptions are left", a.Subs().Len(), b.Subs().Len())
	}
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := apply(t,
			account.Config{Name: "A", Exports: []account.Export{{
				Subject: "svc", Service: true, Threshold: time.Second, Latency: &account.Latency{Subject: "lat", Sampling: 100},
			}}},
			account.Config{Name: "B", Imports: []account.Import{service("A", "svc", "")}},
		)
		results := d.listen("A", "lat", "")
		status := func() (s struct {
			Type, Description string
			Status            int
			Requestor         struct{ Acc string }
			Service, Total    time.Duration
		}) {
			t.Helper()
			synctest.Wait()
			if results.count() != 1 {
				t.Fatalf("%d results", results.count())
			}
			if err := json.Unmarshal([]byte(strings.TrimPrefix(results.got[0], "lat:")), &s); err != nil {
				t.Fatal(err)
			}
			results.got = nil
			return s
		}
		d.publish("B", "svc", "inbox", "?")
		if s := status(); s.Status != 503 {
			t.Errorf("nobody there: %+v", s)
		}
		asked := newVisitor(0)
		asked.full = true
		asked.sub(t, d.Lookup("A"), "svc", "", "1")
		inbox := d.listen("B", "inbox", "")
		d.publish("B", "svc", "", "?")
		if s := status(); s.Status != 400 {
			t.Errorf("no reply: %+v", s)
		}
		asked.got = nil
		d.publish("B", "svc", "inbox", "?")
		time.Sleep(10 * time.Millisecond) // fake time
		d.publish("A", strings.SplitN(asked.got[0], " ", 3)[1], "", "!")
		if s := status(); s.Status != 200 || s.Service != 10*time.Millisecond || s.Total < s.Service || s.Requestor.Acc != "B" || s.Type == "" {
			t.Errorf("answered: %+v", s)
		}
		inbox.want(t, "inbox", "inbox:!")
		d.publish("B", "svc", "inbox", "?")
		time.Sleep(2 * time.Second)
		if s := status(); s.Status != 504 || d.Lookup("A").Awaited() != 0 {
			t.Errorf("too late: %+v", s)
		}
		// The only one who waits leaves; a subscription that others share stays.
		for _, c := range []struct{ sub, reply string }{{"here", "here"}, {"her.*", "her.e"}} {
			v := newVisitor(0)
			sub := v.sub(t, d.Lookup("B"), c.sub, "", "1")
			d.publish("B", "svc", c.reply, "?")
			d.publish("B", "svc", "inbox", "?")
			d.Lookup("B").Unsubscribe(sub)
			if s := status(); s.Status != 408 || d.Lookup("A").Awaited() != 1 {
				t.Errorf("nobody waits: %+v", s)
			}
			time.Sleep(2 * time.Second)
			if s := status(); s.Status != 504 {
				t.Errorf("too late: %+v", s)
			}
		}
	})
}

func TestSeats(t *testing.T) {
	d := apply(t, account.Config{Name: "A", Limits: account.Limits{Connections: 2}}, account.Config{Name: "B", Limits: account.Limits{Connections: -1}})
	a := d.Lookup("A")
	if !a.Join() || !a.Join() || a.Join() || a.Clients() != 2 {
		t.Errorf("%d clients", a.Clients())
	}
	if a.Leave(); !a.Join() {
		t.Error("the seat is not free")
	}
	if d.Lookup("B").Join() {
		t.Error("an account without seats")
	}
}

// An account whose routes are the same as before is left alone when others change.
func TestApplyLeavesTheSame(t *testing.T) {
	configs := func(more ...account.Config) []account.Config {
		return append([]account.Config{
			{Name: "A", Exports: []account.Export{{Subject: "ask", Service: true}, {Subject: "news"}}},
			{Name: "B", Imports: []account.Import{{Service: true, Account: "A", Subject: "ask"}, {Account: "A", Subject: "news"}},
				Mappings: []account.Mapping{{Source: "x", To: []account.Weighted{{Subject: "y", Weight: 100}}}}},
		}, more...)
	}
	d := account.NewDirectory()
	apply := func(all []account.Config) {
		t.Helper()
		if err := d.Apply(all); err != nil {
			t.Fatal(err)
		}
	}
	apply(configs())
	inserts := func() uint64 {
		return uint64(d.Lookup("A").Subs().Stats().Inserts + d.Lookup("B").Subs().Stats().Inserts)
	}
	before := inserts()
	apply(configs(account.Config{Name: "C"}))
	apply(configs())
	if got := inserts(); got != before {
		t.Errorf("%d subscriptions were made anew", got-before)
	}
	changed := configs()
	changed[0].Exports[0].Response = account.Stream
	apply(changed)
	if inserts() == before {
		t.Error("another kind of answer changed nothing")
	}
}
