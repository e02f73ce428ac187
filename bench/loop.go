package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"syscall"
)

// loop reads many clients with one thread and one buffer. A socket is read once for each time that epoll names it, so
// blocking sockets do not block.
type loop struct {
	epoll   int
	clients map[int32]*client
	got     func(c *client, n int) error // n > 0 messages came to c; runs on the loop's thread
	wire    atomic.Int64                 // bytes received by all clients

	stopping atomic.Bool
	failed   chan error // gets the first error; the loop has ended then
	ended    chan struct{}
}

// pollWait is how long one epoll_wait lasts at most, in milliseconds: the loop looks at stopping as often.
const pollWait = 50

// newLoop starts reading. The loop does not own the clients: who made them closes them, after stop.
func newLoop(clients []*client, got func(c *client, n int) error) (*loop, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	l := &loop{epoll: epoll, clients: map[int32]*client{}, got: got, failed: make(chan error, 1), ended: make(chan struct{})}
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

func (l *loop) run() {
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
		for _, event := range events[:max(n, 0)] {
			c := l.clients[event.Fd]
			if err := l.read(c, buf); err != nil {
				l.failed <- fmt.Errorf("a %v client: %w", c.via, err)
				return
			}
		}
	}
}

func (l *loop) read(c *client, buf []byte) error {
	n, err := receive(c.fd, buf)
	if errors.Is(err, io.EOF) {
		return errors.New("the server closed the connection")
	}
	if err != nil {
		return err
	}
	l.wire.Add(int64(n))
	before := c.ops.messages
	if err := c.feed(buf[:n]); err != nil {
		return err
	}
	if err := c.pong(); err != nil {
		return err
	}
	if came := c.ops.messages - before; came > 0 {
		return l.got(c, came)
	}
	return nil
}

// stop ends the loop and waits for it.
func (l *loop) stop() {
	l.stopping.Store(true)
	<-l.ended
	_ = syscall.Close(l.epoll)
}
