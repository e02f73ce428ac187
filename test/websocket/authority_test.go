package websocket

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"testing"

	"weir/test/process"
	"weir/test/wire"
)

// authority signs certificates for one test.
type authority struct {
	t    *testing.T
	dir  string
	own  *process.Identity // nil until it has signed it
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir(), pool: x509.NewCertPool()}
	a.own = a.sign("ca", &x509.Certificate{
		Subject: pkix.Name{CommonName: "an authority"}, KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	})
	a.pool.AddCert(a.own.Cert)
	return a
}

func (a *authority) sign(name string, template *x509.Certificate) *process.Identity {
	a.t.Helper()
	id, err := process.Sign(a.dir, name, template, a.own)
	if err != nil {
		a.t.Fatal(err)
	}
	return id
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
	return a.files(a.sign(name, template))
}

// files is what a tls block says of an identity, and of the authority.
func (a *authority) files(id *process.Identity) string {
	return fmt.Sprintf("%s, ca_file: %q", id.Files(), a.own.CertFile)
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
	return a.sign(name, &x509.Certificate{RawSubject: raw, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}).TLS()
}

// trust is what a client with these certificates knows.
func (a *authority) trust(certificates ...tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: a.pool, ServerName: "127.0.0.1", Certificates: certificates}
}

// dialTLS upgrades over TLS. Of TLS 1.3 the client only hears with its first read that the server did not like it.
func dialTLS(t *testing.T, server *process.Server, config *tls.Config, header ...string) (*session, error) {
	t.Helper()
	return over(t, server, tls.Client(process.Dial(t, server.WebSocket), config), wire.Request(server.WebSocket, "/", header...))
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
