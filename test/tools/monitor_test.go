package tools

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"weir/test/process"
)

// TestMonitoringKeys asks a Weir and a nats-server that are alike, with one TCP and one WebSocket client each, the same
// questions: both answers have the same keys, with the same types of JSON values.
func TestMonitoringKeys(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		for name, scene := range map[string]func(*testing.T, process.Target) *process.Server{"open": crowd, "guarded": guarded} {
			t.Run(name, func(t *testing.T) {
				ours, theirs := scene(t, process.Weir), scene(t, process.Stock)
				for _, question := range []string{
					"/varz", "/connz", "/connz?subs=1", "/connz?subs=detail", "/connz?auth=1", "/connz?state=any&sort=cid&limit=1",
					"/connz?state=closed", "/connz?state=closed&auth=1", "/connz?sort=subs", "/subsz", "/subsz?subs=1&acc=$G",
					"/subsz?test=orders.new", "/accountz", "/accountz?acc=$G", "/healthz",
				} {
					t.Run(question, func(t *testing.T) {
						a, b := ask(t, ours, question), ask(t, theirs, question)
						compare(t, strings.TrimSuffix(strings.SplitN(question, "?", 2)[0], "/"), a, b)
					})
				}
			})
		}
	})
}

// exceptions are keys that nats-server has and Weir has not, with the reason.
var exceptions = map[string]string{
	"/varz.feature_flags": "all of them are about streams",
}

// additions are keys that Weir may have and nats-server has not, with the reason.
var additions = map[string]string{
	"/varz.weir":                        "its own version",
	"/varz.weir_doors":                  "who came to each WebSocket listener",
	"/varz.websocket.handshake_timeout": "a handshake has a limit, configured or not",
}

// guarded is a server with TLS, users and most of what can be configured of its listeners. One client comes with TLS first,
// one as no_auth_user.
func guarded(t *testing.T, target process.Target) *process.Server {
	t.Helper()
	cert, key := process.Certificate()
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	pin := sha256.Sum256(pair.Leaf.RawSubjectPublicKeyInfo)
	keys := fmt.Sprintf("cert_file: %q, key_file: %q, ca_file: %q, verify: true, pinned_certs: [ \"%x\" ]", cert, key, cert, pin)
	s := process.Start(t, target, process.Options{File: `host: 127.0.0.1, port: -1, http: "127.0.0.1:-1"
server_name: north, server_tags: [ a, b ], server_metadata { a: b }, client_advertise: "north.test:1"
max_subscriptions: 100, max_sub_tokens: 9, write_deadline: "5s", write_timeout: close
tls { ` + keys + `, handshake_first: true }
authorization { timeout: 7, users: [ { user: ann, password: secret, permissions { subscribe: ">" } }, { user: joe, password: other } ] }
websocket { host: 127.0.0.1, port: -1, advertise: "edge.test:2", no_auth_user: joe, handshake_timeout: "3s", compression: true
  allowed_origins: [ "https://a.test" ], same_origin: true, authorization { timeout: 4 }
  tls { ` + keys + ` }
}
`})
	chain := []nats.Option{nats.RootCAs(cert), nats.ClientCert(cert, key)}
	ann := append([]nats.Option{nats.TLSHandshakeFirst(), nats.UserInfo("ann", "secret")}, chain...)
	fill(t, s, func() *nats.Conn { return join(t, "tls://"+s.Client, ann) }, func() *nats.Conn { return join(t, "wss://"+s.WebSocket, chain) })
	return s
}

// crowd is a server with a client on each listener, another that has left, subscriptions and some messages.
func crowd(t *testing.T, target process.Target) *process.Server {
	t.Helper()
	s := process.Start(t, target, process.Options{})
	fill(t, s, func() *nats.Conn { return join(t, "nats://"+s.Client, nil) }, func() *nats.Conn { return join(t, "ws://"+s.WebSocket, nil) })
	return s
}

func join(t *testing.T, url string, options []nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, append(options, nats.Name("crowd"))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// fill lets clients come, subscribe and publish.
func fill(t *testing.T, s *process.Server, tcp, ws func() *nats.Conn) {
	t.Helper()
	tcp().Close()
	for _, nc := range []*nats.Conn{tcp(), ws()} {
		workers, err := nc.QueueSubscribe("orders.*", "workers", func(*nats.Msg) {})
		if err != nil {
			t.Fatal(err)
		}
		if err := workers.AutoUnsubscribe(1000); err != nil {
			t.Fatal(err)
		}
		if _, err := nc.SubscribeSync("orders.new"); err != nil {
			t.Fatal(err)
		}
		if err := nc.Publish("orders.new", []byte("one")); err != nil {
			t.Fatal(err)
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	process.Await(process.Patience, func() bool { // until the one that left is known to have left
		return len(s.Connections(t, "state=closed")) == 1
	})
}

// ask returns the JSON of an answer.
func ask(t *testing.T, s *process.Server, question string) (answer any) {
	t.Helper()
	s.Page(t, question, &answer)
	return answer
}

// compare walks both answers. Of arrays, what the elements have together is compared.
func compare(t *testing.T, path string, ours, theirs any) {
	t.Helper()
	if kind(ours) != kind(theirs) {
		t.Errorf("%s is %s, in nats-server %s", path, kind(ours), kind(theirs))
		return
	}
	switch theirs := theirs.(type) {
	case map[string]any:
		ours := ours.(map[string]any)
		for key, value := range theirs {
			mine, ok := ours[key]
			_, excepted := exceptions[path+"."+key]
			switch {
			case ok && excepted:
				t.Errorf("%s has %s: its exception is no longer needed", path, key)
			case ok:
				compare(t, path+"."+key, mine, value)
			case !excepted:
				t.Errorf("%s has no %s, in nats-server it is %v", path, key, value)
			}
		}
		for key, value := range ours {
			_, added := additions[path+"."+key]
			if _, ok := theirs[key]; !ok && !added {
				t.Errorf("%s has %s, %v, and nats-server has not", path, key, value)
			}
		}
	case []any:
		compare(t, path+"[]", together(ours.([]any)), together(theirs))
	}
}

// together is an object with all that the elements of an array have, or the first element if they are no objects.
func together(array []any) any {
	all := map[string]any{}
	for _, element := range array {
		object, ok := element.(map[string]any)
		if !ok {
			return element
		}
		maps.Copy(all, object)
	}
	return all
}

func kind(value any) string {
	switch value.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "bool"
	}
	return "null"
}

// TestMonitoringValues are numbers and words that tools show or decide by.
func TestMonitoringValues(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := crowd(t, target)
		t.Run("varz", func(t *testing.T) {
			want(t, ask(t, s, "/varz"), map[string]any{
				"version": "2.15.2", "proto": 1, "host": "127.0.0.1", "port": portOf(s.Client), "max_payload": 1 << 20,
				"max_connections": 65536, "max_control_line": 4096, "max_pending": 64 << 20, "ping_max": 2,
				"ping_interval": int64(120e9), "write_deadline": int64(10e9), "connections": 2, "total_connections": 3,
				"in_msgs": 2, "in_bytes": 6, "out_msgs": 5, "out_bytes": 15, "slow_consumers": 0,
				"websocket.host": "127.0.0.1", "websocket.port": portOf(s.WebSocket), "websocket.no_tls": true,
				"websocket.compression": true, "http_host": "127.0.0.1",
			})
		})
		t.Run("connz", func(t *testing.T) {
			answer := ask(t, s, "/connz?subs=1&sort=cid")
			want(t, answer, map[string]any{"num_connections": 2, "total": 2, "offset": 0, "limit": 1024})
			kinds := map[string]bool{}
			for _, c := range answer.(map[string]any)["connections"].([]any) {
				want(t, c, map[string]any{"kind": "Client", "ip": "127.0.0.1", "lang": "go", "name": "crowd",
					"subscriptions": 2, "in_msgs": 1, "in_bytes": 3, "pending_bytes": 0})
				c := c.(map[string]any)
				kinds[fmt.Sprint(c["type"])] = true
				list, _ := c["subscriptions_list"].([]any)
				slices.SortFunc(list, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
				if fmt.Sprint(list) != "[orders.* orders.new]" {
					t.Errorf("subscriptions_list is %v", list)
				}
			}
			if !kinds["nats"] || !kinds["websocket"] {
				t.Errorf("types are %v", kinds)
			}
		})
		t.Run("closed", func(t *testing.T) {
			closed := ask(t, s, "/connz?state=closed").(map[string]any)["connections"].([]any)
			want(t, closed[0], map[string]any{"reason": "Client Closed", "name": "crowd"})
		})
		t.Run("one connection", func(t *testing.T) {
			all := ask(t, s, "/connz?sort=cid").(map[string]any)["connections"].([]any)
			cid := all[0].(map[string]any)["cid"]
			one := ask(t, s, fmt.Sprintf("/connz?cid=%v", cid)).(map[string]any)["connections"].([]any)
			if len(one) != 1 || one[0].(map[string]any)["cid"] != cid {
				t.Errorf("asked for %v, got %v", cid, one)
			}
		})
		t.Run("subsz", func(t *testing.T) {
			tested := ask(t, s, "/subsz?subs=1&test=orders.new&acc=$G").(map[string]any)["subscriptions_list"].([]any)
			if len(tested) != 4 {
				t.Errorf("subscriptions that match orders.new: %v", tested)
			}
		})
		t.Run("healthz", func(t *testing.T) {
			want(t, ask(t, s, "/healthz"), map[string]any{"status": "ok"})
		})
		t.Run("bad question", func(t *testing.T) {
			for question, status := range map[string]int{"/connz?sort=nonsense": 400, "/nonsense": 404, "/": 200} {
				response, err := http.Get("http://" + s.Monitor + question)
				if err != nil {
					t.Fatal(err)
				}
				_ = response.Body.Close()
				if response.StatusCode != status {
					t.Errorf("%s: %s, want %d", question, response.Status, status)
				}
			}
		})
	})
}

func portOf(address string) string { return address[strings.LastIndex(address, ":")+1:] }

// want compares some keys, dotted for objects within objects, by how their values print.
func want(t *testing.T, answer any, values map[string]any) {
	t.Helper()
	for path, value := range values {
		got := answer
		for key := range strings.SplitSeq(path, ".") {
			object, _ := got.(map[string]any)
			got = object[key]
		}
		if number, ok := got.(float64); ok {
			got = int64(number)
		}
		if fmt.Sprint(got) != fmt.Sprint(value) {
			t.Errorf("%s is %v, want %v", path, got, value)
		}
	}
}

// TestHugePages asks for pages behind all that there is.
//
// advisory: secnote-2026-28
func TestHugePages(t *testing.T) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := crowd(t, target)
		for _, n := range []string{"9223372036854775807", "9223372036854775806", "1000000", "-1", "-9223372036854775808"} {
			for _, page := range []string{"/connz?", "/connz?state=closed&", "/connz?state=any&sort=subs&", "/subsz?subs=1&"} {
				for _, query := range []string{"offset=" + n, "limit=" + n, "offset=" + n + "&limit=" + n, "offset=1&limit=" + n} {
					if answer, ok := ask(t, s, page+query).(map[string]any); !ok || answer["server_id"] == nil {
						t.Errorf("%s%s: %v", page, query, answer)
					}
				}
			}
		}
		want(t, ask(t, s, "/connz?offset=9223372036854775807&limit=9223372036854775807"), map[string]any{"num_connections": 0, "total": 2})
	})
}
