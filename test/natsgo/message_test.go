package natsgo

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"weir/test/process"
)

// TestMessages has what a client does with one server that stays up and asks for nothing.
func TestMessages(t *testing.T) {
	everyWay(t, process.Options{}, func(w *world) {
		for _, part := range []struct {
			name string
			run  func(w *world)
		}{
			{"publish", publish}, {"wildcards", wildcards}, {"queue group", queueGroup}, {"request", request},
			{"many requests", manyRequests}, {"headers", headers}, {"no responders", noResponders},
			{"large payloads", largePayloads}, {"too large", tooLarge}, {"automatic unsubscribe", autoUnsubscribe},
			{"drain", drain}, {"drain subscription", drainSubscription}, {"flush", flush}, {"order", order},
			{"no echo", noEcho}, {"server facts", serverFacts}, {"connection by connection", comeAndGo},
		} {
			w.Run(part.name, func(t *testing.T) { part.run(&world{T: t, way: w.way, server: w.server}) })
		}
	})
}

func publish(w *world) {
	a, b := w.connect(), w.connect()
	sub := w.subscribe(a, "greet")
	w.must(b.PublishRequest("greet", "reply.here", []byte("hello")))
	w.must(b.Publish("greet", nil))
	if m := w.next(sub); m.Subject != "greet" || m.Reply != "reply.here" || string(m.Data) != "hello" {
		w.Errorf("got %q reply %q: %q", m.Subject, m.Reply, m.Data)
	}
	if m := w.next(sub); len(m.Data) != 0 || m.Reply != "" {
		w.Errorf("got %q reply %q", m.Data, m.Reply)
	}
}

func wildcards(w *world) {
	nc := w.connect()
	star, tail := w.subscribe(nc, "a.*.c"), w.subscribe(nc, "a.>")
	for _, subject := range []string{"a.b.c", "a.b.d", "b.b.c", "a.b.c.d"} {
		w.must(nc.Publish(subject, []byte(subject)))
	}
	w.must(nc.Flush())
	if n, _, err := star.Pending(); err != nil || n != 1 {
		w.Errorf("a.*.c has %d messages, %v, want 1", n, err)
	}
	if n, _, err := tail.Pending(); err != nil || n != 3 {
		w.Errorf("a.> has %d messages, %v, want 3", n, err)
	}
}

func queueGroup(w *world) {
	const members, messages = 3, 300
	var counts [members]int
	var mu sync.Mutex
	done := make(chan struct{})
	total := 0
	for i := range members {
		nc := w.connect()
		_, err := nc.QueueSubscribe("job.*", "workers", func(*nats.Msg) {
			mu.Lock()
			defer mu.Unlock()
			counts[i]++
			if total++; total == messages {
				close(done)
			}
		})
		w.must(err)
		w.must(nc.Flush())
	}
	publisher := w.connect()
	plain := w.subscribe(publisher, "job.>")
	for i := range messages {
		w.must(publisher.Publish(fmt.Sprintf("job.%d", i), nil))
	}
	await(w, done, "end of the queue")
	w.must(publisher.Flush())
	mu.Lock()
	defer mu.Unlock()
	for i, n := range counts {
		if n == 0 {
			w.Errorf("member %d got nothing: %v", i, counts)
		}
	}
	if total != messages {
		w.Errorf("%d deliveries of %d messages", total, messages)
	}
	if n, _, err := plain.Pending(); err != nil || n != messages {
		w.Errorf("the plain subscriber got %d, %v", n, err)
	}
}

func request(w *world) {
	service, client := w.connect(), w.connect()
	_, err := service.Subscribe("upper", func(m *nats.Msg) { _ = m.Respond(bytes.ToUpper(m.Data)) })
	w.must(err)
	w.must(service.Flush())
	for _, text := range []string{"one", "two"} {
		m, err := client.Request("upper", []byte(text), process.Patience)
		w.must(err)
		if want := string(bytes.ToUpper([]byte(text))); string(m.Data) != want {
			w.Errorf("got %q, want %q", m.Data, want)
		}
	}
	old := w.connect(nats.UseOldRequestStyle())
	m, err := old.Request("upper", []byte("three"), process.Patience)
	w.must(err)
	if string(m.Data) != "THREE" {
		w.Errorf("got %q", m.Data)
	}
}

func manyRequests(w *world) {
	service, client := w.connect(), w.connect()
	_, err := service.QueueSubscribe("echo", "q", func(m *nats.Msg) { _ = m.Respond(m.Data) })
	w.must(err)
	w.must(service.Flush())
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			for j := range 20 {
				text := fmt.Sprintf("%d/%d", i, j)
				m, err := client.Request("echo", []byte(text), process.Patience)
				if err != nil || string(m.Data) != text {
					w.Errorf("request %s: %v, %v", text, m, err)
					return
				}
			}
		})
	}
	group.Wait()
}

func headers(w *world) {
	a, b := w.connect(), w.connect()
	if !a.HeadersSupported() {
		w.Fatal("no headers")
	}
	sub := w.subscribe(a, "with.headers")
	sent := nats.NewMsg("with.headers")
	sent.Header.Add("Trace-Id", "42")
	sent.Header.Add("Many", "one")
	sent.Header.Add("Many", "two: and a colon")
	sent.Data = []byte("body")
	w.must(b.PublishMsg(sent))
	got := w.next(sub)
	if fmt.Sprint(got.Header) != fmt.Sprint(sent.Header) || string(got.Data) != "body" {
		w.Errorf("got %v %q, want %v", got.Header, got.Data, sent.Header)
	}
}

func noResponders(w *world) {
	nc := w.connect()
	start := time.Now()
	if _, err := nc.Request("nobody.is.there", nil, process.Patience); !errors.Is(err, nats.ErrNoResponders) {
		w.Errorf("got %v after %v", err, time.Since(start))
	}
}

// largePayloads has the sizes around the length forms of a frame, up to max_payload, that compress well and not at all.
func largePayloads(w *world) {
	a, b := w.connect(), w.connect()
	sub := w.subscribe(a, "big")
	limit := int(a.MaxPayload())
	if w.way.options != nil && w.server.Target == process.Stock {
		limit -= 64 // nats-server counts the verb of a compressed message too, catalogue §3.5
	}
	for _, size := range []int{125, 126, 65_535, 65_536, 300_000, limit} {
		body := bytes.Repeat([]byte("z"), size)
		if size%2 == 0 {
			for i := range body {
				body[i] = byte(rand.Uint32())
			}
		}
		w.must(b.Publish("big", body))
		if m := w.next(sub); !bytes.Equal(m.Data, body) {
			w.Errorf("body of %d bytes came as %d bytes", size, len(m.Data))
		}
	}
}

func tooLarge(w *world) {
	nc := w.connect()
	if err := nc.Publish("big", make([]byte, nc.MaxPayload()+1)); !errors.Is(err, nats.ErrMaxPayload) {
		w.Errorf("got %v", err)
	}
}

func autoUnsubscribe(w *world) {
	nc := w.connect()
	sub, err := nc.SubscribeSync("auto")
	w.must(err)
	w.must(sub.AutoUnsubscribe(3))
	for range 10 {
		w.must(nc.Publish("auto", nil))
	}
	w.must(nc.Flush())
	for range 3 {
		w.next(sub)
	}
	if _, err := sub.NextMsg(process.Patience); !errors.Is(err, nats.ErrMaxMessages) {
		w.Errorf("after the maximum: %v", err)
	}
}

// drain loses nothing that was published before it.
func drain(w *world) {
	closed := make(chan struct{})
	a := w.connect(nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	b := w.connect()
	var mu sync.Mutex
	got := 0
	_, err := a.Subscribe("drained", func(*nats.Msg) {
		mu.Lock()
		defer mu.Unlock()
		got++
	})
	w.must(err)
	w.must(a.Flush())
	const messages = 500
	for range messages {
		w.must(b.Publish("drained", []byte("x")))
	}
	w.must(b.Flush())
	w.must(a.Drain())
	await(w, closed, "end of the drain")
	mu.Lock()
	defer mu.Unlock()
	if got != messages {
		w.Errorf("%d of %d messages", got, messages)
	}
}

func drainSubscription(w *world) {
	nc := w.connect()
	sub := w.subscribe(nc, "sub.drained")
	status := sub.StatusChanged(nats.SubscriptionClosed)
	w.must(nc.Publish("sub.drained", nil))
	w.must(sub.Drain())
	w.must(nc.Flush())
	w.next(sub)
	await(w, status, "end of the subscription")
	w.must(nc.Publish("sub.drained", nil))
	w.must(nc.Flush())
}

func flush(w *world) {
	nc := w.connect()
	w.must(nc.FlushTimeout(process.Patience))
	rtt, err := nc.RTT()
	if err != nil || rtt <= 0 {
		w.Errorf("round trip %v, %v", rtt, err)
	}
}

// order publishes through one connection and wants the same order on another.
func order(w *world) {
	a, b := w.connect(), w.connect()
	sub := w.subscribe(a, "seq.>")
	const messages = 5000
	for i := range messages {
		w.must(b.Publish(fmt.Sprintf("seq.%d", i%7), fmt.Appendf(nil, "%d", i)))
	}
	for i := range messages {
		if m := w.next(sub); string(m.Data) != fmt.Sprint(i) || m.Subject != fmt.Sprintf("seq.%d", i%7) {
			w.Fatalf("message %d is %q on %s", i, m.Data, m.Subject)
		}
	}
}

func noEcho(w *world) {
	nc, other := w.connect(nats.NoEcho()), w.connect()
	mine, theirs := w.subscribe(nc, "echo.off"), w.subscribe(other, "echo.off")
	w.must(nc.Publish("echo.off", []byte("quiet")))
	w.next(theirs)
	w.must(nc.Flush())
	if n, _, err := mine.Pending(); err != nil || n != 0 {
		w.Errorf("%d messages, %v", n, err)
	}
}

// serverFacts are what a client takes from the INFO.
func serverFacts(w *world) {
	nc := w.connect(nats.Name("facts"))
	if nc.ConnectedServerVersion() != "2.15.2" {
		w.Errorf("version %q", nc.ConnectedServerVersion())
	}
	if nc.ConnectedServerId() == "" || nc.ConnectedServerName() == "" {
		w.Errorf("id %q, name %q", nc.ConnectedServerId(), nc.ConnectedServerName())
	}
	if nc.MaxPayload() != 1<<20 || nc.AuthRequired() || nc.TLSRequired() != w.way.secure {
		w.Errorf("max payload %d, auth %v, TLS %v", nc.MaxPayload(), nc.AuthRequired(), nc.TLSRequired())
	}
	id, err := nc.GetClientID()
	if ip, ipErr := nc.GetClientIP(); err != nil || ipErr != nil || id == 0 || ip.String() != "127.0.0.1" {
		w.Errorf("client id %d, %v, ip %v, %v", id, err, ip, ipErr)
	}
	if addr := nc.ConnectedAddr(); addr == "" {
		w.Error("no address")
	}
	if len(nc.DiscoveredServers()) != 0 {
		w.Errorf("discovered %v", nc.DiscoveredServers())
	}
}

// comeAndGo opens and closes connections while messages flow.
func comeAndGo(w *world) {
	publisher := w.connect()
	for i := range 20 {
		nc := w.connect()
		sub := w.subscribe(nc, "come.>")
		w.must(publisher.Publish("come.go", fmt.Appendf(nil, "%d", i)))
		if m := w.next(sub); string(m.Data) != fmt.Sprint(i) {
			w.Errorf("round %d got %q", i, m.Data)
		}
		nc.Close()
	}
}
