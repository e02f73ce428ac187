package parking

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Guest is told when its parked socket has to be served again.
type Guest interface {
	// Woken is called when input or the end has come to a parked socket. It must not block without having called t.Leave. It
	// reports true if what has come was an answer to a ping, and the socket is parked again.
	Woken(t *Turn) bool
	// Unparked is called when a parked socket is woken by Unpark, so that it is one of the two for each time that the socket was
	// parked; and when a conversation is interrupted. It must not block.
	Unparked()
	// Listen is called in a conversation when input or the end has come, at no time twice at once. It reads until the socket has
	// no more, or t says that a short read is all there was, and reports whether the conversation goes on; if not, it has
	// called Silence. It must not block without having called t.Leave.
	Listen(t *Turn) bool
}

// Socket is a connected socket that is not in the runtime's poller.
type Socket struct {
	mu     sync.Mutex // guards fd and polled, and keeps the descriptor open while a call uses it
	fd     int32      // -1 once it is closed; who closes it may read it without mu
	parked atomic.Bool
	armed  atomic.Bool   // parked, it lies there edge-triggered, and an edge will tell of whatever comes
	talk   atomic.Uint32 // one of the states of a conversation
	guest  Guest         // set while the socket is neither parked nor in a conversation, called by who takes it out
	polled *polled       // nil mostly
}

// polled is a socket in the runtime's poller, or what is to be when it gets there.
type polled struct {
	file            *os.File // nil while nobody waits
	users           int
	readBy, writeBy time.Time
}

// Take makes a Socket of nc, which nobody may use any more; nil, and nothing has happened, if it is not a [*Conn], a TCP connection or
// Unix socket, or there is no descriptor left.
func Take(nc net.Conn) *Socket {
	switch nc := nc.(type) {
	case *Conn:
		nc.release()
		return nc.Socket
	case *net.TCPConn, *net.UnixConn:
	default:
		return nil
	}
	fd := second(nc.(syscall.Conn))
	if fd < 0 {
		return nil
	}
	nc.Close() //nolint:errcheck // the socket lives on
	return &Socket{fd: int32(fd)}
}

// second is one more descriptor of the socket of c; -1 if c is closed, or there is no descriptor left.
func second(c syscall.Conn) int {
	fd := -1
	if raw, err := c.SyscallConn(); err == nil {
		raw.Control(func(old uintptr) { fd = duplicate(int(old)) }) //nolint:errcheck // then there is none
	}
	return fd
}

// duplicate returns -1 if there is no descriptor left.
func duplicate(fd int) int {
	d, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, 0)
	if errno != 0 {
		return -1
	}
	return int(d)
}

// Read reads what there is. The error is EAGAIN if there is nothing, and io.EOF at the end. Only who closes the socket calls
// it.
func (s *Socket) Read(p []byte) (int, error) {
	for {
		switch n, err := receive(int(s.fd), p); {
		case err == syscall.EINTR:
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// Use calls f with the descriptor, for something that does not block. The error says that the socket is closed, or that its
// write deadline is in the past.
func (s *Socket) Use(f func(fd uintptr) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.fd < 0:
		return net.ErrClosed
	case s.polled != nil && !s.polled.writeBy.IsZero() && !s.polled.writeBy.After(time.Now()):
		return os.ErrDeadlineExceeded
	}
	f(uintptr(s.fd))
	return nil
}

// CloseWrite tells the peer that nothing more comes.
func (s *Socket) CloseWrite() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd >= 0 {
		syscall.Shutdown(int(s.fd), syscall.SHUT_WR) //nolint:errcheck // a courtesy
	}
}

// Wait puts the socket into the runtime's poller, until as many calls of Done. Its deadlines hold there.
func (s *Socket) Wait() (syscall.RawConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		return nil, net.ErrClosed
	}
	p := s.polledLocked()
	if p.file == nil {
		fd := duplicate(int(s.fd))
		if fd < 0 {
			s.tidyLocked()
			return nil, syscall.EMFILE
		}
		p.file = os.NewFile(uintptr(fd), "socket")
		p.file.SetReadDeadline(p.readBy)   //nolint:errcheck // the file has just been made
		p.file.SetWriteDeadline(p.writeBy) //nolint:errcheck // likewise
	}
	p.users++
	return p.file.SyscallConn()
}

// Done says that one who called Wait waits no more.
func (s *Socket) Done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.polled
	if p.users--; p.users == 0 {
		p.file.Close() //nolint:errcheck // the socket lives on
		p.file = nil
		s.tidyLocked()
	}
}

func (s *Socket) polledLocked() *polled {
	if s.polled == nil {
		s.polled = new(polled)
	}
	return s.polled
}

// tidyLocked forgets what says nothing.
func (s *Socket) tidyLocked() {
	if p := s.polled; p != nil && p.users == 0 && p.readBy.IsZero() && p.writeBy.IsZero() {
		s.polled = nil
	}
}

// SetReadDeadline bounds how long who waits does so for input.
func (s *Socket) SetReadDeadline(t time.Time) error {
	return s.setDeadline(t, func(p *polled) *time.Time { return &p.readBy }, (*os.File).SetReadDeadline)
}

// SetWriteDeadline bounds how long who waits does so for room.
func (s *Socket) SetWriteDeadline(t time.Time) error {
	return s.setDeadline(t, func(p *polled) *time.Time { return &p.writeBy }, (*os.File).SetWriteDeadline)
}

func (s *Socket) setDeadline(t time.Time, which func(*polled) *time.Time, set func(*os.File, time.Time) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.fd < 0:
		return net.ErrClosed
	case s.polled == nil && t.IsZero():
		return nil
	}
	p := s.polledLocked()
	*which(p) = t
	if p.file != nil {
		return set(p.file, t)
	}
	s.tidyLocked()
	return nil
}

// Park waits for input, or the end, without a goroutine, and then tells g. It reports false if that is not possible.
func (s *Socket) Park(g Guest) bool {
	s.guest = g
	return s.park(syscall.EPOLLONESHOT)
}

// Repark is Park for a guest that has just been told, and has read all there was: its last read was a short one. From the second
// time in a row it takes no system call.
func (s *Socket) Repark() bool {
	s.parked.Store(true)
	if s.armed.Load() {
		return true
	}
	return !s.parked.CompareAndSwap(true, false) || s.park(epollET)
}

// park waits for one event, or for edges as long as the socket is reparked.
func (s *Socket) park(which uint32) bool {
	e := theSet()
	if e == nil {
		return false
	}
	s.mu.Lock() // whoever unparks it now may close it, but not before it is in the set
	defer s.mu.Unlock()
	s.armed.Store(which == epollET)
	s.parked.Store(true)
	if e.add(int(s.fd), s, which) {
		return true
	}
	return !s.parked.CompareAndSwap(true, false) // somebody may have called Unpark meanwhile
}

// happened is what a turn does with an event of a parked socket. It reports whether that was an answer to a ping.
func (s *Socket) happened(t *Turn, events uint32) (answer bool) {
	if events != syscall.EPOLLIN {
		s.armed.Store(false) // the end has come, and no further edge will tell of it: who parks has to look
	}
	if was, is := s.wake(t); was {
		return is
	}
	s.mute(t.set)
	_, is := s.wake(t) // Repark may have relied on an edge before it could see that there will be none
	return is
}

// wake lets the guest read, unless it is awake already. It reports whether the socket was parked, and whether it is again.
func (s *Socket) wake(t *Turn) (was, is bool) {
	if !s.parked.CompareAndSwap(true, false) {
		return false, false
	}
	return true, s.guest.Woken(t)
}

// mute takes the socket out of e: somebody serves it, and each message would be an event for nobody.
func (s *Socket) mute(e *epollSet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed.Store(false)
	if s.fd >= 0 {
		e.remove(int(s.fd))
	}
}

// Unpark wakes the socket if it is parked, interrupts its conversation if it is in one, and reports whether it was in either.
func (s *Socket) Unpark() bool {
	if !s.parked.CompareAndSwap(true, false) {
		return s.interrupt()
	}
	s.guest.Unparked()
	return true
}

// Close ends who waits, and waits for calls under way.
func (s *Socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		return net.ErrClosed
	}
	fd := int(s.fd)
	s.fd = -1
	if p := s.polled; p != nil && p.file != nil {
		p.file.SetDeadline(time.Unix(1, 0)) //nolint:errcheck // who waits closes the file
	}
	if e := theSet(); e != nil {
		e.forget(fd)
	}
	return syscall.Close(fd)
}
