package logline_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/slogtest"
	"time"
	"unicode/utf8"

	"weir/internal/logline"
)

var (
	pid  = "[" + strconv.Itoa(os.Getpid()) + "] "
	noon = time.Date(2026, 11, 22, 11, 34, 8, 12_345_678, time.UTC)
)

// open opens a log that writes to the returned buffer, in UTC.
func open(t testing.TB, c logline.Config) (*logline.Log, *bytes.Buffer) {
	t.Helper()
	buf := new(bytes.Buffer)
	c.Output, c.UTC = buf, true
	l, err := logline.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return l, buf
}

// line gives a record of fixed time to h.
func line(t testing.TB, h slog.Handler, level slog.Level, text string, attrs ...slog.Attr) {
	t.Helper()
	r := slog.NewRecord(noon, level, text, 0)
	r.AddAttrs(attrs...)
	if err := h.Handle(context.Background(), r); err != nil {
		t.Fatal(err)
	}
}

func TestLevelsAndHeader(t *testing.T) {
	tests := []struct {
		level slog.Level
		cfg   logline.Config
		want  string
	}{
		{slog.LevelInfo, logline.Config{}, pid + "2026/11/22 11:34:08.012345 [INF] Server is ready\n"},
		{slog.LevelDebug, logline.Config{}, pid + "2026/11/22 11:34:08.012345 [DBG] Server is ready\n"},
		{logline.LevelTrace, logline.Config{}, pid + "2026/11/22 11:34:08.012345 [TRC] Server is ready\n"},
		{slog.LevelWarn, logline.Config{}, pid + "2026/11/22 11:34:08.012345 [WRN] Server is ready\n"},
		{slog.LevelError, logline.Config{}, pid + "2026/11/22 11:34:08.012345 [ERR] Server is ready\n"},
		{logline.LevelFatal, logline.Config{}, pid + "2026/11/22 11:34:08.012345 [FTL] Server is ready\n"},
		{slog.LevelInfo + 1, logline.Config{NoTime: true}, pid + "[INF] Server is ready\n"},
		{slog.LevelInfo, logline.Config{NoTime: true, Colour: logline.ColourAlways}, pid + "[\x1b[32mINF\x1b[0m] Server is ready\n"},
		{slog.LevelWarn, logline.Config{NoTime: true, Colour: logline.ColourAlways}, pid + "[\x1b[0;93mWRN\x1b[0m] Server is ready\n"},
	}
	for _, tt := range tests {
		l, buf := open(t, tt.cfg)
		line(t, l.Handler(), tt.level, "Server is ready")
		if got := buf.String(); got != tt.want {
			t.Errorf("level %v, %+v:\n got %q\nwant %q", tt.level, tt.cfg, got, tt.want)
		}
	}
}

func TestLocalTime(t *testing.T) {
	buf := new(bytes.Buffer)
	l, err := logline.Open(logline.Config{Output: buf})
	if err != nil {
		t.Fatal(err)
	}
	zone := time.FixedZone("east", 2*3600)
	r := slog.NewRecord(noon.In(zone), slog.LevelInfo, "x", 0)
	l.Handler().Handle(context.Background(), r)
	if want := pid + "2026/11/22 13:34:08.012345 [INF] x\n"; buf.String() != want {
		t.Errorf("got %q, want %q", buf.String(), want)
	}
}

func TestText(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "Listening for client connections on 0.0.0.0:4222", "Listening for client connections on 0.0.0.0:4222"},
		{"leading spaces", "  Version:  2.15.2", "  Version:  2.15.2"},
		{"format verbs", "100%s %n %!d(MISSING)", "100%s %n %!d(MISSING)"},
		{"path and quotes", `open C:\x "y"`, `open C:\x "y"`},
		{"forged line", "x\r\n[1] 2026/11/22 11:34:08.000000 [ERR] y", `x\r\n[1] 2026/11/22 11:34:08.000000 [ERR] y`},
		{"terminal", "\x1b[31mred\x07\x00\x7f\t", `\x1b[31mred\x07\x00\x7f\t`},
		{"not UTF-8", "a\xffb\x9b31m\xc3", `a\xffb\x9b31m\xc3`},
		{"C1 control", "a\u009b31mb", `a\u009b31mb`},
		{"line separator", "a\u2028b\u202ec", `a\u2028b\u202ec`},
		{"beyond the first plane", "a\U000e0001b", `a\U000e0001b`},
		{"letters of the world", "grüße, 世界 🚀", "grüße, 世界 🚀"},
		{"replacement rune", "a\ufffdb", "a\ufffdb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, buf := open(t, logline.Config{NoTime: true})
			line(t, l.Handler(), slog.LevelInfo, tt.in)
			if want := pid + "[INF] " + tt.want + "\n"; buf.String() != want {
				t.Errorf("got %q\nwant %q", buf.String(), want)
			}
		})
	}
}

type secret string

func (secret) LogValue() slog.Value { return slog.StringValue("***") }

type faulty struct{}

func (*faulty) Error() string { panic("no error text") }

func TestAttributes(t *testing.T) {
	l, buf := open(t, logline.Config{NoTime: true})
	conn := slog.String(logline.ConnKey, "127.0.0.1:5050 - cid:7")
	bad := errors.New("read: connection\nreset")
	tests := []struct {
		name  string
		h     slog.Handler
		attrs []slog.Attr
		want  string
	}{
		{"conn of the record", l.Handler(), []slog.Attr{conn}, "127.0.0.1:5050 - cid:7 - text"},
		{"conn of the handler", l.Handler().WithAttrs([]slog.Attr{conn}), nil, "127.0.0.1:5050 - cid:7 - text"},
		{"record before handler", l.Handler().WithAttrs([]slog.Attr{slog.String("conn", "old")}), []slog.Attr{conn}, "127.0.0.1:5050 - cid:7 - text"},
		{"conn in a group is no prefix", l.Handler().WithGroup("g"), []slog.Attr{slog.Int("conn", 1)}, "text g.conn=1"},
		{"conn is escaped", l.Handler(), []slog.Attr{slog.String("conn", "a\nb")}, `a\nb - text`},
		{"error", l.Handler(), []slog.Attr{slog.Int("n", 1), slog.Any("err", bad)}, `text: read: connection\nreset n=1`},
		{"error of the handler", l.Handler().WithAttrs([]slog.Attr{slog.Any("err", bad)}), nil, `text err="read: connection\nreset"`},
		{"kinds", l.Handler(), []slog.Attr{
			slog.String("s", "word"), slog.Int("i", -1), slog.Uint64("u", 1), slog.Float64("f", 1.5), slog.Bool("b", true),
			slog.Duration("d", 1500*time.Millisecond), slog.Time("t", noon), slog.Any("a", netip.MustParseAddr("::1")),
		}, "text s=word i=-1 u=1 f=1.5 b=true d=1.5s t=2026-11-22T11:34:08.012345678Z a=::1"},
		{"quoted", l.Handler(), []slog.Attr{
			slog.String("a", ""), slog.String("b", "x y"), slog.String("c", "x\r\ny"), slog.String("d", "x=y"), slog.String("e", `"`),
		}, `text a="" b="x y" c="x\r\ny" d="x=y" e="\""`},
		{"key is escaped", l.Handler(), []slog.Attr{slog.Int("a\nb", 1)}, `text a\nb=1`},
		{"group", l.Handler().WithGroup("g").WithAttrs([]slog.Attr{slog.Int("a", 1)}),
			[]slog.Attr{slog.Group("h", slog.Int("b", 2)), slog.Group("", slog.Int("c", 3)), {}}, "text g.a=1 g.h.b=2 g.c=3"},
		{"valuer", l.Handler(), []slog.Attr{slog.Any("pass", secret("x"))}, "text pass=***"},
		{"two handlers share nothing", l.Handler().WithAttrs([]slog.Attr{slog.Int("a", 1)}).WithAttrs([]slog.Attr{slog.Int("b", 2)}), nil, "text a=1 b=2"},
		{"stack", l.Handler(), []slog.Attr{slog.String("stack", "main.f()\n\tfile.go:1\r\n[1] [INF] forged"), slog.Int("a", 1)},
			"text a=1\n\tmain.f()\n\t\tfile.go:1\n\t[1] [INF] forged"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			buf.Reset()
			line(t, tt.h, slog.LevelInfo, "text", tt.attrs...)
			if want := pid + "[INF] " + tt.want + "\n"; buf.String() != want {
				t.Errorf("got %q\nwant %q", buf.String(), want)
			}
		})
	}
}

func TestFaultyErrorTextDoesNotEndTheProcess(t *testing.T) {
	l, buf := open(t, logline.Config{NoTime: true})
	line(t, l.Handler(), slog.LevelInfo, "text", slog.Any("err", &faulty{}), slog.Any("x", (*faulty)(nil)))
	if got := buf.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "text: ") {
		t.Errorf("got %q", got)
	}
}

// TestSlogtest runs the standard library's own check of handlers. Its messages and values are single words.
func TestSlogtest(t *testing.T) {
	buf := new(bytes.Buffer)
	slogtest.Run(t, func(t *testing.T) slog.Handler {
		buf.Reset()
		l, err := logline.Open(logline.Config{Output: buf})
		if err != nil {
			t.Fatal(err)
		}
		return l.Handler()
	}, func(t *testing.T) map[string]any {
		head, rest, ok := strings.Cut(buf.String(), " [INF] ")
		if !ok {
			t.Fatalf("no label in %q", buf.String())
		}
		m := map[string]any{slog.LevelKey: "INF"}
		if strings.Contains(head, " ") {
			m[slog.TimeKey] = head
		}
		for i, field := range strings.Fields(rest) {
			key, value, ok := strings.Cut(field, "=")
			if !ok && i == 0 {
				m[slog.MessageKey] = field
				continue
			}
			at := m
			path := strings.Split(key, ".")
			for _, g := range path[:len(path)-1] {
				if at[g] == nil {
					at[g] = map[string]any{}
				}
				at = at[g].(map[string]any)
			}
			at[path[len(path)-1]] = value
		}
		return m
	})
}

func TestNoAllocation(t *testing.T) {
	l, err := logline.Open(logline.Config{Output: io.Discard, Trace: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	conn := slog.New(l.Handler().WithAttrs([]slog.Attr{slog.String("conn", "127.0.0.1:5050 - cid:7")}))
	plain := l.Logger()
	reset := errors.New("connection reset")
	tests := []struct {
		name string
		f    func()
	}{
		{"switched off", func() { plain.LogAttrs(ctx, slog.LevelDebug, "text", slog.Int("n", 1)) }},
		{"text", func() { plain.LogAttrs(ctx, slog.LevelInfo, "text") }},
		{"escapes", func() { plain.LogAttrs(ctx, slog.LevelInfo, "a\r\nb\xff\u2028") }},
		{"connection", func() { conn.LogAttrs(ctx, logline.LevelTrace, "<<- [PING]") }},
		{"attributes", func() {
			plain.LogAttrs(ctx, slog.LevelInfo, "text", slog.String("conn", "127.0.0.1:5050 - cid:7"), slog.Int("n", 1),
				slog.String("s", "two words"), slog.Bool("b", true), slog.Duration("d", 1500*time.Millisecond))
		}},
		{"error", func() { plain.LogAttrs(ctx, slog.LevelError, "text", slog.Any("err", reset)) }},
	}
	for _, tt := range tests {
		if got := testing.AllocsPerRun(100, tt.f); got != 0 {
			t.Errorf("%s: %v allocations, want none", tt.name, got)
		}
	}
}

func FuzzOneRecordIsOneLine(f *testing.F) {
	f.Add("text", "127.0.0.1:5050 - cid:7", "key", "value")
	f.Add("a\r\n[1] [INF] b", "\n", "\n", "\n")
	f.Add("\xff\xc3\x28", "\u2028", "\x1b[31m", "\x00")
	f.Fuzz(func(t *testing.T, text, conn, key, value string) {
		l, buf := open(t, logline.Config{NoTime: true})
		line(t, l.Handler(), slog.LevelInfo, text, slog.String("conn", conn), slog.String(key, value))
		got := buf.String()
		body, ended := strings.CutSuffix(got, "\n")
		if !ended || !utf8.ValidString(body) {
			t.Fatalf("got %q", got)
		}
		if key == logline.StackKey {
			for _, l := range strings.Split(body, "\n")[1:] {
				if !strings.HasPrefix(l, "\t") {
					t.Fatalf("line of a stack without indent: %q", got)
				}
			}
			body = ""
		}
		for _, r := range body {
			if !strconv.IsPrint(r) {
				t.Fatalf("%q left in %q", r, got)
			}
		}
	})
}

func BenchmarkTraceLine(b *testing.B) {
	l, err := logline.Open(logline.Config{Output: io.Discard, Trace: true})
	if err != nil {
		b.Fatal(err)
	}
	conn := slog.New(l.Handler().WithAttrs([]slog.Attr{slog.String("conn", "127.0.0.1:5050 - cid:7")}))
	b.ReportAllocs()
	for b.Loop() {
		conn.LogAttrs(context.Background(), logline.LevelTrace, "<<- [PING]")
	}
}
