package transport

import (
	"net"
	"syscall"

	"weir/internal/parking"
	"weir/ws"
)

// Guest is told when its parked connection has to be served again: bytes have come, or [Conn.Interrupt] was called.
type Guest = parking.Guest

// Turn is a goroutine that serves conversations.
type Turn = parking.Turn

// bareSocket is a socket outside the runtime's poller. It goes there only to wait.
type bareSocket struct{ *parking.Socket }

// Detached gives a listener whose connections are outside the runtime's poller from the beginning, unless somebody has to wait before
// they are detached: that is not worth it where a handshake waits in any case. Close l through the result.
func Detached(l net.Listener) net.Listener { return parking.Listen(l) }

// Detach takes the socket out of the runtime's poller, so that the connection can park. It is called before the connection is
// served and before anybody else knows of it. Where it does nothing, all else works the same.
func (c *Conn) Detach() {
	below := &c.sock
	t, _ := c.sock.(*tlsSocket)
	if t != nil {
		below = &t.socket
	}
	nc := readyConn(*below)
	if nc == nil {
		return
	}
	s := parking.Take(nc)
	if s == nil {
		return
	}
	*below = bareSocket{s}
	if t != nil {
		t.t.inner.Conn = nil
	}
}

// bare is the socket of a connection that was detached; nil for another one.
func (c *Conn) bare() *parking.Socket {
	below := c.sock
	if t, ok := below.(*tlsSocket); ok {
		below = t.socket
	}
	s, _ := below.(bareSocket)
	return s.Socket
}

// Park lets the goroutine of c end while the connection is silent. It reports false if c cannot be parked, as before
// [Conn.Detach]; the caller then serves on. Only the goroutine that serves calls it, after Serve has returned ErrQuiet or for
// an Interrupt.
func (c *Conn) Park(g Guest) bool {
	t := c.dismount()
	if s := c.bare(); s != nil && s.SetReadDeadline(never) == nil && s.Park(g) {
		return true
	}
	return stay(t)
}

// Ride says that the goroutine of t serves c from now on, until it parks, converses or ends. A guest calls it when it is woken.
func (c *Conn) Ride(t *Turn) { c.turn = t }

// dismount is called before the goroutine that serves may be another one.
func (c *Conn) dismount() *Turn {
	t := c.turn
	c.turn = nil
	return t
}

// stay is false: who stays on the goroutine of t is about to block there.
func stay(t *Turn) bool {
	if t != nil {
		t.Leave()
	}
	return false
}

// Converse lets the goroutine of c end while a conversation goes on: g is called whenever something has come, and calls Hear.
// It reports false where Park would, and over TLS. Else it is as Park.
func (c *Conn) Converse(g Guest) bool {
	t := c.dismount()
	if s, ok := c.sock.(bareSocket); ok && s.SetReadDeadline(never) == nil && s.Converse(g) {
		return true
	}
	return stay(t)
}

// Hear hands on what has come to a conversation, on the goroutine of t. The error is as that of Serve.
func (c *Conn) Hear(t *Turn, sink Sink) error {
	s := c.sock.(bareSocket)
	c.Ride(t)
	defer c.dismount()
	buf := readBuffers.Get().(*[readSize]byte)
	defer readBuffers.Put(buf)
	for {
		n, err := s.Read(buf[:])
		if err == syscall.EAGAIN {
			return ErrQuiet
		}
		if err != nil {
			return err
		}
		if n == len(buf) {
			c.Leave() // there is more to do than to answer
		}
		if err := c.take(buf[:n], sink); err != nil {
			return err
		}
		if n < len(buf) && !t.Whole() {
			return ErrQuiet
		}
	}
}

// Leave says that what comes now takes long or may block, so that nobody's conversation must wait for it. Only the goroutine
// that serves calls it.
func (c *Conn) Leave() {
	if c.turn != nil {
		c.turn.Leave()
	}
}

// Silence ends a conversation. Its guest calls it while it is called.
func (c *Conn) Silence() { c.sock.(bareSocket).Silence() }

// unpark wakes c if it is parked.
func (c *Conn) unpark() bool {
	s := c.bare()
	return s != nil && s.Unpark()
}

// Repark is Park for a guest that has just been told, and for whom TakePong has taken what came.
func (c *Conn) Repark() bool { return c.sock.(bareSocket).Repark() }

// TakePong takes a pong without payload from the socket, and reports whether that was all that was in it. What else it finds
// is kept for Serve. Only who may serve calls it, for a connection that is neither served nor parked.
func (c *Conn) TakePong() bool {
	s, plain := c.sock.(bareSocket)
	if !plain || c.ws == nil || c.ws.inbound != nil || c.ws.role != ws.Server {
		return false
	}
	var p [earlySize]byte // larger, so that a pong is a short read
	n, err := s.Read(p[:])
	switch {
	case err != nil: // Serve gets it again
		return false
	case isPong(p[:n]):
		return true
	}
	c.ws.keepEarly(p[:n])
	return false
}

func (s bareSocket) serve(step func(p []byte) error, wait func() bool, trusted *bool) error {
	err := s.read(step, trusted)
	switch {
	case err != syscall.EAGAIN:
		return err
	case !wait():
		return ErrQuiet
	}
	rc, err := s.Wait()
	if err != nil {
		return ErrQuiet // there is no descriptor left: waiting has to do without
	}
	defer s.Done()
	return serveReady(rc, step, wait, trusted)
}

// read hands on what there is; its error is EAGAIN when that was all. A short read is all there was: what comes after it
// cannot be missed, because parking and waiting begin with a look at the socket.
func (s bareSocket) read(step func(p []byte) error, trusted *bool) error {
	var b readBuffer
	defer b.release()
	for {
		buf := b.take(*trusted)
		n, err := s.Read(buf)
		if err != nil {
			return err
		}
		if err := step(buf[:n]); err != nil {
			return err
		}
		if n < len(buf) {
			return syscall.EAGAIN
		}
	}
}

func (s bareSocket) seal(w *Wire) error {
	w.out = w.vec
	w.lend()
	return nil
}

func (s bareSocket) write(w *Wire, wait bool) error {
	if !wait {
		w.wait = false
		if err := s.Use(w.send); err != nil {
			return err
		}
		return w.err
	}
	w.recall() // it may take long
	rc, err := s.Wait()
	if err != nil {
		return err
	}
	defer s.Done()
	return writeReady(rc, w, true)
}

func (s bareSocket) closeWrite() { s.CloseWrite() }
