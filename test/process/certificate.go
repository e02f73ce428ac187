package process

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Certificate makes, once per test binary, a certificate for 127.0.0.1 and localhost that signs itself. It returns the
// paths of the certificate, which is also the CA, and of its key.
func Certificate() (cert, key string) {
	pair := selfSigned()
	return pair[0], pair[1]
}

var selfSigned = sync.OnceValue(func() [2]string {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "localhost"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, secret.Public(), secret)
	must(err)
	secretDER, err := x509.MarshalPKCS8PrivateKey(secret)
	must(err)
	dir, err := scratch()
	must(err)
	pair := [2]string{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	must(os.WriteFile(pair[0], pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(os.WriteFile(pair[1], pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secretDER}), 0o600))
	return pair
})
