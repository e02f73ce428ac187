package tlsfile_test

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net"
	"strings"
	"testing"
	"time"

	"weir/internal/tlsfile"
)

// shake does one handshake with a server of c, and returns the server's verdict and the client's state.
func shake(t *testing.T, c, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error, 1)
	go func() {
		nc, err := l.Accept()
		if err == nil {
			defer nc.Close()
			_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
			_, err = tls.Server(nc, c).Write([]byte{0})
		}
		done <- err
	}()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
	conn := tls.Client(nc, client)
	_, _ = conn.Read(make([]byte, 1)) // tickets come before it
	return conn.ConnectionState(), <-done
}

// TestTLSHandshake holds what a block demands against clients with certificates a and b, and without. Both are their own
// authorities, and only a is one that the server knows.
func TestTLSHandshake(t *testing.T) {
	dir := t.TempDir()
	certA, keyA := pair(t, dir, "a")
	certB, keyB := pair(t, dir, "b")
	certs := make(map[string][]tls.Certificate)
	pins := make(map[string]string)
	for name, files := range map[string]tlsfile.KeyPair{"a": {CertFile: certA, KeyFile: keyA}, "b": {CertFile: certB, KeyFile: keyB}} {
		c, err := tls.LoadX509KeyPair(files.CertFile, files.KeyFile)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(c.Leaf.RawSubjectPublicKeyInfo)
		certs[name], pins[name] = []tls.Certificate{c}, hex.EncodeToString(sum[:])
	}
	for _, tt := range []struct {
		name  string
		block tlsfile.Block
		let   string // who is let in
	}{
		{"nothing", tlsfile.Block{}, "a b none"},
		{"verify", tlsfile.Block{Verify: true}, "a"},
		{"map", tlsfile.Block{Map: true}, "a"},
		{"verify and pin", tlsfile.Block{Verify: true, PinnedCerts: []string{pins["a"], pins["b"]}}, "a"},
		{"verify and another pin", tlsfile.Block{Verify: true, PinnedCerts: []string{pins["b"]}}, ""},
		{"pin alone", tlsfile.Block{PinnedCerts: []string{strings.ToUpper(pins["b"])}}, "b"},
	} {
		tt.block.CertFile, tt.block.KeyFile, tt.block.CAFile = certA, keyA, certA
		server, err := tt.block.Config()
		if err != nil {
			t.Fatal(err)
		}
		if want := tt.let != "a b none"; tt.block.ClientCerts() != want {
			t.Errorf("%s: asks for certificates: %v", tt.name, !want)
		}
		var let []string
		for _, who := range []string{"a", "b", "none"} {
			client := &tls.Config{RootCAs: server.ClientCAs, ServerName: "127.0.0.1"}
			client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if c := certs[who]; c != nil {
					return &c[0], nil
				}
				return new(tls.Certificate), nil
			}
			if _, err := shake(t, server, client); err == nil {
				let = append(let, who)
			}
		}
		if got := strings.Join(let, " "); got != tt.let {
			t.Errorf("%s: lets in %q, want %q", tt.name, got, tt.let)
		}
	}
	for _, wrong := range []string{"", "ab", strings.Repeat("g", 64), pins["a"] + "ab"} {
		if _, err := (&tlsfile.Block{CertFile: certA, KeyFile: keyA, PinnedCerts: []string{wrong}}).Config(); err == nil {
			t.Errorf("pin %q is no error", wrong)
		}
	}
}

// TestPinnedCertsOnResumption resumes a session whose certificate is not pinned any more.
func TestPinnedCertsOnResumption(t *testing.T) {
	dir := t.TempDir()
	cert, key := pair(t, dir, "a")
	block := tlsfile.Block{CertFile: cert, KeyFile: key}
	c, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(c.Leaf.RawSubjectPublicKeyInfo)
	block.PinnedCerts = []string{hex.EncodeToString(sum[:])}
	before, err := block.Config()
	if err != nil {
		t.Fatal(err)
	}
	block.PinnedCerts = []string{strings.Repeat("0", 64)}
	after, err := block.Config()
	if err != nil {
		t.Fatal(err)
	}
	tickets := [32]byte{1}
	before.SetSessionTicketKeys([][32]byte{tickets})
	after.SetSessionTicketKeys([][32]byte{tickets})
	block.CAFile = cert
	trust, err := block.Config()
	if err != nil {
		t.Fatal(err)
	}
	client := &tls.Config{
		RootCAs: trust.ClientCAs, ServerName: "127.0.0.1", Certificates: []tls.Certificate{c},
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	for i := range 2 {
		if state, err := shake(t, before, client); err != nil || state.DidResume != (i == 1) {
			t.Fatalf("handshake %d: resumed %v, %v", i, state.DidResume, err)
		}
	}
	if state, err := shake(t, after, client); err == nil {
		t.Errorf("let in, resumed %v", state.DidResume)
	}
}
