package ocsp

import (
	"crypto/x509"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ocsp"
)

// maxCache bounds the cache, in bytes: answers about some thousand certificates.
const maxCache = 16 << 20

// entryOverhead is what an entry costs beside its answer.
const entryOverhead = 1 << 10

// Stats counts what a cache did since its server started, and what is in it.
type Stats struct {
	Hits, Misses            int64
	Goods, Revokes, Unknown int64
}

// Responses is how many answers are in the cache.
func (s Stats) Responses() int64 { return s.Goods + s.Revokes + s.Unknown }

// entry is one answer. It is immutable.
type entry struct {
	raw     []byte
	subject string // for who reads the file
	at      time.Time
	status  int
	expires time.Time // zero if the answer does not say so

	// response is raw as it was read with the issuer; both are nil if it comes from a file and nobody has checked it.
	response *ocsp.Response
	issuer   *x509.Certificate
}

func newEntry(l link, r *ocsp.Response) *entry {
	return &entry{raw: r.Raw, subject: l.name(), at: time.Now().UTC().Round(time.Second), status: r.Status, expires: r.NextUpdate,
		response: r, issuer: l.issuer}
}

// read is the answer in e, if it is about l.
func (e *entry) read(l link) (*ocsp.Response, error) {
	if e.issuer != nil && e.issuer.Equal(l.issuer) {
		return e.response, nil
	}
	return l.parse(e.raw)
}

func (e *entry) size() int { return len(e.raw) + entryOverhead }

// cache holds answers by the keys of their links.
type cache struct {
	hits, misses atomic.Int64
	log          *slog.Logger
	limit        int // of size

	saving sync.Mutex // held while the file is written; mu may be locked inside

	mu      sync.Mutex // guards all below
	config  Cache
	entries map[string]*entry
	size    int         // of all entries, in bytes
	dirty   bool        // the file is not up to date, and timer runs
	timer   *time.Timer // it saves
}

// get is the answer for key; nil without one.
func (c *cache) get(key string) *entry {
	e, on := c.look(key)
	if e == nil && on {
		c.misses.Add(1)
	}
	return e
}

// peek is get for who has been counted already.
func (c *cache) peek(key string) *entry {
	e, _ := c.look(key)
	return e
}

// look is what is kept for key, and whether anything is kept at all.
func (c *cache) look(key string) (e *entry, on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.config.Off {
		return nil, false
	}
	return c.entries[key], true
}

// put keeps e.
func (c *cache) put(key string, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.config.Off {
		return
	}
	c.insertLocked(key, e)
	c.changedLocked()
}

// insertLocked makes room for e by dropping others, those that say revoked last.
func (c *cache) insertLocked(key string, e *entry) {
	c.removeLocked(key)
	for _, revoked := range []bool{false, true} {
		for other, old := range c.entries {
			if c.size+e.size() <= c.limit {
				break
			}
			if (old.status == ocsp.Revoked) == revoked {
				c.removeLocked(other)
			}
		}
	}
	if c.entries == nil {
		c.entries = make(map[string]*entry)
	}
	c.entries[key] = e
	c.size += e.size()
}

// replace puts e, which says the same, in the place of old.
func (c *cache) replace(key string, old, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[key] == old {
		c.entries[key] = e
	}
}

// drop removes e if it is still there. An answer that is only out of date may have to be preserved.
func (c *cache) drop(key string, e *entry, preserve bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[key] != e || preserve && c.config.PreserveRevoked && e.status == ocsp.Revoked {
		return
	}
	c.removeLocked(key)
	c.changedLocked()
}

func (c *cache) removeLocked(key string) {
	if e := c.entries[key]; e != nil {
		c.size -= e.size()
		delete(c.entries, key)
	}
}

// changedLocked sees to it that the file is written in time.
func (c *cache) changedLocked() {
	if !c.dirty {
		c.dirty = true
		c.timer = time.AfterFunc(orDefault(c.config.SaveInterval, DefaultSaveInterval), c.save)
	}
}

func (c *cache) stats() (s Stats, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries {
		switch e.status {
		case ocsp.Good:
			s.Goods++
		case ocsp.Revoked:
			s.Revokes++
		default:
			s.Unknown++
		}
	}
	s.Hits, s.Misses = c.hits.Load(), c.misses.Load()
	return s, !c.config.Off
}
