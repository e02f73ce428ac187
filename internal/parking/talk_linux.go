package parking

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

// States of a socket's conversation.
const (
	silent    uint32 = iota // it is in none
	listening               // nothing has come that nobody has seen
	heard                   // a goroutine is at it
	again                   // likewise, and something has come since
)

// theTalk is made when the first conversation begins; nil if the system has no epoll. The runtime's poller does not watch it:
// that would wake a second thread for every event.
var theTalk = sync.OnceValue(func() *epollSet {
	e := newSet()
	if e != nil {
		go (&Turn{set: e, first: true}).run()
	}
	return e
})

const (
	// turnEvents is how many events a turn takes at once. Those that come after a long one wait for it.
	turnEvents = 32
	// patience is how many milliseconds the first turn waits for more in a system call, where it keeps a processor of the
	// runtime from others but wakes without a scheduler. Then it waits as any goroutine does.
	patience = 2
)

// helpers are the turns besides the first.
var helpers atomic.Int32

// Turn is a goroutine at work for conversations, or for parked sockets: it takes what has come to some of them and lets their guests
// read, one after the other.
type Turn struct {
	set   *epollSet
	first bool // waits for events; others help while there are many
	calm  bool // nothing is expected soon
	left  bool // by its goroutine
	whole bool // see Whole
	pongs bool // some of what it took was answers to pings

	events  [turnEvents]syscall.EpollEvent
	sockets [turnEvents]*Socket
	n, at   int
}

// Whole says that the guest has to read until there is no more: a short read may hide the end of the stream.
func (t *Turn) Whole() bool { return t.whole }

// Leave is called by a guest that is about to take long, or to block: another goroutine goes on with the turn.
func (t *Turn) Leave() {
	if t.left {
		return
	}
	t.left = true
	next := &Turn{set: t.set, first: t.first, calm: true}
	next.n = copy(next.sockets[:], t.sockets[t.at:t.n])
	copy(next.events[:], t.events[t.at:t.n])
	go next.run()
}

// run is the goroutine of a turn.
func (t *Turn) run() {
	for {
		for t.at < t.n {
			s, ev := t.sockets[t.at], t.events[t.at].Events
			t.sockets[t.at] = nil
			t.at++
			if s == nil {
				continue
			}
			t.whole = ev&(syscall.EPOLLRDHUP|syscall.EPOLLHUP|syscall.EPOLLERR) != 0
			if !t.set.parked {
				s.converse(t)
			} else if s.happened(t, ev) {
				t.pongs = true
			}
			if t.left {
				return
			}
		}
		if !t.take() {
			return
		}
	}
}

// take gets events, and reports false if there are none and it is not the turn's office to wait for them.
func (t *Turn) take() bool {
	n, pongs := 0, t.pongs && t.first
	if t.pongs = false; pongs {
		n = t.set.gather(t.events[:])
	} else if wait := t.wait(); wait >= 0 {
		n = t.set.poll(t.events[:], wait)
	}
	switch {
	case n > 0:
	case t.first:
		n = t.set.await(t.events[:])
	default:
		helpers.Add(-1)
		return false
	}
	if n == turnEvents && !pongs {
		t.set.help()
	}
	t.calm = false
	t.at, t.n = 0, n
	t.set.find(t.events[:n], t.sockets[:])
	return true
}

// wait is how many milliseconds the turn waits for events in a system call; below 0, it waits in the runtime's poller at once, which
// begins with a look.
func (t *Turn) wait() int {
	switch {
	case !t.first:
		return 0
	case t.set.parked:
		return -1
	case t.calm || runtime.GOMAXPROCS(0) == 1:
		return 0
	}
	return patience
}

// help starts another turn, if there are processors for it.
func (e *epollSet) help() {
	if n := helpers.Add(1); n < int32(runtime.GOMAXPROCS(0)) {
		go (&Turn{set: e}).run()
	} else {
		helpers.Add(-1)
	}
}

// Converse waits for input, or the end, without a goroutine, and each time lets g read it. It reports false if that is not
// possible.
func (s *Socket) Converse(g Guest) bool {
	e := theTalk()
	if e == nil {
		return false
	}
	s.guest = g
	s.mu.Lock() // as in Park
	defer s.mu.Unlock()
	s.talk.Store(listening)
	if e.add(int(s.fd), s, epollET) {
		return true
	}
	return !s.talk.CompareAndSwap(listening, silent)
}

// converse lets the guest read.
func (s *Socket) converse(t *Turn) {
	for !s.talk.CompareAndSwap(listening, heard) {
		switch s.talk.Load() {
		case silent, again:
			return
		case heard:
			if s.talk.CompareAndSwap(heard, again) {
				return
			}
		}
	}
	for s.guest.Listen(t) {
		if s.talk.CompareAndSwap(heard, listening) {
			return
		}
		s.talk.Store(heard)
		t.whole = true // who knows what has come
	}
}

// Silence ends the conversation. The guest calls it in Listen.
func (s *Socket) Silence() {
	theTalk().remove(int(s.fd))
	s.talk.Store(silent)
}

// interrupt takes the socket out of its conversation, or has its guest look again, and reports whether it is in one.
func (s *Socket) interrupt() bool {
	for {
		switch s.talk.Load() {
		case silent:
			return false
		case again:
			return true
		case heard:
			if s.talk.CompareAndSwap(heard, again) {
				return true
			}
		case listening:
			if s.talk.CompareAndSwap(listening, heard) {
				s.Silence()
				s.guest.Unparked()
				return true
			}
		}
	}
}
