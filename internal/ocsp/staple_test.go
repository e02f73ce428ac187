package ocsp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	wire "golang.org/x/crypto/ocsp"

	"weir/internal/ocsp"
)

// mustStaple is the extension of RFC 7633.
var mustStaple = pkix.Extension{Id: []int{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte{0x30, 3, 2, 1, 5}}

// server is a certificate of a server, in the form of a configuration.
func (a *authority) server(r reply, extensions ...pkix.Extension) *tls.Config {
	a.t.Helper()
	cert, key := a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "server"}, OCSPServer: []string{responderURL}, ExtraExtensions: extensions})
	a.say(cert, r)
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{Certificates: []tls.Certificate{pair(cert, key)}, ClientCAs: pool}
}

func pair(cert *x509.Certificate, key *ecdsa.PrivateKey, more ...*x509.Certificate) tls.Certificate {
	c := tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
	for _, m := range more {
		c.Certificate = append(c.Certificate, m.Raw)
	}
	return c
}

// stapling is what a server with that configuration has.
func (a *authority) stapling(c ocsp.Config, log *lines) ocsp.Stapling {
	return ocsp.Stapling{Config: c, Fetcher: ocsp.NewFetcher(a), Log: slog.New(log)}
}

// handshake does one as a client, and returns the status in the staple, -1 without one.
func handshake(t *testing.T, c *tls.Config) (int, error) {
	t.Helper()
	ours, theirs := net.Pipe()
	defer ours.Close()   //nolint:errcheck // a pipe
	defer theirs.Close() //nolint:errcheck // a pipe
	server := tls.Server(theirs, c)
	done := make(chan error, 1)
	go func() { done <- server.HandshakeContext(t.Context()) }()
	client := tls.Client(ours, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err := errors.Join(client.Handshake(), <-done); err != nil {
		return -1, err
	}
	raw := client.ConnectionState().OCSPResponse
	if raw == nil {
		return -1, nil
	}
	r, err := wire.ParseResponse(raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Status, nil
}

func TestModes(t *testing.T) {
	for _, tt := range []struct {
		mode     ocsp.Mode
		promised bool
		reply    reply
		staple   int // -1: none, -2: refused
	}{
		{ocsp.Auto, true, goods, wire.Good},
		{ocsp.Auto, true, reply{status: wire.Revoked, next: time.Hour}, wire.Revoked},
		{ocsp.Auto, false, goods, -1},
		{ocsp.Auto, true, reply{this: time.Hour}, -2},
		{ocsp.Auto, true, reply{this: -time.Hour, next: -time.Minute}, -2},
		{ocsp.Always, false, goods, wire.Good},
		{ocsp.Always, false, reply{status: wire.Unknown, next: time.Hour}, -2},
		{ocsp.Always, true, reply{status: wire.Revoked, next: time.Hour}, -2},
		{ocsp.Must, false, reply{status: wire.Revoked, next: time.Hour}, -1},
		{ocsp.Must, true, reply{status: wire.Revoked, next: time.Hour}, -2},
		{ocsp.Must, true, goods, wire.Good},
		{ocsp.Never, false, goods, -1},
		{ocsp.Never, true, goods, -1},
	} {
		a, log := newAuthority(t), &lines{}
		var promise []pkix.Extension
		if tt.promised {
			promise = append(promise, mustStaple)
		}
		c := a.server(tt.reply, promise...)
		staplers, err := a.stapling(ocsp.Config{Mode: tt.mode}, log).Staple(c, []string{"server.pem"})
		if tt.staple == -2 {
			if err == nil || !strings.Contains(err.Error(), "OCSP status") || !strings.Contains(err.Error(), "server.pem") {
				t.Errorf("%+v: %v", tt, err)
			}
			continue
		}
		got, shake := handshake(t, c)
		if err != nil || shake != nil || got != tt.staple || (len(staplers) > 0) != (got >= 0) {
			t.Errorf("%+v: status %d, %d staplers, %v, %v", tt, got, len(staplers), err, shake)
		}
		if log.has("WARN", "MustStaple") != (tt.mode == ocsp.Never && tt.promised) {
			t.Errorf("%+v: %q", tt, log.text)
		}
	}
}

// TestPromise reads the extension of RFC 7633.
func TestPromise(t *testing.T) {
	for value, want := range map[string]bool{
		"\x30\x03\x02\x01\x05": true, "\x30\x06\x02\x01\x11\x02\x01\x05": true, "\x30\x03\x02\x01\x11": false, "\x30\x00": false,
		"": false, "\x30\x03\x02\x01\x05\x00": false, "junk": false,
	} {
		a := newAuthority(t)
		c := a.server(goods)
		c.Certificates[0].Leaf.Extensions = []pkix.Extension{{Id: []int{1, 2}}, {Id: mustStaple.Id, Value: []byte(value)}}
		staplers, err := a.stapling(ocsp.Config{}, &lines{}).Staple(c, []string{"a"})
		if err != nil || (len(staplers) == 1) != want {
			t.Errorf("%x: %d, %v", value, len(staplers), err)
		}
	}
}

// TestIssuer finds who has signed the certificate, or says that it can not.
func TestIssuer(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	cert, key := a.sign(&x509.Certificate{OCSPServer: []string{responderURL}})
	a.say(cert, goods)
	plain, plainKey := a.sign(&x509.Certificate{})
	below := &authority{t: t, cert: plain, key: plainKey, serial: 100}
	child, childKey := below.sign(&x509.Certificate{})
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	for name, tt := range map[string]struct {
		cert  tls.Certificate
		roots *x509.CertPool
		err   string
	}{
		"root":      {pair(cert, key), pool, ""},
		"bundle":    {pair(cert, key, a.cert), nil, ""},
		"wrong":     {pair(cert, key, other.cert), pool, "has not signed it"},
		"junk":      {tls.Certificate{Certificate: [][]byte{cert.Raw, {1}}, Leaf: cert}, pool, "x509"},
		"nobody":    {pair(cert, key), x509.NewCertPool(), "no issuers found"},
		"itself":    {pair(a.cert, a.key), pool, "no issuers found"},
		"no CA":     {pair(child, childKey, plain), pool, "no CA"},
		"no server": {pair(plain, plainKey), pool, "names none"},
	} {
		c := &tls.Config{Certificates: []tls.Certificate{tt.cert}, ClientCAs: tt.roots}
		_, err := a.stapling(ocsp.Config{Mode: ocsp.Always}, &lines{}).Staple(c, []string{"a.pem"})
		if (err == nil) != (tt.err == "") || err != nil && (!strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), "a.pem")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFirstStaple takes it from where it is: the stapler before, the store, the responder.
func TestFirstStaple(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, log := newAuthority(t), &lines{}
		fresh := func(c *tls.Config) *tls.Config {
			return &tls.Config{Certificates: c.Certificates[:1:1], ClientCAs: c.ClientCAs}
		}
		c := a.server(goods)
		store := ocsp.Config{Mode: ocsp.Always, StoreDir: filepath.Join(t.TempDir(), "made for it")}
		start := func(config ocsp.Config, known []*ocsp.Stapler, requests int) []*ocsp.Stapler {
			t.Helper()
			a.requests()
			s := a.stapling(config, log)
			s.Known = known
			staplers, err := s.Staple(fresh(c), []string{"a.pem"})
			if err != nil {
				t.Error(err)
			}
			if n := len(a.requests()); n != requests {
				t.Errorf("%d requests, want %d", n, requests)
			}
			return staplers
		}
		known := start(ocsp.Config{Mode: ocsp.Always}, nil, 1)
		start(ocsp.Config{Mode: ocsp.Always}, known, 0)
		start(store, nil, 1)
		start(store, nil, 0)
		files, err := os.ReadDir(filepath.Join(store.StoreDir, "ocsp"))
		if err != nil || len(files) != 1 || len(files[0].Name()) != 64 {
			t.Fatalf("%v, %v", files, err)
		}
		if err := os.WriteFile(filepath.Join(store.StoreDir, "ocsp", files[0].Name()), []byte("junk"), 0o600); err != nil {
			t.Fatal(err)
		}
		start(store, nil, 1)
		start(store, nil, 0)
		other := a.server(goods)
		s := a.stapling(store, log)
		s.Known = known
		if _, err := s.Staple(other, []string{"b.pem"}); err != nil || len(a.requests()) != 1 {
			t.Errorf("the staple of another certificate: %v", err)
		}
		time.Sleep(2 * time.Hour) // they have run out
		start(store, known, 1)
		// A store that can not be written is a pity.
		store.StoreDir = filepath.Join(store.StoreDir, "ocsp", files[0].Name())
		start(store, nil, 1)
		if !log.has("WARN", "can not keep") {
			t.Errorf("%q", log.text)
		}
	})
}

// TestRun renews a staple at half of its time.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, log := newAuthority(t), &lines{}
		c := a.server(reply{next: time.Hour}, mustStaple)
		s := a.stapling(ocsp.Config{Responders: []string{"http://own.test/"}}, log)
		staplers, err := s.Staple(c, []string{"a.pem"})
		if err != nil || len(staplers) != 1 {
			t.Fatal(err)
		}
		if r := a.requests(); len(r) != 1 || r[0].Method != http.MethodPost || r[0].URL.String() != "http://own.test" {
			t.Errorf("%v", r)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan bool)
		go func() { ended <- staplers[0].Run(ctx) }()
		after := func(d time.Duration, requests int) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if n := len(a.requests()); n != requests {
				t.Errorf("%d requests, want %d", n, requests)
			}
		}
		after(29*time.Minute, 0)
		after(2*time.Minute, 1)
		a.breaks(down)
		after(29*time.Minute+30*time.Second, 2) // POST, and GET
		after(14*time.Minute, 0)
		after(2*time.Minute, 2) // half of what is left
		if !log.has("ERROR", "Bad OCSP status update for certificate 'a.pem'", "trying again in") {
			t.Errorf("%q", log.text)
		}
		if status, err := handshake(t, c); status != wire.Good || err != nil {
			t.Errorf("status %d, %v", status, err)
		}
		time.Sleep(20 * time.Minute)
		a.requests()
		if _, err := handshake(t, c); err == nil || !strings.Contains(err.Error(), "no current OCSP staple") {
			t.Errorf("in without a staple: %v", err)
		}
		a.breaks(nil)
		before := time.Now()
		if status, err := handshake(t, c); status != wire.Good || err != nil || time.Since(before) > time.Second {
			t.Errorf("status %d, %v after %v", status, err, time.Since(before))
		}
		cancel()
		if <-ended {
			t.Error("it wants the server to stop")
		}
	})
}

// TestRunRevoked ends in a mode that wants the server to stop, and goes on in the others.
func TestRunRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for mode, ends := range map[ocsp.Mode]bool{ocsp.Auto: false, ocsp.Always: true, ocsp.Must: true} {
			a, log := newAuthority(t), &lines{}
			c := a.server(reply{}, mustStaple) // without an end: looked at once in a day
			cert := c.Certificates[0].Leaf
			staplers, err := a.stapling(ocsp.Config{Mode: mode}, log).Staple(c, []string{"a.pem"})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan bool, 1)
			go func() { ended <- staplers[0].Run(ctx) }()
			a.say(cert, reply{status: wire.Revoked, next: 4 * time.Hour})
			time.Sleep(23 * time.Hour)
			if log.has("revoked") {
				t.Errorf("%v: it asks too often", mode)
			}
			time.Sleep(2 * time.Hour)
			if !log.has("ERROR", "Received OCSP status for certificate 'a.pem': revoked") {
				t.Errorf("%v: %q", mode, log.text)
			}
			if !ends {
				if status, err := handshake(t, c); status != wire.Revoked || err != nil {
					t.Errorf("%v: status %d, %v", mode, status, err)
				}
				a.say(cert, goods)
				time.Sleep(2 * time.Hour)
				if status, err := handshake(t, c); status != wire.Good || err != nil {
					t.Errorf("%v: status %d, %v", mode, status, err)
				}
			}
			cancel()
			if got := <-ended; got != ends {
				t.Errorf("%v: Run says %v", mode, got)
			}
		}
	})
}
