//go:build !unix

package transport

import (
	"net"
	"time"
)

// Peek reports false: nothing can be looked at without taking it here.
func (c *Conn) Peek(time.Duration) (first byte, ok bool) { return 0, false }

// peekUntil reports false, likewise.
func peekUntil(net.Conn, []byte, func([]byte) bool) bool { return false }
