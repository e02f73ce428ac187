package ocsp

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/crypto/ocsp"
)

var (
	// ErrPeer refuses a peer. What is wrong with it follows.
	ErrPeer = errors.New("client not OCSP valid")

	errNoChain = errors.New("no verified chain")
	errOutside = errors.New("the OCSP response is not of this time")
	errRevoked = errors.New("revoked")
	errUnknown = errors.New("unknown")
)

// Checker checks the certificates of peers.
type Checker struct {
	fetcher *Fetcher
	log     *slog.Logger
	cache   cache
	flights flights
}

// NewChecker returns a Checker with an empty cache, which is off until [Checker.SetCache].
func NewChecker(f *Fetcher, log *slog.Logger) *Checker {
	c := &Checker{fetcher: f, log: log}
	c.cache.log, c.cache.limit, c.cache.config.Off = log, maxCache, true
	return c
}

// SetCache says how answers are kept from now on. When a file comes into use it is read.
func (c *Checker) SetCache(config Cache) { c.cache.setConfig(config) }

// Stats counts what the cache did; ok is false if it is off.
func (c *Checker) Stats() (s Stats, ok bool) { return c.cache.stats() }

// Close writes the cache to its file if that is due. Nothing is kept any more.
func (c *Checker) Close() { c.cache.setConfig(Cache{Off: true}) }

// Verify returns a function for tls.Config.VerifyConnection. The connection needs verified chains; of these one has to be good,
// link by link. A chain without any certificate that names a responder is.
func (c *Checker) Verify(p Peer) func(tls.ConnectionState) error {
	p = p.withDefaults()
	return func(s tls.ConnectionState) error {
		err := errNoChain
		for _, chain := range s.VerifiedChains {
			if err = c.checkChain(chain, &p); err == nil {
				return nil
			}
		}
		return fmt.Errorf("%w: %w", ErrPeer, err)
	}
}

// checkChain checks a chain from the leaf up. Nobody but itself could revoke the root at its end.
func (c *Checker) checkChain(chain []*x509.Certificate, p *Peer) error {
	if len(chain) == 0 {
		return errNoChain
	}
	for i, cert := range chain[:len(chain)-1] {
		l := link{cert, chain[i+1]}
		if len(l.responders()) == 0 {
			continue
		}
		if err := c.check(l, p); err != nil {
			return fmt.Errorf("%q: %w", l.name(), err)
		}
	}
	return nil
}

// check is nil if l is good, or good enough for p.
func (c *Checker) check(l link, p *Peer) error {
	r, wasRevoked := c.cached(l, p)
	if r == nil {
		var err error
		r, err = c.ask(l, p)
		switch {
		case err == nil:
		case p.AllowWhenUnreachable && errors.Is(err, errUnreachable) && !wasRevoked:
			c.log.Warn(fmt.Sprintf("OCSP: %q is let in, because CAs may be unreachable: %v", l.name(), err))
			return nil
		default:
			return c.orWarn(l, p, err)
		}
	}
	switch {
	case r.Status == ocsp.Good, r.Status == ocsp.Unknown && p.UnknownIsGood:
		return nil
	case r.Status == ocsp.Revoked:
		return c.orWarn(l, p, errRevoked)
	}
	return c.orWarn(l, p, errUnknown)
}

// orWarn is err, unless warnings are all that is wanted.
func (c *Checker) orWarn(l link, p *Peer, err error) error {
	if !p.WarnOnly {
		return err
	}
	c.log.Warn(fmt.Sprintf("OCSP: %q is let in with a warning only: %v", l.name(), err))
	return nil
}

// cached is the answer about l in the cache, nil if there is none that is current. wasRevoked says what one of the past was.
func (c *Checker) cached(l link, p *Peer) (r *ocsp.Response, wasRevoked bool) {
	key := l.key()
	e := c.cache.get(key)
	if e == nil {
		return nil, false
	}
	r, err := e.read(l)
	if err == nil && p.current(r) {
		c.cache.hits.Add(1)
		if e.issuer == nil {
			c.cache.replace(key, e, newEntry(l, r))
		}
		return r, false
	}
	c.cache.misses.Add(1)
	if err != nil {
		c.cache.drop(key, e, false)
		return nil, false
	}
	c.cache.drop(key, e, true)
	return nil, r.Status == ocsp.Revoked
}

// ask fetches the answer about l into the cache, with all who ask for it now.
func (c *Checker) ask(l link, p *Peer) (*ocsp.Response, error) {
	key := l.key()
	// The same certificate may stand in two chains, and two listeners may differ about what is current.
	flight := fmt.Sprintf("%s %x %d %d", key, sha256.Sum256(l.issuer.Raw), p.Skew, p.TTL)
	return c.flights.do(flight, func() (*ocsp.Response, error) {
		if e := c.cache.peek(key); e != nil { // a flight before this one ended since the cache was asked
			if r, err := e.read(l); err == nil && p.current(r) {
				return r, nil
			}
		}
		c.log.Debug(fmt.Sprintf("OCSP: asking for %q", l.name()))
		r, err := c.fetcher.fetch(context.Background(), l, l.responders(), []how{byGet}, p.Timeout, func(r *ocsp.Response) error {
			if !p.current(r) {
				return errOutside
			}
			return nil
		})
		if err == nil {
			c.cache.put(key, newEntry(l, r))
		}
		return r, err
	})
}

// key names l in the cache, as nats-server does: the SHA-256 of the whole certificate, in base64.
func (l link) key() string {
	sum := sha256.Sum256(l.cert.Raw)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// current reports whether r holds at this time (RFC 6960 §4.2.2.1). p has its defaults.
func (p *Peer) current(r *ocsp.Response) bool {
	now, end := time.Now(), r.NextUpdate
	if end.IsZero() {
		end = r.ThisUpdate.Add(p.TTL)
	}
	return !end.Before(now.Add(-p.Skew)) && !r.ThisUpdate.After(now.Add(p.Skew))
}
