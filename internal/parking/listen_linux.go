package parking

import (
	"net"
	"os"
	"syscall"
)

// listener accepts connections that are in no poller. It has a second descriptor of the socket, since Go lets nobody wait for the
// first one but its own Accept.
type listener struct {
	net.Listener
	file   *os.File        // the second descriptor
	raw    syscall.RawConn // the same
	accept func(fd uintptr) bool

	// What accept has got. Owned by who calls Accept.
	fd   int
	peer syscall.Sockaddr
	err  error
}

// Listen gives a listener whose connections are a [*Conn] each. It takes over l, which is closed with it; if l is not a TCP or Unix
// listener, or there is no descriptor left, it is l itself. One goroutine at a time may call Accept.
func Listen(l net.Listener) net.Listener {
	switch l.(type) {
	case *net.TCPListener, *net.UnixListener:
	default:
		return l
	}
	fd := second(l.(syscall.Conn))
	if fd < 0 {
		return l
	}
	if _, tcp := l.(*net.TCPListener); tcp && syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1) != nil {
		syscall.Close(fd) //nolint:errcheck // it was never used
		return l
	}
	a := &listener{Listener: l, file: os.NewFile(uintptr(fd), "listener")}
	var err error
	if a.raw, err = a.file.SyscallConn(); err != nil {
		a.file.Close() //nolint:errcheck // likewise
		return l
	}
	a.accept = a.tryAccept
	return a
}

// tryAccept reports false if there is nobody. Connections inherit TCP_NODELAY and the keep-alive options (tcp(7)).
func (l *listener) tryAccept(fd uintptr) bool {
	for {
		l.fd, l.peer, l.err = syscall.Accept4(int(fd), syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		switch l.err {
		case syscall.EINTR, syscall.ECONNABORTED: // the second has left the queue
		case syscall.EAGAIN:
			return false
		default:
			return true
		}
	}
}

// Accept is part of net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	err := l.raw.Read(l.accept)
	if err != nil {
		err = net.ErrClosed // there are no deadlines
	} else if l.err != nil {
		err = os.NewSyscallError("accept4", l.err)
	}
	if err != nil {
		return nil, &net.OpError{Op: "accept", Net: l.Addr().Network(), Addr: l.Addr(), Err: err}
	}
	return &Conn{Socket: &Socket{fd: int32(l.fd)}, peer: address(l.peer)}, nil
}

// Close is part of net.Listener.
func (l *listener) Close() error {
	l.file.Close() //nolint:errcheck // the socket closes with the other one
	return l.Listener.Close()
}
