package parking

import (
	"os"
	"sync"
	"syscall"
	"time"
)

// epollSet is the set of all parked sockets, or of all conversations. Turns take the events.
//
// The runtime's poller watches it through a gate, a second set that has only this one in it. While the gate is shut, what happens
// to the sockets is no news to the poller and wakes no thread.
type epollSet struct {
	fd, gate int
	raw      syscall.RawConn // the gate, in the runtime's poller
	parked   bool            // the set is that of parked sockets
	open     bool            // the gate; owned by the first turn

	mu     sync.Mutex // guards guests
	guests []*row     // by descriptor; those that have been in the set and are not closed
}

// row is the guests of rowSize descriptors in a row. Where nobody is there is none: a process that had very many connections
// for a while needs no room for them afterwards.
type row struct {
	n      int
	guests [rowSize]*Socket
}

const rowSize = 256

// gatherFor is how long the answers to pings gather between two looks, while they come: a thousand pings go out in some
// milliseconds, and a wake for each answer costs more than the answer. Whatever else comes meanwhile waits as long.
const gatherFor = time.Millisecond

// theSet is the set of parked sockets. It is made when the first one parks; nil if the system has no epoll.
var theSet = sync.OnceValue(func() *epollSet {
	e := newSet()
	if e != nil {
		e.parked = true
		go (&Turn{set: e, first: true}).run()
	}
	return e
})

// newSet is an empty set that nobody watches; nil if the system has no epoll.
func newSet() *epollSet {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	gate, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		syscall.Close(fd) //nolint:errcheck // it was never used
		return nil
	}
	syscall.SetNonblock(gate, true) //nolint:errcheck // always possible; it tells os that it can be polled
	file := os.NewFile(uintptr(gate), "epoll set")
	e := &epollSet{fd: fd, gate: gate}
	if e.raw, err = file.SyscallConn(); err == nil {
		// The set goes in while it is empty: for that the kernel looks at each socket in it.
		err = e.setGate(syscall.EPOLL_CTL_ADD, 0)
	}
	if err != nil {
		file.Close()      //nolint:errcheck // it was never used
		syscall.Close(fd) //nolint:errcheck // likewise
		return nil
	}
	return e
}

// setGate lets events through the gate.
func (e *epollSet) setGate(op int, events uint32) error {
	return syscall.EpollCtl(e.gate, op, e.fd, &syscall.EpollEvent{Events: events})
}

// poll gets events, and waits for them for so many milliseconds.
func (e *epollSet) poll(events []syscall.EpollEvent, wait int) int {
	for {
		n, err := syscall.EpollWait(e.fd, events, wait)
		if err != syscall.EINTR {
			return max(n, 0)
		}
	}
}

// await waits for events in the runtime's poller. Only the first turn does.
func (e *epollSet) await(events []syscall.EpollEvent) (n int) {
	e.openGate(true)
	e.raw.Read(func(uintptr) bool { //nolint:errcheck // the gate is never closed
		n = e.poll(events, 0)
		return n > 0
	})
	if !e.parked { // the turn looks by itself again
		e.openGate(false)
	}
	return n
}

// gather waits for answers to pings, with the gate shut. Some have come.
func (e *epollSet) gather(events []syscall.EpollEvent) int {
	if n := e.poll(events, 0); n > 0 {
		return n
	}
	e.openGate(false)
	time.Sleep(gatherFor)
	return e.poll(events, 0)
}

// openGate opens the gate or shuts it. Opened, it lets through what has come before, too.
func (e *epollSet) openGate(open bool) {
	if e.open == open {
		return
	}
	e.open = open
	events := uint32(0)
	if open {
		events = syscall.EPOLLIN
	}
	e.setGate(syscall.EPOLL_CTL_MOD, events) //nolint:errcheck // the set is in there
}

// find fills in the sockets that the events are for; nil where that is nobody.
func (e *epollSet) find(events []syscall.EpollEvent, to []*Socket) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range events {
		to[i] = e.guestLocked(int(events[i].Fd))
	}
}

// guestLocked is whose descriptor fd is; nil if that is nobody's any more.
func (e *epollSet) guestLocked(fd int) *Socket {
	if r := e.guests[fd/rowSize]; r != nil {
		return r.guests[fd%rowSize]
	}
	return nil
}

// epollET is EPOLLET, which package syscall has as a negative number.
const epollET = 1 << 31

// add waits for input on fd, the descriptor of s: what is there already, or the next, with EPOLLONESHOT; that and whatever comes
// later with EPOLLET. It reports false if that cannot be.
func (e *epollSet) add(fd int, s *Socket, which uint32) bool {
	ev := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | which, Fd: int32(fd)}
	op := syscall.EPOLL_CTL_MOD
	if e.enter(fd, s) {
		op = syscall.EPOLL_CTL_ADD
	}
	return syscall.EpollCtl(e.fd, op, fd, &ev) == nil
}

// remove waits for nothing on fd any more. Late events are nobody's.
func (e *epollSet) remove(fd int) {
	syscall.EpollCtl(e.fd, syscall.EPOLL_CTL_DEL, fd, nil) //nolint:errcheck // or it is not in there
	e.forget(fd)
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

// forget says that fd is nobody's any more.
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
