package transport

import (
	"os"
	"sync"
	"syscall"
)

// parking is the epoll set of all parked connections. The runtime's own poller watches the set, so that no thread waits
// in it; one goroutine takes the events and wakes who they are for.
type parking struct {
	file *os.File
	raw  syscall.RawConn

	mu    sync.Mutex // guards all below
	slots []slot
	free  []uint32
}

// slot is where a parked connection waits. The generation tells a late event from one for the slot's next guest.
type slot struct {
	conn       *Conn
	generation uint32
}

// parkEvents is how many events are taken at once.
const parkEvents = 128

// theParking is made when the first connection parks; nil if the system has no epoll.
var theParking = sync.OnceValue(func() *parking {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		syscall.Close(fd) //nolint:errcheck // it was never used
		return nil
	}
	p := &parking{file: os.NewFile(uintptr(fd), "parked connections")}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		p.file.Close() //nolint:errcheck // likewise
		return nil
	}
	go p.watch()
	return p
})

// watch is the goroutine that takes events.
func (p *parking) watch() {
	var events [parkEvents]syscall.EpollEvent
	p.raw.Read(func(fd uintptr) bool { //nolint:errcheck // it never ends
		for {
			n, err := syscall.EpollWait(int(fd), events[:], 0)
			if err == syscall.EINTR {
				continue
			}
			for _, ev := range events[:max(n, 0)] {
				c := p.leave(uint32(ev.Fd), uint32(ev.Pad))
				if c != nil && c.parked.CompareAndSwap(true, false) {
					c.wake()
				}
			}
			if n < parkEvents {
				return false
			}
		}
	})
}

// enter gives c a slot.
func (p *parking) enter(c *Conn) (index, generation uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		index = p.free[n-1]
		p.free = p.free[:n-1]
	} else {
		index = uint32(len(p.slots))
		p.slots = append(p.slots, slot{})
	}
	s := &p.slots[index]
	s.conn = c
	s.generation++
	return index, s.generation
}

// leave frees a slot and returns who was in it; nil if that guest has left before.
func (p *parking) leave(index, generation uint32) *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.slots[index]
	if s.generation != generation || s.conn == nil {
		return nil
	}
	c := s.conn
	s.conn = nil
	p.free = append(p.free, index)
	return c
}

// arm watches the socket of raw for one readable event.
func (p *parking) arm(raw syscall.RawConn, index, generation uint32) error {
	ev := syscall.EpollEvent{
		Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLONESHOT,
		Fd:     int32(index), Pad: int32(generation), // the kernel hands both back as they are
	}
	var failed error
	err := p.raw.Control(func(set uintptr) {
		err := raw.Control(func(fd uintptr) {
			failed = syscall.EpollCtl(int(set), syscall.EPOLL_CTL_MOD, int(fd), &ev)
			if failed == syscall.ENOENT {
				failed = syscall.EpollCtl(int(set), syscall.EPOLL_CTL_ADD, int(fd), &ev)
			}
		})
		if err != nil {
			failed = err
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// parkSocket parks c, whose socket is raw. It reports false if c must go on as it is.
func parkSocket(c *Conn, raw syscall.RawConn) bool {
	p := theParking()
	if p == nil {
		return false
	}
	index, generation := p.enter(c)
	c.slot = parkedAt{index, generation}
	c.parked.Store(true)
	if p.arm(raw, index, generation) == nil {
		return true
	}
	p.leave(index, generation)
	return !c.parked.CompareAndSwap(true, false) // somebody may have woken c meanwhile
}

// vacate frees the slot of a connection that was woken by somebody else than an event.
func (c *Conn) vacate() { theParking().leave(c.slot.index, c.slot.generation) }
