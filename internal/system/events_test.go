package system_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/account"
	"weir/internal/service"
	"weir/internal/system"
)

func pub(subject, reply string) *account.Pub {
	return &account.Pub{Subject: []byte(subject), Reply: []byte(reply)}
}

// said is what an event may hold.
type said struct {
	Type, ID, Reason, Acc string
	Conns                 int
	Timestamp             time.Time
	Server                struct{ ID string }
	Client                struct {
		ID                          int
		Acc, User, Name, Host, Kind string
		NameTag                     string `json:"name_tag"`
		ClientType                  string `json:"client_type"`
		Start, Stop                 time.Time
		RTT                         time.Duration
	}
	Sent, Received struct{ Msgs, Bytes int }
}

// events is what was heard, without what tells of counts.
func events(h *house, e *heard) (subjects []string, all []said) {
	for _, m := range e.take() {
		if !strings.HasSuffix(m.Subject, "CONNS") && !strings.HasSuffix(m.Subject, "STATSZ") && strings.HasPrefix(m.Subject, "$SYS.") {
			subjects = append(subjects, m.Subject)
			all = append(all, decode[said](h, m.Body))
		}
	}
	return subjects, all
}

func TestEventsOfClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		e := h.hear(">")
		v := h.login("ann")
		subjects, all := events(h, e)
		if fmt.Sprint(subjects) != "[$SYS.ACCOUNT.A.CONNECT]" {
			t.Fatal(subjects)
		}
		s := all[0]
		if s.Type != "io.nats.server.advisory.v1.client_connect" || len(s.ID) != 22 || !s.Timestamp.Equal(time.Now()) || s.Server.ID != "NID" ||
			s.Client.ID != 1 || s.Client.Acc != "A" || s.Client.User != "ann" || s.Client.Name != "n" || s.Client.Host != "pipe" ||
			s.Client.Kind != "Client" || s.Client.ClientType != "nats" || s.Client.NameTag != "A" || s.Client.RTT != 0 || !s.Client.Stop.IsZero() {
			t.Errorf("%+v", s)
		}
		v.say(h, "SUB foo 1\r\nPUB foo 3\r\nabc\r\n")
		time.Sleep(time.Second)
		v.Close()
		subjects, all = events(h, e)
		if fmt.Sprint(subjects) != "[$SYS.ACCOUNT.A.DISCONNECT]" {
			t.Fatal(subjects)
		}
		s = all[0]
		if s.Type != "io.nats.server.advisory.v1.client_disconnect" || s.Reason != "Client Closed" || s.Client.User != "ann" ||
			s.Sent.Msgs != 1 || s.Sent.Bytes != 3 || s.Received.Msgs != 1 || s.Received.Bytes != 3 || s.Client.Stop.Sub(s.Client.Start) != time.Second {
			t.Errorf("%+v", s)
		}
		own := new(heard) // what the account itself hears of those who fail
		if err := h.asker.Handle(h.accounts.Global(), "$SYS.>", func(m *service.Message) { own.all = append(own.all, m) }); err != nil {
			t.Fatal(err)
		}
		h.visit("CONNECT {\"user\":\"eve\",\"pass\":\"x\"}\r\n")
		subjects, all = events(h, e)
		if fmt.Sprint(subjects) != "[$SYS.SERVER.NID.CLIENT.AUTH.ERR $SYS.ACCOUNT.$G.DISCONNECT]" {
			t.Fatal(subjects)
		}
		for _, s := range all {
			if s.Reason != "Authentication Failure" || s.Client.User != "eve" || s.Client.Acc != "$G" {
				t.Errorf("%+v", s)
			}
		}
		if subjects, _ := events(h, own); fmt.Sprint(subjects) != "[$SYS.ACCOUNT.CLIENT.AUTH.ERR]" {
			t.Error(subjects)
		}
	})
}

// Events cost nothing that could be seen while nobody listens: they have no number, and nobody looks at the connections.
func TestNobodyListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		before := decode[answer](h, h.ask(me+"RAFTZ", "")).Server.Seq
		h.login("ann").Close()
		h.visit("CONNECT {\"user\":\"eve\",\"pass\":\"x\"}\r\n")
		h.login("cid")
		h.system.LameDuck()
		time.Sleep(5 * time.Minute)
		if after := decode[answer](h, h.ask(me+"RAFTZ", "")).Server.Seq; after != before+1 || h.looked.Load() != 0 {
			t.Errorf("%d things were said; the server was looked at %d times", after-before-1, h.looked.Load())
		}
	})
}

// counts are the accounts and numbers that were told to the subject.
func counts(h *house, e *heard, subject string) (all []string) {
	for _, m := range e.take() {
		if m.Subject == subject {
			s := decode[said](h, m.Body)
			all = append(all, fmt.Sprintf("%s %d", s.Acc, s.Conns))
		}
	}
	return all
}

func TestCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		e := h.hear("$SYS.ACCOUNT.*.SERVER.CONNS")
		old := h.hear("$SYS.SERVER.ACCOUNT.A.CONNS")
		v := h.login("ann")
		w := h.login("bob")
		if got := counts(h, e, "$SYS.ACCOUNT.A.SERVER.CONNS"); fmt.Sprint(got) != "[A 1 A 2]" {
			t.Error(got)
		}
		if got := counts(h, old, "$SYS.SERVER.ACCOUNT.A.CONNS"); fmt.Sprint(got) != "[A 1 A 2]" {
			t.Error(got)
		}
		// Into another account: both have changed.
		w.say(h, "CONNECT {\"verbose\":false,\"user\":\"cid\",\"pass\":\"c\"}\r\n")
		all := e.take()
		var got []string
		for _, m := range all {
			s := decode[said](h, m.Body)
			got = append(got, fmt.Sprintf("%s %d", s.Acc, s.Conns))
		}
		slices.Sort(got)
		if fmt.Sprint(got) != "[A 1 B 1]" {
			t.Error(got)
		}
		v.Close()
		if got := counts(h, e, "$SYS.ACCOUNT.A.SERVER.CONNS"); fmt.Sprint(got) != "[A 0]" {
			t.Error(got)
		}
		h.visit("CONNECT {\"user\":\"eve\",\"pass\":\"x\"}\r\n") // in the global account, of which nothing is told
		time.Sleep(time.Minute)
		if n := len(old.take()); n != 2 { // it became one, and none
			t.Errorf("%d of A", n)
		}
		if all := e.take(); len(all) < 1 || len(all) > 2 { // B, again
			t.Errorf("%d in a minute", len(all))
		}
	})
}

// A storm of clients is told in fewer events, of which the last one is right.
func TestCountsOfManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		e := h.hear("$SYS.ACCOUNT.A.SERVER.CONNS")
		for range 100 {
			h.login("ann")
		}
		got := counts(h, e, "$SYS.ACCOUNT.A.SERVER.CONNS")
		if len(got) > 100 || len(got) == 0 || got[len(got)-1] != "A 100" {
			t.Errorf("%d events, the last of them %v", len(got), got[len(got)-1:])
		}
	})
}

// STATSZ comes soon, then less and less often, up to every ten seconds.
func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		h := open(t, system.Claims{})
		e := h.hear("$SYS.SERVER.*.STATSZ")
		h.login("ann")
		time.Sleep(time.Minute)
		var at []time.Duration
		for _, m := range e.take() {
			s := decode[struct {
				Server struct{ Time time.Time }
				Statsz struct {
					Connections, Subscriptions int
					ActiveAccounts             int `json:"active_accounts"`
				}
			}](h, m.Body)
			if s.Statsz.Connections != 1 || s.Statsz.ActiveAccounts != 1 || s.Statsz.Subscriptions == 0 || m.Subject != "$SYS.SERVER.NID.STATSZ" {
				t.Errorf("%s: %+v", m.Subject, s)
			}
			at = append(at, s.Server.Time.Sub(begun))
		}
		if got := fmt.Sprint(at); got != "[250ms 750ms 1.75s 3.75s 7.75s 15.75s 25.75s 35.75s 45.75s 55.75s]" {
			t.Error(got)
		}
	})
}

// The end is told once, and after it nothing is said or answered.
func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		e := h.hear("$SYS.SERVER.NID.*")
		v := h.login("ann")
		e.take()
		h.system.LameDuck()
		h.system.Stop()
		h.system.Stop()
		v.Close()
		subjects, _ := events(h, e)
		if fmt.Sprint(subjects) != "[$SYS.SERVER.NID.LAMEDUCK $SYS.SERVER.NID.SHUTDOWN]" {
			t.Error(subjects)
		}
		if got := h.ask("$SYS.REQ.SERVER.PING", ""); got != nil {
			t.Errorf("%s", got)
		}
	})
}

// Without a system account there is nothing to do, and nothing breaks.
func TestNoSystemAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		s := system.New(system.Env{Accounts: h.accounts, Registry: h.registry, Identity: func() system.Identity { return identity }})
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		h.clients.Witness = s
		h.login("ann").Close()
		h.visit("CONNECT {\"user\":\"eve\"}\r\n")
		s.LameDuck()
		s.Stop()
	})
}

// A flood of requests is bounded, and what is dropped is counted. The queue of tenants does not hold up the operator.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		body := strings.Repeat(" ", 100_000)
		p := account.Publisher{}
		taken := 0
		for range 100 { // not flushed: nobody works on them
			taken += h.accounts.Lookup("A").Publish(&p, &account.Pub{Subject: []byte("$SYS.REQ.USER.INFO"), Reply: []byte("r"), Body: []byte(body)})
		}
		if taken == 0 || taken > 12 || h.system.Dropped() != int64(100-taken) || h.accounts.Lookup("SYS").Awaited() != taken {
			t.Errorf("%d taken, %d dropped, %d awaited", taken, h.system.Dropped(), h.accounts.Lookup("SYS").Awaited())
		}
		if h.ask("$SYS.REQ.SERVER.PING", "") == nil {
			t.Error("the operator has to wait")
		}
		p.Flush()
		synctest.Wait()
		if n := h.accounts.Lookup("SYS").Awaited(); n != 0 {
			t.Errorf("%d answers are still awaited", n)
		}
	})
}
