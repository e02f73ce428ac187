package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// unixScheme is how the address of a Unix socket begins.
const unixScheme = "unix:"

// DefaultUnixMode lets the owner and the group of a Unix socket connect.
const DefaultUnixMode fs.FileMode = 0o660

// Open opens a listener on "host:port", or on a Unix socket at "unix:path" with [DefaultUnixMode]. Kernel keep-alives are
// off: NATS and WebSocket have their own.
func Open(address string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(address, unixScheme); ok {
		return OpenUnix(path, DefaultUnixMode)
	}
	lc := net.ListenConfig{KeepAlive: -1}
	return lc.Listen(context.Background(), "tcp", address)
}

// OpenUnix opens a listener on a Unix socket, whose file has the given mode. A file that a dead server has left behind is
// replaced; one on which somebody listens is an error. Closing the listener removes the file.
func OpenUnix(path string, mode fs.FileMode) (net.Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	// The socket is private before it has a name, so nobody gets in before Chmod.
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error { return setSocketMode(raw, mode) }}
	l, err := lc.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, mode); err != nil {
		l.Close() //nolint:errcheck // it was never used
		return nil, err
	}
	return l, nil
}

// removeStale removes the socket at path if nobody listens on it.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("listen unix %s: the file is no socket", path)
	}
	nc, err := net.Dial("unix", path)
	switch {
	case err == nil:
		nc.Close() //nolint:errcheck // it was only a question
		return fmt.Errorf("listen unix %s: %w", path, syscall.EADDRINUSE)
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	}
	return err
}

// Again returns another listener on the socket of l: what one of them does not accept the other does. If the socket is a
// Unix one, its file stays l's, see [HandOver].
func Again(l net.Listener) (net.Listener, error) {
	holder, ok := l.(interface{ File() (*os.File, error) })
	if !ok {
		return nil, fmt.Errorf("listen %s: not a socket", l.Addr())
	}
	f, err := holder.File()
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // the listener has a descriptor of its own
	return net.FileListener(f)
}

// HandOver makes the file of the Unix socket that both listeners are on that of the second: closing the first one leaves it.
// With other listeners, or nil, it does nothing.
func HandOver(from, to net.Listener) {
	first, ok := from.(*net.UnixListener)
	second, also := to.(*net.UnixListener)
	if ok && also {
		first.SetUnlinkOnClose(false)
		second.SetUnlinkOnClose(true)
	}
}

// Beside is [Open] for an address that may overlap those of listeners that will soon be closed, as "127.0.0.1:80"
// does with "0.0.0.0:80".
func Beside(address string, leaving []net.Listener) (net.Listener, error) {
	l, err := Open(address)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	_, port, bad := net.SplitHostPort(address)
	var shared []net.Listener
	for _, l := range leaving {
		if _, p, wrong := net.SplitHostPort(l.Addr().String()); wrong == nil && bad == nil && p == port {
			shared = append(shared, l)
		}
	}
	if len(shared) == 0 {
		return nil, err
	}
	return listenShared(address, shared)
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

// tlsListener puts TLS on what it accepts.
type tlsListener struct {
	net.Listener
	config func() *tls.Config
}

// TLS puts TLS on the connections of l, for net/http. config is asked anew for each one, so that certificates can be replaced.
func TLS(l net.Listener, config func() *tls.Config) net.Listener {
	return &tlsListener{Listener: l, config: config}
}

func (l *tlsListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(nc, l.config()), nil
}
