package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// Config reads the files of t. It is called anew for a reload, so that renewed certificates are picked up. An error is
// one line that names the file.
func (t *TLS) Config() (*tls.Config, error) {
	certs, err := t.certificates()
	if err != nil {
		return nil, t.error(err)
	}
	c := &tls.Config{
		Certificates:     certs,
		MinVersion:       max(t.MinVersion, tls.VersionTLS12),
		CipherSuites:     t.CipherSuites,
		CurvePreferences: t.CurvePreferences,
	}
	if t.Verify {
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if t.CAFile != "" {
		if c.ClientCAs, err = authorities(t.CAFile); err != nil {
			return nil, t.error(err)
		}
	}
	return c, nil
}

// certificates loads the pair, or the pairs.
func (t *TLS) certificates() ([]tls.Certificate, error) {
	pairs := t.Certs
	if len(pairs) == 0 {
		switch {
		case t.CertFile == "":
			return nil, errors.New("missing 'cert_file' in TLS configuration")
		case t.KeyFile == "":
			return nil, errors.New("missing 'key_file' in TLS configuration")
		}
		pairs = []KeyPair{{t.CertFile, t.KeyFile}}
	}
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

// error says where the block of t stands, if a file has it.
func (t *TLS) error(err error) error {
	if t.at.File == "" {
		return err
	}
	return fmt.Errorf("%v: %w", t.at, err)
}
