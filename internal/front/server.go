package front

import (
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"weir/internal/head"
	"weir/internal/listener"
	"weir/internal/transport"
)

// Server is that of a WebSocket listener. It reads the head of the first request of each connection itself: a good
// request for an upgrade becomes a connection in the same goroutine. All others, and connections whose first request is
// anything else, are net/http's: it gets what was read of them, and answers as if it had read that itself.
type Server struct {
	up   *Upgrader
	http *http.Server
	tls  func() *tls.Config
	most int // bytes of a head
	log  *slog.Logger
	desk *desk

	mu     sync.Mutex             // guards all below
	guests map[net.Conn]time.Time // who has come and has not said yet what it wants, and since when
	closed bool
	empty  chan struct{} // closed when the last guest goes, if somebody waits
}

// New makes a server for up. Of h, whose handler is up, it takes ReadHeaderTimeout for the time of the whole handshake, TLS and
// HTTP, and MaxHeaderBytes for the size of a head, without the 4 KiB that net/http adds: h gets a smaller one. tls is asked
// anew for each connection; nil is no TLS.
func New(up *Upgrader, h *http.Server, tls func() *tls.Config, log *slog.Logger) *Server {
	most := cmp.Or(max(h.MaxHeaderBytes, 0), http.DefaultMaxHeaderBytes)
	h.MaxHeaderBytes = max(most-httpSlack, 1)
	d := &desk{conns: make(chan net.Conn), done: make(chan struct{})}
	return &Server{up: up, http: h, tls: tls, most: most, log: log, desk: d, guests: make(map[net.Conn]time.Time)}
}

// httpSlack is how much longer than MaxHeaderBytes net/http lets a head be.
const httpSlack = 4 << 10

// Serve serves the connections of l until l is closed and [Server.Shutdown] or [Server.Close] was called.
func (s *Server) Serve(l net.Listener) {
	s.desk.addr = l.Addr()
	var handed sync.WaitGroup
	handed.Go(func() { s.http.Serve(s.desk) }) //nolint:errcheck // it ends when the desk is closed
	listener.Accept(l, s.log, func(nc net.Conn) {
		now := time.Now()
		if !s.enter(nc, now) {
			nc.Close() //nolint:errcheck // it comes too late
			return
		}
		go s.receive(nc, now)
	})
	handed.Wait()
}

// patientFor is how old a handshake may be that a shutdown waits for; net/http has the same.
const patientFor = 5 * time.Second

// Shutdown lets young handshakes and requests that are under way go on until ctx ends, and closes the others. The listener has
// to be closed before. The error is that of ctx; then Close is left to do.
func (s *Server) Shutdown(ctx context.Context) error {
	s.closeGuests(patientFor)
	select {
	case <-s.emptied():
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.http.Shutdown(ctx)
}

// emptied is closed once all guests are gone.
func (s *Server) emptied() <-chan struct{} {
	empty := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.guests) == 0 {
		close(empty)
	} else {
		s.empty = empty
	}
	return empty
}

// Close closes all connections that were not upgraded.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.closeGuests(0)
	return s.http.Close()
}

// closeGuests closes the guests that have been here for longer than age.
func (s *Server) closeGuests(age time.Duration) {
	s.mu.Lock()
	var old []net.Conn
	for nc, since := range s.guests {
		if age == 0 || time.Since(since) > age {
			old = append(old, nc)
		}
	}
	s.mu.Unlock()
	for _, nc := range old {
		nc.Close() //nolint:errcheck // its goroutine sees it
	}
}

// enter notes that nc has come. It reports false if nobody is let in any more.
func (s *Server) enter(nc net.Conn, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.guests[nc] = now
	return true
}

func (s *Server) leave(nc net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.guests, nc)
	if len(s.guests) == 0 && s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
}

// guest is a connection that has not said yet what it wants. It belongs to its goroutine.
type guest struct {
	nc    net.Conn
	until time.Time // end of the handshake; zero means no limit
	head  head.Reader
	buf   []byte // what has come
}

// Sizes in bytes of a guest's buffer: most heads fit into the first, and no larger one is kept for the next guest.
const (
	guestBuffer = 2 << 10
	keptBuffer  = 16 << 10
)

var guests = sync.Pool{New: func() any { return &guest{buf: make([]byte, 0, guestBuffer)} }}

func (g *guest) release() {
	g.nc, g.until = nil, time.Time{}
	g.head.Reset()
	if g.buf = g.buf[:0]; cap(g.buf) <= keptBuffer {
		guests.Put(g)
	}
}

// receive is the goroutine of a connection, to its end if it is upgraded.
func (s *Server) receive(nc net.Conn, since time.Time) {
	transport.StretchStack()
	if life := s.handshake(nc, since); life != nil {
		life()
	}
}

// handshake finds out what a connection wants. If that is an upgrade, and it may have it, the result is the rest of its life.
func (s *Server) handshake(nc net.Conn, since time.Time) (life func()) {
	g := guests.Get().(*guest)
	defer func() {
		if p := recover(); p != nil {
			nc.Close() //nolint:errcheck // it is lost
			s.complain("panic in a handshake: %v\n%s", p, debug.Stack())
		}
		s.leave(nc)
		g.release()
	}()
	g.nc = nc
	if limit := s.http.ReadHeaderTimeout; limit > 0 {
		g.until = since.Add(limit)
		nc.SetReadDeadline(g.until) //nolint:errcheck // the read tells
	}
	if s.tls != nil {
		t := transport.ServerTLS(nc, s.tls())
		nc.SetWriteDeadline(g.until) //nolint:errcheck // likewise
		if err := t.Handshake(); err != nil {
			s.desk.hand(t.Conn) // net/http meets the same error, answers and logs
			return nil
		}
		nc.SetWriteDeadline(time.Time{}) //nolint:errcheck // likewise
		g.nc = t
	}
	return s.read(g)
}

func (s *Server) complain(format string, args ...any) {
	if s.http.ErrorLog != nil {
		s.http.ErrorLog.Printf(format, args...)
	}
}

// read reads the head of the first request.
func (s *Server) read(g *guest) (life func()) {
	for {
		n, err := g.nc.Read(g.room(s.most))
		g.buf = g.buf[:len(g.buf)+n]
		verdict, size := g.head.Read(g.buf)
		switch {
		case verdict == head.More && len(g.buf) > s.most, size > s.most:
			s.up.refused(transport.AddrPort(g.nc.RemoteAddr()), g.nc.RemoteAddr().String(), errHeaderTooLong)
			transport.Dismiss(g.nc, headerTooLong)
			return nil
		case verdict == head.Upgrade && size == len(g.buf):
			if _, secure := g.nc.(*transport.TLSConn); secure {
				g.head.Request.TLS = new(tls.ConnectionState) // that there is TLS is all that anybody asks
			}
			if life, ok := s.up.serve(g.nc, &g.head.Request); ok {
				return life
			}
			fallthrough
		case verdict != head.More, err == io.EOF && len(g.buf) > 0:
			s.hand(g)
			return nil
		case err != nil:
			g.nc.Close() //nolint:errcheck // it is gone, or too late; net/http would say nothing either
			return nil
		}
	}
}

// headerTooLong is the answer to a head that is too long, the same as net/http's.
const headerTooLong = "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain; charset=utf-8\r\n" +
	"Connection: close\r\n\r\n431 Request Header Fields Too Large"

// room is where the next bytes go: what is left of the buffer, or of one twice as large, up to one byte more than most.
func (g *guest) room(most int) []byte {
	if len(g.buf) == cap(g.buf) {
		g.buf = append(make([]byte, 0, min(2*cap(g.buf), most+1)), g.buf...)
	}
	return g.buf[len(g.buf):min(cap(g.buf), most+1)]
}

// hand gives g to net/http.
func (s *Server) hand(g *guest) {
	h := &handed{Conn: g.nc, front: append([]byte(nil), g.buf...), until: g.until}
	if t, ok := g.nc.(*transport.TLSConn); ok {
		s.desk.hand(&handedTLS{h, t})
		return
	}
	s.desk.hand(h)
}
