package ocsp_test

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	wire "golang.org/x/crypto/ocsp"

	"weir/internal/ocsp"
)

// newChecker asks a, and keeps answers in memory.
func newChecker(t testing.TB, a *authority) (*ocsp.Checker, *lines) {
	t.Helper()
	log := &lines{}
	c := ocsp.NewChecker(ocsp.NewFetcher(a), slog.New(log))
	c.SetCache(ocsp.Cache{Dir: t.TempDir()})
	t.Cleanup(c.Close)
	return c, log
}

var errDown = errors.New("down")

func down(*http.Request) (*http.Response, error) { return nil, errDown }

func TestVerify(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	usurper, key := a.sign(&x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	delegate, key2 := a.sign(&x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}})
	replies := map[string]reply{
		"good": goods, "revoked": {status: wire.Revoked, next: time.Hour}, "unknown": {status: wire.Unknown, next: time.Hour},
		"past": {next: -time.Minute, this: -time.Hour}, "skewed": {next: -10 * time.Second, this: -time.Hour},
		"future": {this: time.Minute, next: time.Hour}, "early": {this: 10 * time.Second, next: time.Hour},
		"endless": {this: -50 * time.Minute}, "aged": {this: -70 * time.Minute},
		"stranger":  {next: time.Hour, by: other},
		"itself":    {next: time.Hour, named: a.cert},
		"usurped":   {next: time.Hour, by: &authority{key: key}, named: usurper},
		"delegated": {next: time.Hour, by: &authority{key: key2}, named: delegate},
	}
	for name, tt := range map[string]struct {
		peer ocsp.Peer
		in   string
	}{
		"plain":      {ocsp.Peer{}, "good skewed early endless itself delegated"},
		"unknown":    {ocsp.Peer{UnknownIsGood: true}, "good skewed early endless itself delegated unknown"},
		"strict":     {ocsp.Peer{Skew: -1}, "good endless itself delegated"},
		"short":      {ocsp.Peer{TTL: 10 * time.Minute}, "good skewed early itself delegated"},
		"no TTL":     {ocsp.Peer{TTL: -1}, "good skewed early itself delegated"},
		"long":       {ocsp.Peer{TTL: 2 * time.Hour, Skew: 2 * time.Minute}, "good skewed early endless itself delegated past future aged"},
		"warn":       {ocsp.Peer{WarnOnly: true}, "all"},
		"easy-going": {ocsp.Peer{AllowWhenUnreachable: true}, "good skewed early endless itself delegated"},
	} {
		c, log := newChecker(t, a)
		verify := c.Verify(tt.peer)
		for kind, r := range replies {
			in := tt.in == "all" || strings.Contains(" "+tt.in+" ", " "+kind+" ")
			cert := a.client(kind, r)
			for range 2 { // fetched, and from the cache
				err := verify(state([]*x509.Certificate{cert, a.cert}))
				if (err == nil) != in {
					t.Errorf("%s: %s: %v", name, kind, err)
				}
				if err != nil && (!errors.Is(err, ocsp.ErrPeer) || !strings.Contains(err.Error(), `"CN=`+kind+`"`)) {
					t.Errorf("%s: %s: %v", name, kind, err)
				}
			}
		}
		if log.has("WARN", "CN=revoked") != (name == "warn") {
			t.Errorf("%s: %q", name, log.text)
		}
	}
}

// TestChains: one chain has to be good, in each of its links.
func TestChains(t *testing.T) {
	a := newAuthority(t)
	c, _ := newChecker(t, a)
	verify := c.Verify(ocsp.Peer{})
	good, bad := a.client("good", goods), a.client("bad", reply{status: wire.Revoked, next: time.Hour})
	silent, _ := a.sign(&x509.Certificate{OCSPServer: []string{"ldap://ca.test", "http:", "::", "/"}})
	plain, _ := a.sign(&x509.Certificate{})
	type chain = []*x509.Certificate
	for name, tt := range map[string]struct {
		chains []chain
		in     bool
	}{
		"none":               {nil, false},
		"empty":              {[]chain{{}}, false},
		"the root itself":    {[]chain{{bad}}, true},
		"nobody to ask":      {[]chain{{plain, a.cert}}, true},
		"none to be asked":   {[]chain{{silent, a.cert}}, true},
		"good":               {[]chain{{good, a.cert}}, true},
		"bad":                {[]chain{{bad, a.cert}}, false},
		"good in the end":    {[]chain{{bad, a.cert}, {good, a.cert}}, true},
		"half":               {[]chain{{good, a.cert, a.cert}}, true},
		"bad at the top":     {[]chain{{plain, bad, a.cert}}, false},
		"not by that issuer": {[]chain{{good, newAuthority(t).cert}}, false},
	} {
		if err := verify(state(tt.chains...)); (err == nil) != tt.in {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUnreachable is when no CA answers.
func TestUnreachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		c, log := newChecker(t, a)
		client := state([]*x509.Certificate{a.client("ann", goods), a.cert})
		revoked := state([]*x509.Certificate{a.client("eve", reply{status: wire.Revoked, next: 10 * time.Minute}), a.cert})
		allow := c.Verify(ocsp.Peer{AllowWhenUnreachable: true})
		if err := allow(revoked); err == nil {
			t.Error("a revoked certificate is good")
		}
		a.breaks(down)
		if err := c.Verify(ocsp.Peer{})(client); err == nil || !strings.Contains(err.Error(), "no OCSP responder has answered") {
			t.Error(err)
		}
		if err := allow(client); err != nil || !log.has("WARN", "unreachable") {
			t.Error(err)
		}
		time.Sleep(time.Hour)
		if err := allow(revoked); err == nil {
			t.Error("what was revoked is good, because nobody can be asked")
		}
		time.Sleep(time.Hour)
		if err := allow(revoked); err != nil {
			t.Errorf("it is forgotten by now, and still: %v", err)
		}
	})
}

// TestPreserveRevoked never forgets that.
func TestPreserveRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		c, _ := newChecker(t, a)
		c.SetCache(ocsp.Cache{Dir: t.TempDir(), PreserveRevoked: true})
		revoked := state([]*x509.Certificate{a.client("eve", reply{status: wire.Revoked, next: time.Minute}), a.cert})
		allow := c.Verify(ocsp.Peer{AllowWhenUnreachable: true})
		for range 3 {
			if err := allow(revoked); err == nil {
				t.Error("a revoked certificate is good")
			}
			a.breaks(down)
			time.Sleep(time.Hour)
		}
		a.breaks(nil)
		a.say(revoked.VerifiedChains[0][0], goods) // a certificate can be on hold only
		if err := allow(revoked); err != nil {
			t.Error(err)
		}
	})
}

// TestOneRequest: those who come at the same time share one request, and a failure stands for a second.
func TestOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		c, _ := newChecker(t, a)
		c.SetCache(ocsp.Cache{Off: true})
		client := state([]*x509.Certificate{a.client("ann", goods), a.cert})
		verify := c.Verify(ocsp.Peer{})
		flood := func(in bool) (asked int) {
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() {
					if err := verify(client); (err == nil) != in {
						t.Error(err)
					}
				})
			}
			all.Wait()
			return len(a.requests())
		}
		slow := func(end error) func(r *http.Request) (*http.Response, error) {
			return func(r *http.Request) (*http.Response, error) {
				time.Sleep(time.Second)
				if end != nil {
					return nil, end
				}
				return response(r, http.StatusOK, a.reply(client.VerifiedChains[0][0].SerialNumber, goods)), nil
			}
		}
		a.breaks(slow(nil))
		if n := flood(true); n != 1 {
			t.Errorf("%d requests", n)
		}
		a.breaks(slow(errDown))
		if n := flood(false); n != 1 {
			t.Errorf("%d requests", n)
		}
		time.Sleep(999 * time.Millisecond)
		if n := flood(false); n != 0 {
			t.Errorf("%d requests right after a failure", n)
		}
		time.Sleep(2 * time.Millisecond)
		a.breaks(nil)
		if n := flood(true); n < 1 {
			t.Error("a failure stands for ever")
		}
	})
}

// TestOneRequestForLate: who looked into the cache before an answer came and asks after that does not ask again.
func TestOneRequestForLate(t *testing.T) {
	a := newAuthority(t)
	c, _ := newChecker(t, a)
	verify := c.Verify(ocsp.Peer{})
	for range 200 {
		client := state([]*x509.Certificate{a.client("ann", goods), a.cert})
		start := make(chan struct{})
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				<-start
				if err := verify(client); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
		if n := len(a.requests()); n != 1 {
			t.Fatalf("%d requests", n)
		}
	}
}

// TestPanic: a fetch that panics lets go those who wait for it.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		c, _ := newChecker(t, a)
		client := state([]*x509.Certificate{a.client("ann", goods), a.cert})
		a.breaks(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			panic("here")
		})
		var all sync.WaitGroup
		var panics int
		for range 2 {
			all.Go(func() {
				defer func() {
					if recover() != nil {
						panics++
					}
				}()
				if err := c.Verify(ocsp.Peer{})(client); err == nil {
					t.Error("good")
				}
			})
		}
		all.Wait()
		if panics != 1 {
			t.Errorf("%d panics", panics)
		}
	})
}

// TestBounds is what responders can not do.
func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		verify := func(urls ...string) (error, time.Duration) {
			c, _ := newChecker(t, a)
			cert, _ := a.sign(&x509.Certificate{OCSPServer: urls})
			a.say(cert, goods)
			start := time.Now()
			return c.Verify(ocsp.Peer{Timeout: 3 * time.Second})(state([]*x509.Certificate{cert, a.cert})), time.Since(start)
		}
		hang := func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		}
		redirect := func(r *http.Request) (*http.Response, error) {
			answer := response(r, http.StatusFound, nil)
			answer.Header.Set("Location", r.URL.String()+"/x")
			return answer, nil
		}
		drip := func(r *http.Request) (*http.Response, error) {
			answer := response(r, http.StatusOK, nil)
			answer.Body = io.NopCloser(endless{r.Context()})
			return answer, nil
		}
		many := make([]string, 100)
		for i := range many {
			many[i] = fmt.Sprintf("http://ca%d.test", i)
		}
		for name, tt := range map[string]struct {
			answer   func(*http.Request) (*http.Response, error)
			urls     []string
			requests int
			took     time.Duration
			says     string
		}{
			"time":       {hang, many[:1], 1, 3 * time.Second, "deadline"},
			"each time":  {hang, many[:2], 2, 6 * time.Second, "deadline"},
			"responders": {down, many, 8, 0, "down"},
			"redirects":  {redirect, many[:1], 4, 0, "redirects"},
			"drops":      {drip, many[:1], 1, 3 * time.Second, "deadline"},
			"bytes": {func(r *http.Request) (*http.Response, error) {
				return response(r, http.StatusOK, make([]byte, 65<<10)), nil
			}, many[:1], 1, 0, "more than 65536 bytes"},
			"nothing": {func(r *http.Request) (*http.Response, error) { return response(r, http.StatusOK, nil), nil }, many[:1], 1, 0, "nothing"},
			"status":  {func(r *http.Request) (*http.Response, error) { return response(r, 204, nil), nil }, many[:1], 1, 0, "No Content"},
		} {
			a.requests()
			a.breaks(tt.answer)
			err, took := verify(tt.urls...)
			if n := len(a.requests()); err == nil || !strings.Contains(err.Error(), tt.says) || n != tt.requests || took != tt.took {
				t.Errorf("%s: %v after %v and %d requests", name, err, took, n)
			}
		}
	})
}

// endless is a body that comes a byte in a second.
type endless struct{ ctx context.Context }

func (e endless) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		return 1, nil
	case <-e.ctx.Done():
		return 0, context.Cause(e.ctx)
	}
}

// TestNextResponder goes on to the next one when one fails, and tells of a wrong answer rather than of none.
func TestNextResponder(t *testing.T) {
	a := newAuthority(t)
	cert, _ := a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "ann"}, OCSPServer: []string{"http://a.test/", "http://b.test"}})
	a.say(cert, goods)
	client := state([]*x509.Certificate{cert, a.cert})
	for name, tt := range map[string]struct {
		first, second string
		err           string
	}{
		"first":   {"", "down", ""},
		"second":  {"down", "", ""},
		"junk":    {"junk", "", ""},
		"neither": {"down", "down", "no OCSP responder has answered"},
		"wrong":   {"junk", "down", "invalid OCSP response"},
	} {
		a.breaks(func(r *http.Request) (*http.Response, error) {
			how := map[string]string{"a.test": tt.first, "b.test": tt.second}[r.URL.Host]
			switch how {
			case "down":
				return nil, errDown
			case "junk":
				return response(r, http.StatusOK, []byte("junk")), nil
			}
			return response(r, http.StatusOK, a.reply(cert.SerialNumber, goods)), nil
		})
		c, _ := newChecker(t, a)
		err := c.Verify(ocsp.Peer{AllowWhenUnreachable: name == "wrong"})(client)
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	a.requests()
	a.breaks(nil)
	c, _ := newChecker(t, a)
	if err := c.Verify(ocsp.Peer{})(client); err != nil {
		t.Error(err)
	}
	if r := a.requests()[0]; r.Method != http.MethodGet || !strings.HasPrefix(r.URL.String(), "http://a.test/M") || strings.ContainsAny(r.URL.String()[14:], "+/=") {
		t.Errorf("%s %s", r.Method, r.URL)
	}
}

// BenchmarkVerify is a handshake whose answer is in the cache.
func BenchmarkVerify(b *testing.B) {
	a := newAuthority(b)
	c, _ := newChecker(b, a)
	verify := c.Verify(ocsp.Peer{})
	client := state([]*x509.Certificate{a.client("ann", goods), a.cert})
	b.ReportAllocs()
	for b.Loop() {
		if err := verify(client); err != nil {
			b.Fatal(err)
		}
	}
}

// TestVerifyIsCheap: an answer that was checked with the same issuer is not checked again.
func TestVerifyIsCheap(t *testing.T) {
	a := newAuthority(t)
	c, _ := newChecker(t, a)
	verify, client := c.Verify(ocsp.Peer{}), state([]*x509.Certificate{a.client("ann", goods), a.cert})
	check := func() {
		if err := verify(client); err != nil {
			t.Fatal(err)
		}
	}
	check()
	if n := testing.AllocsPerRun(100, check); n > 10 {
		t.Errorf("%v allocations", n)
	}
}
