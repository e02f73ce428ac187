package kernel_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"weir/bench/kernel"
	"weir/bench/load"
)

// start gives the ports of a server that ends with the test.
func start(t *testing.T) load.Ports {
	t.Helper()
	s, err := kernel.Listen([4]byte{127, 0, 0, 1})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run() }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	client, websocket := s.Ports()
	return load.Ports{load.TCP: client, load.WS: websocket, load.Deflate: websocket}
}

// talk is a plain connection for what is said literally.
type talk struct {
	net.Conn
	t *testing.T
}

func dial(t *testing.T, port int) talk {
	t.Helper()
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return talk{c, t}
}

func (c talk) say(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
}

func (c talk) hear(want string) {
	c.t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != want {
		c.t.Fatalf("heard %q (%v), want %q", got[:n], err, want)
	}
}

func (c talk) hearInfo() {
	c.t.Helper()
	c.hear("INFO {")
	for b := make([]byte, 1); b[0] != '\n'; {
		if _, err := c.Read(b); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c talk) hearEnd() {
	c.t.Helper()
	if rest, err := io.ReadAll(c); len(rest) > 0 {
		c.t.Errorf("heard %q (%v), want the end", rest, err)
	}
}

func TestSession(t *testing.T) {
	ports := start(t)
	a, b := dial(t, ports[load.TCP]), dial(t, ports[load.TCP])
	for _, c := range []talk{a, b} {
		c.hearInfo()
		c.say("CONNECT {\"verbose\":false}\r\nPING\r\n")
		c.hear("PONG\r\n")
	}
	a.say("SUB foo 1\r\nSUB foo 22\r\nSUB bar 3\r\nPING\r\n")
	a.hear("PONG\r\n")
	b.say("SUB foo 1\r\nPING\r\n")
	b.hear("PONG\r\n")

	b.say("PUB foo 5\r\nhello\r\nPUB bar in.box 0\r\n\r\npub nobody 3\r\nabc\r\nPING\r\n")
	b.hear("MSG foo 1 5\r\nhello\r\nPONG\r\n")
	got := make([]byte, len("MSG foo 1 5\r\nhello\r\nMSG foo 22 5\r\nhello\r\nMSG bar 3 in.box 0\r\n\r\n"))
	if _, err := io.ReadFull(a, got); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"MSG foo 1 5\r\nhello\r\n", "MSG foo 22 5\r\nhello\r\n", "MSG bar 3 in.box 0\r\n\r\n"} {
		if bytes.Count(got, []byte(want)) != 1 {
			t.Errorf("%q is not once in %q", want, got)
		}
	}

	a.say("UNSUB 22\r\nPING\r\n")
	a.hear("PONG\r\n")
	a.say("PUB foo 2\r\nhi\r\nPING\r\n")
	a.hear("MSG foo 1 2\r\nhi\r\nPONG\r\n")
	b.hear("MSG foo 1 2\r\nhi\r\n")
	_ = a.Close()
	b.say("PUB foo 3\r\nbye\r\nPING\r\n")
	b.hear("MSG foo 1 3\r\nbye\r\nPONG\r\n")
}

func TestSessionInPieces(t *testing.T) {
	c := dial(t, start(t)[load.TCP])
	c.hearInfo()
	for _, part := range []string{"SU", "B foo 1\r", "\nPUB fo", "o 4\r\nab", "cd", "\r\nPI", "NG\r\n"} {
		c.say(part)
	}
	c.hear("MSG foo 1 4\r\nabcd\r\nPONG\r\n")
}

func TestMisuseEndsTheConnection(t *testing.T) {
	ports := start(t)
	for _, text := range []string{"HELLO\r\n", "PUB foo x\r\n", "PUB 4\r\n", "SUB foo\r\n", "\r\n", "PUB foo 99999999999\r\n"} {
		c := dial(t, ports[load.TCP])
		c.hearInfo()
		c.say(text)
		c.hearEnd()
	}
	for _, text := range []string{"POST / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"} {
		c := dial(t, ports[load.WS])
		c.say(text)
		c.hearEnd()
	}
}

// A message of any size comes the same way over every transport, to receivers of every kind.
func TestDelivery(t *testing.T) {
	ports := start(t)
	const subject = "some.feed"
	for _, size := range []int{0, 1, 60, 128, 1 << 10, 16 << 10, 70 << 10, 300 << 10} {
		body := load.Documents(1, size)[0]
		want := fmt.Sprintf("MSG %s 1 %d\r\n%s\r\n", subject, size, body)
		for _, from := range []load.Transport{load.TCP, load.WS, load.Deflate} {
			for _, to := range []load.Transport{load.TCP, load.WS, load.Deflate} {
				var got []string
				receiver, err := load.Connect(ports, to, load.Hello{Ops: "SUB " + subject + " 1\r\n", MsgSize: len(want)})
				if err != nil {
					t.Fatal(err)
				}
				receiver.Keep = func(msg []byte) { got = append(got, string(msg)) }
				publisher, err := load.Connect(ports, from, load.Hello{})
				if err != nil {
					t.Fatal(err)
				}
				pub := load.AppendPub(nil, subject, "", body)
				if err := publisher.Send(append(pub, pub...)); err != nil {
					t.Fatal(err)
				}
				if err := publisher.Send([]byte("PING\r\n")); err != nil {
					t.Fatal(err)
				}
				if err := publisher.AwaitPong(); err != nil {
					t.Fatal(err)
				}
				if err := receiver.Send([]byte("PING\r\n")); err != nil {
					t.Fatal(err)
				}
				if err := receiver.AwaitPong(); err != nil {
					t.Fatal(err)
				}
				if len(got) != 2 || got[0] != want || got[1] != want {
					t.Errorf("%d bytes from %v to %v: %d messages, or others", size, from, to, len(got))
				}
				publisher.Close()
				receiver.Close()
			}
		}
	}
}

// What a receiver does not read waits for it, and costs the others nothing.
func TestReceiverThatReadsLate(t *testing.T) {
	ports := start(t)
	const subject, size, count = "big", 256 << 10, 40
	body := load.Noise(1, size)[0]
	hello := load.Hello{Ops: "SUB " + subject + " 1\r\n", MsgSize: load.MsgSize(subject, "", size)}
	messages := 0
	late, err := load.Connect(ports, load.WS, hello)
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	late.Keep = func([]byte) { messages++ }
	publisher, err := load.Connect(ports, load.TCP, load.Hello{})
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	for range count {
		if err := publisher.Send(load.AppendPub(nil, subject, "", body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := publisher.Send([]byte("PING\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := publisher.AwaitPong(); err != nil {
		t.Fatal(err)
	}
	if err := late.Send([]byte("PING\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := late.AwaitPong(); err != nil {
		t.Fatal(err)
	}
	if messages != count {
		t.Errorf("%d messages, want %d", messages, count)
	}
}
