package conn

import (
	"errors"
	"os"
	"time"

	"weir/internal/transport"
)

// When a connection gives up its goroutine. Most are woken now and then: by an answer to a PING, by a message of a page whose
// user has clicked. They park again at once, which costs a system call. In a conversation that would be once a
// message, so there the turns of all conversations serve the connection. Where it cannot be parked, or is encrypted, a goroutine
// waits.
const (
	// A connection is in a conversation when it has been woken so many times in a row, each time so soon after the last.
	conversation  = 4
	conversesEach = time.Second
	// ParkAfter is how long a conversation is silent before it has ended.
	ParkAfter = 5 * time.Second
)

// Idler is a visitor that can give back memory while its connection is parked.
type Idler interface{ Idle() }

// Wait is part of transport.Sink.
func (c *Conn) Wait() bool { return c.waits }

// idle reports whether Serve ended because the connection should park.
func (c *Conn) idle(err error) bool {
	if c.Closing() {
		return false
	}
	return err == transport.ErrQuiet || errors.Is(err, os.ErrDeadlineExceeded) && c.parkAsked.Load()
}

// park reports true if the connection is parked, or in a conversation, and the goroutine must end.
func (c *Conn) park() bool {
	if asked := c.parkAsked.Swap(false); c.streak >= conversation && !asked {
		return c.converse()
	}
	if v, ok := c.visitor.(Idler); ok {
		v.Idle()
	}
	if c.waiting {
		c.streak, c.waiting = 0, false
	}
	c.waits = false
	if !c.rest() {
		c.streak, c.waiting, c.waits = conversation, true, true // it has to wait as it is, and need not be asked again
		return false
	}
	return true
}

// rest reports true if the connection is parked, or was and is served again.
func (c *Conn) rest() bool {
	if !c.Link.Park(c) {
		return false
	}
	c.lookUp()
	return true
}

// converse lets the turns of all conversations serve c, where that can be.
func (c *Conn) converse() bool {
	if !c.waiting {
		c.waiting = true
		c.reg.watch(c)
	}
	if !c.Link.Converse(c) {
		c.waits = true
		return false
	}
	c.lookUp()
	return true
}

// lookUp wakes c if it has been closed: before it was without a goroutine, that has woken nobody.
func (c *Conn) lookUp() {
	if c.Closing() {
		c.Link.Interrupt()
	}
}

// Listen is part of transport.Guest.
func (c *Conn) Listen(t *transport.Turn) bool {
	err := c.hear(t)
	if err == transport.ErrQuiet && !c.Closing() && !c.parkAsked.Load() {
		return true
	}
	c.Link.Silence()
	go c.goOn(err)
	return false
}

// hear reads what has come.
func (c *Conn) hear(t *transport.Turn) (err error) {
	defer c.survive(&err)
	if c.Closing() {
		return ErrClosing
	}
	return c.Link.Hear(t, c)
}

// Woken is part of transport.Guest.
func (c *Conn) Woken(t *transport.Turn) bool {
	if c.dozes() {
		return true
	}
	if c.reg.now().since(instant(c.lastRead.Load())) < conversesEach {
		c.streak++
	} else {
		c.streak = 0
	}
	c.Link.Ride(t)
	c.Run()
	return false
}

// Unparked is part of transport.Guest.
func (c *Conn) Unparked() {
	go func() {
		transport.StretchStack()
		c.Run()
	}()
}

// dozes parks the connection again if it was woken by the answer to a WebSocket ping and nothing else: most connections hear
// of nothing else for hours.
func (c *Conn) dozes() bool {
	if c.waiting || c.Closing() || !c.pings.awaitsPong(instant(c.lastRead.Load())) || !c.Link.TakePong() {
		return false
	}
	c.lastRead.Store(int64(c.reg.now()))
	if !c.Link.Repark() {
		return false
	}
	c.lookUp()
	return true
}

// silent reports whether the peer has sent nothing since the given instant. What is sent to it does not count: that is the
// work of the publishers' goroutines.
func (c *Conn) silent(since instant) bool { return c.lastRead.Load() < int64(since) }

// ParkSilent asks the connections whose conversation has ended to park, and returns how many it asked. Parked ones cost
// nothing. The server calls it every second or so.
func (r *Registry) ParkSilent() int {
	r.mu.Lock()
	awake := r.awake
	r.awake = nil
	r.mu.Unlock()
	since := r.now() - instant(ParkAfter)
	asked, kept := 0, awake[:0]
	for _, c := range awake {
		switch {
		case c.Closing():
		case c.silent(since):
			c.parkAsked.Store(true)
			c.Link.Interrupt()
			asked++
		default:
			kept = append(kept, c)
		}
	}
	clear(awake[len(kept):])
	r.mu.Lock()
	defer r.mu.Unlock()
	r.awake = append(kept, r.awake...)
	return asked
}

// watch notes that the goroutine of c waits.
func (r *Registry) watch(c *Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.awake = append(r.awake, c)
}
