package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// identity writes a certificate for 127.0.0.1 that is its own authority, and its key, and returns the pin of the certificate.
func identity(t *testing.T, name string) (certFile, keyFile, pin string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sum := sha256.Sum256(public)
	return write(name+".pem", "CERTIFICATE", cert), write(name+".key", "PRIVATE KEY", private), hex.EncodeToString(sum[:])
}

// Only the client whose certificate is pinned gets in, over TCP and over WebSocket, where nats-server forgets to look. The
// monitoring pages, under the same certificate, ask for none.
func TestPinnedCerts(t *testing.T) {
	cert, key, pin := identity(t, "known")
	strangeCert, strangeKey, _ := identity(t, "strange")
	block := fmt.Sprintf("tls { cert_file: %q, key_file: %q, pinned_certs: [ %q ], handshake_first: true }\n", cert, key, pin)
	s, _ := started(t, "listen: \"127.0.0.1:-1\", https: \"127.0.0.1:-1\"\n"+block+
		"websocket { listen: \"127.0.0.1:-1\"\n"+block+"}\n")
	load := func(cert, key string) []tls.Certificate {
		c, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		return []tls.Certificate{c}
	}
	for _, tt := range []struct {
		who   string
		certs []tls.Certificate
		ok    bool
	}{
		{"known", load(cert, key), true},
		{"strange", load(strangeCert, strangeKey), false},
		{"nobody", nil, false},
	} {
		for _, addr := range []net.Addr{s.ClientAddr(), s.WebSocketAddr()} {
			c := &tls.Config{InsecureSkipVerify: true, Certificates: tt.certs}
			nc, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", addr.String(), c)
			if err == nil {
				nc.SetDeadline(time.Now().Add(patience))
				fmt.Fprint(nc, "GET / HTTP/1.0\r\n\r\n")
				_, err = nc.Read(make([]byte, 1)) // the server's verdict comes after the client's handshake
				nc.Close()
			}
			if (err == nil) != tt.ok {
				t.Errorf("%s at %v: %v", tt.who, addr, err)
			}
		}
	}
	pages := http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer pages.CloseIdleConnections()
	r, err := pages.Get("https://" + s.MonitorAddr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
}
