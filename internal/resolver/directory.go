package resolver

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nkeys"
)

// directory keeps JWTs in files, as nats-server does: DIR/NAME.jwt. The files are the truth; what is known of them beside is
// when they go.
type directory struct {
	config Config // Limit and Dir are set
	ends   func(token string) time.Time

	mu    sync.Mutex // guards all below, and the files
	files map[string]*file
	swept time.Time
}

// file is one JWT.
type file struct {
	used    time.Time
	expires time.Time // zero for never
}

// errTooLarge refuses a file that is no JWT.
var errTooLarge = errors.New("JWT is too large")

const (
	extension = ".jwt"
	// deleted is added to the name of a file that its operator deleted.
	deleted = ".deleted"

	dirMode  = 0o750
	fileMode = 0o640

	// defaultCache is how many JWTs a cache holds, the same as nats-server's.
	defaultCache = 1000
)

// openDirectory opens or makes a directory, and looks at what is there.
func openDirectory(c Config, ends func(string) time.Time) (*directory, error) {
	if c.Kind == Cache && c.Limit == 0 {
		c.Limit = defaultCache
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, err
	}
	c.Dir = dir
	d := &directory{config: c, ends: ends, files: map[string]*file{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("account resolver: %w", err)
	}
	now := time.Now()
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), extension)
		if !ok || !nkeys.IsValidPublicAccountKey(name) {
			continue
		}
		if token, err := readToken(d.path(name)); err == nil {
			d.files[name] = d.track(token, now)
		}
	}
	return d, nil
}

// readToken reads one file, if it is not too large for a JWT.
func readToken(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Size() > MaxToken {
		return "", errTooLarge
	}
	text, err := os.ReadFile(path)
	return strings.TrimSpace(string(text)), err
}

// path is that of a file; name is a valid key.
func (d *directory) path(name string) string { return filepath.Join(d.config.Dir, name+extension) }

// track says when a JWT goes: at the end of the time to live of the directory, else at its own.
func (d *directory) track(token string, now time.Time) *file {
	f := &file{used: now}
	if d.config.TTL > 0 {
		f.expires = now.Add(d.config.TTL)
	} else {
		f.expires = d.ends(token)
	}
	return f
}

// gone reports whether the file's time has come.
func (f *file) gone(now time.Time) bool {
	return f != nil && !f.expires.IsZero() && !now.Before(f.expires)
}

// sweepLocked removes the files whose time has come, now and then.
func (d *directory) sweepLocked(now time.Time) {
	every := time.Minute
	if ttl := d.config.TTL; ttl > 0 {
		every = min(every, ttl/2)
	}
	if now.Sub(d.swept) < every {
		return
	}
	d.swept = now
	for name, f := range d.files {
		if f.gone(now) && d.removeLocked(name) == nil {
			delete(d.files, name)
		}
	}
}

func (d *directory) removeLocked(name string) error {
	err := os.Remove(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (d *directory) Fetch(name string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	d.sweepLocked(now)
	token, err := readToken(d.path(name))
	if errors.Is(err, fs.ErrNotExist) || d.files[name].gone(now) {
		delete(d.files, name)
		return "", ErrNotFound
	}
	if err != nil {
		return "", err
	}
	d.files[name] = d.track(token, now) // somebody may have put it there
	return token, nil
}

func (d *directory) Store(name, token string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	d.sweepLocked(now)
	if d.files[name] == nil && d.config.Limit > 0 && len(d.files) >= d.config.Limit {
		if d.config.Kind != Cache {
			return ErrFull
		}
		if err := d.evictLocked(); err != nil {
			return err
		}
	}
	path := d.path(name)
	if err := writeWhole(path, token); err != nil {
		return err
	}
	d.files[name] = d.track(token, now)
	return nil
}

// writeWhole replaces a file so that a reader sees all of it, the old or the new.
func writeWhole(path, text string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name()) //nolint:errcheck // the first error counts
		}
	}()
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Chmod(fileMode), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// evictLocked forgets what was not used for the longest time.
func (d *directory) evictLocked() error {
	oldest := ""
	for name, f := range d.files {
		if oldest == "" || f.used.Before(d.files[oldest].used) {
			oldest = name
		}
	}
	if err := d.removeLocked(oldest); err != nil {
		return err
	}
	delete(d.files, oldest)
	return nil
}

// Remove deletes a JWT at the operator's word. Of a full directory its file is renamed unless HardDelete is set.
func (d *directory) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	path := d.path(name)
	var err error
	if d.config.Kind == Full && !d.config.HardDelete {
		err = os.Rename(path, path+deleted)
	} else {
		err = os.Remove(path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	delete(d.files, name)
	return nil
}

func (d *directory) List() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sweepLocked(time.Now())
	return slices.Sorted(maps.Keys(d.files))
}
