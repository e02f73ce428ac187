package tlsfile

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
)

// Config reads the files of t. It is called anew for a reload, so that renewed certificates are picked up. An error is
// one line that names the file.
func (t *Block) Config() (*tls.Config, error) {
	c, err := t.Load()
	if err != nil {
		return nil, t.error(err)
	}
	return c, nil
}

// Load is Config with errors that do not say where the block stands.
func (t *Block) Load() (*tls.Config, error) {
	certs, err := t.certificates()
	if err != nil {
		return nil, err
	}
	c := &tls.Config{
		Certificates:     certs,
		MinVersion:       max(t.MinVersion, tls.VersionTLS12),
		CipherSuites:     t.CipherSuites,
		CurvePreferences: t.CurvePreferences,
	}
	switch {
	case t.Verify || t.Map:
		c.ClientAuth = tls.RequireAndVerifyClientCert
	case t.ClientCerts():
		c.ClientAuth = tls.RequireAnyClientCert // the pins stand for authorities
	}
	if t.OCSPPeer.Verify && !t.Verify && !t.Map {
		return nil, errOCSPUnverified
	}
	if c.VerifyConnection, err = t.pinned(); err != nil {
		return nil, err
	}
	if t.CAFile != "" {
		if c.ClientCAs, err = authorities(t.CAFile); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// ClientConfig reads the files of t for the client's side of TLS, which needs no certificate; nil without t.
func (t *Block) ClientConfig() (*tls.Config, error) {
	if t == nil {
		return nil, nil
	}
	c := &tls.Config{
		MinVersion: max(t.MinVersion, tls.VersionTLS12), CipherSuites: t.CipherSuites, CurvePreferences: t.CurvePreferences,
		InsecureSkipVerify: t.Insecure, //nolint:gosec // where the file says so
	}
	var err error
	if t.CertFile != "" || t.KeyFile != "" || len(t.Certs) > 0 {
		c.Certificates, err = t.certificates()
	}
	if err == nil && t.CAFile != "" {
		c.RootCAs, err = authorities(t.CAFile)
	}
	if err != nil {
		return nil, t.error(err)
	}
	return c, nil
}

// errOCSPUnverified wants authorities to check certificates before they are asked about them.
var errOCSPUnverified = errors.New("OCSP peer verification for client connections requires TLS verify (mTLS) to be enabled")

// Pairs are the files of the certificates, in the order of tls.Config.Certificates.
func (t *Block) Pairs() []KeyPair {
	if len(t.Certs) > 0 {
		return t.Certs
	}
	return []KeyPair{{t.CertFile, t.KeyFile}}
}

// certificates loads the pair, or the pairs.
func (t *Block) certificates() ([]tls.Certificate, error) {
	if len(t.Certs) == 0 {
		switch {
		case t.CertFile == "":
			return nil, errors.New("missing 'cert_file' in TLS configuration")
		case t.KeyFile == "":
			return nil, errors.New("missing 'key_file' in TLS configuration")
		}
	}
	pairs := t.Pairs()
	out := make([]tls.Certificate, len(pairs))
	for i, p := range pairs {
		cert, err := tls.LoadX509KeyPair(p.CertFile, p.KeyFile)
		if err != nil {
			return nil, pairError(p, err)
		}
		out[i] = cert
	}
	return out, nil
}

// pairError names the files of p, unless err is about opening one of them and does so itself.
func pairError(p KeyPair, err error) error {
	const what = "error parsing X509 certificate/key pair"
	var open *os.PathError
	if errors.As(err, &open) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %s, %s: %w", what, p.CertFile, p.KeyFile, err)
}

func authorities(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("failed to parse root ca certificate: no certificate in %s", file)
	}
	return pool, nil
}

// pin is the SHA-256 of a SubjectPublicKeyInfo in DER (RFC 5280 §4.1).
type pin [sha256.Size]byte

const pinWanted = "hex-encoded sha256 of DER encoded SubjectPublicKeyInfo"

func parsePin(s string) (pin, error) {
	var p pin
	if n, err := hex.Decode(p[:], []byte(s[:min(len(s), 2*len(p))])); err != nil || n != len(p) || len(s) != 2*n {
		return p, fmt.Errorf("'pinned_certs' key %s does not look like %s", s, pinWanted)
	}
	return p, nil
}

// errNotPinned refuses a client's certificate.
var errNotPinned = errors.New("certificate not pinned")

// pinned checks the certificate of every connection, resumed ones too; nil without pins.
func (t *Block) pinned() (func(tls.ConnectionState) error, error) {
	if len(t.PinnedCerts) == 0 {
		return nil, nil
	}
	pins := make(map[pin]bool, len(t.PinnedCerts))
	for _, s := range t.PinnedCerts {
		p, err := parsePin(s)
		if err != nil {
			return nil, err
		}
		pins[p] = true
	}
	return func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 || !pins[sha256.Sum256(s.PeerCertificates[0].RawSubjectPublicKeyInfo)] {
			return errNotPinned
		}
		return nil
	}, nil
}

// error says where the block of t stands, if a file has it.
func (t *Block) error(err error) error {
	if t.at.File == "" {
		return err
	}
	return fmt.Errorf("%v: %w", t.at, err)
}
