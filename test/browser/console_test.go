package browser

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"weir/test/process"
)

// console starts a Weir with a console page, opens the page, and connects nats.go to the same server.
func console(t *testing.T, options process.Options) (*page, *nats.Conn, *process.Server) {
	t.Helper()
	browser(t)
	options.WebSocket += "\nconsole: true"
	server := process.Start(t, process.Weir, options)
	nc, err := nats.Connect("nats://"+server.Client, nats.UserInfo("ann", "secret"),
		nats.MaxReconnects(-1), nats.ReconnectWait(20e6), nats.ReconnectJitter(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	page := open(t, "http://"+server.WebSocket+"/")
	t.Cleanup(func() {
		if faults := page.faults(); len(faults) > 0 {
			t.Errorf("the page complains: %s", strings.Join(faults, "\n"))
		}
	})
	return page, nc, server
}

// connect presses Connect.
func (p *page) connect() {
	p.t.Helper()
	p.click("#connect")
	p.wait("#state", "Connected")
}

// subscribe subscribes in the page; the server knows it when a message has come back.
func (p *page) subscribe(subject, queue string, nc *nats.Conn) {
	p.t.Helper()
	p.fill("#sub-subject", subject)
	p.fill("#sub-queue", queue)
	p.click("#subscribe")
	p.wait("#subs li", subject)
	flushPage(p, nc)
}

// flushPage makes sure that the server has read what the page sent so far: it reads a publish after it.
func flushPage(p *page, nc *nats.Conn) {
	p.t.Helper()
	sub, err := nc.SubscribeSync("flush.page")
	must(p.t, err)
	must(p.t, nc.Flush())
	p.publish("flush.page", "", "")
	_, err = sub.NextMsg(process.Patience)
	must(p.t, err)
	must(p.t, sub.Unsubscribe())
}

func (p *page) publish(subject, payload, headers string) {
	p.t.Helper()
	p.fill("#pub-subject", subject)
	p.fill("#pub-payload", payload)
	p.fill("#pub-headers", headers)
	p.click("#publish")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestConsole(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		page, nc, server := console(t, process.Options{})
		var url string
		page.evaluate(`document.querySelector("#url").value`, &url)
		if url != "ws://"+server.WebSocket {
			t.Errorf("the page would connect to %q, it came from %q", url, server.WebSocket)
		}
		page.wait("#state", "Offline")
		page.connect()
		t.Run("messages from outside are shown", func(t *testing.T) { showsMessages(t, page, nc) })
		t.Run("the page publishes", func(t *testing.T) { publishes(t, page, nc) })
		t.Run("the page asks", func(t *testing.T) { asks(t, page, nc) })
		t.Run("rates", func(t *testing.T) {
			stop := make(chan struct{})
			go flood(nc, stop)
			defer close(stop)
			page.wait("#rate-in", ",") // a thousand a second at least
			page.wait("#state", "Connected")
		})
		t.Run("unsubscribe", func(t *testing.T) {
			page.click("#subs li button")
			flushPage(page, nc)
			var left int
			page.evaluate(`document.querySelectorAll("#subs li").length`, &left)
			if left != 0 {
				t.Errorf("%d subscriptions left", left)
			}
			if _, err := nc.Request("orders.probe", nil, process.Patience); !errors.Is(err, nats.ErrNoResponders) {
				t.Errorf("somebody still subscribes to orders.>: %v", err)
			}
		})
		t.Run("disconnect", func(t *testing.T) {
			page.click("#connect")
			page.wait("#state", "Offline")
			page.connect()
		})
	})
}

func showsMessages(t *testing.T, page *page, nc *nats.Conn) {
	page.subscribe("orders.>", "", nc)
	m := nats.NewMsg("orders.new")
	m.Data = []byte(`{"item":"lemon","count":3}`)
	m.Header.Set("Trace-Id", "t-42")
	must(t, nc.PublishMsg(m))
	page.wait("#messages li", "orders.new")
	page.wait("#messages li", "lemon")
	page.click("#messages li >> nth=0")
	page.wait("#detail", "t-42")
	must(t, nc.Publish("other.subject", []byte("not for the page")))
	must(t, nc.Publish("orders.last", []byte("<b>bold</b>"))) // text, never markup
	page.wait("#messages li", "<b>bold</b>")
	if text := page.text("#messages"); strings.Contains(text, "not for the page") {
		t.Errorf("messages are %q", text)
	}
}

func publishes(t *testing.T, page *page, nc *nats.Conn) {
	sub, err := nc.SubscribeSync("from.page")
	must(t, err)
	must(t, nc.Flush())
	page.publish("from.page", "grüße", "Key: value\nMany: one\nMany: two")
	m, err := sub.NextMsg(process.Patience)
	must(t, err)
	if string(m.Data) != "grüße" || m.Header.Get("Key") != "value" || len(m.Header.Values("Many")) != 2 {
		t.Errorf("got %q %v", m.Data, m.Header)
	}
	page.publish("from.page", "no headers", "")
	m, err = sub.NextMsg(process.Patience)
	must(t, err)
	if string(m.Data) != "no headers" || len(m.Header) != 0 {
		t.Errorf("got %q %v", m.Data, m.Header)
	}
}

func asks(t *testing.T, page *page, nc *nats.Conn) {
	_, err := nc.Subscribe("upper", func(m *nats.Msg) { _ = m.Respond([]byte(strings.ToUpper(string(m.Data)))) })
	must(t, err)
	must(t, nc.Flush())
	page.fill("#req-subject", "upper")
	page.fill("#req-payload", "quiet")
	page.click("#request")
	page.wait("#reply", "QUIET")
	page.fill("#req-subject", "nobody.is.there")
	page.click("#request")
	page.wait("#reply", "responders")
}

// flood publishes in bursts until stop is closed; each burst waits for the server.
func flood(nc *nats.Conn, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		for range 200 {
			if nc.Publish("orders.flood", []byte("x")) != nil {
				return
			}
		}
		if nc.Flush() != nil {
			return
		}
	}
}

// TestConsoleQueue: a subscription of the page may be a member of a queue group.
func TestConsoleQueue(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		page, nc, _ := console(t, process.Options{})
		page.connect()
		page.subscribe("job", "workers", nc)
		page.subscribe("job", "workers", nc)
		must(t, nc.Publish("job", []byte("only once")))
		must(t, nc.Publish("job", []byte("the end")))
		page.wait("#messages li", "only once")
		page.wait("#messages li", "the end")
		var rows int
		page.evaluate(`document.querySelectorAll("#messages li").length`, &rows)
		if rows != 2 {
			t.Errorf("%d rows for two messages to one queue group", rows)
		}
	})
}

// TestConsoleReconnect: the page says what happens to its server, and comes back with its subscriptions.
func TestConsoleReconnect(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		page, nc, server := console(t, process.Options{})
		page.connect()
		page.subscribe("again", "", nc)
		must(t, server.Stop())
		page.wait("#state", "Reconnecting")
		page.wait("#error", "connection")
		must(t, server.Restart())
		page.wait("#state", "Connected")
		flushPage(page, nc)
		must(t, nc.Publish("again", []byte("after the restart")))
		page.wait("#messages li", "after the restart")
	})
}

// TestConsoleCredentials: the page is a client like any other.
func TestConsoleCredentials(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		page, nc, _ := console(t, process.Options{Config: `authorization { user: ann, password: secret }`})
		page.click("#connect")
		page.wait("#error", "Authorization")
		page.wait("#state", "Offline")
		page.click("#credentials summary")
		page.fill("#user", "ann")
		page.fill("#pass", "secret")
		page.connect()
		page.subscribe("in", "", nc)
		must(t, nc.Publish("in", []byte("welcome")))
		page.wait("#messages li", "welcome")
	})
}

// TestConsoleErrors: what the server refuses, and what the page itself refuses, is said.
func TestConsoleErrors(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		page, _, _ := console(t, process.Options{})
		page.fill("#url", "http://127.0.0.1/")
		page.click("#connect")
		page.wait("#error", "ws://")
		page.fill("#url", "ws://127.0.0.1:1")
		page.click("#connect")
		page.wait("#error", "connect")
		page.wait("#state", "Offline")
	})
}

// TestConsoleIsOff: there is no page unless somebody asked for it, and the page takes nothing from the upgrade.
func TestConsoleIsOff(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		for config, want := range map[string]int{"": 426, "console: false": 426, "console: true": 200} {
			server := process.Start(t, process.Weir, process.Options{WebSocket: config})
			response, err := http.Get("http://" + server.WebSocket + "/")
			must(t, err)
			body, err := io.ReadAll(response.Body)
			must(t, err)
			must(t, response.Body.Close())
			if response.StatusCode != want {
				t.Errorf("%q: GET / is %s: %.60q", config, response.Status, body)
			}
			nc, err := nats.Connect("ws://" + server.WebSocket)
			must(t, err)
			nc.Close()
		}
	})
}
