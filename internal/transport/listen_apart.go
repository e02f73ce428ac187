//go:build !linux

package transport

import "net"

// listenShared fails: the port has to be free.
func listenShared(address string, _ []net.Listener) (net.Listener, error) { return Listen(address) }
