package server

import (
	"context"
	"crypto/tls"
	"slices"
	"time"

	"weir/internal/config"
	"weir/internal/ocsp"
	"weir/internal/tlsfile"
)

// authorities is what the server asks certificate authorities (OCSP).
type authorities struct {
	// Immutable.
	fetcher *ocsp.Fetcher
	checker *ocsp.Checker // of clients' certificates

	// Guarded by Server.mu.
	staplers []*ocsp.Stapler    // of our own
	end      context.CancelFunc // of the goroutines in which they run; nil without any
}

// secured is a tls block in force.
type secured struct {
	*tls.Config
	pins    func(tls.ConnectionState) error // nil without pinned_certs
	expires time.Time                       // of its first certificate
}

// tlsLoader loads the tls blocks of one configuration.
type tlsLoader struct {
	stapling ocsp.Stapling
	checker  *ocsp.Checker
	staplers []*ocsp.Stapler // made so far
}

// tlsLoader returns a loader for the blocks of o.
func (s *Server) tlsLoader(o *Options) *tlsLoader {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &tlsLoader{
		stapling: ocsp.Stapling{Config: o.OCSP, Fetcher: s.authorities.fetcher, Log: s.log, Known: s.authorities.staplers},
		checker:  s.authorities.checker,
	}
}

// load reads the files of t, and fetches the staples that its certificates need; nil without a block.
func (l *tlsLoader) load(t *tlsfile.Block) (*secured, error) {
	if t == nil {
		return nil, nil
	}
	c, err := t.Config()
	if err != nil {
		return nil, err
	}
	// Records of full size from the start: a flush is one piece already, and small first records would cut it up.
	c.DynamicRecordSizingDisabled = true
	pins := c.VerifyConnection
	if t.OCSPPeer.Verify {
		c.VerifyConnection = both(c.VerifyConnection, l.checker.Verify(t.OCSPPeer))
	}
	expires := c.Certificates[0].Leaf.NotAfter
	var files []string
	for _, pair := range t.Pairs() {
		files = append(files, pair.CertFile)
	}
	staplers, err := l.stapling.Staple(c, files)
	if err != nil {
		return nil, err
	}
	l.staplers = append(l.staplers, staplers...)
	return &secured{c, pins, expires}, nil
}

// both verifies a connection twice; the first function may be nil.
func both(first, second func(tls.ConnectionState) error) func(tls.ConnectionState) error {
	if first == nil {
		return second
	}
	return func(s tls.ConnectionState) error {
		if err := first(s); err != nil {
			return err
		}
		return second(s)
	}
}

// checksPeers reports whether any listener of o asks authorities about its clients.
func checksPeers(o *Options) bool {
	checks := func(t *tlsfile.Block) bool { return t != nil && t.OCSPPeer.Verify }
	return checks(o.TLS) || slices.ContainsFunc(o.WebSockets, func(w *config.WebSocket) bool { return checks(w.TLS) })
}

// peerCache is how answers about clients are kept: not at all if there are none.
func peerCache(o *Options) ocsp.Cache {
	c := o.OCSP.Cache
	c.Off = c.Off || !checksPeers(o)
	return c
}

// runStaplersLocked renews the staples in force, and no others.
func (s *Server) runStaplersLocked() {
	s.endStaplersLocked()
	if s.stopped || len(s.authorities.staplers) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.authorities.end = cancel
	for _, st := range s.authorities.staplers {
		s.loops.Go(func() {
			if st.Run(ctx) {
				go s.Shutdown() // it waits for this goroutine
			}
		})
	}
}

func (s *Server) endStaplersLocked() {
	if s.authorities.end != nil {
		s.authorities.end()
		s.authorities.end = nil
	}
}
