package system_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/s2"

	"weir/internal/service"
	"weir/internal/system"
)

const me = "$SYS.REQ.SERVER.NID."

// Every page answers to this server's subject and to that of all servers, in one envelope.
func TestPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		seq := uint64(0)
		for _, name := range []string{
			"VARZ", "CONNZ", "SUBSZ", "ROUTEZ", "GATEWAYZ", "LEAFZ", "ACCOUNTZ", "JSZ", "HEALTHZ", "EXPVARZ", "PROFILEZ", "IPQUEUESZ", "RAFTZ",
		} {
			for _, subject := range []string{me + name, "$SYS.REQ.SERVER.PING." + name} {
				a := decode[answer](h, h.ask(subject, ""))
				s := a.Server
				if s.Name != "east-1" || s.Host != "10.0.0.1" || s.ID != "NID" || s.Ver != "2.15.2" || fmt.Sprint(s.Tags) != "[ssd az:a]" ||
					s.Metadata["rack"] != "7" || !s.Time.Equal(time.Now()) || s.Seq != seq+1 {
					t.Errorf("%s: %+v", subject, s)
				}
				seq = s.Seq
				if len(a.Data) == 0 || a.Data[0] != '{' || a.Error != nil {
					t.Errorf("%s: %s %v", subject, a.Data, a.Error)
				}
			}
		}
		if got := string(h.ask("$SYS.REQ.SERVER.PING.IDZ", "anything")); got != `{"name":"east-1","host":"10.0.0.1","id":"NID"}` {
			t.Error(got)
		}
		for _, subject := range []string{"$SYS.REQ.SERVER.PING.NOTHING", "$SYS.REQ.SERVER.OTHER.VARZ", "$SYS.REQ.SERVER.PING.KICK", "$SYS.REQ.CLAIMS.LIST"} {
			if got := h.ask(subject, ""); got != nil {
				t.Errorf("%s: %s", subject, got)
			}
		}
	})
}

// Who is asked for, and who has to be silent.
func TestFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		for body, want := range map[string]bool{
			`{}`:                     true,
			`{"server_name":"east"}`: true,
			`{"server_name":"west"}`: false,
			`{"server_name":"east","exact_match":true}`:   false,
			`{"server_name":"east-1","exact_match":true}`: true,
			`{"host":"10.0"}`:                    true,
			`{"host":"10.0","exact_match":true}`: false,
			`{"cluster":"c"}`:                    false,
			`{"domain":"d"}`:                     false,
			`{"tags":["SSD"," az:a "]}`:          true,
			`{"tags":["ssd","hdd"]}`:             false,
			`{"SERVER_NAME":"west"}`:             false,
		} {
			for _, name := range []string{"VARZ", "STATSZ", "HEALTHZ", "PROFILEZ", "RELOAD", "CONNZ"} {
				if got := h.ask(me+name, body) != nil; got != want {
					t.Errorf("%s %s: answered %v, want %v", name, body, got, want)
				}
			}
		}
		if h.reloads == 0 {
			t.Error("no reload")
		}
	})
}

// What is in a body arrives at the page, and what cannot be read is an error.
func TestOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		h.login("ann").say(h, "SUB foo 1\r\nSUB bar 2\r\n")
		h.login("bob")
		h.login("cid").Close()
		synctest.Wait()
		for _, c := range []struct{ name, body, want string }{
			{"CONNZ", `{"limit":1}`, `"num_connections":1,"total":2,"offset":0,"limit":1`},
			{"CONNZ", `{"offset":1}`, `"num_connections":1,"total":2,"offset":1`},
			{"CONNZ", `{"cid":2}`, `"cid":2,`},
			{"CONNZ", `{"cid":1,"subscriptions":true}`, `"subscriptions_list":["foo","bar"]`},
			{"CONNZ", `{"cid":1,"subscriptions":true,"subscriptions_detail":true}`, `"subscriptions_list_detail":[{"subject":"foo"`},
			{"CONNZ", `{"cid":1,"auth":true}`, `"authorized_user":"ann","account":"A"`},
			{"CONNZ", `{"user":"bob"}`, `"num_connections":1`},
			{"CONNZ", `{"acc":"B","state":1}`, `"num_connections":1,"total":1`},
			{"CONNZ", `{"state":2}`, `"num_connections":3`},
			{"CONNZ", `{"acc":"A","filter_subject":"foo"}`, `"num_connections":1`},
			{"CONNZ", `{"filter_subject":"foo"}`, `null 500 filter by subject only valid with account filtering`},
			{"CONNZ", `{"state":7}`, `null 500 Error decoding state for 7`},
			{"CONNZ", `{"sort":"stop"}`, `null 500 sort by stop only valid on closed connections`},
			{"CONNZ", `{"limit":"x"}`, `400 json: cannot unmarshal string`},
			{"CONNZ", `[]`, `400 json: cannot unmarshal array`},
			{"VARZ", `x`, `400 invalid character 'x'`},
			{"SUBSZ", `{"subscriptions":true,"account":"A","test":"foo"}`, `"total":1,`},
			{"SUBSZ", `{"test":"f.*"}`, `null 500 invalid test subject`},
			{"ACCOUNTZ", `{"account":"A"}`, `"account_detail":{"account_name":"A"`},
			{"ACCOUNTZ", `{"account":"Z"}`, `null 500 Account Z does not exist`},
			{"HEALTHZ", `{"stream":"s"}`, `{"status":"error","status_code":400,"error":"\"account\" must not be empty`},
			{"HEALTHZ", `{"stream":"s","details":true}`, `"errors":[{"type":"BAD_REQUEST"`},
			{"PROFILEZ", `{"name":"cpu"}`, `Duration 0s should be between 0s and 15s`},
			{"PROFILEZ", `{"name":"none"}`, `Profile \"none\" not found`},
			{"PROFILEZ", `{"name":"goroutine"}`, `{"profile":"`},
			{"KICK", `{"cid":99}`, `500 no such client or leafnode id`},
			{"KICK", `{"cid":"x"}`, `400 json: cannot unmarshal string`},
			{"KICK", `x`, `400 invalid character`},
			{"LDM", ``, `500 no such client id`},
		} {
			a := decode[answer](h, h.ask(me+c.name, c.body))
			got := string(a.Data)
			if a.Error != nil {
				got = strings.TrimSpace(fmt.Sprintf("%s %d %s", a.Data, a.Error.Code, a.Error.Description))
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("%s %s: %s, want %s", c.name, c.body, got, c.want)
			}
		}
		if got := h.ask(me+"JSZ", `{"leader_only":true}`); got != nil {
			t.Errorf("who is no leader answers %s", got)
		}
	})
}

// Nobody is answered who does not wait for it, but for STATSZ, which is then told to all.
func TestNoReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		stats, all := h.hear("$SYS.SERVER.NID.STATSZ"), h.hear(">")
		for _, name := range []string{"PING.VARZ", "NID.IDZ", "NID.RELOAD", "NID.KICK", "NID.PROFILEZ"} {
			h.accounts.Lookup("SYS").Announce("$SYS.REQ.SERVER."+name, nil)
		}
		for _, m := range all.take() {
			if !strings.HasPrefix(m.Subject, "$SYS.REQ.SERVER.") {
				t.Errorf("%s was said", m.Subject)
			}
		}
		h.accounts.Lookup("SYS").Announce("$SYS.REQ.SERVER.PING", nil)
		if n := len(stats.take()); n != 1 || h.reloads != 0 {
			t.Errorf("STATSZ came %d times, %d reloads", n, h.reloads)
		}
	})
}

// Answers come in the encoding that a request accepts.
func TestEncodings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		for accept, want := range map[string]string{
			"gzip": "gzip", "snappy": "snappy", "s2": "snappy", "GZIP, Snappy": "snappy", "br": "identity", "": "",
		} {
			header := ""
			if accept != "" {
				header = "NATS/1.0\r\nAccept-Encoding: " + accept + "\r\n\r\n"
			}
			m, err := h.asker.Ask(h.accounts.Lookup("SYS"), me+"HEALTHZ", []byte(header), len(header), time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if told := strings.Contains(string(m.Header), "Content-Encoding: "+want+"\r\n"); told == (want == "") {
				t.Errorf("%q: %q", accept, m.Header)
			}
			var r io.Reader = bytes.NewReader(m.Body)
			switch want {
			case "gzip":
				if r, err = gzip.NewReader(r); err != nil {
					t.Fatal(err)
				}
			case "snappy":
				r = s2.NewReader(r)
			}
			if text, err := io.ReadAll(r); err != nil || !json.Valid(text) {
				t.Errorf("%q: %q %v", accept, text, err)
			}
		}
	})
}

func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		if a := decode[answer](h, h.ask(me+"RELOAD", "")); a.Error != nil || a.Data != nil || h.reloads != 1 {
			t.Errorf("%+v, %d reloads", a, h.reloads)
		}
		h.reloaded = errors.New("bad file")
		if a := decode[answer](h, h.ask(me+"RELOAD", "")); a.Error == nil || a.Error.Code != 500 || a.Error.Description != "bad file" {
			t.Errorf("%+v", a.Error)
		}
	})
}

// A client that is kicked is gone; one that is asked to leave gets an INFO and stays.
func TestKickAndSendAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		v := h.login("ann")
		v.got.Reset()
		if a := decode[answer](h, h.ask(me+"LDM", `{"cid":1}`)); a.Error != nil {
			t.Errorf("%+v", a.Error)
		}
		synctest.Wait()
		if got := v.got.String(); !strings.HasPrefix(got, "INFO ") || !strings.Contains(got, `"ldm":true`) || h.registry.Len() != 1 {
			t.Errorf("%q, %d connections", got, h.registry.Len())
		}
		if a := decode[answer](h, h.ask(me+"KICK", `{"cid":1}`)); a.Error != nil {
			t.Errorf("%+v", a.Error)
		}
		synctest.Wait()
		if closed := h.registry.Closed(); len(closed) != 1 || closed[0].Reason.String() != "Kicked" {
			t.Errorf("%+v", closed)
		}
	})
}

// A profile of the CPU takes its time, in which others are answered and a second one is refused.
func TestProfileOfCPU(t *testing.T) { // the profiler does not work in a bubble
	h := open(t, system.Claims{})
	profiles := make(chan []byte, 1)
	if err := h.asker.Handle(h.accounts.Lookup("SYS"), "profiles", func(m *service.Message) { profiles <- m.Body }); err != nil {
		t.Fatal(err)
	}
	first := pub(me+"PROFILEZ", "profiles")
	first.Body = []byte(`{"name":"cpu","duration":300000000}`)
	h.accounts.Lookup("SYS").Send(first)
	second := decode[answer](h, h.ask(me+"PROFILEZ", `{"name":"cpu","duration":1000000000}`))
	if !strings.Contains(string(second.Data), "Failed to start CPU profile") {
		t.Errorf("%s", second.Data)
	}
	p := decode[struct{ Data struct{ Profile []byte } }](h, <-profiles)
	if len(p.Data.Profile) == 0 {
		t.Error("the profile is empty")
	}
}

func TestRequestsAboutAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		h.login("ann").say(h, "SUB foo 1\r\nPUB none 2\r\nhi\r\n")
		h.login("bob")
		for _, c := range []struct{ subject, body, want string }{
			{"A.CONNZ", "", `"num_connections":2,"total":2`},
			{"A.CONNZ", `{"acc":"B","limit":1}`, `"num_connections":1,"total":2`},
			{"NONE.CONNZ", "", `"num_connections":0,"total":0`},
			{"A.SUBSZ", "", `"subject":"foo"`},
			{"A.INFO", "", `"account_name":"A"`},
			{"NONE.INFO", "", `null 500 Account NONE does not exist`},
			{"A.STATZ", "", `[{"acc":"A","name":"A","conns":2,"leafnodes":0,"total_conns":2,"num_subscriptions":5,"sent":{"msgs":0,"bytes":0,`},
			{"A.STATZ", "", `"received":{"msgs":1,"bytes":2,`},
			{"B.STATZ", "", ``},
			{"B.STATZ", `{"include_unused":true}`, `[{"acc":"B"`},
			{"NONE.STATZ", "", ``},
			{"PING.STATZ", "", `[{"acc":"A"`},
			{"PING.STATZ", `{"accounts":["B"]}`, ``},
			{"PING.STATZ", `{"accounts":["B"],"include_unused":true}`, `[{"acc":"B"`},
			{"A.LEAFZ", "", `"leafnodes":0,"leafs":[]`},
			{"A.JSZ", "", `null 500 jetstream not enabled`},
		} {
			text := h.ask("$SYS.REQ.ACCOUNT."+c.subject, c.body)
			if c.want == "" && text == nil {
				continue
			}
			a := decode[answer](h, text)
			got := string(a.Data)
			if a.Error != nil {
				got = fmt.Sprintf("%s %d %s", a.Data, a.Error.Code, a.Error.Description)
			}
			if c.want == "" || !strings.Contains(got, c.want) {
				t.Errorf("%s %s: %s, want %s", c.subject, c.body, got, c.want)
			}
		}
		conns := decode[struct {
			Type, Acc string
			Conns     int
		}](h, h.ask("$SYS.REQ.ACCOUNT.A.CONNS", ""))
		if conns.Type != "io.nats.server.advisory.v1.account_connections" || conns.Acc != "A" || conns.Conns != 2 {
			t.Errorf("%+v", conns)
		}
		for subject, body := range map[string]string{"A.CONNS": `{"acc":"B"}`, "B.CONNS": "", "NONE.CONNS": ""} {
			if got := h.ask("$SYS.REQ.ACCOUNT."+subject, body); got != nil {
				t.Errorf("%s %s: %s", subject, body, got)
			}
		}
	})
}

// Users learn who they are and what they may do, and nothing of others.
func TestUserInfo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, system.Claims{})
		ask := func(user, header string) string {
			v := h.login(user)
			v.say(h, "SUB r 1\r\n")
			v.got.Reset()
			if header == "" {
				v.say(h, "PUB $SYS.REQ.USER.INFO r 0\r\n\r\n")
			} else {
				v.say(h, fmt.Sprintf("HPUB $SYS.REQ.USER.INFO r %d %d\r\n%s\r\n", len(header), len(header), header))
			}
			_, text, _ := strings.Cut(v.got.String(), "\r\n")
			if text == "" {
				return ""
			}
			return string(decode[answer](h, []byte(text)).Data)
		}
		if got, want := ask("ann", ""), `{"user":"ann","account":"A","account_name":"A"}`; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		forged := "NATS/1.0\r\nNats-Request-Info: {\"acc\":\"B\",\"user\":\"cid\",\"id\":1}\r\n\r\n"
		if got, want := ask("cid", forged), `{"user":"cid","account":"B","account_name":"B"}`; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		want := `{"user":"bob","account":"A","account_name":"A","permissions":{"publish":{"allow":["$SYS.\u003e","x","y"],"deny":["z"]},` +
			`"subscribe":{"allow":["r","s q"]},"responses":{"max":3,"ttl":120000000000}}}`
		if got := ask("bob", ""); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		// In the system account anybody can say anything of who asks, and learns no more than was said.
		if got := decode[answer](h, h.ask("$SYS.REQ.USER.A.INFO", "")); string(got.Data) != `{"user":"","account":""}` {
			t.Errorf("%s", got.Data)
		}
	})
}

func TestClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stored := map[string]string{"AA": "a.b.c", "BB": "d.e.f"}
		all := system.Claims{
			Update: func(name, token string) (string, string, error) {
				if token == "bad" {
					return name, "jwt update resulted in error", errors.New("expected 3 chunks")
				}
				return "AA", "jwt updated", nil
			},
			Keeps: true,
			Fetch: func(name string) (string, error) {
				if name == "DISK" {
					return "", errors.New("disk")
				}
				return stored[name], nil
			},
			List:   func() []string { return []string{"AA", "BB"} },
			Delete: func(request string) (string, error) { return "deleted " + request, nil },
		}
		h := open(t, all)
		type update struct {
			Data, Error *struct {
				Account, Message, Description string
				Code                          int
			}
		}
		for _, subject := range []string{"$SYS.REQ.CLAIMS.UPDATE", "$SYS.REQ.ACCOUNT.AA.CLAIMS.UPDATE", "$SYS.ACCOUNT.AA.CLAIMS.UPDATE"} {
			if u := decode[update](h, h.ask(subject, "good")); u.Error != nil || u.Data == nil || u.Data.Account != "AA" || u.Data.Code != 200 || u.Data.Message != "jwt updated" {
				t.Errorf("%s: %+v", subject, u)
			}
		}
		u := decode[update](h, h.ask("$SYS.ACCOUNT.AA.CLAIMS.UPDATE", "bad"))
		if u.Data != nil || u.Error.Account != "AA" || u.Error.Code != 500 || u.Error.Description != "jwt update resulted in error - expected 3 chunks" {
			t.Errorf("%+v", u)
		}
		if u := decode[update](h, h.ask("$SYS.REQ.CLAIMS.DELETE", "x")); u.Data == nil || u.Data.Message != "deleted x" {
			t.Errorf("%+v", u)
		}
		for account, want := range map[string]string{"AA": "a.b.c", "NONE": ""} {
			if got := h.ask("$SYS.REQ.ACCOUNT."+account+".CLAIMS.LOOKUP", ""); got == nil || string(got) != want {
				t.Errorf("%s: %q", account, got)
			}
		}
		if got := h.ask("$SYS.REQ.ACCOUNT.DISK.CLAIMS.LOOKUP", ""); got != nil {
			t.Errorf("%q", got)
		}
		if list := decode[struct{ Data []string }](h, h.ask("$SYS.REQ.CLAIMS.LIST", "")); !reflect.DeepEqual(list.Data, []string{"AA", "BB"}) {
			t.Error(list)
		}
		packs := h.hear("packs")
		h.accounts.Lookup("SYS").Send(pub("$SYS.REQ.CLAIMS.PACK", "packs"))
		var got []string
		for _, m := range packs.take() {
			got = append(got, string(m.Body))
		}
		if !reflect.DeepEqual(got, []string{"AA|a.b.c", "BB|d.e.f", ""}) {
			t.Errorf("%q", got)
		}

		h = open(t, system.Claims{Update: all.Update}) // of a resolver that keeps nothing
		for subject, answered := range map[string]bool{
			"$SYS.REQ.ACCOUNT.AA.CLAIMS.UPDATE": true, "$SYS.REQ.CLAIMS.UPDATE": false, "$SYS.REQ.ACCOUNT.AA.CLAIMS.LOOKUP": false,
			"$SYS.REQ.CLAIMS.LIST": false, "$SYS.REQ.CLAIMS.PACK": false, "$SYS.REQ.CLAIMS.DELETE": false,
		} {
			if got := h.ask(subject, "x") != nil; got != answered {
				t.Errorf("%s: answered %v", subject, got)
			}
		}
	})
}
