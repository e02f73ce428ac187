package ocsp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/s2"
	"golang.org/x/crypto/ocsp"
)

const (
	cacheFile = "cache.json"
	// maxCacheFile is far above the file of a full cache.
	maxCacheFile = 64 << 20
	storeMode    = 0o750
)

// saved is an entry in the file, which is nats-server's: an object with one of these for each key.
type saved struct {
	Subject string    `json:"subject,omitempty"`
	At      time.Time `json:"cached_at"`
	Status  string    `json:"resp_status"`
	Expires time.Time `json:"resp_expires"`
	Answer  []byte    `json:"resp"` // an s2 stream
}

// statuses are the words for a status.
var statuses = [...]string{ocsp.Good: "good", ocsp.Revoked: "revoked", ocsp.Unknown: "unknown"}

// path is where the file of c is.
func (c Cache) path() string { return filepath.Join(cmp.Or(c.Dir, DefaultCacheDir), cacheFile) }

// setConfig changes how answers are kept. What the old file lacks is written; another file is read in place of it.
func (c *cache) setConfig(next Cache) {
	c.saving.Lock()
	defer c.saving.Unlock()
	c.saveChanges()
	c.mu.Lock()
	same := !c.config.Off && !next.Off && c.config.path() == next.path()
	c.mu.Unlock()
	var found map[string]*entry
	if !same && !next.Off {
		var err error
		if found, err = loadCache(next.path()); err != nil {
			c.log.Warn(fmt.Sprintf("Unable to load OCSP peer cache: %v", err))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !same {
		clear(c.entries)
		c.size, c.dirty = 0, false
		if c.timer != nil {
			c.timer.Stop()
		}
	}
	c.config = next
	if !same && !next.Off {
		c.log.Info("OCSP peer cache online, type [local]")
	}
	for key, e := range found {
		c.insertLocked(key, e)
	}
}

// save writes what has changed.
func (c *cache) save() {
	c.saving.Lock()
	defer c.saving.Unlock()
	c.saveChanges()
}

// saveChanges is save with c.saving held. If the file can not be written, it is tried again later.
func (c *cache) saveChanges() {
	c.mu.Lock()
	if !c.dirty {
		c.mu.Unlock()
		return
	}
	c.dirty = false
	c.timer.Stop()
	all, path := maps.Clone(c.entries), c.config.path()
	c.mu.Unlock()
	if err := saveCache(path, all); err != nil {
		c.log.Error(fmt.Sprintf("Unable to save OCSP peer cache: %v", err))
		c.mu.Lock()
		c.changedLocked()
		c.mu.Unlock()
	}
}

// saveCache writes the file at path.
func saveCache(path string, all map[string]*entry) error {
	file := make(map[string]saved, len(all))
	for key, e := range all {
		answer, err := compress(e.raw)
		if err != nil {
			return err
		}
		file[key] = saved{Subject: e.subject, At: e.at, Status: statuses[e.status], Expires: e.expires, Answer: answer}
	}
	text, err := json.MarshalIndent(file, "", " ")
	if err != nil {
		return err
	}
	return writeFile(path, text)
}

// writeFile replaces the file at path as a whole. Its folder is made if need be.
func writeFile(path string, text []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, storeMode); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "ocsp-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Close()) // what a power cut loses can be fetched again
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name()) //nolint:errcheck // the first error is the one to tell
	}
	return err
}

// loadCache reads the file at path. There need not be one. Entries that make no sense are left out.
func loadCache(path string) (map[string]*entry, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	var file map[string]saved
	if err := json.NewDecoder(io.LimitReader(f, maxCacheFile)).Decode(&file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	all := make(map[string]*entry, len(file))
	for key, s := range file {
		status := slices.Index(statuses[:], s.Status)
		if raw, err := decompress(s.Answer); err == nil && status >= 0 {
			all[key] = &entry{raw: raw, subject: s.Subject, at: s.At, status: status, expires: s.Expires}
		}
	}
	return all, nil
}

func compress(raw []byte) ([]byte, error) {
	var out bytes.Buffer
	w := s2.NewWriter(&out, s2.WriterConcurrency(1))
	_, err := w.Write(raw)
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}

// decompress gives no more than an answer can have.
func decompress(p []byte) ([]byte, error) {
	r := s2.NewReader(bytes.NewReader(p), s2.ReaderMaxBlockSize(maxAnswer), s2.ReaderAllocBlock(4<<10))
	return io.ReadAll(io.LimitReader(r, maxAnswer))
}
