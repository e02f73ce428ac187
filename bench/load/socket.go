package load

import (
	"encoding/binary"
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

// Dial makes one blocking TCP connection to a port of 127.0.0.1.
func Dial(port int) (fd int, err error) {
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

// Receive reads once; an end of the stream is io.EOF.
func Receive(fd int, buf []byte) (int, error) {
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

// Transmit writes all of b.
func Transmit(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := syscall.Write(fd, b)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("write: %w", err)
		}
		b = b[max(n, 0):]
	}
	return nil
}

// stamp asks the kernel to note when bytes reach the socket.
func stamp(fd int) error {
	const timestamps = 35 // SO_TIMESTAMPNS
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, timestamps, 1); err != nil {
		return fmt.Errorf("SO_TIMESTAMPNS: %w", err)
	}
	return nil
}

// receiveStamped is Receive for a socket with SO_TIMESTAMPNS. at is when the last of the bytes reached the socket, by the
// wall clock.
func receiveStamped(fd int, buf []byte) (n int, at time.Time, err error) {
	var control [64]byte
	for {
		n, oobn, _, _, err := syscall.Recvmsg(fd, buf, control[:], 0)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return 0, at, fmt.Errorf("no byte from the server for %v", silence)
		case err != nil:
			return 0, at, fmt.Errorf("recvmsg: %w", err)
		case n == 0:
			return 0, at, io.EOF
		}
		// One control message: a header of 16 bytes, and a timespec of 16 (cmsg(3), socket(7)).
		if oobn < syscall.CmsgLen(16) {
			return n, time.Now(), nil
		}
		seconds, nanos := binary.NativeEndian.Uint64(control[16:]), binary.NativeEndian.Uint64(control[24:])
		return n, time.Unix(int64(seconds), int64(nanos)), nil
	}
}
