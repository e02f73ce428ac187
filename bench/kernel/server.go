package kernel

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
)

// Sizes of the one read buffer: what one read takes, and the room for it behind an unfinished frame or operation.
// Larger ones are refused.
const (
	readSize = 128 << 10
	roomSize = 2 << 20
)

// maxEvents is how many sockets one wait names.
const maxEvents = 512

// Server is the epoll set and all that hangs on it.
type Server struct {
	epoll  int
	stopFD [2]int // a pipe that ends the wait
	client int    // listeners
	socket int
	ports  [2]int

	conns     []*conn // by file descriptor
	open      int     // connections, and the most there were since the last went
	peak      int
	interests map[string]*interest
	in        []byte // of the chunk at hand
	plain     []byte // an inflated message
	reply     []byte // control lines for the connection that is being read
	dirty     []*interest
	spare     []*batch
	doomed    []*conn // to be closed once the chunk at hand is done
	deflate   deflater
	inflate   inflater
}

// Listen opens both listeners on ports that the kernel chooses.
func Listen(addr [4]byte) (*Server, error) {
	s := &Server{interests: map[string]*interest{}, in: make([]byte, roomSize), deflate: newDeflater(), inflate: newInflater()}
	var err error
	if s.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	if err := syscall.Pipe2(s.stopFD[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		return nil, fmt.Errorf("pipe2: %w", err)
	}
	if s.client, s.ports[0], err = listen(addr); err != nil {
		return nil, err
	}
	if s.socket, s.ports[1], err = listen(addr); err != nil {
		return nil, err
	}
	for _, fd := range []int{s.stopFD[0], s.client, s.socket} {
		if err := s.watch(syscall.EPOLL_CTL_ADD, int32(fd), syscall.EPOLLIN); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// listen gives a listener whose connections inherit TCP_NODELAY.
func listen(addr [4]byte) (fd, port int, err error) {
	if fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0); err != nil {
		return -1, 0, fmt.Errorf("socket: %w", err)
	}
	if err = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return -1, 0, fmt.Errorf("TCP_NODELAY: %w", err)
	}
	if err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: addr}); err != nil {
		return -1, 0, fmt.Errorf("bind: %w", err)
	}
	if err = syscall.Listen(fd, syscall.SOMAXCONN); err != nil {
		return -1, 0, fmt.Errorf("listen: %w", err)
	}
	own, err := syscall.Getsockname(fd)
	if err != nil {
		return -1, 0, fmt.Errorf("getsockname: %w", err)
	}
	return fd, own.(*syscall.SockaddrInet4).Port, nil
}

// Ports are where it listens: for plain clients, and for WebSocket.
func (s *Server) Ports() (client, websocket int) { return s.ports[0], s.ports[1] }

// Stop makes Run return. It may be called from anywhere.
func (s *Server) Stop() { _, _ = syscall.Write(s.stopFD[1], []byte{0}) }

// Run serves until Stop.
func (s *Server) Run() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer s.close()
	events := make([]syscall.EpollEvent, maxEvents)
	for {
		n, err := syscall.EpollWait(s.epoll, events, -1)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		for i := range max(n, 0) {
			switch fd := events[i].Fd; int(fd) {
			case s.stopFD[0]:
				return nil
			case s.client:
				s.accept(s.client, modeClient)
			case s.socket:
				s.accept(s.socket, modeRequest)
			default:
				s.serve(fd, events[i].Events)
			}
		}
	}
}

// serve handles what epoll says of one connection. One that an earlier event of the same wait has closed is gone, and one
// that came since in its place has nothing to read yet, which does no harm.
func (s *Server) serve(fd int32, events uint32) {
	if int(fd) >= len(s.conns) || s.conns[fd] == nil {
		return
	}
	c := s.conns[fd]
	ok := true
	if events&syscall.EPOLLOUT != 0 {
		ok = s.drain(c)
	}
	if ok && events&^syscall.EPOLLOUT != 0 {
		ok = s.readable(c)
		s.flush()
	}
	if !ok {
		s.doom(c)
	}
	for _, c := range s.doomed {
		s.drop(c)
	}
	s.doomed = s.doomed[:0]
}

func (s *Server) watch(operation int, fd int32, events uint32) error {
	if err := syscall.EpollCtl(s.epoll, operation, int(fd), &syscall.EpollEvent{Events: events, Fd: fd}); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

func (s *Server) close() {
	for _, c := range s.conns {
		if c != nil {
			_ = syscall.Close(int(c.fd))
		}
	}
	for _, fd := range []int{s.client, s.socket, s.epoll, s.stopFD[0], s.stopFD[1]} {
		_ = syscall.Close(fd)
	}
}
