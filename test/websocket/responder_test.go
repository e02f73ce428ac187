package websocket

import (
	"bufio"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"weir/test/process"
)

// answer is what a responder says of one certificate. Times are from now.
type answer struct {
	status     int
	this, next time.Duration // next 0 leaves it out
	// code is an HTTP status in place of an answer, raw a text.
	code int
	raw  string
	by   *process.Identity // who signs, in place of the authority
}

// says is an answer that is good for some hours.
func says(status int) answer {
	return answer{status: status, this: -time.Hour, next: 4 * time.Hour}
}

// responder answers for the certificates of an authority. It begins without an answer to anything: HTTP 500.
type responder struct {
	a   *authority
	url string

	mu      sync.Mutex // guards all below
	answers map[string]answer
	asked   map[string]int
	hold    chan struct{} // answers wait for it to be closed; nil if they need not
}

func newResponder(a *authority) *responder {
	r := &responder{a: a, answers: map[string]answer{}, asked: map[string]int{}}
	server := httptest.NewServer(r)
	a.t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// say sets the answer about a certificate.
func (r *responder) say(cert *x509.Certificate, what answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[cert.SerialNumber.String()] = what
}

// forget sets back all counters and, if down, takes all answers away.
func (r *responder) forget(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.asked)
	if down {
		clear(r.answers)
	}
}

// count is how often it was asked about a certificate.
func (r *responder) count(cert *x509.Certificate) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked[cert.SerialNumber.String()]
}

// wait makes answers wait from now on, until the function that it returns is called.
func (r *responder) wait() (release func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	hold := make(chan struct{})
	r.hold = hold
	return func() { close(hold) }
}

func (r *responder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var (
		der []byte
		err error
	)
	if request.Method == http.MethodPost {
		der, err = io.ReadAll(request.Body)
	} else {
		der, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(request.URL.Path, "/"))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	question, err := ocsp.ParseRequest(der)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	serial := question.SerialNumber.String()
	r.mu.Lock()
	r.asked[serial]++
	what, known := r.answers[serial]
	hold := r.hold
	r.mu.Unlock()
	if hold != nil {
		<-hold
	}
	switch {
	case !known:
		w.WriteHeader(http.StatusInternalServerError)
	case what.code != 0:
		w.WriteHeader(what.code)
	case what.raw != "":
		_, _ = io.WriteString(w, what.raw)
	default:
		_, _ = w.Write(r.sign(question, what))
	}
}

// sign makes an answer.
func (r *responder) sign(question *ocsp.Request, what answer) []byte {
	now := time.Now()
	template := ocsp.Response{Status: what.status, SerialNumber: question.SerialNumber, ThisUpdate: now.Add(what.this),
		RevokedAt: now.Add(-24 * time.Hour), IssuerHash: crypto.SHA1}
	if what.next != 0 {
		template.NextUpdate = now.Add(what.next)
	}
	by := r.a.own
	if what.by != nil {
		by, template.Certificate = what.by, what.by.Cert
	}
	der, err := ocsp.CreateResponse(r.a.own.Cert, by.Cert, template, by.Key)
	if err != nil {
		r.a.t.Error(err)
	}
	return der
}

// client signs a certificate for a client that names the responder.
func (r *responder) client(name string) tls.Certificate {
	r.a.t.Helper()
	return r.a.sign(name, &x509.Certificate{Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, OCSPServer: []string{"ldap://nowhere.test", r.url}}).TLS()
}

// mustStaple is the extension of RFC 7633 that promises a staple.
var mustStaple = pkix.Extension{Id: []int{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte{0x30, 3, 2, 1, 5}}

// server signs a certificate for a server that names the responder, and returns what a tls block says about it.
func (r *responder) server(name string, extensions ...pkix.Extension) (string, *x509.Certificate) {
	r.a.t.Helper()
	id := r.a.sign(name, &x509.Certificate{Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{name},
		OCSPServer: []string{r.url}, ExtraExtensions: extensions})
	return r.a.files(id), id.Cert
}

// doors is a file with one tls block for both listeners.
func doors(keys string, top ...string) string {
	return fmt.Sprintf("host: 127.0.0.1\nport: -1\nhttp: \"127.0.0.1:-1\"\n%s\ntls { %s, timeout: 10 }\n"+
		"websocket {\n  host: 127.0.0.1\n  port: -1\n  tls { %s, timeout: 10 }\n}\n", strings.Join(top, "\n"), keys, keys)
}

// listeners are the two ways to come in with a certificate. Each returns what TLS came to.
var listeners = map[string]func(*testing.T, *process.Server, *tls.Config) (tls.ConnectionState, error){
	"tls": enterTLS,
	"wss": enterWSS,
}

func enterWSS(t *testing.T, server *process.Server, config *tls.Config) (state tls.ConnectionState, err error) {
	t.Helper()
	config.VerifyConnection = func(s tls.ConnectionState) error {
		state = s
		return nil
	}
	s, err := dialTLS(t, server, config)
	if err == nil {
		s.line()
		s.alive()
	}
	return state, err
}

func enterTLS(t *testing.T, server *process.Server, config *tls.Config) (state tls.ConnectionState, err error) {
	t.Helper()
	nc, err := net.DialTimeout("tcp", server.Client, process.Patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(process.Patience)); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(nc).ReadString('\n'); err != nil || !strings.HasPrefix(line, "INFO {") {
		t.Fatalf("%q, %v", line, err)
	}
	secure := tls.Client(nc, config)
	if err := secure.Handshake(); err != nil {
		return state, err
	}
	if _, err := io.WriteString(secure, "CONNECT {\"verbose\":false}\r\nPING\r\n"); err != nil {
		return state, err
	}
	_, err = bufio.NewReader(secure).ReadString('\n')
	return secure.ConnectionState(), err
}
