package ocsp_test

import (
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	wire "golang.org/x/crypto/ocsp"

	"weir/internal/ocsp"
)

// TestCacheIsBounded fills the cache. Those that say revoked stay longest.
func TestCacheIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, most = 64 << 10, 64 // an entry is more than a KiB
		a := newAuthority(t)
		c, _ := newChecker(t, a)
		c.SetLimit(limit)
		verify := c.Verify(ocsp.Peer{WarnOnly: true})
		ask := func(n int, r reply) {
			if err := verify(state([]*x509.Certificate{a.paper(n, r), a.cert})); err != nil {
				t.Fatal(err)
			}
		}
		for n := range 20 {
			ask(n, reply{status: wire.Revoked, next: time.Hour})
		}
		for n := range 2 * most {
			ask(100+n, goods)
		}
		s, ok := c.Stats()
		if !ok || s.Revokes != 20 || s.Responses() < most/2 || s.Responses() > most {
			t.Errorf("%+v", s)
		}
		for n := range 2 * most {
			ask(1000+n, reply{status: wire.Revoked, next: time.Hour})
		}
		if s, _ := c.Stats(); s.Responses() > most || s.Revokes < most/2 || s.Goods > 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		c, _ := newChecker(t, a)
		verify := c.Verify(ocsp.Peer{WarnOnly: true})
		for n, r := range []reply{goods, goods, {status: wire.Revoked, next: time.Hour}, {status: wire.Unknown, next: time.Hour}} {
			for range n + 1 {
				if err := verify(state([]*x509.Certificate{a.paper(n, r), a.cert})); err != nil {
					t.Fatal(err)
				}
			}
		}
		want := ocsp.Stats{Hits: 6, Misses: 4, Goods: 2, Revokes: 1, Unknown: 1}
		if s, ok := c.Stats(); !ok || s != want {
			t.Errorf("%+v", s)
		}
		time.Sleep(2 * time.Hour)
		if err := verify(state([]*x509.Certificate{a.paper(0, goods), a.cert})); err != nil {
			t.Fatal(err)
		}
		want.Misses++
		if s, _ := c.Stats(); s != want {
			t.Errorf("%+v", s)
		}
		c.SetCache(ocsp.Cache{Off: true})
		if s, ok := c.Stats(); ok || s.Responses() != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestCacheFile follows the file of a cache through changes of the configuration.
func TestCacheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		log := &lines{}
		first, second := t.TempDir(), filepath.Join(t.TempDir(), "made", "for it")
		c := ocsp.NewChecker(ocsp.NewFetcher(a), slog.New(log))
		verify := c.Verify(ocsp.Peer{})
		ann, bob := a.client("ann", goods), a.client("bob", goods)
		ask := func(cert *x509.Certificate, asked int) {
			t.Helper()
			a.requests()
			if err := verify(state([]*x509.Certificate{cert, a.cert})); err != nil {
				t.Error(err)
			}
			if n := len(a.requests()); n != asked {
				t.Errorf("asked %d times, want %d", n, asked)
			}
		}
		saved := func(dir string, want int) {
			t.Helper()
			synctest.Wait()
			var file map[string]map[string]any
			text, err := os.ReadFile(filepath.Join(dir, "cache.json"))
			if err == nil {
				err = json.Unmarshal(text, &file)
			}
			if len(file) != want || want > 0 && err != nil {
				t.Errorf("%d entries, want %d: %v", len(file), want, err)
			}
		}

		ask(ann, 1)
		ask(ann, 1) // it is off
		c.SetCache(ocsp.Cache{Dir: first, SaveInterval: time.Minute})
		ask(ann, 1)
		ask(ann, 0)
		time.Sleep(59 * time.Second)
		saved(first, 0)
		time.Sleep(time.Second)
		saved(first, 1)
		ask(bob, 1)
		c.SetCache(ocsp.Cache{Dir: first, PreserveRevoked: true}) // saves
		saved(first, 2)
		ask(bob, 0)
		c.SetCache(ocsp.Cache{Dir: second})
		ask(bob, 1)
		time.Sleep(5 * time.Minute)
		saved(second, 1)
		c.SetCache(ocsp.Cache{Dir: first})
		ask(ann, 0)
		ask(ann, 0)
		ask(bob, 0)
		c.Close()
		ask(ann, 1)
		saved(first, 2)
		if !log.has("INFO", "OCSP peer cache online, type [local]") || log.has("WARN") || log.has("ERROR") {
			t.Errorf("%q", log.text)
		}
	})
}

// TestCacheFileFails has files that can not be read or written.
func TestCacheFileFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		c, log := newChecker(t, a)
		dir := t.TempDir()
		file := filepath.Join(dir, "cache.json")
		write := func(path, text string) {
			t.Helper()
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(file, "{")
		c.SetCache(ocsp.Cache{Dir: dir})
		if !log.has("WARN", "Unable to load OCSP peer cache", file) {
			t.Errorf("%q", log.text)
		}
		c.SetCache(ocsp.Cache{Off: true})
		write(file, `{"a": {"resp": "AAAA", "resp_status": "good"}, "b": {"resp": "", "resp_status": "fine"}, "c": {}}`)
		c.SetCache(ocsp.Cache{Dir: dir})
		if s, ok := c.Stats(); !ok || s.Responses() != 0 {
			t.Errorf("%+v", s)
		}
		// A file stands where the folder should be, until it is taken away.
		blocked := filepath.Join(dir, "blocked")
		write(blocked, "")
		c.SetCache(ocsp.Cache{Dir: blocked, SaveInterval: time.Second})
		if err := c.Verify(ocsp.Peer{})(state([]*x509.Certificate{a.client("ann", goods), a.cert})); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if !log.has("ERROR", "Unable to save OCSP peer cache") {
			t.Errorf("%q", log.text)
		}
		if err := os.Remove(blocked); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if text, err := os.ReadFile(filepath.Join(blocked, "cache.json")); err != nil || !strings.Contains(string(text), `"subject": "CN=ann"`) {
			t.Errorf("%s, %v", text, err)
		}
	})
}

// FuzzCacheFile: whatever is in the file, a certificate is only good if its CA says so.
func FuzzCacheFile(f *testing.F) {
	a := newAuthority(f)
	cert := a.client("ann", reply{status: wire.Revoked, next: time.Hour})
	dir := f.TempDir()
	file := filepath.Join(dir, "cache.json")
	c, _ := newChecker(f, a)
	c.SetCache(ocsp.Cache{Dir: dir})
	if err := c.Verify(ocsp.Peer{})(state([]*x509.Certificate{cert, a.cert})); err == nil {
		f.Fatal("revoked, and good")
	}
	c.SetCache(ocsp.Cache{Off: true})
	text, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(text), strings.Replace(string(text), "revoked", "good", 1), "", "{}", "[]", `{"a": null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c.SetCache(ocsp.Cache{Dir: dir})
		defer c.SetCache(ocsp.Cache{Off: true})
		if err := c.Verify(ocsp.Peer{})(state([]*x509.Certificate{cert, a.cert})); err == nil {
			t.Error("revoked, and good")
		}
	})
}
