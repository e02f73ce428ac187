package monitor_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"weir/internal/account"
	"weir/internal/conn"
	"weir/internal/monitor"
)

// Every page is JSON that any origin may read, whatever the method, and a callback is not called.
func TestEveryPage(t *testing.T) {
	h := newHouse(t)
	paths := []string{
		"/varz", "/connz", "/subsz", "/subscriptionsz", "/healthz", "/accountz", "/accstatz", "/routez", "/gatewayz", "/leafz",
		"/jsz", "/ipqueuesz", "/stacksz", "/debug/vars",
	}
	for _, path := range paths {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"} {
			w := h.do(method, path+"?callback=steal")
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" ||
				w.Header().Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s %s: %d %v", method, path, w.Code, w.Header())
			}
			if strings.Contains(w.Body.String(), "steal") {
				t.Errorf("%s %s: the callback is in it", method, path)
			}
			if path != "/stacksz" && path != "/debug/vars" && method == "GET" && h.get(path).Body.Len() == 0 {
				t.Errorf("%s is empty", path)
			}
		}
	}
	if text := h.get("/stacksz").Body.String(); !strings.HasPrefix(text, "goroutine ") {
		t.Errorf("stacks: %.100s", text)
	}
	if w := h.get("/raftz"); w.Code != http.StatusNotFound || w.Body.String() != "No Raft nodes registered" {
		t.Errorf("raftz: %d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/nothing", "/varz/", "//varz", "/VARZ", "/metrics", "/subsz/x"} {
		if w := h.get(path); w.Code != http.StatusNotFound || w.Body.String() != "404 page not found\n" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestBasePath(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		base            string
		found, notFound []string
	}{
		{"", []string{"/", "/varz"}, []string{"/x/varz"}},
		{"/", []string{"/", "/varz"}, []string{"/x/varz"}},
		{"x", []string{"/x", "/x/varz", "/x/debug/vars"}, []string{"/", "/varz", "/x/", "/xvarz", "/y/varz", "/x/x/varz"}},
		{"/x/{y}/", []string{"/x/%7By%7D", "/x/%7By%7D/varz"}, []string{"/x", "/x/varz", "/x/z/varz"}},
	} {
		h.handler = monitor.New(h.source).At(c.base)
		for _, path := range c.found {
			if w := h.get(path); w.Code != http.StatusOK {
				t.Errorf("%q: %s is %d", c.base, path, w.Code)
			}
		}
		for _, path := range c.notFound {
			if w := h.get(path); w.Code != http.StatusNotFound {
				t.Errorf("%q: %s is %d", c.base, path, w.Code)
			}
		}
		var v struct {
			Stats map[string]int `json:"http_req_stats"`
		}
		h.read(strings.TrimSuffix(c.found[0], "/")+"/varz", &v)
		if v.Stats["/"] != 1 || v.Stats["/varz"] != 2 {
			t.Errorf("%q: %v", c.base, v.Stats)
		}
	}
}

// The index is a page of our own that needs nothing from anywhere, and whose links work at any base path.
func TestIndex(t *testing.T) {
	h := newHouse(t)
	h.source.Base = func() monitor.Varz {
		v := h.base()
		v.Name = "<script>alert(1)</script>"
		return v
	}
	for base, prefix := range map[string]string{"": "", "/nats": "nats/", "/a/b": "b/"} {
		h.handler = monitor.New(h.source).At(base)
		w := h.get(strings.TrimSuffix(base+"/", "/") + strings.Repeat("/", 1-min(len(base), 1)))
		text := w.Body.String()
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("policy: %v", w.Header())
		}
		if strings.Contains(text, "<script") || strings.Contains(text, "http://") || strings.Contains(text, "https://") {
			t.Errorf("foreign code or assets in %s", text)
		}
		for _, want := range []string{"varz", "connz?state=closed", "subsz", "healthz", "debug/vars"} {
			if !strings.Contains(text, `href="`+prefix+want+`"`) {
				t.Errorf("%q: no link to %s", base, want)
			}
		}
	}
}

func TestHealthz(t *testing.T) {
	h := newHouse(t)
	sick := errors.New(`no "listener"`)
	badBool := `Error decoding boolean for '%s': strconv.ParseBool: parsing "zz": invalid syntax`
	for _, c := range []struct {
		query  string
		sick   error
		status int
		want   string
	}{
		{"", nil, 200, `{"status":"ok"}`},
		{"js-enabled-only=true", nil, 200, `{"status":"ok"}`},
		{"js-enabled=1", nil, 200, `{"status":"ok"}`},
		{"js-server-only=1&js-meta-only=t", nil, 200, `{"status":"ok"}`},
		{"details=true", nil, 200, `{"status":"ok"}`},
		{"account=A", nil, 200, `{"status":"ok"}`},
		{"account=A&stream=S&consumer=C", nil, 200, `{"status":"ok"}`},
		{"js-server-only=zz", nil, 400, fmt.Sprintf(badBool, "js-server-only")},
		{"details=zz", sick, 400, fmt.Sprintf(badBool, "details")},
		{"stream=S", nil, 400, `{"status":"error","error":"\"account\" must not be empty when checking stream health"}`},
		{"account=A&consumer=S", nil, 400, `{"status":"error","error":"\"stream\" must not be empty when checking consumer health"}`},
		{"stream=S&details=1", sick, 400, `{"status":"error","errors":[{"type":"BAD_REQUEST","error":"\"account\" must not be empty when checking stream health"}]}`},
		{"", sick, 500, `{"status":"error","error":"no \"listener\""}`},
		{"js-enabled-only=1", sick, 500, `{"status":"error","error":"no \"listener\""}`},
		{"details=1", sick, 500, `{"status":"error","errors":[{"type":"CONNECTION","error":"no \"listener\""}]}`},
	} {
		h.sick = c.sick
		w := h.get("/healthz?" + c.query)
		if w.Code != c.status || w.Body.String() != c.want {
			t.Errorf("%s: %d %s", c.query, w.Code, w.Body)
		}
	}
	if !strings.Contains(h.log.String(), "Healthcheck failed") {
		t.Errorf("log: %s", h.log.String())
	}
}

func TestSubsz(t *testing.T) {
	h := newHouse(t)
	h.accounts = append(h.accounts, account.New("A"))
	a, b := h.add(conn.Identity{}, "nats"), h.add(conn.Identity{Account: "A"}, "nats")
	for _, s := range []string{"foo", "foo.*", "foo.>", "bar"} {
		h.subscribe(a, s, "")
	}
	h.subscribe(a, "foo", "q")
	h.subscribe(b, "foo", "")
	for query, want := range map[string]string{
		"":                         "6 subscriptions, 0 of 0:",
		"acc=A":                    "1 subscriptions, 0 of 0:",
		"acc=NONE&subs=1":          "0 subscriptions, 0 of 0:",
		"subs=1":                   "6 subscriptions, 6 of 6: bar/4/1 foo/1/1 foo/5/1 foo.*/2/1 foo.>/3/1 foo/1/2",
		"subs=t&acc=$G":            "5 subscriptions, 5 of 5: bar/4/1 foo/1/1 foo/5/1 foo.*/2/1 foo.>/3/1",
		"subs=1&test=foo":          "6 subscriptions, 3 of 3: foo/1/1 foo/5/1 foo/1/2",
		"subs=1&test=foo.x&acc=$G": "5 subscriptions, 2 of 2: foo.*/2/1 foo.>/3/1",
		"subs=1&test=none":         "6 subscriptions, 0 of 0:",
		"test=foo":                 "6 subscriptions, 0 of 0:",
		"subs=1&limit=2":           "6 subscriptions, 2 of 6: bar/4/1 foo/1/1",
		"subs=1&limit=2&offset=2":  "6 subscriptions, 2 of 6: foo/5/1 foo.*/2/1",
		"subs=1&limit=2&offset=5":  "6 subscriptions, 1 of 6: foo/1/2",
		"subs=1&offset=6":          "6 subscriptions, 0 of 6:",
		"subs=1&limit=-1&offset=5": "6 subscriptions, 1 of 6: foo/1/2",
		"subs=0":                   "6 subscriptions, 0 of 0:",
	} {
		for _, path := range []string{"/subsz?", "/subscriptionsz?"} {
			var p struct {
				Num   int `json:"num_subscriptions"`
				Total int
				List  []struct {
					Account, Tag, Subject, SID string
					CID                        int
				} `json:"subscriptions_list"`
			}
			h.read(path+query, &p)
			got := fmt.Sprintf("%d subscriptions, %d of %d:", p.Num, len(p.List), p.Total)
			for _, s := range p.List {
				got += fmt.Sprintf(" %s/%s/%d", s.Subject, s.SID, s.CID)
			}
			if got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
	}
	for query, want := range map[string]string{
		"test=foo.*":       "invalid test subject, must be valid publish subject: foo.*",
		"subs=1&test=foo.": "invalid test subject, must be valid publish subject: foo.",
		"subs=x":           `Error decoding boolean for 'subs': strconv.ParseBool: parsing "x": invalid syntax`,
		"subs=detail":      `Error decoding boolean for 'subs': strconv.ParseBool: parsing "detail": invalid syntax`,
		"limit=a":          `Error decoding int for 'limit': strconv.Atoi: parsing "a": invalid syntax`,
		"offset=a&limit=b": `Error decoding int for 'offset': strconv.Atoi: parsing "a": invalid syntax`,
	} {
		if w := h.get("/subsz?" + query); w.Code != http.StatusBadRequest || w.Body.String() != want {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

// Pages of a list that is longer than what is kept neither overlap nor miss anything.
func TestSubszPages(t *testing.T) {
	const many, page = 5000, 700
	h := newHouse(t)
	g := h.add(conn.Identity{}, "nats")
	for i := range many {
		h.subscribe(g, fmt.Sprintf("s.%04d", i), "")
	}
	next := 0
	for offset := 0; offset < many; offset += page {
		var p struct {
			Total int
			List  []struct{ Subject string } `json:"subscriptions_list"`
		}
		h.read(fmt.Sprintf("/subsz?subs=1&limit=%d&offset=%d", page, offset), &p)
		if p.Total != many || len(p.List) != min(page, many-offset) {
			t.Fatalf("offset %d: %d of %d", offset, len(p.List), p.Total)
		}
		for _, s := range p.List {
			if want := fmt.Sprintf("s.%04d", next); s.Subject != want {
				t.Fatalf("%s, want %s", s.Subject, want)
			}
			next++
		}
	}
}

func TestSubszStatistics(t *testing.T) {
	h := newHouse(t)
	g := h.add(conn.Identity{}, "nats")
	h.subscribe(g, "foo", "")
	h.subscribe(g, "*", "")
	for _, s := range []string{"foo", "bar", "a.b"} {
		h.account.Subs().Match([]byte(s))
	}
	h.account.Unsubscribe(g.subs[0])
	var p struct {
		Num     int     `json:"num_subscriptions"`
		Inserts int     `json:"num_inserts"`
		Removes int     `json:"num_removes"`
		Matches int     `json:"num_matches"`
		Widest  int     `json:"max_fanout"`
		Average float64 `json:"avg_fanout"`
	}
	h.read("/subsz", &p)
	if got := fmt.Sprint(p); got != "{1 2 1 3 2 1}" {
		t.Error(got)
	}
}

func TestAccounts(t *testing.T) {
	h := newHouse(t)
	h.add(conn.Identity{}, "nats").Received(1, 5)
	h.accounts = append(h.accounts, account.New("B"), account.New("A"))
	var list struct{ Accounts []string }
	if h.read("/accountz", &list); fmt.Sprint(list.Accounts) != "[$G A B]" {
		t.Error(list)
	}
	if w := h.get("/accountz?acc=X"); w.Code != http.StatusBadRequest || w.Body.String() != "Account X does not exist" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	var stats struct {
		Accounts []struct {
			Acc      string
			Conns    int
			Received struct{ Msgs, Bytes int }
		} `json:"account_statz"`
	}
	if h.read("/accstatz", &stats); fmt.Sprint(stats.Accounts) != "[{$G 1 {1 5}}]" {
		t.Error(stats)
	}
	if h.read("/accstatz?unused=1", &stats); len(stats.Accounts) != 3 {
		t.Error(stats)
	}
}

// The pages of what is not built check their parameters all the same.
func TestUnbuiltPagesRefuse(t *testing.T) {
	h := newHouse(t)
	for path, want := range map[string]string{
		"/routez?subs=x":      `Error decoding boolean for 'subs': strconv.ParseBool: parsing "x": invalid syntax`,
		"/gatewayz?accs=x":    `Error decoding boolean for 'accs': strconv.ParseBool: parsing "x": invalid syntax`,
		"/leafz?subs=x":       `Error decoding boolean for 'subs': strconv.ParseBool: parsing "x": invalid syntax`,
		"/accstatz?unused=x":  `Error decoding boolean for 'unused': strconv.ParseBool: parsing "x": invalid syntax`,
		"/ipqueuesz?all=x":    `Error decoding boolean for 'all': strconv.ParseBool: parsing "x": invalid syntax`,
		"/jsz?limit=x":        `Error decoding int for 'limit': strconv.Atoi: parsing "x": invalid syntax`,
		"/jsz?streams=x":      `Error decoding boolean for 'streams': strconv.ParseBool: parsing "x": invalid syntax`,
		"/jsz?leader-only=1":  "filtered response: not leader",
		"/jsz?leader-only=no": `Error decoding boolean for 'leader-only': strconv.ParseBool: parsing "no": invalid syntax`,
	} {
		if w := h.get(path); w.Code != http.StatusBadRequest || w.Body.String() != want {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
