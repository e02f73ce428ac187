package natsgo

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
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

// deaf subscribes and then never reads.
func (w *world) deaf(subject string) net.Conn {
	w.Helper()
	text := fmt.Sprintf("CONNECT {\"verbose\":false}\r\nSUB %s 1\r\nPING\r\n", subject)
	if !w.way.edge {
		nc, err := net.Dial("tcp", w.server.Client)
		w.must(err)
		w.Cleanup(func() { _ = nc.Close() })
		w.must(nc.SetDeadline(time.Now().Add(2 * process.Patience)))
		_, err = io.WriteString(nc, text)
		w.must(err)
		for r := bufio.NewReader(nc); ; {
			line, err := r.ReadString('\n')
			w.must(err)
			if line == "PONG\r\n" {
				return nc
			}
		}
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
	response, err := http.Get("http://" + w.server.Monitor + "/varz")
	w.must(err)
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		w.Fatalf("/varz answers %s", response.Status)
	}
	var varz struct {
		SlowConsumers int `json:"slow_consumers"`
	}
	w.must(json.NewDecoder(response.Body).Decode(&varz))
	return varz.SlowConsumers
}
