package main

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"syscall"
	"time"
)

// portsPerAddress is how many connections come from one source address before the next one of 127.0.0.0/8 is used: less
// than the kernel's range of about 28,000 ports, with room for those in TIME_WAIT.
const portsPerAddress = 10_000

// dialed counts all connections ever made, to spread them over source addresses.
var dialed atomic.Int64

// silence is how long a blocking read waits.
const silence = 20 * time.Second

// dial makes one blocking TCP connection to a port of 127.0.0.1.
func dial(port int) (fd int, err error) {
	if fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0); err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	defer func() {
		if err != nil {
			_ = syscall.Close(fd)
		}
	}()
	const bindAddressNoPort = 24 // IP_BIND_ADDRESS_NO_PORT: the port is chosen at connect, per destination
	if err := syscall.SetsockoptInt(fd, syscall.SOL_IP, bindAddressNoPort, 1); err != nil {
		return -1, fmt.Errorf("IP_BIND_ADDRESS_NO_PORT: %w", err)
	}
	n := dialed.Add(1) / portsPerAddress
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, byte(n / 200 % 200), byte(1 + n%200)}}); err != nil {
		return -1, fmt.Errorf("bind: %w", err)
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return -1, fmt.Errorf("connect: %w", err)
	}
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return -1, fmt.Errorf("TCP_NODELAY: %w", err)
	}
	wait := syscall.NsecToTimeval(int64(silence))
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &wait); err != nil {
		return -1, fmt.Errorf("SO_RCVTIMEO: %w", err)
	}
	return fd, nil
}

// receive reads once; an end of the stream is io.EOF.
func receive(fd int, buf []byte) (int, error) {
	for {
		switch n, err := syscall.Read(fd, buf); {
		case errors.Is(err, syscall.EINTR): // sockets with a timeout are not restarted after a signal
		case errors.Is(err, syscall.EAGAIN):
			return 0, fmt.Errorf("no byte from the server for %v", silence)
		case err != nil:
			return 0, fmt.Errorf("read: %w", err)
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// transmit writes all of b.
func transmit(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := syscall.Write(fd, b)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("write: %w", err)
		}
		b = b[max(n, 0):]
	}
	return nil
}
