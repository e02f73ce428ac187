package claims_test

import (
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/claims"
	"weir/internal/resolver"
)

// capture runs a house and returns the accounts that it made last, by name.
func capture(h *house) func(string) *account.Config {
	var last []account.Config
	env := h.env()
	env.Apply = func(configs []account.Config) error {
		err := h.directory.Apply(configs)
		if err == nil {
			h.mu.Lock()
			defer h.mu.Unlock()
			last = configs
		}
		return err
	}
	a, err := claims.New(h.config, env)
	if err != nil {
		h.t.Fatal(err)
	}
	h.authority = a
	h.t.Cleanup(a.Close)
	return func(name string) *account.Config {
		h.mu.Lock()
		defer h.mu.Unlock()
		for i := range last {
			if last[i].Name == name {
				return &last[i]
			}
		}
		return nil
	}
}

// touch lets a user of an account in, so that the account is fetched.
func (h *house) touch(accounts ...key) {
	h.t.Helper()
	for _, by := range accounts {
		k, token := h.user(by, nil)
		h.mustIn(k, token)
	}
}

// The claims of an account say the same as the configuration of one.
func TestAccountClaims(t *testing.T) {
	h := newHouse(t)
	exporter := h.account(func(c *jwt.AccountClaims) {
		c.Exports.Add(
			&jwt.Export{Subject: "news.>", Type: jwt.Stream},
			&jwt.Export{Subject: "private.*", Type: jwt.Stream, AccountTokenPosition: 2},
			&jwt.Export{Subject: "ask.*", Type: jwt.Service, ResponseType: jwt.ResponseTypeStream, ResponseThreshold: time.Second, AllowTrace: true},
			&jwt.Export{Subject: "count", Type: jwt.Service, ResponseType: jwt.ResponseTypeSingleton, Latency: &jwt.ServiceLatency{Sampling: 50, Results: "slow"}},
			&jwt.Export{Subject: "chunks", Type: jwt.Service, ResponseType: jwt.ResponseTypeChunked, Latency: &jwt.ServiceLatency{Results: "slow"}},
			&jwt.Export{Subject: "old.*.x", Type: jwt.Service},
		)
	})
	importer := h.account(func(c *jwt.AccountClaims) {
		c.Imports.Add(
			&jwt.Import{Account: exporter.public, Subject: "news.>", Type: jwt.Stream},
			&jwt.Import{Account: exporter.public, Subject: "news.a.*", LocalSubject: "local.$1", Type: jwt.Stream, AllowTrace: true},
			&jwt.Import{Account: exporter.public, Subject: "news.b.*", To: "prefix", Type: jwt.Stream},
			&jwt.Import{Account: exporter.public, Subject: "ask.*", LocalSubject: "please.ask.$1", Type: jwt.Service, Share: true},
			&jwt.Import{Account: exporter.public, Subject: "mine", To: "count", Type: jwt.Service},
			&jwt.Import{Account: exporter.public, Subject: "old.*.x", Type: jwt.Service},
			&jwt.Import{Account: exporter.public, Subject: "absent", Type: jwt.Service},
			&jwt.Import{Account: newKey(t, nkeys.CreateAccount).public, Subject: "nowhere", Type: jwt.Stream},
		)
		c.Mappings["b.*"] = []jwt.WeightedMapping{{Subject: "c.$1", Weight: 30}, {Subject: "d.$1", Weight: 70, Cluster: "x"}}
		c.Mappings["a"] = []jwt.WeightedMapping{{Subject: "z"}}
		c.Mappings["e"] = []jwt.WeightedMapping{{Subject: "f.$1"}} // there is no wildcard
		c.Limits.Conn, c.Limits.Subs, c.Limits.Payload, c.Limits.LeafNodeConn = 1, 2, 3, 4
	})
	closed := h.account(func(c *jwt.AccountClaims) { c.Limits.Conn = 0 })
	of := capture(h)
	h.touch(importer, closed)
	want := account.Config{
		Name:   importer.public,
		Limits: account.Limits{Connections: 1, Subscriptions: 2, Payload: 3, Leafs: 4},
		Imports: []account.Import{
			{Account: exporter.public, Service: true, Subject: "ask.*", To: "please.ask.$1", Share: true},
			{Account: exporter.public, Service: true, Subject: "count", To: "mine"},
			{Account: exporter.public, Subject: "news.>"},
			{Account: exporter.public, Subject: "news.a.*", To: "local.$1", AllowTrace: true},
			{Account: exporter.public, Subject: "news.b.*", To: "prefix.news.b.*"},
			{Account: exporter.public, Service: true, Subject: "old.*.x"},
		},
		Mappings: []account.Mapping{
			{Source: "a", To: []account.Weighted{{Subject: "z", Weight: 100}}},
			{Source: "b.*", To: []account.Weighted{{Subject: "c.$1", Weight: 30}, {Subject: "d.$1", Weight: 70, Cluster: "x"}}},
		},
	}
	if got := *of(importer.public); !reflect.DeepEqual(got, want) {
		t.Errorf("importer\n got %+v\nwant %+v", got, want)
	}
	want = account.Config{
		Name: exporter.public,
		Exports: []account.Export{
			{Subject: "ask.*", Service: true, Response: account.Stream, Threshold: time.Second, AllowTrace: true},
			{Subject: "chunks", Service: true, Response: account.Chunked},
			{Subject: "count", Service: true, Latency: &account.Latency{Subject: "slow", Sampling: 50}},
			{Subject: "news.>"}, {Subject: "old.*.x", Service: true},
			{Subject: "private.*", TokenPosition: 2},
		},
	}
	if got := *of(exporter.public); !reflect.DeepEqual(got, want) {
		t.Errorf("exporter\n got %+v\nwant %+v", got, want)
	}
	if got := of(closed.public).Limits; got.Connections != -1 {
		t.Errorf("0 connections are %+v", got)
	}
}

// A token is for one importer and one of the exporter's subjects; an account that brings it for something else stays as it was.
//
// advisory: CVE-2021-3127
func TestBoundActivations(t *testing.T) {
	h := newHouse(t)
	importer, stranger := newKey(t, nkeys.CreateAccount), newKey(t, nkeys.CreateAccount)
	exporter := h.account(func(c *jwt.AccountClaims) {
		c.Exports.Add(&jwt.Export{Subject: "private.>", Type: jwt.Stream, TokenReq: true})
	})
	imports := func(by key, change func(*jwt.ActivationClaims)) string {
		a := jwt.NewActivationClaims(importer.public)
		a.ImportSubject, a.ImportType = "private.a", jwt.Stream
		if change != nil {
			change(a)
		}
		return h.accountToken(importer, func(c *jwt.AccountClaims) {
			c.Imports.Add(&jwt.Import{Account: exporter.public, Subject: "private.a", Type: jwt.Stream, Token: h.encode(a, by)})
		})
	}
	h.config.Preload[importer.public] = h.accountToken(importer, nil)
	of := capture(h)
	h.touch(importer)
	for name, token := range map[string]string{
		"of another exporter":  imports(stranger, nil),
		"for another importer": imports(exporter, func(c *jwt.ActivationClaims) { c.Subject = stranger.public }),
		"for another subject":  imports(exporter, func(c *jwt.ActivationClaims) { c.ImportSubject = "private.b" }),
		"for a service":        imports(exporter, func(c *jwt.ActivationClaims) { c.ImportType = jwt.Service }),
	} {
		if _, err := h.authority.Update("", token); err == nil || len(of(importer.public).Imports) != 0 {
			t.Errorf("%s: %v, %d imports", name, err, len(of(importer.public).Imports))
		}
	}
	if _, err := h.authority.Update("", imports(exporter, nil)); err != nil || len(of(importer.public).Imports) != 1 {
		t.Errorf("the right one: %v, %d imports", err, len(of(importer.public).Imports))
	}
}

// An import with a token works while the token is valid, its signer the exporter's, and the exporter has not revoked it.
func TestActivations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		signing, stranger := newKey(t, nkeys.CreateAccount), newKey(t, nkeys.CreateAccount)
		importer := newKey(t, nkeys.CreateAccount)
		exporter := newKey(t, nkeys.CreateAccount)
		exports := func(revoked int64) string {
			return h.accountToken(exporter, func(c *jwt.AccountClaims) {
				c.SigningKeys.Add(signing.public)
				e := &jwt.Export{Subject: "private", Type: jwt.Stream, TokenReq: true}
				if revoked != 0 {
					e.Revocations = jwt.RevocationList{importer.public: revoked}
				}
				c.Exports.Add(e)
			})
		}
		h.config.Preload[exporter.public] = exports(0)
		activation := func(by key, change func(*jwt.ActivationClaims)) string {
			c := jwt.NewActivationClaims(importer.public)
			c.ImportSubject, c.ImportType = "private", jwt.Stream
			if change != nil {
				change(c)
			}
			return h.encode(c, by)
		}
		imports := func(token string) string {
			return h.accountToken(importer, func(c *jwt.AccountClaims) {
				c.Imports.Add(&jwt.Import{Account: exporter.public, Subject: "private", Type: jwt.Stream, Token: token})
			})
		}
		h.config.Preload[importer.public] = imports(activation(exporter, nil))
		of := capture(h)
		h.touch(importer)
		for _, tt := range []struct {
			name, token string
			works       bool
		}{
			{"none", "", false},
			{"by the exporter", activation(exporter, nil), true},
			{"by its signing key", activation(signing, func(c *jwt.ActivationClaims) { c.IssuerAccount = exporter.public }), true},
			{"by a stranger", activation(stranger, func(c *jwt.ActivationClaims) { c.IssuerAccount = exporter.public }), false},
			{"over", activation(exporter, func(c *jwt.ActivationClaims) { c.Expires = unix(-time.Minute) }), false},
			{"not yet valid", activation(exporter, func(c *jwt.ActivationClaims) { c.NotBefore = unix(time.Minute) }), false},
		} {
			if _, err := h.authority.Update("", imports(tt.token)); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			if got := len(of(importer.public).Imports); (got == 1) != tt.works {
				t.Errorf("%s: %d imports", tt.name, got)
			}
		}
		time.Sleep(61 * time.Second) // the last one counts by now
		synctest.Wait()
		if len(of(importer.public).Imports) != 1 {
			t.Error("an activation did not begin to count")
		}
		if _, err := h.authority.Update("", imports(activation(exporter, func(c *jwt.ActivationClaims) { c.Expires = unix(time.Minute) }))); err != nil {
			t.Fatal(err)
		}
		if len(of(importer.public).Imports) != 1 {
			t.Error("an activation that ends does not count")
		}
		time.Sleep(61 * time.Second)
		synctest.Wait()
		if len(of(importer.public).Imports) != 0 {
			t.Error("an activation that has ended counts")
		}
		if _, err := h.authority.Update("", imports(activation(exporter, nil))); err != nil {
			t.Fatal(err)
		}
		if _, err := h.authority.Update("", exports(unix(0))); err != nil || len(of(importer.public).Imports) != 0 {
			t.Errorf("an activation that was revoked counts, %v", err)
		}
	})
}

// Accounts that import from each other come together; what is missing works when it comes.
func TestExporterComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		later := newKey(t, nkeys.CreateAccount)
		dir := t.TempDir()
		h.config.Resolver = resolver.Config{Kind: resolver.Full, Dir: dir}
		system := h.account(nil)
		h.config.SystemAccount = system.public
		var a, b key
		b = newKey(t, nkeys.CreateAccount)
		a = h.account(func(c *jwt.AccountClaims) {
			c.Exports.Add(&jwt.Export{Subject: "a", Type: jwt.Stream})
			c.Imports.Add(&jwt.Import{Account: b.public, Subject: "b", Type: jwt.Stream},
				&jwt.Import{Account: later.public, Subject: "c", Type: jwt.Stream})
		})
		h.config.Preload[b.public] = h.accountToken(b, func(c *jwt.AccountClaims) {
			c.Exports.Add(&jwt.Export{Subject: "b", Type: jwt.Stream})
			c.Imports.Add(&jwt.Import{Account: a.public, Subject: "a", Type: jwt.Stream})
		})
		of := capture(h)
		h.touch(a)
		if len(of(a.public).Imports) != 1 || len(of(b.public).Imports) != 1 {
			t.Errorf("%+v, %+v", of(a.public), of(b.public))
		}
		token := h.accountToken(later, func(c *jwt.AccountClaims) { c.Exports.Add(&jwt.Export{Subject: "c", Type: jwt.Stream}) })
		if _, err := h.authority.Update("", token); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		h.touch(a)
		if len(of(a.public).Imports) != 2 {
			t.Errorf("%+v", of(a.public))
		}
	})
}

// Templates are filled in for each user.
func TestTemplates(t *testing.T) {
	h := newHouse(t)
	scoped := newKey(t, nkeys.CreateAccount)
	app := h.account(nil)
	h.run()
	h.touch(app)
	many := jwt.TagList{}
	for _, c := range "abcdefghijklmnopqrstuvwxyz0123456789" {
		many = append(many, "many:"+string(c)+"1", "many:"+string(c)+"2")
	}
	for _, tt := range []struct {
		allow, deny string
		may, mayNot string // subjects, separated by blanks; those of rules by bars
		want        string // error
	}{
		{"a.{{name()}}", "", "a.ann", "a.bob a.x", ""},
		{"a.{{ NAME() }}.b", "", "a.ann.b", "a.b", ""},
		{"{{subject()}}", "", "USER", "x", ""},
		{"{{account-name()}}.{{account-subject()}}", "", "shop.ACCOUNT", "x", ""},
		{"a.{{tag(team)}}", "", "a.red a.blue", "a.green a.x", ""},
		{"a.{{Tag(TEAM)}}.{{tag(room)}}", "", "a.red.1 a.blue.2", "a.1.red", ""},
		{"{{tag(team)}}.{{tag(team)}}", "", "red.blue red.red", "blue", ""},
		{"{{account-tag(region)}}.>", "", "eu.x", "us.x", ""},
		{"plain", "a.{{name()}}", "plain", "a.ann", ""},
		{">", "a.{{tag(team)}}", "a.x", "a.red a.blue", ""},
		{"a.{{tag(none)}}", "", "", "a a.x x", ""}, // nothing left: nothing is allowed
		{"a.{{tag(none)}}|b", "", "b", "a a.x x", ""},
		{"a.{{tag(dotted)}}", "", "a.x.y", "a.x", ""},
		{">", "a.{{tag(none)}}", "", "", "user JWT generated invalid permissions"},
		{">", "{{tag(bad)}}", "", "", "user JWT generated invalid permissions"},
		{"{{tag(bad)}}", "", "", "a x", ""},
		{"{{what()}}", "", "", "", "user JWT generated invalid permissions"},
		{"{{tag(team}}", "", "", "", "user JWT generated invalid permissions"},
		{"{{tag(many)}}.{{tag(many)}}.{{tag(many)}}", "", "", "", "user JWT generated invalid permissions"},
		{"{{tag(many)}}.{{tag(many)}}", "", "", "", "user JWT generated invalid permissions"},
		{"{{tag(many)}}", "", "a1 z2", "a3", ""},
		{"a{{b", "", "a{{b", "a", ""},
	} {
		update := h.accountToken(app, func(c *jwt.AccountClaims) {
			c.Name, c.Tags = "shop", jwt.TagList{"region:eu"}
			s := jwt.NewUserScope()
			s.Key = scoped.public
			s.Template.Pub.Allow, s.Template.Pub.Deny = split(tt.allow), split(tt.deny)
			c.SigningKeys.AddScopedSigner(s)
		})
		if _, err := h.authority.Update("", update); err != nil {
			t.Fatal(err)
		}
		k, token := h.user(scoped, func(c *jwt.UserClaims) {
			c.SetScoped(true)
			c.IssuerAccount, c.Name = app.public, "ann"
			c.Tags = append(jwt.TagList{"team:red", "team:blue", "room:1", "room:2", "dotted:x.y", "bad:a b", "teams:green"}, many...)
		})
		id, err := h.in(k, token)
		if text(err) != tt.want {
			t.Errorf("%s, deny %s: %v, want %q", tt.allow, tt.deny, err, tt.want)
			continue
		}
		who := strings.NewReplacer("USER", k.public, "ACCOUNT", app.public)
		for _, s := range strings.Fields(tt.may) {
			if !id.Perms.CanPublish([]byte(who.Replace(s))) {
				t.Errorf("%s, deny %s: may not publish to %s", tt.allow, tt.deny, s)
			}
		}
		for _, s := range strings.Fields(tt.mayNot) {
			if id.Perms.CanPublish([]byte(who.Replace(s))) {
				t.Errorf("%s, deny %s: may publish to %s", tt.allow, tt.deny, s)
			}
		}
	}
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, "|")
}

// New claims of an account are held against who is in.
func TestLiveChanges(t *testing.T) {
	signing, scoped := newKey(t, nkeys.CreateAccount), newKey(t, nkeys.CreateAccount)
	start := func(c *jwt.AccountClaims) {
		c.SigningKeys.Add(signing.public)
		s := jwt.NewUserScope()
		s.Key, s.Template.Pub.Allow = scoped.public, jwt.StringList{"a"}
		c.SigningKeys.AddScopedSigner(s)
		c.DefaultPermissions.Pub.Allow = jwt.StringList{"default"}
	}
	for _, tt := range []struct {
		name   string
		change func(c *jwt.AccountClaims, plain, scopedUser key)
		// what becomes of a user of the account itself, a bearer, one with a signing key, and one with a scoped one
		want [4]error
	}{
		{"nothing that matters", func(c *jwt.AccountClaims, _, _ key) { c.Description = "x" }, [4]error{}},
		{"a user revoked", func(c *jwt.AccountClaims, plain, _ key) { c.Revocations = jwt.RevocationList{plain.public: unix(0)} }, [4]error{0: auth.ErrRevoked}},
		{"all revoked", func(c *jwt.AccountClaims, _, _ key) { c.Revocations = jwt.RevocationList{"*": unix(0)} },
			[4]error{auth.ErrRevoked, auth.ErrRevoked, auth.ErrRevoked, auth.ErrRevoked}},
		{"no bearer tokens", func(c *jwt.AccountClaims, _, _ key) { c.Limits.DisallowBearer = true }, [4]error{1: auth.ErrDenied}},
		{"a signing key gone", func(c *jwt.AccountClaims, _, _ key) { delete(c.SigningKeys, signing.public) }, [4]error{2: auth.ErrSigner}},
		{"a template changed", func(c *jwt.AccountClaims, _, _ key) {
			c.SigningKeys[scoped.public].(*jwt.UserScope).Template.AllowedConnectionTypes.Add("STANDARD")
		}, [4]error{3: auth.ErrSigner}},
	} {
		h := newHouse(t)
		app := h.account(start)
		h.run()
		var users [4]key
		var ids [4]auth.Identity
		of := func(c *jwt.UserClaims) { c.IssuerAccount = app.public }
		for i, u := range []struct {
			by     key
			change func(*jwt.UserClaims)
		}{{app, nil}, {app, func(c *jwt.UserClaims) { c.BearerToken = true }}, {signing, of}, {scoped, func(c *jwt.UserClaims) { of(c); c.SetScoped(true) }}} {
			k, token := h.user(u.by, u.change)
			users[i], ids[i] = k, h.mustIn(k, token)
		}
		if _, err := h.authority.Update("", h.accountToken(app, func(c *jwt.AccountClaims) { start(c); tt.change(c, users[0], users[3]) })); err != nil {
			t.Fatal(err)
		}
		for i, id := range ids {
			again, err := h.authority.Renew(id, auth.Credentials{}, here)
			if want := tt.want[i]; !sameError(err, want) || err == nil && again != id {
				t.Errorf("%s: user %d: %v, want %v", tt.name, i, err, want)
			}
		}
	}
}

func sameError(got, want error) bool {
	return got == want || want == auth.ErrDenied && got != nil && text(got) == "account does not allow bearer tokens"
}

// Limits and default permissions change for who is in; an account that runs out, or goes, takes its users along.
func TestLiveAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		app, other := h.account(func(c *jwt.AccountClaims) { c.DefaultPermissions.Pub.Allow.Add("old") }), h.account(nil)
		h.run()
		k, token := h.user(app, nil)
		id := h.mustIn(k, token)
		h.touch(other)
		again := func() (auth.Identity, error) { return h.authority.Renew(id, auth.Credentials{}, here) }
		update := func(change func(*jwt.AccountClaims)) {
			t.Helper()
			token := h.accountToken(app, change)
			for range 2 { // the second one is no news
				if name, err := h.authority.Update("", token); err != nil || name != app.public {
					t.Fatalf("%s, %v", name, err)
				}
			}
			synctest.Wait()
			if told := h.told(); len(told) != 1 || told[0] != app.public {
				t.Errorf("told of %v", told)
			}
		}
		update(func(c *jwt.AccountClaims) {
			c.DefaultPermissions.Pub.Allow.Add("new")
			c.Limits.Subs = 1
		})
		now, err := again()
		if err != nil || now.Limits.Subscriptions != 1 || now.Perms.CanPublish([]byte("old")) || !now.Perms.CanPublish([]byte("new")) {
			t.Errorf("%+v, %v", now, err)
		}
		update(func(c *jwt.AccountClaims) { c.Expires = unix(time.Hour) })
		if _, err := again(); err != nil {
			t.Errorf("before its end: %v", err)
		}
		time.Sleep(time.Hour + time.Second)
		synctest.Wait()
		if told := h.told(); len(told) != 1 || told[0] != app.public {
			t.Errorf("told of %v when it ran out", told)
		}
		if _, err := again(); err != auth.ErrAccountExpired {
			t.Errorf("after its end: %v", err)
		}
		if _, err := h.in(k, token); err != nil { // the resolver still has the first one
			t.Errorf("the account is not fetched again: %v", err)
		}
		synctest.Wait()
		h.told()

		delete(h.config.Preload, app.public)
		commit, err := h.authority.Prepare(h.config, nil)
		if err != nil {
			t.Fatal(err)
		}
		commit()
		synctest.Wait()
		if told := h.told(); len(told) != 1 || told[0] != app.public || h.directory.Lookup(app.public) != nil || h.directory.Lookup(other.public) == nil {
			t.Errorf("told of %v when it went", told)
		}
		if _, err := again(); text(err) != "account JWT lookup error" {
			t.Errorf("after it went: %v", err)
		}
	})
}
