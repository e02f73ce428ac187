package account_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"weir/internal/account"
)

// withSystem is a directory with the system account SYS.
func withSystem(t *testing.T, configs ...account.Config) *account.Directory {
	t.Helper()
	d := account.NewDirectory()
	d.SetSystem("SYS")
	put(t, d, append(configs, account.Config{Name: "SYS"})...)
	return d
}

func put(t *testing.T, d *account.Directory, configs ...account.Config) {
	t.Helper()
	if err := d.Apply(configs); err != nil {
		t.Fatal(err)
	}
}

// asked sends a request in an account with who asks, and returns what the system account gets.
func asked(t *testing.T, d *account.Directory, from, subject string) []string {
	t.Helper()
	v := newVisitor(0)
	v.full = true
	s := v.sub(t, d.Lookup("SYS"), ">", "", "1")
	defer d.Lookup("SYS").Unsubscribe(s)
	p := &account.Publisher{Who: func(detailed bool) account.Client {
		c := account.Client{Account: from}
		if detailed {
			c.User = "ann"
		}
		return c
	}}
	d.Lookup(from).Publish(p, &account.Pub{Subject: []byte(subject), Reply: []byte("r")})
	p.Flush()
	return v.got
}

func TestSystemServices(t *testing.T) {
	d := withSystem(t, account.Config{Name: "A"}, account.Config{Name: "two words"}, account.Config{Name: "dotted.name"})
	for _, c := range []struct{ from, subject, want string }{
		{"A", "$SYS.REQ.USER.INFO", `$SYS.REQ.USER.A.INFO _R_. "acc":"A" "user":"ann"`},
		{"A", "$SYS.REQ.ACCOUNT.PING.CONNZ", `$SYS.REQ.ACCOUNT.A.CONNZ _R_. "acc":"A"`},
		{"A", "$SYS.REQ.SERVER.PING.CONNZ", `$SYS.REQ.ACCOUNT.A.CONNZ _R_. "acc":"A"`},
		{"A", "$SYS.REQ.ACCOUNT.PING.STATZ", `$SYS.REQ.ACCOUNT.A.STATZ _R_. "acc":"A"`},
		{"$G", "$SYS.REQ.USER.INFO", `$SYS.REQ.USER.$G.INFO _R_. "acc":"$G" "user":"ann"`},
		{"A", "$SYS.REQ.SERVER.PING", ""},
		{"A", "$SYS.REQ.USER.SYS.INFO", ""},
		{"two words", "$SYS.REQ.USER.INFO", ""},
		{"dotted.name", "$SYS.REQ.USER.INFO", ""},
	} {
		got := asked(t, d, c.from, c.subject)
		switch {
		case c.want == "" && len(got) == 0:
			continue
		case c.want == "" || len(got) != 1:
			t.Errorf("%s in %s: %q", c.subject, c.from, got)
			continue
		}
		for _, part := range strings.Fields(c.want) {
			if !strings.Contains(got[0], part) {
				t.Errorf("%s in %s: no %s in %q", c.subject, c.from, part, got)
			}
		}
	}
	// The system account's own clients ask the same way, once as it is and once with the account.
	if got := asked(t, d, "SYS", "$SYS.REQ.USER.INFO"); len(got) != 2 {
		t.Errorf("in SYS: %q", got)
	}
}

// The answer comes back, and nothing is left waiting for a second one.
func TestSystemServiceAnswers(t *testing.T) {
	d := withSystem(t, account.Config{Name: "A"})
	server, who := newVisitor(0), newVisitor(0)
	server.full = true
	server.sub(t, d.Lookup("SYS"), "$SYS.REQ.ACCOUNT.*.CONNZ", "", "1")
	who.sub(t, d.Lookup("A"), "r", "", "1")
	p := new(account.Publisher)
	d.Lookup("A").Publish(p, &account.Pub{Subject: []byte("$SYS.REQ.SERVER.PING.CONNZ"), Reply: []byte("r")})
	p.Flush()
	reply := strings.Fields(server.got[0])[1]
	if n := send(d.Lookup("SYS"), p, reply, "yes"); n != 1 || fmt.Sprint(who.got) != "[1:yes]" {
		t.Errorf("%d receivers, %q", n, who.got)
	}
	if n := d.Lookup("SYS").Awaited(); n != 0 {
		t.Errorf("%d answers are awaited", n)
	}
}

// An account's own import of the subject goes before ours, and ours comes back when that is gone. A further Apply without a
// change changes no tree.
func TestSystemServicesOverApply(t *testing.T) {
	d := withSystem(t, account.Config{Name: "A"})
	sys := account.Config{Name: "SYS", Exports: []account.Export{{Subject: "$SYS.REQ.>", Service: true}}}
	own := account.Config{Name: "A", Imports: []account.Import{{Service: true, Account: "SYS", Subject: "$SYS.REQ.SERVER.PING.CONNZ"}}}
	put(t, d, own, sys)
	if got := asked(t, d, "A", "$SYS.REQ.SERVER.PING.CONNZ"); len(got) != 1 || !strings.HasPrefix(got[0], "$SYS.REQ.SERVER.PING.CONNZ") {
		t.Errorf("%q", got)
	}
	config, _ := d.Lookup("A").Config()
	if n := len(config.Imports); n != 4 {
		t.Errorf("%d imports, want its own and three of ours", n)
	}
	put(t, d, account.Config{Name: "A"}, sys)
	if got := asked(t, d, "A", "$SYS.REQ.SERVER.PING.CONNZ"); len(got) != 1 || !strings.HasPrefix(got[0], "$SYS.REQ.ACCOUNT.A.CONNZ") {
		t.Errorf("%q", got)
	}
	a := d.Lookup("A")
	before, since := a.Subs().Generation(), updated(a)
	put(t, d, account.Config{Name: "A"}, sys, account.Config{Name: "B"})
	if after := a.Subs().Generation(); after != before {
		t.Errorf("generation %d, before %d", after, before)
	}
	if updated(a) != since {
		t.Error("an account that stayed the same was updated")
	}
	put(t, d, sys)
	if n := a.Subs().Len(); n != 0 {
		t.Errorf("an account that is gone has %d subscriptions", n)
	}
}

func updated(a *account.Account) int64 {
	_, at := a.Config()
	return at.UnixNano()
}

// Without a system account nobody is led there.
func TestNoSystemAccount(t *testing.T) {
	d := account.NewDirectory()
	put(t, d, account.Config{Name: "A"})
	if n := d.Lookup("A").Subs().Len() + d.Global().Subs().Len(); n != 0 {
		t.Errorf("%d subscriptions", n)
	}
	d.SetSystem("NONE")
	put(t, d, account.Config{Name: "A"})
	if n := d.Lookup("A").Subs().Len(); n != 0 {
		t.Errorf("%d subscriptions", n)
	}
}

func TestTrafficThatIsKept(t *testing.T) {
	a := account.New("A")
	a.Keep(account.Traffic{InMsgs: 1, InBytes: 2, OutMsgs: 3, OutBytes: 4})
	a.Keep(account.Traffic{InMsgs: 10, SlowConsumers: 1})
	if got, want := a.Kept(), (account.Traffic{InMsgs: 11, InBytes: 2, OutMsgs: 3, OutBytes: 4, SlowConsumers: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// What is delivered counts where it is published: a stream with the exporter, a request with the service, an answer with who asked.
func TestTrafficOfImports(t *testing.T) {
	d := apply(t, sharing(stream("A", "s.*", "in.$1"), service("A", "q", ""))...)
	d.listen("B", "in.*", "")
	d.listen("B", "in.x", "workers")
	d.listen("A", "s.x", "")
	d.listen("B", "inbox", "")
	d.listen("A", "q", "")
	d.publish("A", "s.x", "", "four")
	if got := d.Lookup("A").Kept(); got != (account.Traffic{OutMsgs: 3, OutBytes: 12}) {
		t.Errorf("the stream: %+v", got)
	}
	d.publish("B", "q", "inbox", "?")
	all := d.Lookup("A").Pending()
	if len(all) != 1 || !strings.HasPrefix(all[0].Key, "_R_.") || all[0] != (account.Pending{Key: all[0].Key, For: "B", To: "inbox"}) {
		t.Fatalf("to come: %v", all)
	}
	d.publish("A", all[0].Key, "", "!")
	if all := d.Lookup("A").Pending(); len(all) != 0 {
		t.Errorf("still to come: %v", all)
	}
	if got := d.Lookup("A").Kept().OutMsgs; got != 4 {
		t.Errorf("%d messages with the request", got)
	}
	if got := d.Lookup("B").Kept(); got != (account.Traffic{OutMsgs: 1, OutBytes: 1}) {
		t.Errorf("the answer: %+v", got)
	}
}

// Names are of letters and digits, and not the same twice.
func TestNewName(t *testing.T) {
	var all []string
	for range 100 {
		name := account.NewName(22)
		if len(name) != 22 || strings.Trim(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" || slices.Contains(all, name) {
			t.Fatalf("%q", name)
		}
		all = append(all, name)
	}
}
