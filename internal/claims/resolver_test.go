package claims_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/auth"
	"weir/internal/claims"
	"weir/internal/resolver"
)

// fileOf is where nats-server keeps the JWT of an account.
func fileOf(dir, name string) string { return filepath.Join(dir, name+".jwt") }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// A full directory keeps every JWT that it is given, in nats-server's files.
func TestFullDirectory(t *testing.T) {
	h := newHouse(t)
	dir := filepath.Join(t.TempDir(), "a", "b") // is made
	h.config.Resolver = resolver.Config{Kind: resolver.Full, Dir: dir, Limit: 4}
	system, app := h.account(nil), h.account(nil)
	h.config.SystemAccount = system.public
	h.run()
	if !exists(fileOf(dir, app.public)) {
		t.Error("a preloaded account has no file")
	}
	fresh := newKey(t, nkeys.CreateAccount)
	token := h.accountToken(fresh, nil)
	if name, err := h.authority.Update("", token); err != nil || name != fresh.public {
		t.Errorf("update: %s, %v", name, err)
	}
	if got, err := os.ReadFile(fileOf(dir, fresh.public)); err != nil || string(got) != token {
		t.Errorf("file: %s, %v", got, err)
	}
	h.touch(app, fresh, system)
	if got, want := h.authority.List(), sortedKeys(system, app, fresh); !slices.Equal(got, want) {
		t.Errorf("list %v, want %v", got, want)
	}
	if got, err := h.authority.Fetch(fresh.public); err != nil || got != token {
		t.Errorf("fetch: %v", err)
	}
	for _, name := range []string{"", "x", "../../../etc/passwd", newKey(t, nkeys.CreateUser).public} {
		if _, err := h.authority.Fetch(name); !errors.Is(err, resolver.ErrName) {
			t.Errorf("fetch %q: %v", name, err)
		}
	}
	if _, err := h.authority.Fetch(newKey(t, nkeys.CreateAccount).public); !errors.Is(err, resolver.ErrNotFound) {
		t.Errorf("fetch of a stranger: %v", err)
	}
	outsider := newKey(t, nkeys.CreateAccount)
	if _, err := h.authority.Update("", h.encode(jwt.NewAccountClaims(outsider.public), newKey(t, nkeys.CreateOperator))); !errors.Is(err, claims.ErrNotTrusted) {
		t.Errorf("another operator's account: %v", err)
	}
	if _, err := h.authority.Update("", h.accountToken(newKey(t, nkeys.CreateAccount), nil)); err != nil {
		t.Error(err)
	}
	if _, err := h.authority.Update("", h.accountToken(newKey(t, nkeys.CreateAccount), nil)); !errors.Is(err, resolver.ErrFull) {
		t.Errorf("above the limit: %v", err)
	}
	if _, err := h.authority.Delete(""); err == nil {
		t.Error("nothing is a request to delete")
	}

	again := newHouse(t)
	again.operator, again.config = h.operator, h.config
	again.config.Preload = nil
	again.run()
	again.touch(app, fresh)

	// A newer file counts at a reload, a preloaded JWT that is older than the file does not.
	newer := jwt.NewAccountClaims(app.public)
	newer.Limits.Subs = 7
	if err := os.WriteFile(fileOf(dir, app.public), []byte(h.encode(newer, h.operator)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	commit, err := again.authority.Prepare(again.config, nil)
	if err != nil {
		t.Fatal(err)
	}
	commit()
	k, user := again.user(app, nil)
	if id := again.mustIn(k, user); id.Limits.Subscriptions != 7 {
		t.Errorf("after a reload: %+v", id.Limits)
	}
}

func sortedKeys(keys ...key) (names []string) {
	for _, k := range keys {
		names = append(names, k.public)
	}
	slices.Sort(names)
	return names
}

// Only an operator may delete, only accounts, and where it is allowed; who is in has to leave.
func TestDelete(t *testing.T) {
	for _, hard := range []bool{false, true} {
		h := newHouse(t)
		dir := t.TempDir()
		h.config.Resolver = resolver.Config{Kind: resolver.Full, Dir: dir, AllowDelete: true, HardDelete: hard}
		system, app, other := h.account(nil), h.account(nil), h.account(nil)
		h.config.SystemAccount = system.public
		h.run()
		k, user := h.user(app, nil)
		id := h.mustIn(k, user)
		request := func(by key, subject string, accounts any) string {
			c := jwt.NewGenericClaims(subject)
			c.Data["accounts"] = accounts
			return h.encode(c, by)
		}
		stranger := newKey(t, nkeys.CreateOperator)
		for want, token := range map[error]string{
			claims.ErrSelfSigned:  request(stranger, h.operator.public, []string{app.public}),
			claims.ErrNotTrusted:  request(stranger, stranger.public, []string{app.public}),
			claims.ErrMalformed:   request(h.operator, h.operator.public, []any{app.public, 1}),
			claims.ErrSystemStays: request(h.operator, h.operator.public, []string{app.public, system.public}),
		} {
			if n, err := h.authority.Delete(token); !errors.Is(err, want) || n != 0 {
				t.Errorf("%d, %v, want %v", n, err, want)
			}
		}
		if _, err := h.authority.Delete(request(h.operator, h.operator.public, app.public)); !errors.Is(err, claims.ErrMalformed) {
			t.Errorf("not a list: %v", err)
		}
		if !exists(fileOf(dir, app.public)) {
			t.Error("a request that was refused deleted something")
		}
		n, err := h.authority.Delete(request(h.operator, h.operator.public, []string{app.public, newKey(t, nkeys.CreateAccount).public}))
		if err != nil || n != 2 { // one of them was not there, as in nats-server
			t.Errorf("%d, %v", n, err)
		}
		if exists(fileOf(dir, app.public)) || exists(fileOf(dir, app.public)+".deleted") == hard {
			t.Error("the file is wrong")
		}
		if _, err := h.authority.Renew(id, auth.Credentials{}, here); !errors.Is(err, auth.ErrAccountExpired) {
			t.Errorf("who was in: %v", err)
		}
		if _, err := h.in(k, user); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("who comes: %v", err)
		}
		h.touch(other)
		h.config.Resolver.AllowDelete = false
		commit, err := h.authority.Prepare(h.config, nil)
		if err != nil {
			t.Fatal(err)
		}
		commit()
		if _, err := h.authority.Delete(request(h.operator, h.operator.public, []string{other.public})); !errors.Is(err, claims.ErrNoDelete) {
			t.Errorf("where it is not allowed: %v", err)
		}
	}
}

// A cache keeps what is in use, forgets the rest after a while, and what was used least when it is full.
func TestCacheDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		dir := t.TempDir()
		h.config.Resolver = resolver.Config{Kind: resolver.Cache, Dir: dir, Limit: 2, TTL: time.Hour}
		system, app := h.account(nil), h.account(nil)
		h.config.SystemAccount = system.public
		h.run()
		if _, err := h.authority.Update("", h.accountToken(newKey(t, nkeys.CreateAccount), nil)); !errors.Is(err, claims.ErrSkipped) {
			t.Errorf("an account that is not in use: %v", err)
		}
		h.touch(app)
		time.Sleep(time.Minute)
		if _, err := h.authority.Fetch(system.public); err != nil {
			t.Fatal(err)
		}
		third := newKey(t, nkeys.CreateAccount)
		h.config.Preload = map[string]string{third.public: h.accountToken(third, nil)}
		commit, err := h.authority.Prepare(h.config, nil)
		if err != nil {
			t.Fatal(err)
		}
		commit()
		if got := h.authority.List(); len(got) != 2 || !slices.Contains(got, third.public) {
			t.Errorf("full cache has %v", got)
		}
		time.Sleep(2 * time.Hour)
		if got := h.authority.List(); len(got) != 0 || exists(fileOf(dir, third.public)) {
			t.Errorf("after its time it has %v", got)
		}
	})
}

// A directory forgets JWTs that have run out.
func TestDirectoryForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		dir := t.TempDir()
		h.config.Resolver = resolver.Config{Kind: resolver.Full, Dir: dir}
		h.config.SystemAccount = h.account(nil).public
		app := h.account(func(c *jwt.AccountClaims) { c.Expires = unix(time.Hour) })
		h.run()
		time.Sleep(time.Hour + time.Minute)
		if got := h.authority.List(); len(got) != 1 || exists(fileOf(dir, app.public)) {
			t.Errorf("%v", got)
		}
	})
}

// A web server is asked once for an account however many come, and its password is told nobody.
func TestWebResolver(t *testing.T) {
	h := newHouse(t)
	app, broken := h.account(nil), newKey(t, nkeys.CreateAccount)
	tokens := h.config.Preload
	h.config.Preload = nil
	var asked atomic.Int32
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/jwt/v1/accounts/")
		user, pass, _ := r.BasicAuth()
		switch {
		case user != "ann" || pass != "secret":
			w.WriteHeader(http.StatusUnauthorized)
		case name == "":
		case name == broken.public:
			fmt.Fprint(w, strings.Repeat("x", 2<<20))
		case tokens[name] == "":
			w.WriteHeader(http.StatusNotFound)
		default:
			asked.Add(1)
			<-release
			fmt.Fprintln(w, tokens[name])
		}
	}))
	defer server.Close()
	url := strings.Replace(server.URL, "http://", "http://ann:secret@", 1) + "/jwt/v1/accounts"
	h.config.Resolver = resolver.Config{Kind: resolver.Web, URL: url}
	h.run()
	const crowd = 5
	k, user := h.user(app, nil)
	cr := signed(t, k, user)
	done := make(chan error, crowd)
	for range crowd {
		go func() {
			_, err := h.authority.Renew(auth.Identity{}, cr, here)
			done <- err
		}()
	}
	close(release)
	for range crowd {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("%d questions", n)
	}
	for _, by := range []key{broken, newKey(t, nkeys.CreateAccount)} {
		k, user := h.user(by, nil)
		if _, err := h.in(k, user); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("an account that is not there: %v", err)
		}
		if _, err := h.authority.Fetch(by.public); err == nil && by == app || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	}
	if _, err := h.authority.Update("", h.accountToken(newKey(t, nkeys.CreateAccount), nil)); !errors.Is(err, claims.ErrSkipped) {
		t.Errorf("update of an account that is not in use: %v", err)
	}
	if _, err := h.authority.Update("", h.accountToken(app, func(c *jwt.AccountClaims) { c.Limits.Subs = 3 })); err != nil {
		t.Error(err)
	}
	if id := h.mustIn(k, user); id.Limits.Subscriptions != 3 {
		t.Error("an update of an account in use did nothing")
	}
	for _, bad := range []string{strings.Replace(url, "secret", "wrong", 1), "http://ann:wrong@127.0.0.1:1/"} {
		h.config.Resolver.URL = bad
		if _, err := claims.New(h.config, h.env()); err == nil || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// A web server with a certificate of its own is asked with the TLS that the configuration has for it.
func TestWebResolverTLS(t *testing.T) {
	h := newHouse(t)
	app := h.account(nil)
	token := h.config.Preload[app.public]
	h.config.Preload = nil
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, token) }))
	defer server.Close()
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	h.config.Resolver = resolver.Config{Kind: resolver.Web, URL: server.URL}
	if _, err := claims.New(h.config, h.env()); err == nil {
		t.Error("an unknown certificate will do")
	}
	env := h.env()
	env.TLS = server.Client().Transport.(*http.Transport).TLSClientConfig
	a, err := claims.New(h.config, env)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	h.authority = a
	h.touch(app)
}

// The system account has to be there; where it may come later, its own key lets its users in until then.
func TestSystemAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		system := newKey(t, nkeys.CreateAccount)
		h.config.SystemAccount = system.public
		if _, err := claims.New(h.config, h.env()); text(err) != "error resolving system account: account missing" {
			t.Errorf("in memory: %v", err)
		}
		h.config.Resolver = resolver.Config{Kind: resolver.Full, Dir: t.TempDir()}
		h.run()
		h.touch(system)
		signing := newKey(t, nkeys.CreateAccount)
		if _, err := h.authority.Update("", h.accountToken(system, func(c *jwt.AccountClaims) { c.SigningKeys.Add(signing.public) })); err != nil {
			t.Fatal(err)
		}
		k, user := h.user(signing, func(c *jwt.UserClaims) { c.IssuerAccount = system.public })
		h.mustIn(k, user)
	})
}
