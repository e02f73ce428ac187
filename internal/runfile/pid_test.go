package runfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"weir/internal/runfile"
)

func TestPidFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.pid")
	if err := runfile.WritePID(path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || string(b) != strconv.Itoa(os.Getpid()) {
		t.Errorf("got %q, %v; want the bare process id", b, err)
	}
	if err := runfile.RemovePID(path); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
	if err := runfile.RemovePID(path); err != nil {
		t.Errorf("a file that is gone: %v", err)
	}
}

func TestPidFileOfAnotherProcessStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.pid")
	if err := os.WriteFile(path, []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := runfile.RemovePID(path); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestPidFileInAFolderThatDoesNotExist(t *testing.T) {
	if err := runfile.WritePID(filepath.Join(t.TempDir(), "none", "weir.pid")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
