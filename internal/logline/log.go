package logline

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// ErrNotFile is returned by [Log.Reopen] when the lines do not go to a file.
var ErrNotFile = errors.New("logline: not a file logger")

// timeLayout is that of nats-server: microseconds, no zone.
const timeLayout = "2006/01/02 15:04:05.000000 "

// Colour says whether labels are coloured.
type Colour uint8

// The values of [Colour].
const (
	ColourAuto Colour = iota // on a terminal only
	ColourAlways
	ColourNever
)

// Config says what is written and where. The zero value writes INF and above to standard error. Of the places, File
// comes before RemoteSyslog, that before Syslog, and that before Output.
type Config struct {
	// Debug and Trace switch DBG and TRC lines on, each without the other.
	Debug, Trace bool
	// NoTime leaves the time out; UTC writes it in UTC, not in local time.
	NoTime, UTC bool
	// Colour of the labels; never in a file or syslog.
	Colour Colour

	// File is the path of a file to append to.
	File string
	// SizeLimit is the size in bytes beyond which File is set aside under a name with the time; 0 means never.
	SizeLimit int64
	// MaxFiles is the number of files kept, the current one included; 0 means all.
	MaxFiles int

	// Syslog sends the lines to the local syslog.
	Syslog bool
	// RemoteSyslog sends them to udp://host:port, tcp://host:port or unix:///path.
	RemoteSyslog string

	// Output takes the lines when nothing above is set; nil means standard error. A Write gets one whole record.
	Output io.Writer
}

// sink is where lines go. Its methods are called under the lock of the Log.
type sink interface {
	write(level slog.Level, line []byte) error
	close() error
}

// format is how a line looks in its sink.
type format struct {
	framed bool // with process id, time, label; syslog adds its own
	noTime bool
	utc    bool
	colour bool
	pid    string
}

// appendHeader appends all that stands before the text. A zero time is left out.
func (f *format) appendHeader(b []byte, level slog.Level, t time.Time) []byte {
	if !f.framed {
		return b
	}
	b = append(b, f.pid...)
	if !f.noTime && !t.IsZero() {
		if f.utc {
			t = t.UTC()
		}
		b = t.AppendFormat(b, timeLayout)
	}
	return appendLabel(b, level, f.colour)
}

// Log is an open log. Its methods may be called by any goroutine at any time.
type Log struct {
	debug, trace atomic.Bool
	format       atomic.Pointer[format]

	mu  sync.Mutex // guards what follows, and each write
	cfg Config
	out sink
}

// Open opens the log that c describes.
func Open(c Config) (*Log, error) {
	l := &Log{}
	if err := l.Apply(c); err != nil {
		return nil, err
	}
	return l, nil
}

// Logger returns a logger that writes to l.
func (l *Log) Logger() *slog.Logger { return slog.New(l.Handler()) }

// Handler returns a handler that writes to l.
func (l *Log) Handler() slog.Handler { return &handler{log: l} }

// Enabled reports whether records of this level are written.
func (l *Log) Enabled(level slog.Level) bool {
	switch {
	case level >= slog.LevelInfo:
		return true
	case level >= slog.LevelDebug:
		return l.debug.Load()
	}
	return l.trace.Load()
}

// SetDebug switches DBG lines.
func (l *Log) SetDebug(on bool) { l.debug.Store(on) }

// SetTrace switches TRC lines.
func (l *Log) SetTrace(on bool) { l.trace.Store(on) }

// Apply replaces the configuration. The new place is opened before the old one is closed; on an error nothing changes.
func (l *Log) Apply(c Config) error {
	out, err := openSink(c)
	if err != nil {
		return err
	}
	f := &format{
		framed: c.File != "" || c.RemoteSyslog == "" && !c.Syslog,
		noTime: c.NoTime,
		utc:    c.UTC,
		colour: c.colour(),
		pid:    "[" + strconv.Itoa(os.Getpid()) + "] ",
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.out
	l.cfg, l.out = c, out
	l.format.Store(f)
	l.debug.Store(c.Debug)
	l.trace.Store(c.Trace)
	if old != nil {
		err = old.close()
	}
	l.rotateLocked() // a file that was too large already
	return err
}

// Reopen opens the file of the log again, so that another program may have renamed the old one.
func (l *Log) Reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.out.(*file)
	if !ok {
		return ErrNotFile
	}
	n, err := openFile(l.cfg)
	if err != nil {
		return err
	}
	l.out = n
	return f.close()
}

// Close closes the log. What is written later goes to standard error.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.out
	l.out = stream{os.Stderr}
	l.format.Store(&format{framed: true, pid: l.format.Load().pid})
	return old.close()
}

// write passes a line on.
func (l *Log) write(level slog.Level, line []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.out.write(level, line)
	l.rotateLocked()
	return err
}

// rotateLocked sets a file aside that has outgrown its limit, and writes into the new one what has been done.
func (l *Log) rotateLocked() {
	f, ok := l.out.(*file)
	if !ok || !f.full() {
		return
	}
	head := l.format.Load()
	for level, text := range f.rotate() {
		now := time.Now()
		b := head.appendHeader(nil, level, now)
		b = appendText(b, text)
		f.write(level, append(b, '\n'))
	}
}

// openSink opens the first place that is configured.
func openSink(c Config) (sink, error) {
	switch {
	case c.File != "":
		return openFile(c)
	case c.RemoteSyslog != "":
		return dialSyslog(c.RemoteSyslog)
	case c.Syslog:
		return localSyslog()
	case c.Output != nil:
		return stream{c.Output}, nil
	}
	return stream{os.Stderr}, nil
}

// colour reports whether labels are coloured. Consoles of Windows do not all understand the escapes.
func (c Config) colour() bool {
	if c.File != "" || c.Colour == ColourNever {
		return false
	}
	if c.Colour == ColourAlways {
		return true
	}
	out, ok := c.Output.(*os.File)
	if c.Output == nil {
		out, ok = os.Stderr, true
	}
	if !ok || runtime.GOOS == "windows" {
		return false
	}
	st, err := out.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

// stream is standard error, or what stands in for it.
type stream struct{ w io.Writer }

func (s stream) write(_ slog.Level, line []byte) error {
	_, err := s.w.Write(line)
	return err
}

func (s stream) close() error { return nil }
