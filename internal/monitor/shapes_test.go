package monitor_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/account"
	"weir/internal/conn"
)

//go:embed testdata/shapes.golden
var shapes string

// The pages show what nats-server shows of the same clients: the same keys in the same order and of the same types.
func TestShapes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.withSystem()
		one := h.add(conn.Identity{Name: "one", Lang: "go", Version: "1.2.3"}, "nats")
		h.subscribe(one, "foo", "")
		h.subscribe(one, "bar.*", "q").Limit(5)
		h.subscribe(h.add(conn.Identity{Name: "web", Lang: "nats.js", Version: "3.0"}, "websocket"), "foo", "")
		h.add(conn.Identity{Name: "gone", Lang: "go", Version: "1"}, "nats").arrive().leave(conn.ClientClosed)
		h.get("/connz")
		h.get("/healthz")
		compared := 0
		for section := range strings.SplitSeq(shapes, "\n== ") {
			path, want, ok := strings.Cut(section, "\n")
			if !ok || strings.HasPrefix(path, "#") {
				continue
			}
			compareShape(t, path, strings.Split(strings.TrimSpace(want), "\n"), shape(t, h.get(path).Body.Bytes()))
			compared++
		}
		if compared != 20 {
			t.Errorf("%d pages compared", compared)
		}
	})
}

// compareShape compares a page with its section of shapes.golden.
func compareShape(t *testing.T, path string, want, got []string) {
	t.Helper()
	here := []string{}
	for _, line := range want {
		if line != "" && !strings.HasPrefix(line, "- ") {
			here = append(here, strings.TrimPrefix(line, "+ "))
		}
	}
	for i := range max(len(here), len(got)) {
		switch {
		case i >= len(here):
			t.Errorf("%s: %q is too much", path, got[i])
		case i >= len(got):
			t.Errorf("%s: %q is missing", path, here[i])
		case here[i] != got[i]:
			t.Errorf("%s: %q, want %q", path, got[i], here[i])
			return
		}
	}
}

// shape lists the keys of a JSON text with their types, in order.
func shape(t *testing.T, text []byte) []string {
	t.Helper()
	var out []string
	d := json.NewDecoder(bytes.NewReader(text))
	if err := shapeOf(d, "", &out); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return out
}

func shapeOf(d *json.Decoder, key string, out *[]string) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	kind := map[json.Token]string{json.Delim('{'): "object", json.Delim('['): "array", nil: "null", true: "bool", false: "bool"}[token]
	switch token.(type) {
	case string:
		kind = "string"
	case float64:
		kind = "number"
	}
	if key != "" {
		*out = append(*out, key+" "+kind)
		key += "."
	}
	if kind != "object" && kind != "array" {
		return nil
	}
	for i := 0; d.More(); i++ {
		name := any(i)
		if kind == "object" {
			if name, err = d.Token(); err != nil {
				return err
			}
		}
		if err := shapeOf(d, key+fmt.Sprint(name), out); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// What a page says, once in full.
func TestConnzText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		g := h.add(conn.Identity{Name: "one", User: "u", Account: "A"}, "websocket")
		h.accounts = append(h.accounts, account.New("A"))
		h.subscribe(g, "foo.>", "q").Limit(5)
		time.Sleep(1500 * time.Microsecond)
		g.keepAlive()
		time.Sleep(time.Second)
		g.Received(3, 12)
		want := `{
  "server_id": "NID",
  "now": "2000-01-01T00:00:01.0015Z",
  "num_connections": 1,
  "total": 1,
  "offset": 0,
  "limit": 1024,
  "connections": [
    {
      "cid": 1,
      "kind": "Client",
      "type": "websocket",
      "ip": "pipe",
      "port": 0,
      "start": "2000-01-01T00:00:00Z",
      "last_activity": "2000-01-01T00:00:00Z",
      "rtt": "1.5ms",
      "uptime": "1s",
      "idle": "1s",
      "pending_bytes": 0,
      "in_msgs": 3,
      "out_msgs": 0,
      "in_bytes": 12,
      "out_bytes": 0,
      "subscriptions": 1,
      "name": "one",
      "authorized_user": "u",
      "account": "A",
      "subscriptions_list_detail": [
        {
          "subject": "foo.\u003e",
          "qgroup": "q",
          "sid": "1",
          "msgs": 0,
          "max": 5,
          "cid": 1
        }
      ],
      "name_tag": "A"
    }
  ]
}`
		if got := h.get("/connz?auth=1&subs=detail").Body.String(); got != want {
			t.Errorf("got %s", got)
		}
	})
}

func TestUptime(t *testing.T) {
	h := newHouse(t)
	const day = 24 * time.Hour
	for _, c := range []struct {
		age  time.Duration
		want string
	}{
		{0, "0s"},
		{-time.Hour, "0s"},
		{59 * time.Second, "59s"},
		{time.Minute, "1m0s"},
		{59*time.Minute + 59*time.Second, "59m59s"},
		{time.Hour, "1h0m0s"},
		{day - time.Second, "23h59m59s"},
		{day, "1d0h0m0s"},
		{365*day - time.Second, "364d23h59m59s"},
		{365 * day, "1y0d0h0m0s"},
		{800*day + 3*time.Hour + 2*time.Minute + time.Second, "2y70d3h2m1s"},
	} {
		h.start = time.Now().Add(-c.age - 100*time.Millisecond)
		var v struct{ Uptime string }
		if h.read("/varz", &v); v.Uptime != c.want {
			t.Errorf("%v: %s, want %s", c.age, v.Uptime, c.want)
		}
	}
}

// A round trip below a millisecond is shown in whole microseconds.
func TestRTT(t *testing.T) {
	for rtt, want := range map[time.Duration]string{
		0: "1ns", 999: "999ns", 1999: "1µs", 289_999: "289µs", 1_234_567: "1.234567ms", 3 * time.Second: "3s",
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHouse(t)
			g := h.add(conn.Identity{}, "nats")
			time.Sleep(rtt)
			g.keepAlive()
			if got := h.list("/connz").Conns[0].RTT; got != want {
				t.Errorf("%v: %s, want %s", rtt, got, want)
			}
		})
	}
}

func TestVarzCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		g := h.add(conn.Identity{}, "nats")
		g.size = 10
		g.deliver(3)
		g.Received(2, 7)
		h.subscribe(g, "a", "")
		h.accounts = append(h.accounts, account.New("A"))
		h.subscribe(h.add(conn.Identity{Account: "A"}, "nats"), "a", "")
		for _, r := range []conn.Reason{
			conn.SlowConsumerPendingBytes, conn.SlowConsumerWriteDeadline, conn.SlowConsumerPendingBytes, conn.StaleConnection,
		} {
			h.add(conn.Identity{}, "nats").arrive().leave(r)
		}
		h.get("/subsz")
		h.get("/subscriptionsz")
		h.get("/")
		h.get("/nothing")
		var v map[string]any
		h.read("/varz", &v)
		want := map[string]any{
			"connections": 2.0, "total_connections": 6.0, "subscriptions": 2.0, "slow_consumers": 3.0, "stale_connections": 1.0,
			"in_msgs": 2.0, "in_bytes": 7.0, "in_client_msgs": 2.0, "in_client_bytes": 7.0,
			"out_msgs": 3.0, "out_bytes": 30.0, "out_client_msgs": 3.0, "out_client_bytes": 30.0,
			"http_req_stats":         map[string]any{"/": 1.0, "/subsz": 2.0, "/varz": 1.0},
			"slow_consumer_stats":    map[string]any{"clients": 3.0, "routes": 0.0, "gateways": 0.0, "leafs": 0.0},
			"stale_connection_stats": map[string]any{"clients": 1.0, "routes": 0.0, "gateways": 0.0, "leafs": 0.0},
		}
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if fmt.Sprint(v[key]) != fmt.Sprint(want[key]) {
				t.Errorf("%s: %v, want %v", key, v[key], want[key])
			}
		}
		g.peer.Close()
	})
}

// The process is measured: it has memory, and CPU time once it has used some.
func TestVarzProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // its clock stands still while we work: a second is over soon
		h := newHouse(t)
		var v struct {
			Mem   int64
			Cores int
			Procs int `json:"gomaxprocs"`
			CPU   float64
		}
		h.read("/varz", &v)
		if v.Mem < 1<<20 || v.Cores < 1 || v.Procs < 1 || v.CPU != 0 {
			t.Errorf("%+v", v)
		}
		for try := 0; v.CPU == 0 && try < 100; try++ {
			for range 200 {
				h.get("/varz")
			}
			time.Sleep(time.Second)
			h.read("/varz", &v)
		}
		if before := v.CPU; before <= 0 {
			t.Error("no CPU time")
		} else if h.read("/varz", &v); v.CPU != before {
			t.Errorf("%v and %v within a second", before, v.CPU)
		}
	})
}
