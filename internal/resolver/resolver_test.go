package resolver_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nkeys"

	"weir/internal/resolver"
)

// name is the public key of a new account.
func name(t *testing.T) string {
	t.Helper()
	pair, err := nkeys.CreateAccount()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// never is for JWTs that do not run out; those that say so run out in an hour.
func never(token string) time.Time {
	if strings.Contains(token, "hour") {
		return time.Now().Add(time.Hour)
	}
	return time.Time{}
}

func open(t *testing.T, c resolver.Config) resolver.Resolver {
	t.Helper()
	r, err := resolver.Open(c, resolver.Env{Ends: never})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What is stored is there, until it is removed.
func TestStores(t *testing.T) {
	for _, c := range []resolver.Config{
		{Kind: resolver.Memory}, {Kind: resolver.Full, Dir: t.TempDir()}, {Kind: resolver.Full, Dir: t.TempDir(), HardDelete: true},
		{Kind: resolver.Cache, Dir: filepath.Join(t.TempDir(), "new")},
	} {
		r := open(t, c)
		a, b := name(t), name(t)
		if _, err := r.Fetch(a); !errors.Is(err, resolver.ErrNotFound) {
			t.Errorf("%s: before: %v", c.Kind, err)
		}
		for _, token := range []string{"one", "two"} {
			if err := r.Store(a, token); err != nil {
				t.Errorf("%s: %v", c.Kind, err)
			}
			if got, err := r.Fetch(a); err != nil || got != token {
				t.Errorf("%s: %q, %v", c.Kind, got, err)
			}
		}
		if err := r.Store(b, "b"); err != nil {
			t.Errorf("%s: %v", c.Kind, err)
		}
		want := []string{a, b}
		slices.Sort(want)
		if got := r.List(); !slices.Equal(got, want) {
			t.Errorf("%s: list %v", c.Kind, got)
		}
		if c.Dir != "" { // another one on the same directory has the same
			if got := open(t, c).List(); !slices.Equal(got, want) {
				t.Errorf("%s: list %v when it was opened again", c.Kind, got)
			}
			left, err := filepath.Glob(filepath.Join(c.Dir, "new-*"))
			if err != nil || len(left) > 0 {
				t.Errorf("%s: left behind %v, %v", c.Kind, left, err)
			}
		}
		for range 2 {
			if err := r.Remove(a); err != nil {
				t.Errorf("%s: %v", c.Kind, err)
			}
		}
		if _, err := r.Fetch(a); !errors.Is(err, resolver.ErrNotFound) {
			t.Errorf("%s: after: %v", c.Kind, err)
		}
		if err := resolver.Probe(r); err != nil {
			t.Errorf("%s: probe: %v", c.Kind, err)
		}
	}
	if r := open(t, resolver.Config{}); r != nil {
		t.Error("no resolver is one")
	}
	if _, err := resolver.Open(resolver.Config{Kind: "x"}, resolver.Env{}); err == nil {
		t.Error("an unknown kind is one")
	}
	if err := open(t, resolver.Config{Kind: resolver.Web, URL: "http://127.0.0.1:1"}).Store(name(t), "x"); !errors.Is(err, resolver.ErrReadOnly) {
		t.Errorf("a web server: %v", err)
	}
}

// A file that somebody put there counts; one that can not be a JWT does not, nor does one of another name.
func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	a, huge := name(t), name(t)
	for file, text := range map[string]string{a + ".jwt": "token\n", huge + ".jwt": strings.Repeat("x", 2<<20), "notes.jwt": "x", "notes.txt": "x"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := open(t, resolver.Config{Kind: resolver.Full, Dir: dir})
	if got := r.List(); !slices.Equal(got, []string{a}) {
		t.Errorf("list %v", got)
	}
	if got, err := r.Fetch(a); err != nil || got != "token" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := r.Fetch(huge); err == nil {
		t.Error("a huge file is a JWT")
	}
	if _, err := resolver.Open(resolver.Config{Kind: resolver.Full, Dir: filepath.Join(dir, "notes.txt")}, resolver.Env{}); err == nil {
		t.Error("a file is a directory")
	}
}

// A full directory refuses what is above its limit, a cache forgets what was used least; both what has run out.
func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := open(t, resolver.Config{Kind: resolver.Full, Dir: t.TempDir(), Limit: 1})
		cache := open(t, resolver.Config{Kind: resolver.Cache, Dir: t.TempDir(), Limit: 2})
		a, b, c := name(t), name(t), name(t)
		if err := errors.Join(full.Store(a, "for an hour"), full.Store(a, "for an hour, too"), cache.Store(a, "a"), cache.Store(b, "b")); err != nil {
			t.Fatal(err)
		}
		if err := full.Store(b, "b"); !errors.Is(err, resolver.ErrFull) {
			t.Errorf("above the limit: %v", err)
		}
		time.Sleep(time.Minute)
		if _, err := cache.Fetch(a); err != nil {
			t.Error(err)
		}
		if err := cache.Store(c, "c"); err != nil {
			t.Error(err)
		}
		if _, err := cache.Fetch(b); !errors.Is(err, resolver.ErrNotFound) {
			t.Errorf("what was used least: %v", err)
		}
		time.Sleep(time.Hour)
		if _, err := full.Fetch(a); !errors.Is(err, resolver.ErrNotFound) {
			t.Errorf("what has run out: %v", err)
		}
		if err := full.Store(b, "b"); err != nil {
			t.Errorf("in its place: %v", err)
		}
	})
}
