package natsgo

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"weir/test/process"
	"weir/test/wire"
)

// TestSlowConsumer has a subscriber that never reads. The server gives up on it when max_pending is reached, the
// publisher and everybody else go on.
func TestSlowConsumer(t *testing.T) {
	options := process.Options{Config: "max_pending: 1MB\nwrite_deadline: \"2s\""}
	everyWay(t, options, func(w *world) {
		if w.way.secure {
			return // what is slow is the socket; TLS adds nothing to it
		}
		deaf := w.deaf("flood")
		publisher, reader := w.connect(), w.connect()
		sub := w.subscribe(reader, "flood")
		w.must(sub.SetPendingLimits(-1, -1))
		body := make([]byte, 64<<10)
		for i := range body {
			body[i] = byte(rand.Uint32()) // compression must not make it small
		}
		const messages = 400 // 25 MiB: more than max_pending and the socket buffers together
		for range messages {
			w.must(publisher.Publish("flood", body))
			w.must(publisher.FlushTimeout(process.Patience))
		}
		for range messages {
			w.next(sub)
		}
		for start := time.Now(); w.slowConsumers() == 0; w.must(publisher.Flush()) {
			if time.Since(start) > process.Patience { // the write deadline is 2 s
				w.Fatal("nobody is a slow consumer")
			}
		}
		if _, err := io.Copy(io.Discard, deaf); err != nil {
			if e, ok := err.(net.Error); ok && e.Timeout() {
				w.Error("the slow consumer is still connected")
			}
		}
	})
}

// TestWriteTimeout: a subscriber that reads slower than write_deadline asks for is closed, or kept with write_timeout: retry.
func TestWriteTimeout(t *testing.T) {
	for policy, stays := range map[string]bool{"close": false, "retry": true} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			everyWay(t, process.Options{Config: "write_deadline: \"500ms\"\nwrite_timeout: " + policy}, func(w *world) {
				if w.way.secure || w.way.options != nil {
					return // what is slow is the socket
				}
				slow, publisher := w.deaf("flood"), w.connect()
				w.must(slow.(*net.TCPConn).SetReadBuffer(16 << 10))
				const messages, size = 128, 64 << 10
				for range messages {
					w.must(publisher.Publish("flood", make([]byte, size)))
				}
				w.must(publisher.FlushTimeout(process.Patience))
				p, got := make([]byte, 16<<10), 0
				var err error
				for pace := time.NewTicker(10 * time.Millisecond); err == nil && got < messages*size; <-pace.C {
					var n int
					n, err = slow.Read(p)
					got += n
				}
				if (err == nil) != stays {
					w.Errorf("after %d of %d bytes: %v", got, messages*size, err)
				}
				if w.slowConsumers() == 0 {
					w.Error("nobody was slow")
				}
			})
		})
	}
}

// deaf subscribes and then never reads.
func (w *world) deaf(subject string) net.Conn {
	w.Helper()
	text := fmt.Sprintf("CONNECT {\"verbose\":false}\r\nSUB %s 1\r\nPING\r\n", subject)
	if !w.way.edge {
		c := process.DialRaw(w, w.server.Client)
		w.must(c.SetDeadline(time.Now().Add(2 * process.Patience)))
		c.Send(text)
		c.Want("PONG")
		return c.Conn
	}
	var header []string
	if w.way.options != nil {
		header = append(header, "Sec-WebSocket-Extensions: "+wire.Offer)
	}
	c, err := wire.Dial(w.server.WebSocket, process.Patience, header...)
	w.must(err)
	w.Cleanup(func() { _ = c.Close() })
	w.must(c.SetDeadline(time.Now().Add(2 * process.Patience)))
	w.must(c.Send(wire.Frame{Opcode: wire.Binary, Payload: []byte(text)}))
	for {
		m, err := c.Next()
		w.must(err)
		if string(m.Payload) == "PONG\r\n" {
			return c.Conn
		}
	}
}

func (w *world) slowConsumers() int {
	w.Helper()
	var varz struct {
		SlowConsumers int `json:"slow_consumers"`
	}
	w.server.Page(w, "/varz", &varz)
	return varz.SlowConsumers
}
