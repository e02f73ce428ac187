package logline_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"weir/internal/logline"
)

func TestSwitches(t *testing.T) {
	l, buf := open(t, logline.Config{NoTime: true})
	log := l.Logger()
	say := func() string {
		buf.Reset()
		log.Debug("d")
		log.Log(t.Context(), logline.LevelTrace, "t")
		return strings.ReplaceAll(strings.ReplaceAll(buf.String(), pid, ""), "\n", "; ")
	}
	tests := []struct {
		debug, trace bool
		want         string
	}{
		{false, false, ""},
		{true, false, "[DBG] d; "},
		{false, true, "[TRC] t; "},
		{true, true, "[DBG] d; [TRC] t; "},
	}
	for _, tt := range tests {
		l.SetDebug(tt.debug)
		l.SetTrace(tt.trace)
		if got := say(); got != tt.want {
			t.Errorf("debug %v, trace %v: got %q, want %q", tt.debug, tt.trace, got, tt.want)
		}
	}
	if !l.Enabled(slog.LevelInfo) || !l.Enabled(logline.LevelFatal) {
		t.Error("INF and FTL can not be switched off")
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), pid, "")
}

func openFile(t *testing.T, c logline.Config) *logline.Log {
	t.Helper()
	l, err := logline.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestFileIsAppendedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.log")
	for _, text := range []string{"one", "two"} {
		l := openFile(t, logline.Config{File: path, NoTime: true, Colour: logline.ColourAlways})
		l.Logger().Info(text)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := read(t, path), "[INF] one\n[INF] two\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFileThatCanNotBeOpened(t *testing.T) {
	_, err := logline.Open(logline.Config{File: filepath.Join(t.TempDir(), "none", "weir.log")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.log")
	l := openFile(t, logline.Config{File: path, NoTime: true})
	l.Logger().Info("one")
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	l.Logger().Info("two")
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	l.Logger().Info("three")
	if got, want := read(t, path+".old"), "[INF] one\n[INF] two\n"; got != want {
		t.Errorf("old file: got %q, want %q", got, want)
	}
	if got, want := read(t, path), "[INF] three\n"; got != want {
		t.Errorf("new file: got %q, want %q", got, want)
	}

	m, _ := open(t, logline.Config{})
	if err := m.Reopen(); !errors.Is(err, logline.ErrNotFile) {
		t.Errorf("reopen of a stream: %v", err)
	}
}

func TestReopenKeepsTheOldFileOnError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "weir.log")
	l := openFile(t, logline.Config{File: path, NoTime: true})
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reopen in a folder that is gone: %v", err)
	}
	l.Logger().Info("still here")
	if got, want := read(t, filepath.Join(dir+".old", "weir.log")), "[INF] still here\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// backups returns the paths of the files that were set aside, oldest first.
func backups(t *testing.T, path string) []string {
	t.Helper()
	names, err := filepath.Glob(path + ".*")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.log")
	l := openFile(t, logline.Config{File: path, NoTime: true, SizeLimit: 200, MaxFiles: 3})
	text := strings.Repeat("x", 250) // every line is one too many
	for range 5 {
		l.Logger().Info(text)
	}
	old := backups(t, path)
	if len(old) != 2 {
		t.Fatalf("%d files were set aside, want 2: %q", len(old), old)
	}
	for _, name := range old {
		if got := read(t, name); !strings.HasSuffix(got, "[INF] "+text+"\n") {
			t.Errorf("%s: got %q", name, got)
		}
	}
	got := read(t, path)
	if !strings.HasPrefix(got, "[INF] Rotated log, backup saved as \""+path) || !strings.Contains(got, "[INF] Purged log file \"weir.log.2") {
		t.Errorf("got %q", got)
	}
}

func TestRotationOfAFileThatWasTooLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.log")
	if err := os.WriteFile(path, make([]byte, 300), 0o644); err != nil {
		t.Fatal(err)
	}
	openFile(t, logline.Config{File: path, SizeLimit: 200})
	if old := backups(t, path); len(old) != 1 {
		t.Errorf("set aside: %q", old)
	}
}

func TestPurgeLeavesOtherFilesAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.log")
	others := []string{path + ".gz", path + ".2020.01.01", path + "x.2020.01.01.00.00.00.000000000"}
	stale := path + ".2020.01.01.00.00.00.000000000"
	for _, name := range append(others, stale) {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l := openFile(t, logline.Config{File: path, SizeLimit: 10, MaxFiles: 1})
	l.Logger().Info("one too many")
	for _, name := range others {
		if _, err := os.Stat(name); err != nil {
			t.Errorf("gone: %v", err)
		}
	}
	if _, err := os.Stat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", stale, err)
	}
}

func TestApply(t *testing.T) {
	l, buf := open(t, logline.Config{NoTime: true})
	log := l.Logger()
	path := filepath.Join(t.TempDir(), "weir.log")

	log.Info("one")
	if err := l.Apply(logline.Config{File: filepath.Join(path, "none"), Debug: true}); err == nil {
		t.Error("a file in a folder that does not exist was accepted")
	}
	log.Debug("not yet")
	log.Info("two")
	if err := l.Apply(logline.Config{File: path, NoTime: true, Debug: true}); err != nil {
		t.Fatal(err)
	}
	log.Debug("three")
	if got, want := strings.ReplaceAll(buf.String(), pid, ""), "[INF] one\n[INF] two\n"; got != want {
		t.Errorf("first place: got %q, want %q", got, want)
	}
	if got, want := read(t, path), "[DBG] three\n"; got != want {
		t.Errorf("second place: got %q, want %q", got, want)
	}
	if err := l.Apply(logline.Config{Output: io.Discard}); err != nil {
		t.Fatal(err)
	}
}

// whole counts the writes that were not one line.
type whole struct {
	mu     sync.Mutex
	lines  int
	broken int
}

func (w *whole) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines++
	if bytes.Count(p, []byte{'\n'}) != 1 || !bytes.HasPrefix(p, []byte(pid)) {
		w.broken++
	}
	return len(p), nil
}

func TestConcurrentUse(t *testing.T) {
	w := &whole{}
	cfg := logline.Config{Output: w}
	l, err := logline.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			log := l.Logger().With("conn", "127.0.0.1:5050 - cid:7")
			for i := range 100 {
				log.Info("text", "n", i)
				if i%25 == 0 {
					l.SetDebug(i%2 == 0)
					l.Apply(cfg)
				}
			}
		})
	}
	wg.Wait()
	if w.lines != 800 || w.broken != 0 {
		t.Errorf("%d writes, %d broken; want 800 and 0", w.lines, w.broken)
	}
}
