//go:build !linux

package transport

// Guest is told when its parked connection has to be served again.
type Guest interface{ Unparked() }

// Detach does nothing: there is no epoll here, and an idle connection keeps its goroutine.
func (c *Conn) Detach() {}

// Park reports false.
func (c *Conn) Park(Guest) bool { return false }

func (c *Conn) unpark() bool { return false }

// TakePong reports false.
func (c *Conn) TakePong() bool { return false }
