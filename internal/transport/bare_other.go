//go:build !linux

package transport

import "net"

// Guest is told when its parked connection has to be served again.
type Guest interface {
	Woken(t *Turn) bool
	Unparked()
	Listen(t *Turn) bool
}

// Turn serves conversations where there is epoll.
type Turn struct{}

// Detached is l.
func Detached(l net.Listener) net.Listener { return l }

// Detach does nothing: there is no epoll here, and an idle connection keeps its goroutine.
func (c *Conn) Detach() {}

// Park reports false.
func (c *Conn) Park(Guest) bool { return false }

// Converse reports false.
func (c *Conn) Converse(Guest) bool { return false }

// Ride is never called.
func (c *Conn) Ride(*Turn) {}

// Hear is never called.
func (c *Conn) Hear(*Turn, Sink) error { return ErrQuiet }

// Leave does nothing: every connection has a goroutine.
func (c *Conn) Leave() {}

// Silence is never called.
func (c *Conn) Silence() {}

func (c *Conn) unpark() bool { return false }

// Repark is never called.
func (c *Conn) Repark() bool { return false }

// TakePong reports false.
func (c *Conn) TakePong() bool { return false }
