package parking

import (
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// epollSet is a set of sockets that wait for input, such as all that are parked.
//
// The runtime's poller watches it through a gate, a second set that has only this one in it. While the gate is shut, what happens
// to the sockets is no news to the poller and wakes no thread.
type epollSet struct {
	fd, gate int
	raw      syscall.RawConn // the gate, in the runtime's poller

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

const (
	// atOnce is how many events are taken at once: when thousands wake together, so many begin their work before the next ones.
	atOnce = 32
	// gatherFor is how long the answers to pings gather between two looks, while they come: a thousand pings go out in some
	// milliseconds, and a wake for each answer costs more than the answer. Whatever else comes meanwhile waits as long.
	gatherFor = time.Millisecond
)

// theSet is the set of parked sockets. It is made when the first one parks; nil if the system has no epoll.
var theSet = sync.OnceValue(func() *epollSet {
	e := newSet()
	if e != nil {
		go e.watch()
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

// setGate opens the gate for events, or shuts it for none. Opened, it lets through what has come before, too.
func (e *epollSet) setGate(op int, events uint32) error {
	return syscall.EpollCtl(e.gate, op, e.fd, &syscall.EpollEvent{Events: events})
}

// poll gets events, and waits for them for so many milliseconds, -1 for ever.
func (e *epollSet) poll(events []syscall.EpollEvent, wait int) int {
	for {
		n, err := syscall.EpollWait(e.fd, events, wait)
		if err != syscall.EINTR {
			return max(n, 0)
		}
	}
}

// await waits for events in the runtime's poller, and has take look at the first n of them, until it reports true. If it does not,
// it has taken all. Only one goroutine waits at a time.
func (e *epollSet) await(events []syscall.EpollEvent, take func(n int) bool) {
	e.setGate(syscall.EPOLL_CTL_MOD, syscall.EPOLLIN) //nolint:errcheck // the set is in there
	defer e.setGate(syscall.EPOLL_CTL_MOD, 0)         //nolint:errcheck // likewise
	e.raw.Read(func(uintptr) bool {                   //nolint:errcheck // the gate is never closed
		n := e.poll(events, 0)
		return n > 0 && take(n)
	})
}

// watch is the goroutine that takes the events of parked sockets. As long as answers to pings come it looks by the clock, with
// the gate shut.
func (e *epollSet) watch() {
	var w wake
	for {
		e.await(w.events[:], func(n int) bool { return w.all(e, n) })
		for gather := true; gather; {
			time.Sleep(gatherFor)
			gather = w.all(e, e.poll(w.events[:], 0))
		}
	}
}

// wake is the scratch of watch.
type wake struct {
	events  [atOnce]syscall.EpollEvent
	sockets [atOnce]*Socket
}

// all wakes those whom the first n events are for, and then those of further events until there are no more. It reports
// whether there was an answer to a ping.
func (w *wake) all(e *epollSet, n int) (answers bool) {
	for {
		e.find(w.events[:n], w.sockets[:])
		others := false
		for i, s := range w.sockets[:n] {
			if s == nil {
				continue
			}
			if s.happened(e, w.events[i].Events) {
				answers = true
			} else {
				others = true
			}
		}
		clear(w.sockets[:n])
		if n < atOnce {
			return answers
		}
		if others {
			runtime.Gosched() // let them work: there need not be a goroutine for each
		}
		n = e.poll(w.events[:], 0)
	}
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
