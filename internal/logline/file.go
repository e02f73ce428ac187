package logline

import (
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// filePerm lets the group read the log, as nats-server does.
const filePerm = 0o640

// backupLayout is the time that ends the name of a file that was set aside. Names sort as their times do.
const backupLayout = "2006.01.02.15.04.05.000000000"

// file is a log file.
type file struct {
	path     string
	f        *os.File // nil after it could not be opened again
	size     int64
	limit    int64 // 0: none
	maxFiles int   // 0: no limit
}

// openFile opens the file of c to append to.
func openFile(c Config) (*file, error) {
	f := &file{path: c.File, limit: c.SizeLimit, maxFiles: c.MaxFiles}
	if err := f.open(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *file) open() error {
	o, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, filePerm)
	if err != nil {
		return err
	}
	st, err := o.Stat()
	if err != nil {
		o.Close()
		return err
	}
	f.f, f.size = o, st.Size()
	return nil
}

// write appends a line. While the file can not be opened, lines go to standard error and are not lost.
func (f *file) write(level slog.Level, line []byte) error {
	if f.f == nil {
		if err := f.open(); err != nil {
			return stream{os.Stderr}.write(level, line)
		}
	}
	n, err := f.f.Write(line)
	f.size += int64(n)
	return err
}

func (f *file) close() error {
	if f.f == nil {
		return nil
	}
	return f.f.Close()
}

// full reports whether the file has outgrown its limit.
func (f *file) full() bool { return f.limit > 0 && f.size > f.limit && f.f != nil }

// rotate sets the file aside and begins a new one. It yields what there is to say about it, each with its level, once
// the new file is open.
func (f *file) rotate() iter.Seq2[slog.Level, string] {
	return func(yield func(slog.Level, string) bool) {
		f.close()
		f.f = nil
		backup := f.path + "." + time.Now().Format(backupLayout)
		err := os.Rename(f.path, backup)
		if f.open() != nil {
			return // the next line tries again
		}
		if err != nil {
			f.limit *= 2 // do not try again with every line
			yield(slog.LevelError, fmt.Sprintf("Can not rotate the log, next attempt at %d bytes: %v", f.limit, err))
			return
		}
		if yield(slog.LevelInfo, fmt.Sprintf("Rotated log, backup saved as %q", backup)) && f.maxFiles > 0 {
			f.purge(yield)
		}
	}
}

// purge removes the oldest backups beyond the number of files that are kept.
func (f *file) purge(yield func(slog.Level, string) bool) {
	dir, base := filepath.Split(f.path)
	if dir == "" {
		dir = "."
	}
	entries, err := os.ReadDir(dir) // sorted by name, so by time
	if err != nil {
		yield(slog.LevelError, fmt.Sprintf("Can not purge old logs: %v", err))
		return
	}
	var backups []string
	for _, e := range entries {
		stamp, ok := strings.CutPrefix(e.Name(), base+".")
		if !ok || e.IsDir() {
			continue
		}
		if _, err := time.Parse(backupLayout, stamp); err == nil {
			backups = append(backups, e.Name())
		}
	}
	for len(backups) > f.maxFiles-1 {
		if err := os.Remove(filepath.Join(dir, backups[0])); err != nil {
			yield(slog.LevelError, fmt.Sprintf("Can not purge old logs: %v", err))
			return
		}
		if !yield(slog.LevelInfo, fmt.Sprintf("Purged log file %q", backups[0])) {
			return
		}
		backups = backups[1:]
	}
}
