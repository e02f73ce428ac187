package listener

import (
	"context"
	"net"
	"syscall"
)

// reusePort is SO_REUSEPORT, which package syscall does not name.
const reusePort = 0xf

// listenShared listens at an address that overlaps those of the given listeners. Sockets that have SO_REUSEPORT may do so; all of
// these have it just meanwhile, so that nobody else comes to share the port.
func listenShared(address string, with []net.Listener) (net.Listener, error) {
	for _, l := range with {
		if err := shareOf(l, 1); err != nil {
			return nil, err
		}
		defer shareOf(l, 0) //nolint:errcheck // it worked before
	}
	lc := net.ListenConfig{KeepAlive: -1, Control: func(_, _ string, raw syscall.RawConn) error { return sharePort(raw, 1) }}
	l, err := lc.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	return l, shareOf(l, 0)
}

func shareOf(l net.Listener, on int) error {
	holder, ok := l.(syscall.Conn)
	if !ok {
		return syscall.EINVAL
	}
	raw, err := holder.SyscallConn()
	if err != nil {
		return err
	}
	return sharePort(raw, on)
}

func sharePort(raw syscall.RawConn, on int) (err error) {
	if bad := raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, reusePort, on) }); bad != nil {
		return bad
	}
	return err
}
