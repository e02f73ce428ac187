package parking

import (
	"os"
	"runtime"
	"sync"
	"syscall"
)

// epollSet is the set of all parked sockets. The runtime's own poller watches it, so that no thread waits in it; one goroutine
// takes the events and wakes who they are for.
type epollSet struct {
	fd  int
	raw syscall.RawConn // the same

	mu     sync.Mutex // guards guests
	guests []*row     // by descriptor; those that have been parked and are not closed
}

// row is the guests of rowSize descriptors in a row. Where nobody is there is none: a process that had very many connections
// for a while needs no room for them afterwards.
type row struct {
	n      int
	guests [rowSize]*Socket
}

const rowSize = 256

// atOnce is how many events are taken at once: when thousands wake together, so many begin their work before the next ones.
const atOnce = 32

// theSet is made when the first socket parks; nil if the system has no epoll.
var theSet = sync.OnceValue(func() *epollSet {
	e := newSet()
	if e == nil {
		return nil
	}
	file := os.NewFile(uintptr(e.fd), "parked sockets")
	var err error
	if e.raw, err = file.SyscallConn(); err != nil {
		file.Close() //nolint:errcheck // it was never used
		return nil
	}
	go e.watch()
	return e
})

// newSet is an empty set that nobody watches; nil if the system has no epoll.
func newSet() *epollSet {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		syscall.Close(fd) //nolint:errcheck // it was never used
		return nil
	}
	return &epollSet{fd: fd}
}

// watch is the goroutine that takes events.
func (e *epollSet) watch() {
	var events [atOnce]syscall.EpollEvent
	var room [atOnce]*Socket
	e.raw.Read(func(fd uintptr) bool { //nolint:errcheck // it never ends
		for {
			n, err := syscall.EpollWait(int(fd), events[:], 0)
			if err == syscall.EINTR {
				continue
			}
			woken := e.find(events[:max(n, 0)], room[:0])
			for _, s := range woken {
				s.unpark() // or it is awake already
			}
			clear(woken)
			if n < atOnce {
				return false
			}
			runtime.Gosched() // let them work: there need not be a goroutine for each
		}
	})
}

// find appends the sockets that the events are for.
func (e *epollSet) find(events []syscall.EpollEvent, to []*Socket) []*Socket {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range events {
		if s := e.guestLocked(int(events[i].Fd)); s != nil {
			to = append(to, s)
		}
	}
	return to
}

// guestLocked is whose descriptor fd is; nil if that is nobody's any more.
func (e *epollSet) guestLocked(fd int) *Socket {
	if r := e.guests[fd/rowSize]; r != nil {
		return r.guests[fd%rowSize]
	}
	return nil
}

// add waits for readable events on fd, the descriptor of s: one with EPOLLONESHOT, each with EPOLLET. It reports false if that
// cannot be.
func (e *epollSet) add(fd int, s *Socket, which uint32) bool {
	ev := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | which, Fd: int32(fd)}
	op := syscall.EPOLL_CTL_MOD
	if e.enter(fd, s) {
		op = syscall.EPOLL_CTL_ADD
	}
	return syscall.EpollCtl(e.fd, op, fd, &ev) == nil
}

// enter notes whose descriptor it is, and reports whether that is news.
func (e *epollSet) enter(fd int, s *Socket) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := fd/rowSize + 1 - len(e.guests); n > 0 {
		e.guests = append(e.guests, make([]*row, n)...)
	}
	at := &e.guests[fd/rowSize]
	if *at == nil {
		*at = new(row)
	}
	r := *at
	old := r.guests[fd%rowSize]
	if old == nil {
		r.n++
	}
	r.guests[fd%rowSize] = s
	return old != s
}

// forget says that fd is about to be closed.
func (e *epollSet) forget(fd int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if fd/rowSize >= len(e.guests) {
		return
	}
	r := e.guests[fd/rowSize]
	if r == nil || r.guests[fd%rowSize] == nil {
		return
	}
	r.guests[fd%rowSize] = nil
	if r.n--; r.n == 0 {
		e.guests[fd/rowSize] = nil
	}
}
