package tlsfile_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/internal/ocsp"
	"weir/internal/tlsfile"
)

// parity: 9.1.29.25
func TestTLSKeys(t *testing.T) {
	for _, tt := range []struct {
		block string
		want  tlsfile.Block
	}{
		{`cert_file: a, key_file: b, ca_file: c`, tlsfile.Block{CertFile: "a", KeyFile: "b", CAFile: "c"}},
		{`certs: [ { cert_file: a, key_file: b }, { cert_file: c, key_file: d } ]`,
			tlsfile.Block{Certs: []tlsfile.KeyPair{{CertFile: "a", KeyFile: "b"}, {CertFile: "c", KeyFile: "d"}}}},
		{`certificates: [ { cert_file: a, key_file: b } ]`, tlsfile.Block{Certs: []tlsfile.KeyPair{{CertFile: "a", KeyFile: "b"}}}},
		{`connection_rate_limit: 3`, tlsfile.Block{RateLimit: 3}},
		{`connection_rate_limit: -1`, tlsfile.Block{}},
		{`verify: true`, tlsfile.Block{Verify: true}},
		{`min_version: "1.2"`, tlsfile.Block{MinVersion: tls.VersionTLS12}},
		{`min_version: "1.3"`, tlsfile.Block{MinVersion: tls.VersionTLS13}},
		{`timeout: 3`, tlsfile.Block{Timeout: 3 * time.Second}},
		{`timeout: 0.5`, tlsfile.Block{Timeout: 500 * time.Millisecond}},
		{`timeout: "3ms"`, tlsfile.Block{Timeout: 3 * time.Millisecond}},
		{`cipher_suites: [ TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 ]`,
			tlsfile.Block{CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}},
		{`cipher_suites: [ TLS_RSA_WITH_RC4_128_SHA ], allow_insecure_cipher_suites: true`,
			tlsfile.Block{CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}}},
		{`curve_preferences: [ CurveP256, X25519 ]`, tlsfile.Block{CurvePreferences: []tls.CurveID{tls.CurveP256, tls.X25519}}},
		{`handshake_first: true`, tlsfile.Block{HandshakeFirst: true}},
		{`first: "on"`, tlsfile.Block{HandshakeFirst: true}},
		{`immediate: "off"`, tlsfile.Block{}},
		{`handshake_first: auto`, tlsfile.Block{HandshakeFirst: true, HandshakeFallback: 50 * time.Millisecond}},
		{`handshake_first: "300ms"`, tlsfile.Block{HandshakeFirst: true, HandshakeFallback: 300 * time.Millisecond}},
		{`verify_and_map: true`, tlsfile.Block{Map: true}},
		// parity: 9.3.66
		{`pinned_certs: [ "` + strings.Repeat("aB", 32) + `" ]`, tlsfile.Block{PinnedCerts: []string{strings.Repeat("ab", 32)}}},
		{`insecure: true, verify_and_map: false, ocsp_peer: false, pinned_certs: []`, tlsfile.Block{Insecure: true}},
		{`verify_cert_and_check_known_urls: false`, tlsfile.Block{}},
		{`verify: true, ocsp_peer: true`, tlsfile.Block{Verify: true, OCSPPeer: ocsp.Peer{Verify: true}}},
		{`ocsp_peer { verify: true, ca_timeout: 3 }`, tlsfile.Block{OCSPPeer: ocsp.Peer{Verify: true, Timeout: 3 * time.Second}}},
		{`cert_match_by: Subject, cert_match: a, ca_certs_match: [ a ], cert_match_skip_invalid: true`, tlsfile.Block{}},
	} {
		o := mustParse(t, "tls {\n"+tt.block+"\n}\nwebsocket { tls {\n"+tt.block+"\n} }\n")
		for _, got := range []*tlsfile.Block{o.outer, o.inner} {
			if got.String() != tt.want.String() {
				t.Errorf("%s\n got %v\nwant %v", tt.block, got, &tt.want)
			}
		}
	}
}

func TestTLSErrors(t *testing.T) {
	for block, want := range map[string]string{
		`cert_file: 3`:             `2:1: cert_file: expected a string, got an integer`,
		`connection_rate_limit: a`: `2:1: error parsing tls config, 'connection_rate_limit' wrong type`,
		`verify: "x"`:              `2:1: verify: expected a boolean, got a string`,
		`cipher_suites: []`:        `2:1: error parsing tls config, 'cipher_suites' cannot be empty`,
		`cipher_suites: "x"`:       `2:1: cipher_suites: expected a list, got a string`,
		`cipher_suites: ["x"]`:     `2:18: unrecognized cipher x`,
		`cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]`: `1:1: insecure cipher suites configured without ` +
			`'allow_insecure_cipher_suites' option set: TLS_RSA_WITH_RC4_128_SHA`,
		`curve_preferences: ["x"]`: `2:22: unrecognized curve preference x`,
		`curve_preferences: []`:    `2:1: error parsing tls config, 'curve_preferences' cannot be empty`,
		`min_version: 1.2`:         `2:1: min_version: expected "1.2" or "1.3", got a number`,
		`min_version: "1.1"`:       `2:1: error parsing tls config: unsupported TLS version: TLS 1.1`,
		`min_version: "9"`:         `2:1: error parsing tls config: unknown version: 9`,
		`handshake_first: "x"`:     `2:1: field "handshake_first"'s value "x" is invalid`,
		`handshake_first: 3`:       `2:1: field "handshake_first" should be a boolean or a string, got an integer`,
		`verify_and_map: 3`:        `2:1: verify_and_map: expected a boolean, got an integer`,
		`pinned_certs: a`: `2:1: error parsing tls config, expected 'pinned_certs' to be a list of hex-encoded sha256 of DER encoded ` +
			`SubjectPublicKeyInfo`,
		`pinned_certs: [ ab ]`: `2:17: error parsing tls config, 'pinned_certs' key ab does not look like hex-encoded sha256 of DER encoded ` +
			`SubjectPublicKeyInfo`,
		`pinned_certs: [ 3 ]`:                    `2:17: pinned_certs: expected a string, got an integer`,
		`timeout: "x"`:                           `2:1: error parsing timeout: time: invalid duration "x"`,
		`verify_cert_and_check_known_urls: true`: `2:1: verify_cert_and_check_known_urls not supported in this context`,
		`certs: [ {cert_file: a} ]`:              `2:1: error parsing certificates config: both 'cert_file' and 'key_file' options are required`,
		`ocsp_peer { foo: 3 }`:                   `2:13: error parsing tls peer config, unknown field ["foo"]`,
		`cert_store: WindowsCurrentUser`:         `2:1: cert_store not compatible with current operating system`,
		`cert_store: Keychain`:                   `2:1: cert store type not implemented`,
		`cert_store: ""`:                         `2:1: expected 'cert_store' to be a valid non-empty string`,
		`cert_match_by: color`:                   `2:1: cert match by type not implemented`,
		`cert_match_by: 3`:                       `2:1: expected 'cert_match_by' to be a valid non-empty string`,
		`cert_match: ""`:                         `2:1: expected 'cert_match' to be a valid non-empty string`,
		`cert_match_skip_invalid: 3`:             `2:1: expected 'cert_match_skip_invalid' to be a boolean`,
		`certs: 3`:                               `2:1: certs: expected a list, got an integer`,
		`cert_file: a, certs: [ {cert_file: a, key_file: b} ]`: `1:1: error parsing tls config, cannot combine 'cert_file' option with 'certs' option`,
	} {
		_, err := parse("tls {\n" + block + "\n}\n")
		if err == nil || err.Error() != "weir.conf:"+want {
			t.Errorf("%s\n got %v\nwant weir.conf:%s", block, err, want)
		}
	}
}

// pair writes a certificate for 127.0.0.1 that is its own authority, and its key.
func pair(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: name},
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert = write(t, dir, name+".pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	key = write(t, dir, name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	return cert, key
}

func TestTLSConfig(t *testing.T) {
	dir := t.TempDir()
	cert, key := pair(t, dir, "a")
	cert2, key2 := pair(t, dir, "b")

	c, err := (&tlsfile.Block{CertFile: cert, KeyFile: key}).Config()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Certificates) != 1 || c.MinVersion != tls.VersionTLS12 || c.ClientAuth != tls.NoClientCert || c.NextProtos != nil {
		t.Errorf("%+v", c)
	}
	c, err = (&tlsfile.Block{
		Certs:  []tlsfile.KeyPair{{CertFile: cert, KeyFile: key}, {CertFile: cert2, KeyFile: key2}},
		CAFile: cert, Verify: true, MinVersion: tls.VersionTLS13,
		CipherSuites:     []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		CurvePreferences: []tls.CurveID{tls.X25519},
	}).Config()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Certificates) != 2 || c.MinVersion != tls.VersionTLS13 || c.ClientAuth != tls.RequireAndVerifyClientCert ||
		c.ClientCAs == nil || len(c.CipherSuites) != 1 || !slices.Equal(c.CurvePreferences, []tls.CurveID{tls.X25519}) {
		t.Errorf("%+v", c)
	}
}

// TestTLSFiles wants one line that names the file, and the block if it is in a file.
func TestTLSFiles(t *testing.T) {
	dir := t.TempDir()
	cert, key := pair(t, dir, "a")
	_, other := pair(t, dir, "b")
	junk, missing := write(t, dir, "junk.pem", "junk"), filepath.Join(dir, "none.pem")
	for _, tt := range []struct {
		block string
		want  []string
	}{
		{fmt.Sprintf(`cert_file: %q`, cert), []string{"missing 'key_file' in TLS configuration"}},
		{fmt.Sprintf(`key_file: %q`, key), []string{"missing 'cert_file' in TLS configuration"}},
		{``, []string{"missing 'cert_file' in TLS configuration"}},
		{fmt.Sprintf(`cert_file: %q, key_file: %q`, missing, key),
			[]string{"error parsing X509 certificate/key pair: open " + missing + ": no such file"}},
		{fmt.Sprintf(`cert_file: %q, key_file: %q`, cert, missing),
			[]string{"error parsing X509 certificate/key pair: open " + missing + ": no such file"}},
		{fmt.Sprintf(`cert_file: %q, key_file: %q`, junk, key), []string{"error parsing X509 certificate/key pair: ", junk, "PEM"}},
		{fmt.Sprintf(`cert_file: %q, key_file: %q`, cert, other),
			[]string{"error parsing X509 certificate/key pair: ", cert, other, "does not match"}},
		{fmt.Sprintf(`cert_file: %q, key_file: %q, ca_file: %q`, cert, key, missing), []string{"open " + missing}},
		{fmt.Sprintf(`cert_file: %q, key_file: %q, ca_file: %q`, cert, key, junk),
			[]string{"failed to parse root ca certificate", junk}},
		{fmt.Sprintf(`certs: [ { cert_file: %q, key_file: %q } ]`, cert, missing), []string{"open " + missing}},
	} {
		for text, at := range map[string]string{
			"\ntls {\n" + tt.block + "\n}\n":                   "weir.conf:2:1: ",
			"websocket {\n\n  tls {\n" + tt.block + "\n}\n}\n": "weir.conf:3:3: ",
		} {
			o := mustParse(t, text)
			err := o.load()
			if err == nil || !strings.HasPrefix(err.Error(), at) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s got %v", text, err)
				continue
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%s got %v\nwant %s", text, err, part)
				}
			}
		}
	}
	for _, unchecked := range []tlsfile.Block{{}, {PinnedCerts: []string{strings.Repeat("ab", 32)}}} {
		unchecked.CertFile, unchecked.KeyFile, unchecked.OCSPPeer.Verify = cert, key, true
		if _, err := unchecked.Config(); err == nil || !strings.Contains(err.Error(), "requires TLS verify") {
			t.Errorf("%v", err)
		}
	}
	if _, err := (&tlsfile.Block{CertFile: missing, KeyFile: key}).Config(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestTLSString(t *testing.T) {
	var none *tlsfile.Block
	if none.String() != "off" {
		t.Error(none.String())
	}
	a := mustParse(t, "tls { cert_file: a }").outer
	b := mustParse(t, "\n\ntls { cert_file: a }").outer
	if a.String() != b.String() || reflect.DeepEqual(a, b) {
		t.Errorf("%v and %v differ by their place only", a, b)
	}
}
