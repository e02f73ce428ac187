package monitor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"weir/internal/account"
	"weir/internal/conn"
	"weir/internal/monitor"
)

// The traffic of an account is what its clients publish, or have published before they left, and what was delivered in it.
func TestTrafficOfAccounts(t *testing.T) {
	h := newHouse(t)
	a := account.New("A")
	h.accounts = append(h.accounts, a)
	h.add(conn.Identity{}, "nats").Received(1, 5)
	h.add(conn.Identity{Account: "A"}, "nats").Received(2, 20)
	h.add(conn.Identity{Account: "A"}, "websocket").Received(3, 30)
	a.Keep(account.Traffic{InMsgs: 10, InBytes: 100, OutMsgs: 7, OutBytes: 70, SlowConsumers: 1})
	var stats struct {
		Accounts []struct {
			Acc            string
			Conns          int
			Received, Sent struct{ Msgs, Bytes int }
			Slow           int `json:"slow_consumers"`
		} `json:"account_statz"`
	}
	if h.read("/accstatz", &stats); fmt.Sprint(stats.Accounts) != "[{$G 1 {1 5} {0 0} 0} {A 2 {15 150} {7 70} 1}]" {
		t.Error(stats)
	}
}

// What an account shares is on its page.
func TestAccountDetail(t *testing.T) {
	h := newHouse(t)
	all := account.NewDirectory()
	err := all.Apply([]account.Config{
		{Name: "A", Exports: []account.Export{
			{Subject: "s.*", Service: true, Response: account.Stream, Accounts: []string{"B"}},
			{Subject: "m", Service: true, Latency: &account.Latency{Subject: "lat", Sampling: 100}},
			{Subject: "h", Service: true, Latency: &account.Latency{Subject: "lat"}},
			{Subject: "t.>", Token: true, Revoked: map[string]int64{"*": 0}},
		}},
		{
			Name: "B",
			Imports: []account.Import{
				{Service: true, Account: "A", Subject: "s.x", To: "mine", Share: true}, {Service: true, Account: "A", Subject: "m", To: "i"},
			},
			Mappings: []account.Mapping{{Source: "a", To: []account.Weighted{{Subject: "b", Weight: 40}, {Subject: "c", Weight: 60, Cluster: "east"}}}},
		},
		{Name: account.System},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.accounts = all.All()
	h.subscribe(h.add(conn.Identity{Account: "A"}, "nats"), "m", "")
	var p account.Publisher
	all.Lookup("B").Publish(&p, &account.Pub{Subject: []byte("i"), Reply: []byte("inbox"), Body: []byte("?")})
	key := all.Lookup("A").Pending()[0].Key
	for name, want := range map[string]string{
		"A": `"exports":[` +
			`{"subject":"s.*","type":"service","response_type":"Streamed","approved_accounts":["B"]},` +
			`{"subject":"m","type":"service","response_type":"Singleton","service_latency":{"sampling":100,"results":"lat"}},` +
			`{"subject":"h","type":"service","response_type":"Singleton","service_latency":{"sampling":"headers","results":"lat"}},` +
			`{"subject":"t.\u003e","type":"stream","token_req":true,"revoked_activations":{"*":"` + time.Unix(0, 0).Format(time.RFC3339) + `"}}]`,
		"B": `"mappings":{"a":[{"subject":"b","weight":40},{"subject":"c","weight":60,"cluster":"east"}]},` +
			`"imports":[{"subject":"s.x","account":"A","to":"mine","local_subject":"mine","type":"service","invalid":false,"share":true,"tracking":false},` +
			`{"subject":"m","account":"A","to":"i","local_subject":"i","type":"service","invalid":false,"share":false,"tracking":false,"latency":{"sampling":100,"results":"lat"}}]`,
		account.System: `"exports":[{"subject":"$SYS.REQ.ACCOUNT.*.CONNZ","type":"service","response_type":"Singleton"},` +
			`{"subject":"$SYS.REQ.ACCOUNT.*.STATZ","type":"service","response_type":"Singleton"},{"subject":"$SYS.REQ.USER.*.INFO","type":"service","response_type":"Singleton"}]`,
		"A ": `"responses":{"` + key + `":{"subject":"inbox","account":"B","to":"` + key + `","local_subject":"` + key +
			`","type":"service","invalid":false,"share":false,"tracking":true,"latency":{"sampling":100,"results":"lat"}}}`,
	} {
		var page struct {
			Detail json.RawMessage `json:"account_detail"`
		}
		h.read("/accountz?acc="+strings.TrimSpace(name), &page)
		var compact bytes.Buffer
		if err := json.Compact(&compact, page.Detail); err != nil || !strings.Contains(compact.String(), want) {
			t.Errorf("no %s in %s", want, &compact)
		}
	}
}

// What the pages say can be had as values.
func TestAnswers(t *testing.T) {
	h := newHouse(t)
	pages := monitor.New(h.source)
	for name, want := range map[string]string{
		"/connz?limit=x": `Error decoding int for 'limit': strconv.Atoi: parsing "x": invalid syntax`,
		"/nothing":       monitor.ErrNoPage.Error(),
		"/healthz":       monitor.ErrNoPage.Error(), // see HealthOf
		"/varz":          "<nil>",
		"/subsz":         "<nil>",
	} {
		name, query, _ := strings.Cut(name, "?")
		parameters, _ := url.ParseQuery(query)
		if _, err := pages.Answer(name, parameters); fmt.Sprint(err) != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	h.sick = errors.New("ill")
	for query, want := range map[string]string{
		"":          "{error 500 ill []}",
		"details=1": "{error 500  [{CONNECTION ill}]}",
		"stream=s":  `{error 400 "account" must not be empty when checking stream health []}`,
	} {
		parameters, _ := url.ParseQuery(query)
		if got := fmt.Sprint(pages.HealthOf(parameters)); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}
