package ocsp

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
)

// storeDir is the folder of staples in Config.StoreDir. A file in it has the SHA-256 of the certificate for its name, as in
// nats-server's.
const storeDir = "ocsp"

// Stapling staples the certificates of one configuration.
type Stapling struct {
	Config  Config
	Fetcher *Fetcher
	Log     *slog.Logger
	// Known are the staplers of the configuration before, whose staples are good for the same certificates.
	Known []*Stapler
}

// Staple makes c present those of its certificates that are to be stapled with their staples. files are the files of the
// certificates, for logs. It fetches staples that are not known; the caller runs the staplers.
func (s Stapling) Staple(c *tls.Config, files []string) ([]*Stapler, error) {
	var (
		chosen  certificates
		running []*Stapler
	)
	for i, cert := range c.Certificates {
		own := presented{cert: &c.Certificates[i]}
		if s.wanted(cert.Leaf, files[i]) {
			st, err := s.stapler(cert, c.ClientCAs, files[i])
			if err != nil {
				return nil, err
			}
			own.stapler = st
			running = append(running, st)
		}
		chosen = append(chosen, own)
	}
	if len(running) > 0 {
		// crypto/tls asks GetCertificate for clients that name no server only if there are no Certificates.
		c.Certificates, c.GetCertificate = nil, chosen.get
	}
	return running, nil
}

// wanted reports whether the mode wants a staple for cert.
func (s Stapling) wanted(cert *x509.Certificate, file string) bool {
	switch s.Config.Mode {
	case Never:
		if promisesStaple(cert) {
			s.Log.Warn(fmt.Sprintf("Certificate at '%s' has MustStaple but OCSP is disabled", file))
		}
		return false
	case Always:
		return true
	}
	return promisesStaple(cert)
}

// stapler makes a stapler that has a staple.
func (s Stapling) stapler(cert tls.Certificate, roots *x509.CertPool, file string) (*Stapler, error) {
	issuer, err := issuerOf(cert, roots)
	if err != nil {
		return nil, fmt.Errorf("OCSP stapling of certificate at '%s': %w", file, err)
	}
	st := &Stapler{
		fetcher: s.Fetcher, log: s.Log, file: file, cert: cert, link: link{cert.Leaf, issuer},
		strict: s.Config.Mode == Always || s.Config.Mode == Must,
		wake:   make(chan struct{}, 1), attempt: make(chan struct{}),
	}
	if st.responders = s.Config.Responders; len(st.responders) == 0 {
		st.responders = st.link.responders()
	}
	if s.Config.StoreDir != "" {
		st.store = filepath.Join(s.Config.StoreDir, storeDir, fmt.Sprintf("%x", sha256.Sum256(cert.Leaf.Raw)))
	}
	return st, st.begin(s.Known)
}

// presented is one certificate that a listener has, and what staples it; nil if nothing does.
type presented struct {
	cert    *tls.Certificate
	stapler *Stapler
}

// certificates are those of a listener, in the order of the configuration.
type certificates []presented

// get chooses as crypto/tls does: the first one that the client can use, or the first one.
func (c certificates) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	own := c[0]
	if len(c) > 1 {
		if i := slices.IndexFunc(c, func(p presented) bool { return hello.SupportsCertificate(p.cert) == nil }); i > 0 {
			own = c[i]
		}
	}
	if own.stapler == nil {
		return own.cert, nil
	}
	return own.stapler.certificate(hello.Context())
}

// tlsFeature is id-pe-tlsfeature (RFC 7633 §6).
var tlsFeature = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}

// statusRequest is the extension that a certificate promises with Must-Staple (RFC 6066 §1.1).
const statusRequest = 5

// promisesStaple reports whether clients may insist on a staple.
func promisesStaple(cert *x509.Certificate) bool {
	for _, e := range cert.Extensions {
		if !e.Id.Equal(tlsFeature) {
			continue
		}
		var features []int
		rest, err := asn1.Unmarshal(e.Value, &features)
		return err == nil && len(rest) == 0 && slices.Contains(features, statusRequest)
	}
	return false
}

var (
	errNoIssuer    = errors.New("no issuers found")
	errWrongIssuer = errors.New("the certificate after it in the file has not signed it")
	errIssuerNotCA = errors.New("its issuer is no CA")
)

// issuerOf finds who has signed cert: the next one in its file, else somebody among the roots; nil roots are the system's.
func issuerOf(cert tls.Certificate, roots *x509.CertPool) (*x509.Certificate, error) {
	var issuer *x509.Certificate
	if len(cert.Certificate) > 1 {
		next, err := x509.ParseCertificate(cert.Certificate[1])
		if err != nil {
			return nil, err
		}
		if next.CheckSignature(cert.Leaf.SignatureAlgorithm, cert.Leaf.RawTBSCertificate, cert.Leaf.Signature) != nil {
			return nil, errWrongIssuer
		}
		issuer = next
	} else {
		chains, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		if err != nil || len(chains[0]) < 2 {
			return nil, errNoIssuer
		}
		issuer = chains[0][1]
	}
	if !issuer.IsCA {
		return nil, errIssuerNotCA
	}
	return issuer, nil
}
