package main

import (
	"fmt"
	"net/netip"
	"os"

	"weir/bench/kernel"
)

// serveKernel is the process of the bare server. It tells its ports as the others do, and ends with a signal.
func serveKernel(address string) error {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return err
	}
	if !ip.Is4() {
		return fmt.Errorf("%s is not an IPv4 address", address)
	}
	s, err := kernel.Listen(ip.As4())
	if err != nil {
		return err
	}
	client, websocket := s.Ports()
	fmt.Fprintf(os.Stderr, "Listening for client connections on %s:%d\nListening for websocket clients on ws://%s:%d\nServer is ready\n",
		address, client, address, websocket)
	return s.Run()
}
