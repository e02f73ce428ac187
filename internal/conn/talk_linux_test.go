package conn_test

import (
	"bytes"
	"io"
	"net"
	"runtime/debug"
	"strings"
	"testing"

	"weir/internal/conn"
	"weir/internal/transport"
)

// talker is an echo that says on whose goroutine it works, and blocks on request.
type talker struct {
	echo
	held, goOn chan struct{}
}

func (k *talker) Data(p []byte) error {
	switch string(p) {
	case "where":
		switch stack := debug.Stack(); {
		case bytes.Contains(stack, []byte("(*Socket).converse")):
			k.Send("turn")
		case bytes.Contains(stack, []byte("(*Socket).wake")):
			k.Send("wake")
		default:
			k.Send("self")
		}
		return nil
	case "hold":
		k.Link.Leave()
		k.held <- struct{}{}
		<-k.goOn
	}
	return k.echo.Data(p)
}

// tcpTalker is one over TCP, and its peer.
func tcpTalker(t *testing.T, reg *conn.Registry) (*talker, net.Conn) {
	t.Helper()
	here, there := tcpPair(t)
	k := &talker{echo{closed: make(chan conn.Reason, 1)}, make(chan struct{}), make(chan struct{})}
	link := transport.NewConn(there)
	link.Detach()
	k.Init(reg, link, k, "cid")
	reg.Add(&k.Conn)
	go k.Run()
	return k, here
}

// say sends text and returns the answer, which is four bytes long.
func say(t *testing.T, nc net.Conn, text string) string {
	t.Helper()
	io.WriteString(nc, text)
	var answer [4]byte
	if _, err := io.ReadFull(nc, answer[:]); err != nil {
		t.Fatal(err)
	}
	return string(answer[:])
}

// converse talks until a turn answers.
func converse(t *testing.T, nc net.Conn) { talk(t, nc, "turn") }

// talk talks until the answer comes from where it should: "turn" is a conversation, "wake" a turn that has woken who was parked.
func talk(t *testing.T, nc net.Conn, where string) {
	t.Helper()
	for range 10_000 {
		if say(t, nc, "where") == where {
			return
		}
	}
	t.Fatalf("it does not come to %q", where)
}

// wheres are those of talk.
var wheres = []string{"wake", "turn"}

// Neither a conversation nor who is woken needs a goroutine of its own; however it ends, its connection ends as any other does.
func TestConversationEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(k *talker, nc net.Conn)
		why  conn.Reason
		last string
	}{
		"peer":      {func(_ *talker, nc net.Conn) { nc.(*net.TCPConn).CloseWrite() }, conn.ClientClosed, ""},
		"last word": {func(_ *talker, nc net.Conn) { io.WriteString(nc, "last"); nc.(*net.TCPConn).CloseWrite() }, conn.ClientClosed, "last"},
		"server":    {func(k *talker, _ net.Conn) { k.Close(conn.Kicked, "bye") }, conn.Kicked, "bye"},
		"panic":     {func(_ *talker, nc net.Conn) { io.WriteString(nc, "panic") }, conn.InternalError, ""},
		"error":     {func(_ *talker, nc net.Conn) { io.WriteString(nc, "fail") }, conn.ReadError, ""},
	} {
		for _, where := range wheres {
			t.Run(name+" "+where, func(t *testing.T) {
				reg := newRegistry()
				k, nc := tcpTalker(t, reg)
				_, other := tcpTalker(t, reg)
				talk(t, nc, where)
				talk(t, other, where)
				c.end(k, nc)
				if got, err := io.ReadAll(nc); string(got) != c.last && err == nil {
					t.Errorf("the last that came is %q", got)
				}
				if r := <-k.closed; r != c.why {
					t.Errorf("closed for %q", r)
				}
				if got := say(t, other, "more"); got != "more" {
					t.Errorf("the other one got %q", got)
				}
			})
		}
	}
}

// Who has left the turn may block: another goroutine goes on with it. What comes meanwhile is not lost.
func TestConversationLeft(t *testing.T) {
	for _, where := range wheres {
		t.Run(where, func(t *testing.T) {
			reg := newRegistry()
			k, nc := tcpTalker(t, reg)
			_, other := tcpTalker(t, reg)
			talk(t, nc, where)
			talk(t, other, where)
			for range 3 {
				io.WriteString(nc, "hold")
				<-k.held
				for range 3 {
					if got := say(t, other, "more"); got != "more" {
						t.Errorf("the other one got %q", got)
					}
				}
				io.WriteString(nc, "late")
				k.goOn <- struct{}{}
				var both [8]byte
				if _, err := io.ReadFull(nc, both[:]); err != nil || string(both[:]) != "holdlate" {
					t.Fatalf("got %q, %v", both, err)
				}
			}
			converse(t, nc)
		})
	}
}

// A conversation that has fallen silent is parked, and begins again.
func TestConversationParks(t *testing.T) {
	reg := newRegistry()
	k, nc := tcpTalker(t, reg)
	for range 3 {
		converse(t, nc)
		if asked := reg.ParkSilent(); asked != 0 {
			t.Errorf("asked %d in the middle of the conversation", asked)
		}
		for say(t, nc, "where") != "self" {
			k.Age(conn.ParkAfter)
			reg.ParkSilent()
		}
	}
	nc.Close()
	if r := <-k.closed; r != conn.ClientClosed {
		t.Errorf("closed for %q", r)
	}
}

// More conversations at once than a turn takes.
func TestManyConversations(t *testing.T) {
	reg := newRegistry()
	var all []net.Conn
	for range 100 {
		_, nc := tcpTalker(t, reg)
		converse(t, nc)
		all = append(all, nc)
	}
	big := strings.Repeat("0123456789abcdef", 10_000)
	for _, text := range []string{"once", "more", big} {
		for _, nc := range all {
			go io.WriteString(nc, text)
		}
		for i, nc := range all {
			got := make([]byte, len(text))
			if _, err := io.ReadFull(nc, got); err != nil || string(got) != text {
				t.Fatalf("%d: got %d bytes, %v", i, len(got), err)
			}
		}
	}
}
