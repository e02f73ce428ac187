package conn_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/conn"
	"weir/internal/listener"
	"weir/internal/msg"
	"weir/internal/outbound"
	"weir/internal/transport"
	"weir/ws"
)

// echo is a visitor that sends back what it gets, and fails on request.
type echo struct {
	conn.Conn
	closed chan conn.Reason
}

func (e *echo) Data(p []byte) error {
	switch text := string(p); text {
	case "panic":
		panic("injected")
	case "fail":
		return errors.New("injected")
	default:
		e.Send(text)
	}
	return nil
}

func (e *echo) ChunkEnd() {}

func (e *echo) Encode(*transport.Wire, *outbound.Item) int { panic("injected in flush") }

func (e *echo) Closed(r conn.Reason) { e.closed <- r }

func (e *echo) Describe(i *conn.Info, _ bool) { i.Client.Name = "echo" }

// open starts an echo over nc.
func open(reg *conn.Registry, link *transport.Conn) *echo {
	e := &echo{closed: make(chan conn.Reason, 1)}
	e.Init(reg, link, e, "cid")
	reg.Add(&e.Conn)
	go e.Run()
	return e
}

func newRegistry() *conn.Registry {
	return conn.NewRegistry(conn.Config{}, slog.New(slog.DiscardHandler))
}

// pair is an echo and the other end of its pipe.
func pair(reg *conn.Registry, kind string) (*echo, net.Conn) {
	here, there := net.Pipe()
	link := transport.NewConn(there)
	if kind == "ws" {
		link.UpgradeWS(ws.Server, transport.Framing{NoMasking: true, Deflate: true})
	}
	return open(reg, link), here
}

// read reads until the end and returns everything.
func read(t *testing.T, nc net.Conn) string {
	t.Helper()
	all, err := io.ReadAll(nc)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

func TestEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := newRegistry()
		e, nc := pair(reg, "tcp")
		buf := make([]byte, 16)
		for range 3 {
			nc.Write([]byte("hello"))
			if n, _ := nc.Read(buf); string(buf[:n]) != "hello" {
				t.Fatalf("got %q", buf[:n])
			}
		}
		nc.Close()
		if r := <-e.closed; r != conn.ClientClosed {
			t.Errorf("closed for %q", r)
		}
		synctest.Wait()
		if reg.Len() != 0 || reg.Total() != 1 {
			t.Errorf("%d open of %d", reg.Len(), reg.Total())
		}
	})
}

// A panic ends its connection, is counted, and nobody else notices.
func TestPanicsStayInTheirConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := newRegistry()
		other, otherEnd := pair(reg, "tcp")
		bad, badEnd := pair(reg, "tcp")
		badEnd.Write([]byte("panic"))
		read(t, badEnd)
		if r := <-bad.closed; r != conn.InternalError {
			t.Errorf("closed for %q", r)
		}
		flushed, flushedEnd := pair(reg, "tcp")
		if flushed.Out.Push(outbound.Item{Msg: new(msg.Msg)}) == outbound.Owed {
			flushed.Flush(nil) // in the goroutine of a publisher, which survives
		}
		read(t, flushedEnd)
		<-flushed.closed
		if reg.Panics() != 2 {
			t.Errorf("%d panics counted", reg.Panics())
		}
		buf := make([]byte, 16)
		otherEnd.Write([]byte("alive"))
		if n, _ := otherEnd.Read(buf); string(buf[:n]) != "alive" {
			t.Errorf("other connection: %q", buf[:n])
		}
		other.Close(conn.ServerShutdown, "")
		read(t, otherEnd)
	})
}

// Every reason that can be told is told: what was queued, the last line, the close frame, the end.
func TestCloseDeliversInOrder(t *testing.T) {
	for r := conn.ClientClosed; r <= conn.PreAuthExceeded; r++ {
		t.Run(r.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, nc := pair(newRegistry(), "ws")
				go func() {
					e.Send("queued\r\n")
					e.Close(r, "-ERR 'x'\r\n")
					e.Close(conn.Kicked, "-ERR 'late'\r\n")
				}()
				got := read(t, nc)
				if r.Abrupt() {
					if strings.Contains(got, "-ERR") {
						t.Errorf("got %q", got)
					}
					return
				}
				want := string(ws.AppendClose(nil, r.Code(), r.String(), nil))
				if !strings.Contains(got, "queued\r\n") || !strings.HasSuffix(got, "-ERR 'x'\r\n"+want) {
					t.Errorf("got %q", got)
				}
				if c := <-e.closed; c != r {
					t.Errorf("closed for %q", c)
				}
			})
		})
	}
}

func TestWebSocketEnds(t *testing.T) {
	for _, row := range []struct{ name, send, want string }{
		{"close is echoed", "\x88\x05\x03\xe8bye", "\x88\x05\x03\xe8bye"},
		{"empty close", "\x88\x00", "\x88\x00"},
		{"bad close code", "\x88\x02\x03\xed", "\x88\x22\x03\xeainvalid close status code 1005"},
		{"corrupt compressed message", "\xc2\x03\xff\xff\xff", "\x88\x1c\x03\xefcorrupt compressed message"},
		{"reserved bit", "\x92\x00", "\x88\x23\x03\xeaRSV2 and RSV3 must be clear"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, nc := pair(newRegistry(), "ws")
				go nc.Write([]byte(row.send))
				if got := read(t, nc); got[:2] != row.want[:1]+got[1:2] || got[2:] != row.want[2:] {
					t.Errorf("got %q, want %q", got, row.want)
				}
			})
		})
	}
}

func TestFailedDataIsAReadError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, nc := pair(newRegistry(), "tcp")
		nc.Write([]byte("fail"))
		read(t, nc)
		if r := <-e.closed; r != conn.ReadError {
			t.Errorf("closed for %q", r)
		}
	})
}

// A peer that neither reads nor closes does not keep a closing connection.
func TestDeafPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := newRegistry()
		e, nc := pair(reg, "tcp")
		defer nc.Close()
		e.Send("nobody reads this")
		start := time.Now()
		reg.CloseAll(conn.ServerShutdown, time.Minute)
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("it took %v", d)
		}
	})
}

func TestRegistryRemembersTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := newRegistry()
		for range 3 {
			e, nc := pair(reg, "tcp")
			nc.Close()
			<-e.closed
			synctest.Wait() // now it is in the list
		}
		closed := reg.Closed()
		if len(closed) != 3 || closed[0].ID != 1 || closed[2].ID != 3 {
			t.Errorf("closed: %+v", closed)
		}
		if n := reg.Closes(conn.ClientClosed); n != 3 {
			t.Errorf("%d closes counted", n)
		}
	})
}

// tcpPair is a connection as a listener accepts it, and its peer.
func tcpPair(t *testing.T) (here, there net.Conn) {
	t.Helper()
	l, err := listener.Open("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if here, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { here.Close() })
	if there, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return here, there
}

// A WebSocket peer that ends the stream without a close frame gets what was queued, and no close frame.
func TestEndOfStream(t *testing.T) {
	reg := newRegistry()
	nc, there := tcpPair(t)
	link := transport.NewConn(there)
	link.UpgradeWS(ws.Server, transport.Framing{NoMasking: true})
	e := open(reg, link)
	nc.Write([]byte("\x82\x05hello"))
	nc.(*net.TCPConn).CloseWrite()
	if got := read(t, nc); got != "\x82\x05hello" {
		t.Errorf("got %q", got)
	}
	if r := <-e.closed; r != conn.ClientClosed {
		t.Errorf("closed for %q", r)
	}
}

func TestReasonTexts(t *testing.T) {
	if got := conn.Reason(200).String(); got != "Unknown State" {
		t.Errorf("unknown reason: %q", got)
	}
	for r := conn.ClientClosed; r <= conn.PreAuthExceeded; r++ {
		if r.String() == "Unknown State" || r.Code() == 0 {
			t.Errorf("reason %d has no row", r)
		}
	}
}

// An idle connection costs little memory of the process beyond its goroutine.
func TestIdleConnectionIsSmall(t *testing.T) {
	const n = 500
	reg := newRegistry()
	peers := make([]net.Conn, n)
	links := make([]net.Conn, n)
	for i := range peers {
		peers[i], links[i] = tcpPair(t)
	}
	before := heap()
	echoes := make([]*echo, n)
	buf := make([]byte, 16)
	for i := range peers {
		echoes[i] = open(reg, transport.NewConn(links[i]))
		fmt.Fprint(peers[i], "hello")
		if _, err := peers[i].Read(buf); err != nil {
			t.Fatal(err)
		}
	}
	per := int(heap()-before) / n
	if per > 2048 {
		t.Errorf("%d bytes of heap for a connection, want at most 2048", per)
	}
	for _, p := range peers {
		p.Close()
	}
	for _, e := range echoes {
		<-e.closed
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
