package process

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Identity is a certificate, its key, and the files that they are in.
type Identity struct {
	Cert              *x509.Certificate
	Key               *ecdsa.PrivateKey
	CertFile, KeyFile string
}

// Files is what a tls block says of the files.
func (id *Identity) Files() string {
	return fmt.Sprintf("cert_file: %q, key_file: %q", id.CertFile, id.KeyFile)
}

// TLS is the identity as a client or a server shows it.
func (id *Identity) TLS() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{id.Cert.Raw}, PrivateKey: id.Key, Leaf: id.Cert}
}

// Sign makes a certificate from a template, for a day around now, and writes name.pem and name-key.pem into dir. Without a
// signer it signs itself.
func Sign(dir, name string, template *x509.Certificate, signer *Identity) (*Identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template.SerialNumber = big.NewInt(now.UnixNano())
	template.NotBefore, template.NotAfter = now.Add(-time.Hour), now.Add(24*time.Hour)
	parent, by := template, key
	if signer != nil {
		parent, by = signer.Cert, signer.Key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	id := &Identity{Cert: cert, Key: key, CertFile: filepath.Join(dir, name+".pem"), KeyFile: filepath.Join(dir, name+"-key.pem")}
	if err := os.WriteFile(id.CertFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return nil, err
	}
	return id, os.WriteFile(id.KeyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600)
}

// Certificate makes, once per test binary, a certificate for 127.0.0.1 and localhost that signs itself. It returns the
// paths of the certificate, which is also the CA, and of its key.
func Certificate() (cert, key string) {
	id := selfSigned()
	return id.CertFile, id.KeyFile
}

var selfSigned = sync.OnceValue(func() *Identity {
	dir, err := scratch()
	if err != nil {
		panic(err)
	}
	id, err := Sign(dir, "localhost", &x509.Certificate{
		Subject:               pkix.Name{CommonName: "localhost"},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}, nil)
	if err != nil {
		panic(err)
	}
	return id
})
