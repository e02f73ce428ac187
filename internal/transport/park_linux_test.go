package transport_test

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"weir/internal/transport"
)

// sleeper is a sink that never waits, and the guest of its connection.
type sleeper struct {
	collector
	c    *transport.Conn
	woke chan struct{}
}

func (s *sleeper) Wait() bool { return false }
func (s *sleeper) Unparked()  { s.woke <- struct{}{} }

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
