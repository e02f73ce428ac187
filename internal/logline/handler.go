package logline

import (
	"context"
	"log/slog"
	"strings"
	"sync"
)

// Keys of the attributes that have a place of their own in the line. They count outside of groups only.
const (
	// ConnKey names the connection that a record is about, as in "127.0.0.1:5050 - cid:7".
	ConnKey = "conn"
	// ErrKey holds the error that a record reports.
	ErrKey = "err"
	// StackKey holds a stack trace: text of several lines. Syslog gets it as any other attribute.
	StackKey = "stack"
)

// maxPooledLine is the largest buffer in bytes that is kept for the next line; few lines exceed 1 KiB.
const maxPooledLine = 16 << 10

var lines = sync.Pool{New: func() any {
	b := make([]byte, 0, 1024)
	return &b
}}

// handler forms the lines of a [Log]. It is immutable.
type handler struct {
	log    *Log
	conn   string // "127.0.0.1:5050 - cid:7 - ", escaped, or empty
	fields string // " key=value" of each attribute given to WithAttrs, escaped
	group  string // "outer.inner.", or empty
}

// Enabled reports whether a record of this level would be written.
func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return h.log.Enabled(level) }

// WithAttrs returns a handler that adds attributes to each line; they are formatted once, here.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := *h
	var fields []byte
	for _, a := range attrs {
		if h.group == "" && a.Key == ConnKey {
			n.conn = string(appendConn(nil, a.Value))
			continue
		}
		fields = appendAttr(fields, h.group, a)
	}
	n.fields += string(fields)
	return &n
}

// WithGroup returns a handler that puts name and a dot before the keys of attributes yet to come.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	n := *h
	n.group += name + "."
	return &n
}

// Handle writes one record as one line.
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	p := lines.Get().(*[]byte)
	f := h.log.format.Load()
	b := f.appendHeader((*p)[:0], r.Level, r.Time)
	b = h.appendBody(b, r, f.framed)
	err := h.log.write(r.Level, b)
	if cap(b) <= maxPooledLine {
		*p = b
		lines.Put(p)
	}
	return err
}

// appendBody appends all of a line that follows its header, the line end included. Framed says that the line goes to
// a stream, where further lines may follow it.
func (h *handler) appendBody(b []byte, r slog.Record, framed bool) []byte {
	conn, stack := h.conn, ""
	start := len(b)
	if r.NumAttrs() > 0 && h.group == "" {
		r.Attrs(func(a slog.Attr) bool {
			switch {
			case a.Key == ConnKey:
				conn = ""
				b = appendConn(b[:start], a.Value)
			case a.Key == StackKey && framed:
				stack = a.Value.Resolve().String()
			}
			return true
		})
	}
	b = append(b, conn...)
	b = appendText(b, r.Message)
	if r.NumAttrs() > 0 && h.group == "" {
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == ErrKey {
				b = append(b, ": "...)
				b = appendValue(b, a.Value.Resolve(), appendText)
			}
			return true
		})
	}
	b = append(b, h.fields...)
	r.Attrs(func(a slog.Attr) bool {
		if h.group != "" || !(a.Key == ConnKey || a.Key == ErrKey || a.Key == StackKey && framed) {
			b = appendAttr(b, h.group, a)
		}
		return true
	})
	b = append(b, '\n')
	return appendStack(b, stack)
}

// appendConn appends "conn - ".
func appendConn(b []byte, v slog.Value) []byte {
	b = appendValue(b, v.Resolve(), appendText)
	return append(b, " - "...)
}

// appendStack appends each line of a stack trace, behind a tab: no line of the log but a record's starts with "[".
func appendStack(b []byte, stack string) []byte {
	for line := range strings.Lines(stack) {
		b = append(b, '\t')
		// The stack is indented by tabs of its own.
		text := strings.TrimLeft(line, "\t")
		for range len(line) - len(text) {
			b = append(b, '\t')
		}
		b = appendText(b, strings.TrimRight(text, "\r\n"))
		b = append(b, '\n')
	}
	return b
}

// appendAttr appends " key=value", or so for each member of a group. An empty attribute is left out.
func appendAttr(b []byte, group string, a slog.Attr) []byte {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, m := range v.Group() {
			b = appendAttr(b, group, m)
		}
		return b
	}
	if a.Key == "" && v.Equal(slog.Value{}) {
		return b
	}
	b = append(b, ' ')
	if group != "" {
		b = appendText(b, group)
	}
	b = appendText(b, a.Key)
	b = append(b, '=')
	return appendValue(b, v, appendWord)
}
