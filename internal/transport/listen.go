package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"
)

// Listen opens a TCP listener. Kernel keep-alives are off: NATS and WebSocket have their own.
func Listen(address string) (net.Listener, error) {
	lc := net.ListenConfig{KeepAlive: -1}
	return lc.Listen(context.Background(), "tcp", address)
}

// Pauses of [Accept] after an error that may pass, such as too many open files.
const (
	firstPause = 10 * time.Millisecond
	maxPause   = time.Second
)

// Accept hands every connection of l to open, which must not block, until l is closed.
func Accept(l net.Listener, log *slog.Logger, open func(net.Conn)) {
	pause := firstPause
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			pause = firstPause
			open(nc)
			continue
		case errors.Is(err, net.ErrClosed):
			return
		}
		log.Error("Temporary accept error, pausing", "address", l.Addr().String(), "pause", pause, "error", err)
		time.Sleep(pause)
		pause = min(2*pause, maxPause)
	}
}

// tlsListener puts TLS on what it accepts, in a form that [Conn] can use without blocking.
type tlsListener struct {
	net.Listener
	config func() *tls.Config
}

// ListenTLS puts TLS on the connections of l. config is asked anew for each one, so that certificates can be replaced.
func ListenTLS(l net.Listener, config func() *tls.Config) net.Listener {
	return &tlsListener{Listener: l, config: config}
}

func (l *tlsListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return ServerTLS(nc, l.config()).Conn, nil
}

// fromHTTP finds our own TLS layer below a connection that net/http hands over.
func fromHTTP(nc net.Conn) net.Conn {
	if t, ok := nc.(*tls.Conn); ok {
		if inner, ok := t.NetConn().(*tlsInner); ok {
			return &TLSConn{Conn: t, inner: inner}
		}
	}
	return nc
}
