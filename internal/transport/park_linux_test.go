package transport_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"weir/internal/transport"
	"weir/ws"
)

// sleeper is a sink that never waits, and the guest of its connection.
type sleeper struct {
	collector
	c    *transport.Conn
	woke chan struct{}
}

func (s *sleeper) Wait() bool { return false }

func (s *sleeper) Unparked() { s.woke <- struct{}{} }

func (s *sleeper) Woken(*transport.Turn) bool {
	s.Unparked()
	return false
}

func (s *sleeper) Listen(*transport.Turn) bool { return true }

// park serves until there is nothing to read, and parks.
func (s *sleeper) park(t *testing.T) {
	t.Helper()
	if err := s.c.Serve(s); err != transport.ErrQuiet {
		t.Fatalf("Serve: %v", err)
	}
	if !s.c.Park(s) {
		t.Fatal("it cannot be parked")
	}
}

// parkable is a detached connection and its other end.
func parkable(t *testing.T) (*sleeper, net.Conn) {
	t.Helper()
	here, there := tcpPair(t)
	s := &sleeper{c: transport.NewConn(there), woke: make(chan struct{}, 1)}
	s.c.Detach()
	t.Cleanup(func() { s.c.Close() })
	return s, here
}

// awake waits until s was woken.
func (s *sleeper) awake(t *testing.T) {
	t.Helper()
	select {
	case <-s.woke:
	case <-time.After(10 * time.Second):
		t.Fatal("nobody woke it")
	}
}

// Bytes, the end of the stream and Interrupt wake a parked connection, each time once; it can be written to meanwhile.
func TestParked(t *testing.T) {
	s, here := parkable(t)
	for i := range 3 {
		s.park(t)
		w := transport.GetWire()
		w.Batch.Buf = append(w.Batch.Buf, "hi"...)
		if err := s.c.Frame(w); err != nil {
			t.Fatal(err)
		}
		if done, err := s.c.TryWrite(w); !done || err != nil {
			t.Fatalf("TryWrite: %v, %v", done, err)
		}
		w.Put()
		var hi [2]byte
		if _, err := io.ReadFull(here, hi[:]); err != nil || string(hi[:]) != "hi" {
			t.Fatalf("got %q, %v", hi, err)
		}
		fmt.Fprint(here, i)
		s.awake(t)
	}
	s.park(t)
	if got := s.data.String(); got != "012" {
		t.Errorf("got %q", got)
	}
	s.c.Interrupt()
	s.awake(t)
	s.park(t)
	here.Close()
	s.awake(t)
	if err := s.c.Serve(s); err != io.EOF {
		t.Errorf("Serve: %v", err)
	}
}

// A closed connection is forgotten: the next one with its descriptor is nobody else.
func TestParkedAfterClose(t *testing.T) {
	for range 20 {
		s, here := parkable(t)
		s.park(t)
		s.c.Interrupt()
		s.awake(t)
		s.c.Close()
		here.Close()
		if err := s.c.Close(); err == nil {
			t.Error("it was closed twice")
		}
		w := transport.GetWire()
		w.Batch.Buf = append(w.Batch.Buf, "x"...)
		if err := s.c.Frame(w); err != nil {
			t.Fatal(err)
		}
		if done, err := s.c.TryWrite(w); done || err == nil {
			t.Errorf("a closed connection took bytes")
		}
	}
}

// whole is what a sleeper has got in all, read by whoever serves after TakePong.
func (s *sleeper) whole(t *testing.T) (data string, frames int) {
	t.Helper()
	if err := s.c.Serve(s); err != transport.ErrQuiet {
		t.Fatalf("Serve: %v", err)
	}
	return s.data.String(), len(s.frames)
}

// A pong without payload is taken from a connection that nobody serves. Whatever else comes is all there for who serves next,
// however it is cut, with and without compression.
func TestTakePong(t *testing.T) {
	key := &[4]byte{1, 2, 3, 4}
	control := func(op ws.Opcode, payload string) string {
		return string(ws.AppendControl(nil, op, []byte(payload), key))
	}
	message := func(payload string) string {
		p := append(ws.AppendHeader(nil, true, false, ws.OpBinary, len(payload), key), payload...)
		ws.Mask(p[len(p)-len(payload):], *key, 0)
		return string(p)
	}
	pong, hi := control(ws.OpPong, ""), message("hi")
	for _, row := range []struct {
		name   string
		pieces []string // each is there when TakePong is called
		taken  []bool
		data   string
		frames int // answers to pings
	}{
		{"pong", []string{pong, pong}, []bool{true, true}, "", 0},
		{"pong in two pieces", []string{pong[:2], pong[2:] + hi}, []bool{false, false}, "hi", 0},
		{"pong with payload", []string{control(ws.OpPong, "ping 7"), hi}, []bool{false, false}, "hi", 0},
		{"pong and data", []string{pong + hi}, []bool{false}, "hi", 0},
		{"pong and the beginning of data", []string{pong + hi[:3], hi[3:]}, []bool{false, false}, "hi", 0},
		{"pong and much data", []string{pong + hi + hi + hi}, []bool{false}, "hihihi", 0},
		{"data and pong", []string{hi + pong}, []bool{false}, "hi", 0},
		{"large message", []string{message(string(make([]byte, 300)))}, []bool{false}, string(make([]byte, 300)), 0},
		{"ping", []string{control(ws.OpPing, "")}, []bool{false}, "", 1},
		{"ping and pong", []string{control(ws.OpPing, "") + pong, pong}, []bool{false, true}, "", 1},
		{"nothing", []string{""}, []bool{false}, "", 0},
	} {
		for _, kind := range kinds[1:] {
			t.Run(kind+" "+row.name, func(t *testing.T) {
				s, here := parkable(t)
				s.c.UpgradeWS(ws.Server, transport.Framing{Deflate: kind == "ws deflate"})
				s.c.Trust()
				if kind == "ws deflate" {
					here.Write([]byte("\xc2\x87\x00\x00\x00\x00\xf2H\xcd\xc9\xc9\x07\x00")) // "Hello", RFC 7692 §7.2.3.1
				} else {
					fmt.Fprint(here, message("Hello"))
				}
				s.arrived(t)
				s.whole(t)
				for i, piece := range row.pieces {
					fmt.Fprint(here, piece)
					if piece != "" {
						s.arrived(t)
					}
					if got := s.c.TakePong(); got != row.taken[i] {
						t.Errorf("piece %d: taken %v", i+1, got)
					} else if !got {
						s.whole(t)
					}
				}
				if data, frames := s.whole(t); data != "Hello"+row.data || frames != row.frames {
					t.Errorf("got %q and %d frames to send", data, frames)
				}
				here.Close()
				s.arrived(t)
				if s.c.TakePong() {
					t.Error("a pong at the end of the stream")
				}
				if err := s.c.Serve(s); err != io.EOF {
					t.Errorf("Serve: %v", err)
				}
			})
		}
	}
}

// answerer is a guest that takes pongs on the spot and echoes the rest.
type answerer struct {
	collector
	c     *transport.Conn
	pongs chan struct{} // one for each that was taken, if there is room
	ended chan struct{} // closed at the end of the stream
}

func (a *answerer) Wait() bool { return false }

func (a *answerer) Listen(*transport.Turn) bool { return true }

func (a *answerer) Data(p []byte) error {
	w := transport.GetWire()
	defer w.Put()
	w.Batch.Buf = append(w.Batch.Buf, p...)
	if err := a.c.Frame(w); err != nil {
		return err
	}
	_, err := a.c.TryWrite(w)
	return err
}

func (a *answerer) Unparked() { go a.serve() }

func (a *answerer) Woken(*transport.Turn) bool {
	if a.c.TakePong() {
		select {
		case a.pongs <- struct{}{}:
		default:
		}
		return a.c.Repark()
	}
	go a.serve()
	return false
}

func (a *answerer) serve() {
	if err := a.c.Serve(a); err != transport.ErrQuiet || !a.c.Park(a) {
		close(a.ended)
	}
}

// answering is a parked answerer and its peer, which sends frames and waits for bytes of the echo.
func answering(t *testing.T) (a *answerer, send func(frames string, echo int), here net.Conn) {
	t.Helper()
	here, there := tcpPair(t)
	a = &answerer{c: transport.NewConn(there), pongs: make(chan struct{}, 1), ended: make(chan struct{})}
	a.c.Detach()
	a.c.UpgradeWS(ws.Server, transport.Framing{})
	a.c.Trust()
	t.Cleanup(func() {
		here.Close()
		select {
		case <-a.ended: // nobody serves it any more
			a.c.Close()
		case <-time.After(30 * time.Second):
			t.Error("nobody heard of the end")
		}
	})
	go a.serve()
	here.SetReadDeadline(time.Now().Add(30 * time.Second))
	return a, func(frames string, echo int) {
		io.WriteString(here, frames)
		if _, err := io.CopyN(io.Discard, here, int64(echo)); err != nil {
			t.Errorf("no echo: %v", err)
		}
	}, here
}

var (
	maskedPong    = string(ws.AppendControl(nil, ws.OpPong, nil, &[4]byte{}))
	maskedMessage = string(ws.AppendHeader(nil, true, false, ws.OpBinary, 2, &[4]byte{})) + "hi"
)

// echoSize is what the answer to maskedMessage has, in bytes.
const echoSize = 4

// However pongs, messages, interrupts and the end follow each other, everything is heard of.
func TestPongsAmongOtherThings(t *testing.T) {
	const steps = 300
	var all sync.WaitGroup
	for seed := range uint64(24) {
		all.Go(func() {
			a, send, here := answering(t)
			rng := rand.New(rand.NewPCG(seed, 1))
			send(maskedMessage, echoSize) // the decoder of the handshake is gone now
			for range steps {
				switch rng.IntN(6) {
				case 0:
					send(maskedMessage, echoSize)
				case 1:
					send(maskedPong+maskedMessage, echoSize)
				case 2:
					send(maskedMessage[:5], 0)
					send(maskedMessage[5:], echoSize)
				case 3:
					a.c.Interrupt()
				default:
					send(maskedPong, 0)
					if rng.IntN(3) == 0 {
						runtime.Gosched()
					}
				}
			}
			send(maskedMessage, echoSize)
			if io.WriteString(here, maskedPong); seed%2 == 0 {
				here.(*net.TCPConn).CloseWrite()
			} else {
				here.(*net.TCPConn).SetLinger(0)
				here.Close()
			}
			select {
			case <-a.ended:
			case <-time.After(30 * time.Second):
				t.Errorf("seed %d: nobody heard of the end", seed)
			}
		})
	}
	all.Wait()
}

// While others answer pings without a pause, a message is heard of.
func TestMessageAmongPongs(t *testing.T) {
	stop := make(chan struct{})
	var floods sync.WaitGroup
	for range 3 {
		a, send, _ := answering(t)
		send(maskedMessage, echoSize)
		floods.Go(func() {
			for {
				send(maskedPong, 0)
				select {
				case <-a.pongs:
				case <-stop:
					return
				}
			}
		})
	}
	_, send, _ := answering(t)
	for range 100 {
		send(maskedMessage, echoSize)
	}
	close(stop)
	floods.Wait()
}

// arrived waits until there is something to read.
func (s *sleeper) arrived(t *testing.T) {
	t.Helper()
	if !s.c.Park(s) {
		t.Fatal("it cannot be parked")
	}
	s.awake(t)
}

// Where a pong cannot be told from other things, it is left to who serves: before the login, and without WebSocket.
func TestTakePongLeavesTheRest(t *testing.T) {
	pong := string(ws.AppendControl(nil, ws.OpPong, nil, &[4]byte{}))
	t.Run("tcp", func(t *testing.T) {
		s, here := parkable(t)
		fmt.Fprint(here, pong)
		s.arrived(t)
		if s.c.TakePong() {
			t.Error("taken")
		}
		if data, _ := s.whole(t); data != pong {
			t.Errorf("got %q", data)
		}
	})
	t.Run("not trusted", func(t *testing.T) {
		s, here := parkable(t)
		s.c.UpgradeWS(ws.Server, transport.Framing{})
		fmt.Fprint(here, pong)
		s.arrived(t)
		if s.c.TakePong() {
			t.Error("taken")
		}
		if s.whole(t); s.chunks != 1 {
			t.Errorf("%d chunks", s.chunks)
		}
	})
}
