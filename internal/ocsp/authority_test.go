package ocsp_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	wire "golang.org/x/crypto/ocsp"
)

// authority signs certificates, and answers what is asked about them in place of the network.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey

	mu    sync.Mutex // guards all below
	what  map[string]reply
	asked []*http.Request
	// answer is in place of everything, if it is set.
	answer func(*http.Request) (*http.Response, error)
	serial int64
}

// reply is what is said about a certificate. Times are from now.
type reply struct {
	status     int
	this, next time.Duration // next 0 leaves it out
	by         *authority    // who signs
	named      *x509.Certificate
}

const responderURL = "http://ca.test/ocsp"

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t, what: map[string]reply{}}
	a.cert, a.key = a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign})
	return a
}

// sign makes a certificate; the first one is the authority's own.
func (a *authority) sign(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	a.serial++
	template.SerialNumber = big.NewInt(a.serial)
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(1000*time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// client is a certificate that names the responder, and for which there is a reply.
func (a *authority) client(name string, r reply) *x509.Certificate {
	a.t.Helper()
	cert, _ := a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, OCSPServer: []string{responderURL}})
	a.say(cert, r)
	return cert
}

// say sets the reply about a certificate.
func (a *authority) say(cert *x509.Certificate, r reply) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.what[cert.SerialNumber.String()] = r
}

// breaks sets what happens in place of an answer; nil is the answer.
func (a *authority) breaks(answer func(*http.Request) (*http.Response, error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = answer
}

// requests are those since the last call.
func (a *authority) requests() []*http.Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	asked := a.asked
	a.asked = nil
	return asked
}

// RoundTrip answers a request.
func (a *authority) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	a.asked = append(a.asked, r)
	answer := a.answer
	a.mu.Unlock()
	if answer != nil {
		return answer(r)
	}
	der, err := question(r)
	if err != nil {
		return response(r, http.StatusBadRequest, nil), nil
	}
	q, err := wire.ParseRequest(der)
	if err != nil {
		return response(r, http.StatusBadRequest, nil), nil
	}
	a.mu.Lock()
	what, ok := a.what[q.SerialNumber.String()]
	a.mu.Unlock()
	if !ok {
		return response(r, http.StatusNotFound, nil), nil
	}
	return response(r, http.StatusOK, a.reply(q.SerialNumber, what)), nil
}

func question(r *http.Request) ([]byte, error) {
	if r.Method == http.MethodPost {
		return io.ReadAll(r.Body)
	}
	raw, err := url.QueryUnescape(r.URL.EscapedPath()[strings.LastIndex(r.URL.EscapedPath(), "/")+1:])
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(raw)
}

func response(r *http.Request, status int, body []byte) *http.Response {
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{},
		Body: io.NopCloser(bytes.NewReader(body)), Request: r}
}

// reply makes an OCSP response.
func (a *authority) reply(serial *big.Int, what reply) []byte {
	now := time.Now()
	template := wire.Response{Status: what.status, SerialNumber: serial, ThisUpdate: now.Add(what.this), RevokedAt: now, IssuerHash: crypto.SHA1}
	if what.next != 0 {
		template.NextUpdate = now.Add(what.next)
	}
	signer := a
	if what.by != nil {
		signer = what.by
	}
	template.Certificate = what.named
	named := signer.cert
	if what.named != nil {
		named = what.named
	}
	der, err := wire.CreateResponse(a.cert, named, template, signer.key)
	if err != nil {
		a.t.Error(err)
	}
	return der
}

// state is what TLS knows after it has verified a client.
func state(chains ...[]*x509.Certificate) tls.ConnectionState {
	return tls.ConnectionState{VerifiedChains: chains}
}

// paper is a certificate of which only OCSP sees that it is none: many of them cost nothing.
func (a *authority) paper(n int, r reply) *x509.Certificate {
	cert := &x509.Certificate{SerialNumber: big.NewInt(int64(1000 + n)), Raw: binary.BigEndian.AppendUint64(nil, uint64(n)),
		OCSPServer: []string{responderURL}}
	a.say(cert, r)
	return cert
}

// goods is a reply for a good certificate, for an hour.
var goods = reply{status: wire.Good, this: -time.Minute, next: time.Hour}

// lines is a log for a test to look into.
type lines struct {
	mu   sync.Mutex // guards text
	text []string
}

func (l *lines) Enabled(context.Context, slog.Level) bool { return true }
func (l *lines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *lines) WithGroup(string) slog.Handler            { return l }

func (l *lines) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, r.Level.String()+" "+r.Message)
	return nil
}

// has reports whether a line with all parts is there.
func (l *lines) has(parts ...string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
next:
	for _, line := range l.text {
		for _, part := range parts {
			if !strings.Contains(line, part) {
				continue next
			}
		}
		return true
	}
	return false
}
