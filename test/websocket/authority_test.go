package websocket

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"weir/test/process"
	"weir/test/wire"
)

// authority signs certificates for one test.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	// file has its certificate.
	file string
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir(), pool: x509.NewCertPool()}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "an authority"}, KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	a.cert, a.key = a.sign("ca", template)
	a.file = filepath.Join(a.dir, "ca.pem")
	a.pool.AddCert(a.cert)
	return a
}

// sign makes a certificate and a key, and writes them to name.pem and name-key.pem.
func (a *authority) sign(name string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	must := func(err error) {
		a.t.Helper()
		if err != nil {
			a.t.Fatal(err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	now := time.Now()
	template.SerialNumber = big.NewInt(now.UnixNano())
	template.NotBefore, template.NotAfter = now.Add(-time.Hour), now.Add(24*time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	must(err)
	cert, err := x509.ParseCertificate(der)
	must(err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	must(os.WriteFile(filepath.Join(a.dir, name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(os.WriteFile(filepath.Join(a.dir, name+"-key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return cert, key
}

// server signs a certificate for a server, and returns what a tls block says about it.
func (a *authority) server(name string, hosts ...string) string {
	a.t.Helper()
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	a.sign(name, template)
	return fmt.Sprintf("cert_file: %q, key_file: %q, ca_file: %q", filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+"-key.pem"), a.file)
}

// client signs a certificate for a client.
func (a *authority) client(name string, subject pkix.Name) tls.Certificate {
	a.t.Helper()
	return a.clientWith(name, subject.ToRDNSequence())
}

// clientWith is client with every part of the subject where it is.
func (a *authority) clientWith(name string, subject pkix.RDNSequence) tls.Certificate {
	a.t.Helper()
	raw, err := asn1.Marshal(subject)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, key := a.sign(name, &x509.Certificate{RawSubject: raw, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

// trust is what a client with these certificates knows.
func (a *authority) trust(certificates ...tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: a.pool, ServerName: "127.0.0.1", Certificates: certificates}
}

// dialTLS upgrades over TLS. Of TLS 1.3 the client only hears with its first read that the server did not like it.
func dialTLS(t *testing.T, server *process.Server, config *tls.Config, header ...string) (*session, error) {
	t.Helper()
	nc, err := net.Dial("tcp", server.WebSocket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	secure := tls.Client(nc, config)
	c, err := wire.Upgrade(secure, process.Patience, wire.Request(server.WebSocket, "/", header...))
	if err != nil {
		return nil, err
	}
	return &session{Conn: c, t: t, server: server}, nil
}

// connectTLS is dialTLS for a client that is let in. It returns the INFO.
func connectTLS(t *testing.T, server *process.Server, config *tls.Config, header ...string) (*session, string) {
	t.Helper()
	s, err := dialTLS(t, server, config, header...)
	if err != nil {
		t.Fatal(err)
	}
	info := s.line()
	s.send(data("CONNECT {\"verbose\":false}\r\nPING\r\n"))
	s.want("PONG")
	return s, info
}
