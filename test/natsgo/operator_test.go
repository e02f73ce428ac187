package natsgo

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"

	"weir/test/operator"
	"weir/test/process"
)

// credentials is how nats.go comes in as a user.
func credentials(w *world, u operator.User) nats.Option {
	seed, err := u.Seed()
	w.must(err)
	return nats.UserJWTAndSeed(u.Token, string(seed))
}

// TestJWT comes in with a JWT and a key, and meets only who is in the same account.
func TestJWT(t *testing.T) {
	o := operator.New(t, nil)
	one, other := o.Account(nil), o.Account(nil)
	everyWay(t, process.Options{Config: o.Config()}, func(w *world) {
		w.refused("authorization violation")
		w.refused("authorization violation", nats.UserInfo("a", "b"))
		w.refused("authorization violation", credentials(w, operator.User{Key: one.User(nil, nil).Key, Token: one.User(nil, nil).Token}))
		a, b := w.connect(credentials(w, one.User(nil, nil))), w.connect(credentials(w, one.User(nil, nil)))
		c := w.connect(credentials(w, other.User(nil, nil)))
		mine, theirs := w.subscribe(b, ">"), w.subscribe(c, ">")
		w.must(a.Publish("hello", nil))
		if m := w.next(mine); m.Subject != "hello" {
			w.Errorf("got %q", m.Subject)
		}
		w.must(c.Publish("end", nil))
		if m := w.next(theirs); m.Subject != "end" {
			w.Errorf("%q came out of another account", m.Subject)
		}
	})
}

// TestJWTExpires tells a client that its JWT has run out, in the words that nats.go knows.
func TestJWTExpires(t *testing.T) {
	o := operator.New(t, nil)
	a := o.Account(nil)
	everyWay(t, process.Options{Config: o.Config()}, func(w *world) {
		heard := make(chan error, 10)
		u := a.User(nil, func(c *jwt.UserClaims) { c.Expires = time.Now().Add(2 * time.Second).Unix() })
		w.connect(credentials(w, u), nats.MaxReconnects(1), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { heard <- err }))
		select {
		case err := <-heard:
			if !errors.Is(err, nats.ErrAuthExpired) {
				w.Errorf("heard %v", err)
			}
		case <-time.After(process.Patience):
			w.Error("heard nothing")
		}
	})
}

// TestJWTShares has accounts that export and import: what is public, and what needs an activation.
func TestJWTShares(t *testing.T) {
	o := operator.New(t, nil)
	exporter := o.Account(func(c *jwt.AccountClaims) {
		c.Exports.Add(
			&jwt.Export{Subject: "news.*", Type: jwt.Stream},
			&jwt.Export{Subject: "private.*", Type: jwt.Stream, TokenReq: true},
			&jwt.Export{Subject: "ask.*", Type: jwt.Service},
			&jwt.Export{Subject: "secret", Type: jwt.Service, TokenReq: true},
		)
	})
	importer, stranger := o.Account(nil), o.Account(nil)
	imports := func(tokens bool) func(*jwt.AccountClaims) {
		return func(c *jwt.AccountClaims) {
			stream := &jwt.Import{Account: exporter.Key.Public, Subject: "private.*", Type: jwt.Stream, LocalSubject: "inner.$1"}
			service := &jwt.Import{Account: exporter.Key.Public, Subject: "secret", Type: jwt.Service}
			if tokens {
				stream.Token = exporter.Activation(importer, jwt.Stream, "private.*")
				service.Token = exporter.Activation(importer, jwt.Service, "secret")
			}
			c.Imports.Add(stream, service,
				&jwt.Import{Account: exporter.Key.Public, Subject: "news.*", Type: jwt.Stream, To: "their"},
				&jwt.Import{Account: exporter.Key.Public, Subject: "ask.*", Type: jwt.Service, LocalSubject: "please.$1"})
			c.Mappings["old"] = []jwt.WeightedMapping{{Subject: "new"}}
		}
	}
	importer.Set(imports(true))
	stranger.Set(imports(false))
	everyWay(t, process.Options{Config: o.Config()}, func(w *world) {
		in := w.connect(credentials(w, importer.User(nil, nil)))
		out := w.connect(credentials(w, stranger.User(nil, nil)))
		from := w.connect(credentials(w, exporter.User(nil, nil)))
		for _, service := range []string{"ask.*", "secret"} {
			_, err := from.Subscribe(service, func(m *nats.Msg) {
				m.Respond([]byte("answer to " + m.Subject)) //nolint:errcheck // the request notices
			})
			w.must(err)
		}
		w.must(from.Flush())
		sub, outside := w.subscribe(in, ">"), w.subscribe(out, ">")
		for _, subject := range []string{"hidden", "private.a", "news.a"} {
			w.must(from.Publish(subject, nil))
		}
		for _, want := range []string{"inner.a", "their.news.a"} {
			if m := w.next(sub); m.Subject != want {
				w.Errorf("got %q, want %q", m.Subject, want)
			}
		}
		if m := w.next(outside); m.Subject != "their.news.a" {
			w.Errorf("without an activation got %q", m.Subject)
		}
		for subject, want := range map[string]string{"please.x": "answer to ask.x", "secret": "answer to secret"} {
			m, err := in.Request(subject, nil, process.Patience)
			if err != nil || string(m.Data) != want {
				w.Errorf("%s: %v, %v", subject, m, err)
			}
		}
		if _, err := out.Request("please.x", nil, process.Patience); err != nil {
			w.Errorf("a public service: %v", err)
		}
		mapped := w.subscribe(in, "new")
		w.must(in.Publish("old", nil))
		if m := w.next(mapped); m.Subject != "new" {
			w.Errorf("mapped to %q", m.Subject)
		}
	})
}

// TestResolvers has the JWTs of accounts on a web server, and in directories as tools leave them.
func TestResolvers(t *testing.T) {
	var o *operator.Operator
	tokens := http.NewServeMux()
	web := httptest.NewServer(tokens)
	defer web.Close()
	o = operator.New(t, nil)
	system := o.Account(nil)
	app, missing := o.Account(nil), o.Account(nil)
	delete(o.Accounts, missing.Key.Public)
	tokens.HandleFunc("/jwt/v1/accounts/{name...}", func(rw http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		if name != "" && o.Accounts[name] == "" {
			http.NotFound(rw, r)
			return
		}
		fmt.Fprint(rw, o.Accounts[name])
	})
	directory := func(kind string) string {
		dir := t.TempDir()
		for name, token := range o.Accounts {
			if err := os.WriteFile(filepath.Join(dir, name+".jwt"), []byte(token), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return fmt.Sprintf("{ type: %s, dir: %q }", kind, dir)
	}
	for name, resolver := range map[string]func() string{
		"web":   func() string { return `URL("` + web.URL + `/jwt/v1/accounts/")` },
		"full":  func() string { return directory("full") },
		"cache": func() string { return directory("cache") },
	} {
		t.Run(name, func(t *testing.T) {
			process.Each(t, func(t *testing.T, target process.Target) {
				config := fmt.Sprintf("operator: %s\nsystem_account: %s\nresolver: %s\n", o.Token, system.Key.Public, resolver())
				w := &world{T: t, way: ways[0], server: process.Start(t, target, process.Options{Config: config})}
				w.connect(credentials(w, app.User(nil, nil)))
				w.connect(credentials(w, system.User(nil, nil)))
				w.refused("authorization violation", credentials(w, missing.User(nil, nil)))
			})
		})
	}
	t.Run("pinned", func(t *testing.T) {
		process.Each(t, func(t *testing.T, target process.Target) {
			config := o.Config() + "resolver_pinned_accounts: [" + app.Key.Public + "]\n"
			w := &world{T: t, way: ways[0], server: process.Start(t, target, process.Options{Config: config})}
			w.connect(credentials(w, app.User(nil, nil)))
			w.refused("authorization violation", credentials(w, system.User(nil, nil)))
		})
	})
}
