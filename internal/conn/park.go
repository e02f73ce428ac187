package conn

import (
	"errors"
	"os"
	"time"
)

// ParkAfter is how long a connection is silent before it gives up its goroutine: long enough that a conversation with
// pauses does not pay for a new one each time.
const ParkAfter = 5 * time.Second

// Idler is a visitor that can give back memory while its connection is parked.
type Idler interface{ Idle() }

// asked reports whether Serve ended because the registry wants the connection to park.
func (c *Conn) asked(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && c.parkAsked.Swap(false) && !c.Closing()
}

// park reports true if the connection is parked, and the goroutine must end.
func (c *Conn) park() bool {
	if v, ok := c.visitor.(Idler); ok {
		v.Idle()
	}
	if !c.Link.Park(c.unparked) {
		return false
	}
	if c.Closing() { // a Close before the connection was parked has woken nobody
		c.Link.Interrupt()
	}
	return true
}

// unparked is called once for each time that the connection was parked.
func (c *Conn) unparked() {
	c.lastRead.Store(time.Now().UnixNano())
	c.reg.watch(c)
	go c.Run()
}

// silent reports whether the peer has sent nothing since the given time. What is sent to it does not count: that is the
// work of the publishers' goroutines.
func (c *Conn) silent(since time.Time) bool { return c.lastRead.Load() < since.UnixNano() }

// ParkSilent asks the connections that have been silent to park, and returns how many it asked. It looks only at those
// that have a goroutine, so silent ones cost nothing. The server calls it every second or so.
func (r *Registry) ParkSilent() int {
	r.mu.Lock()
	awake := r.awake
	r.awake = nil
	r.mu.Unlock()
	since := time.Now().Add(-ParkAfter)
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

// watch notes that c has a goroutine.
func (r *Registry) watch(c *Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.awake = append(r.awake, c)
}
