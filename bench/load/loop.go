package load

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Loop reads many clients with one thread and one buffer. A socket is read once for each time that epoll names it, so
// blocking sockets do not block.
type Loop struct {
	epoll   int
	clients map[int32]*Client
	got     func(c *Client, n int) error
	wire    atomic.Int64 // bytes received by all clients

	turn sync.Mutex // while somebody else has it, nothing is read

	stopping atomic.Bool
	failed   chan error // gets the first error; the loop has ended then
	ended    chan struct{}
}

// pollWait is how long one epoll_wait lasts at most, in milliseconds: the loop looks at stopping as often.
const pollWait = 50

// NewLoop starts reading. got is called on the loop's thread when n > 0 messages came to c. The loop does not own the
// clients: who made them closes them, after Stop.
func NewLoop(clients []*Client, got func(c *Client, n int) error) (*Loop, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	l := &Loop{epoll: epoll, clients: map[int32]*Client{}, got: got, failed: make(chan error, 1), ended: make(chan struct{})}
	for _, c := range clients {
		l.clients[int32(c.fd)] = c
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(c.fd)}
		if err := syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, c.fd, &event); err != nil {
			_ = syscall.Close(epoll)
			return nil, err
		}
	}
	go l.run()
	return l, nil
}

func (l *Loop) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(l.ended)
	events := make([]syscall.EpollEvent, 256)
	buf := make([]byte, readSize)
	for !l.stopping.Load() {
		n, err := syscall.EpollWait(l.epoll, events, pollWait)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			l.failed <- err
			return
		}
		l.turn.Lock()
		err = l.readAll(events[:max(n, 0)], buf)
		l.turn.Unlock()
		if err != nil {
			l.failed <- err
			return
		}
	}
}

func (l *Loop) readAll(events []syscall.EpollEvent, buf []byte) error {
	for _, event := range events {
		c := l.clients[event.Fd]
		if err := l.read(c, buf); err != nil {
			return fmt.Errorf("a %v client: %w", c.via, err)
		}
	}
	return nil
}

func (l *Loop) read(c *Client, buf []byte) (err error) {
	var (
		n  int
		at time.Time
	)
	if c.stamped {
		n, at, err = receiveStamped(c.fd, buf)
	} else {
		n, err = Receive(c.fd, buf)
	}
	if errors.Is(err, io.EOF) {
		return errors.New("the server closed the connection")
	}
	if err != nil {
		return err
	}
	l.wire.Add(int64(n))
	before := c.ops.messages
	if err := c.received(buf[:n]); err != nil {
		return err
	}
	if came := c.ops.messages - before; came > 0 {
		c.Arrived = at
		return l.got(c, came)
	}
	return nil
}

// Wire is how many bytes all clients have received, TLS records included.
func (l *Loop) Wire() int64 { return l.wire.Load() }

// Hold keeps the loop from reading until Release; what comes waits in the sockets. Meanwhile the caller may look at the
// clients.
func (l *Loop) Hold() { l.turn.Lock() }

// Release ends Hold.
func (l *Loop) Release() { l.turn.Unlock() }

// patience is how long Wait waits for messages that must come.
const patience = 30 * time.Second

// Wait waits for done, for an error of the loop, or until its patience is at its end.
func (l *Loop) Wait(done <-chan struct{}, what string) error {
	select {
	case <-done:
		return nil
	case err := <-l.failed:
		return err
	case <-time.After(patience):
		return fmt.Errorf("%s did not come within %v", what, patience)
	}
}

// Watch lets d pass, or less if the loop fails.
func (l *Loop) Watch(d time.Duration) error {
	select {
	case err := <-l.failed:
		return err
	case <-time.After(d):
		return nil
	}
}

// Stop ends the loop and waits for it.
func (l *Loop) Stop() {
	l.stopping.Store(true)
	<-l.ended
	_ = syscall.Close(l.epoll)
}
