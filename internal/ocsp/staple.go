package ocsp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ocsp"
)

const (
	// stapleTimeout bounds one request for a staple. A server that starts waits for it.
	stapleTimeout = 10 * time.Second
	// noEnd is when a staple is renewed that does not say how long it holds.
	noEnd = 24 * time.Hour
	// retryLate is the pause between attempts when the staple has run out, unless a handshake asks.
	retryLate = 2 * time.Minute
	// minPause is the shortest pause between two attempts.
	minPause = time.Second
)

var (
	errNoStaple = errors.New("there is no current OCSP staple for the certificate")
	errPast     = errors.New("the OCSP response is out of date")
	errFuture   = errors.New("the OCSP response is of the future")
)

// Stapler keeps the staple of one certificate.
type Stapler struct {
	fetcher    *Fetcher
	log        *slog.Logger
	file       string // of the certificate, for logs
	store      string // file of the staple; empty without one
	cert       tls.Certificate
	link       link
	responders []string
	strict     bool // a status other than good ends the server

	now  atomic.Pointer[staple]
	wake chan struct{} // a handshake needs a staple

	mu      sync.Mutex    // guards attempt
	attempt chan struct{} // closed when the attempt after this moment has ended
}

// staple is a status and the certificate that carries it.
type staple struct {
	response *ocsp.Response
	cert     *tls.Certificate
}

// holds is nil while r does. There is no leeway: clients may have none (RFC 6960 §4.2.2.1).
func holds(r *ocsp.Response) error {
	switch now := time.Now(); {
	case !r.NextUpdate.IsZero() && r.NextUpdate.Before(now):
		return errPast
	case r.ThisUpdate.After(now):
		return errFuture
	}
	return nil
}

// status is the word for the status of r.
func status(r *ocsp.Response) string {
	if r.Status < 0 || r.Status >= len(statuses) {
		return statuses[ocsp.Unknown]
	}
	return statuses[r.Status]
}

// begin gets the first staple: that of a stapler before this one, or one in the store, or a fresh one.
func (s *Stapler) begin(known []*Stapler) error {
	for _, old := range known {
		same := old.link.cert.Equal(s.link.cert) && old.link.issuer.Equal(s.link.issuer)
		if r := old.now.Load().response; same && holds(r) == nil {
			s.adopt(r)
			return s.acceptable()
		}
	}
	if s.store != "" {
		if raw, err := os.ReadFile(s.store); err == nil {
			if r, err := s.link.parse(raw); err == nil && holds(r) == nil {
				s.adopt(r)
				return s.acceptable()
			}
		}
	}
	if err := s.refresh(context.Background()); err != nil {
		return fmt.Errorf("bad OCSP status update for certificate at '%s': %w", s.file, err)
	}
	return s.acceptable()
}

// acceptable is nil if a server may run with the staple.
func (s *Stapler) acceptable() error {
	if r := s.now.Load().response; s.strict && r.Status != ocsp.Good {
		return fmt.Errorf("found existing OCSP status for certificate at '%s': %s", s.file, status(r))
	}
	return nil
}

// adopt puts r into handshakes.
func (s *Stapler) adopt(r *ocsp.Response) {
	c := s.cert
	c.OCSPStaple = r.Raw
	s.now.Store(&staple{r, &c})
}

// refresh fetches a staple.
func (s *Stapler) refresh(ctx context.Context) error {
	r, err := s.fetcher.fetch(ctx, s.link, s.responders, []how{byPost, byGet}, stapleTimeout, holds)
	if err != nil {
		return err
	}
	s.adopt(r)
	if s.store == "" {
		return nil
	}
	if err := writeFile(s.store, r.Raw); err != nil {
		s.log.Warn(fmt.Sprintf("can not keep the OCSP status of certificate '%s': %v", s.file, err))
	}
	return nil
}

// Run renews the staple in time, until ctx ends or the certificate is no longer good and the mode says that the server has to
// stop: then it returns true.
func (s *Stapler) Run(ctx context.Context) (stop bool) {
	s.report("Found")
	var last time.Time // end of the attempt before
	for {
		if !s.pause(ctx, last) {
			return false
		}
		err := s.refresh(ctx)
		last = time.Now()
		s.answerHandshakes()
		switch {
		case ctx.Err() != nil:
			return false
		case err != nil:
			s.log.Error(fmt.Sprintf("Bad OCSP status update for certificate '%s': %v, trying again in %v", s.file, err, s.delay()))
		default:
			s.report("Received")
			if s.acceptable() != nil {
				return true
			}
		}
	}
}

// answerHandshakes lets those go on that wait for an attempt.
func (s *Stapler) answerHandshakes() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.wake:
	default:
	}
	close(s.attempt)
	s.attempt = make(chan struct{})
}

// report logs the status.
func (s *Stapler) report(verb string) {
	r := s.now.Load().response
	if r.Status != ocsp.Good {
		s.log.Error(fmt.Sprintf("%s OCSP status for certificate '%s': %s", verb, s.file, status(r)))
		return
	}
	s.log.Info(fmt.Sprintf("%s OCSP status for certificate '%s': good, next update %s, checking again in %v",
		verb, s.file, r.NextUpdate.Format(time.RFC3339Nano), s.delay()))
}

// delay is how long the next attempt can wait: half of the time that the staple still holds.
func (s *Stapler) delay() time.Duration {
	end := s.now.Load().response.NextUpdate
	left := time.Until(end)
	switch {
	case end.IsZero():
		return noEnd
	case left <= 0:
		return retryLate
	}
	return max(left/2, minPause)
}

// pause waits for the next attempt: until the staple wants it, or a handshake does. It reports false when ctx has ended.
func (s *Stapler) pause(ctx context.Context, last time.Time) bool {
	timer := time.NewTimer(s.delay())
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	case <-s.wake:
	}
	timer.Reset(time.Until(last.Add(minPause)))
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// certificate is the certificate with its staple. If that has run out, it waits for the next attempt to get another.
func (s *Stapler) certificate(ctx context.Context) (*tls.Certificate, error) {
	if st := s.now.Load(); holds(st.response) == nil {
		return st.cert, nil
	}
	s.mu.Lock()
	attempt := s.attempt
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it is asked for already
	}
	ctx, cancel := context.WithTimeout(ctx, stapleTimeout)
	defer cancel()
	select {
	case <-attempt:
	case <-ctx.Done():
	}
	if st := s.now.Load(); holds(st.response) == nil {
		return st.cert, nil
	}
	return nil, errNoStaple
}
