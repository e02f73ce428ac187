package abuse

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"

	"weir/test/process"
	"weir/test/wire"
)

func TestMain(m *testing.M) { process.Main(m) }

const (
	// attackers is how many peers misbehave in each of the ways.
	attackers = 60
	// ceiling is what the server may take in all, in bytes. Two ordinary clients alone take some 15 MiB.
	ceiling = 128 << 20
	// talk is how many messages the ordinary clients exchange meanwhile.
	talk = 2000
)

// upgraded opens a WebSocket, with compression agreed.
func upgraded(s *process.Server) (*wire.Conn, error) {
	return wire.Dial(s.WebSocket, process.Patience, "Sec-WebSocket-Extensions: "+wire.Offer)
}

// frames sends frames after an upgrade, and whatever comes of it. It returns the connection to be held open.
func frames(send ...wire.Frame) func(*process.Server) (net.Conn, error) {
	return func(s *process.Server) (net.Conn, error) {
		c, err := upgraded(s)
		if err != nil {
			return nil, err
		}
		_ = c.Send(send...) // the server may have closed before it has read all
		return c, nil
	}
}

// bytes sends bytes on a bare connection and goes silent.
func bytes(text string) func(*process.Server) (net.Conn, error) {
	return func(s *process.Server) (net.Conn, error) {
		c, err := net.Dial("tcp", s.WebSocket)
		if err != nil {
			return nil, err
		}
		_, _ = c.Write([]byte(text)) // likewise
		return c, nil
	}
}

// repeated is n times the same frame.
func repeated(n int, first, next wire.Frame) []wire.Frame {
	all := []wire.Frame{first}
	for range n {
		all = append(all, next)
	}
	return all
}

// deaf asks for everything and reads nothing.
func deaf(s *process.Server) (net.Conn, error) {
	c, err := upgraded(s)
	if err != nil {
		return nil, err
	}
	return c, c.SendMessage([]byte("CONNECT {\"verbose\":false}\r\nSUB flood 1\r\n"))
}

// flood publishes for the deaf ones.
func flood(s *process.Server) (net.Conn, error) {
	c, err := upgraded(s)
	if err != nil {
		return nil, err
	}
	_ = c.SendMessage([]byte("CONNECT {\"verbose\":false}\r\n"))
	body := strings.Repeat("x", 60_000)
	for range 10 {
		if c.SendMessage(fmt.Appendf(nil, "PUB flood %d\r\n%s\r\n", len(body), body)) != nil {
			break // it was told to go
		}
	}
	return c, nil
}

var ways = map[string]func(*process.Server) (net.Conn, error){
	"half-open socket":       bytes(""),
	"slow headers":           bytes("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "),
	"headers without an end": bytes("GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 64<<10)),
	"one-byte fragments": frames(repeated(5000, wire.Frame{More: true, RSV: wire.RSV1, Opcode: wire.Binary, Payload: []byte("x")},
		wire.Frame{More: true, Payload: []byte("x")})...),
	"unmasked frame":  frames(wire.Frame{Opcode: wire.Binary, Bare: true, Payload: []byte("PING\r\n")}),
	"unmasked ping":   frames(wire.Frame{Opcode: wire.Ping, Bare: true, Payload: []byte("x")}),
	"reserved bits":   frames(wire.Frame{Opcode: wire.Binary, RSV: wire.RSV2 | wire.RSV3, Payload: []byte("PING\r\n")}),
	"bomb":            frames(wire.Frame{Opcode: wire.Binary, RSV: wire.RSV1, Payload: wire.Deflate(make([]byte, 20<<20))}),
	"bomb of pings":   frames(wire.Frame{Opcode: wire.Binary, RSV: wire.RSV1, Payload: wire.Deflate([]byte(strings.Repeat("PING\r\n", 100_000)))}),
	"flood of pings":  frames(repeated(20_000, wire.Frame{Opcode: wire.Ping, Payload: []byte("x")}, wire.Frame{Opcode: wire.Ping, Payload: []byte("x")})...),
	"corrupt deflate": frames(wire.Frame{Opcode: wire.Binary, RSV: wire.RSV1, Payload: []byte{0xff, 0xff, 0xff}}),
	"slow reader":     deaf,
	"flooder":         flood,
	"length with the top bit": func(s *process.Server) (net.Conn, error) {
		c, err := upgraded(s)
		if err != nil {
			return nil, err
		}
		_, err = c.Write([]byte{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4})
		return c, err
	},
	"compressed and without an end": frames(repeated(40, wire.Frame{More: true, RSV: wire.RSV1, Opcode: wire.Binary, Payload: make([]byte, 4<<10)},
		wire.Frame{More: true, Payload: make([]byte, 4<<10)})...),
	"one-byte frames":          frames(repeated(5000, wire.Frame{Opcode: wire.Binary, Payload: []byte("P")}, wire.Frame{Opcode: wire.Binary, Payload: []byte("I")})...),
	"claims and sends nothing": frames(wire.Frame{Opcode: wire.Binary, Payload: []byte("CONNECT {\"verbose\":false}\r\nPUB a 1048576\r\n")}),
}

func TestAbuse(t *testing.T) {
	process.OnWeir(t, func(t *testing.T) {
		s := process.Start(t, process.Weir, process.Options{
			Config: "max_pending: 1MB\nwrite_deadline: \"2s\"", WebSocket: "compression: true\n  handshake_timeout: \"5s\"",
		})
		subscriber, publisher := connect(t, s.Client), connect(t, s.Client)
		var got atomic.Int64
		if _, err := subscriber.Subscribe("talk", func(m *nats.Msg) {
			if want := fmt.Sprint(got.Load()); string(m.Data) != want {
				t.Errorf("got message %s, want %s", m.Data, want)
			}
			got.Add(1)
		}); err != nil {
			t.Fatal(err)
		}
		if err := subscriber.Flush(); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var peak atomic.Int64
		for name, misbehave := range ways {
			wg.Go(func() { attack(t, s, name, misbehave) })
		}
		for i := range talk {
			if err := publisher.Publish("talk", []byte(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
			if i%100 == 0 {
				if err := publisher.FlushTimeout(process.Patience); err != nil {
					t.Fatalf("after %d messages: %v", i, err)
				}
				peak.Store(max(peak.Load(), memory(t, s)))
			}
		}
		over := make(chan struct{})
		go func() {
			wg.Wait()
			close(over)
		}()
		for busy := true; busy; {
			select {
			case <-over:
				busy = false
			default:
			}
			peak.Store(max(peak.Load(), memory(t, s)))
		}
		if !process.Await(process.Patience, func() bool { return got.Load() == talk }) {
			t.Errorf("%d of %d messages arrived", got.Load(), talk)
		}
		if subscriber.Stats().Reconnects+publisher.Stats().Reconnects > 0 {
			t.Error("an ordinary client lost its connection")
		}
		t.Logf("peak: %d MiB", peak.Load()>>20)
		if peak.Load() > ceiling {
			t.Errorf("the server took %d MiB, the ceiling is %d", peak.Load()>>20, int64(ceiling)>>20)
		}
	})
}

// attack lets attackers misbehave in one way, holds their connections, and lets go of them at the end.
func attack(t *testing.T, s *process.Server, name string, misbehave func(*process.Server) (net.Conn, error)) {
	for range attackers {
		c, err := misbehave(s)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		defer c.Close() //nolint:errcheck // the server may have done so
	}
}

func connect(t *testing.T, address string) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect("nats://"+address, nats.Timeout(process.Patience))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// memory is the resident set of the server in bytes, as it says itself.
func memory(t *testing.T, s *process.Server) int64 {
	t.Helper()
	var v struct {
		Mem int64 `json:"mem"`
	}
	if s.Page(t, "/varz", &v); v.Mem == 0 {
		t.Fatal("it does not say")
	}
	return v.Mem
}
