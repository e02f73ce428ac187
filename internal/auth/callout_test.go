package auth_test

import (
	"errors"
	"testing"

	"weir/internal/auth"
	"weir/internal/perm"
)

// oracle puts everybody into an account, unless it has an error, and notes what it was asked.
type oracle struct {
	account string
	err     error
	asked   []auth.Question
}

func (o *oracle) Ask(q *auth.Question) (auth.Identity, error) {
	o.asked = append(o.asked, *q)
	return auth.Identity{Name: "asked", Account: o.account}, o.err
}

// askable is users of some accounts, of whom svc is the service's, and a callout.
func askable(change func(*auth.Config)) auth.Config {
	c := auth.Config{
		Users: []auth.User{
			{Name: "svc", Password: "s", Account: "AUTH"}, {Name: "app", Password: "a", Account: "APP"}, {Name: "bar", Password: "b", Account: "BAR"},
			{Name: "far", Password: "f", Account: "APP", ProxyRequired: true}, {Name: "plain", Password: "p"},
		},
		Callout:   &auth.Callout{Issuer: "I", Account: "AUTH", Users: []string{"svc"}},
		Listening: []string{"AUTH"},
	}
	if change != nil {
		change(&c)
	}
	return c
}

var arriving = auth.Peer{Arrival: new(auth.Arrival)}

// TestCalloutIsAsked says for whom a callout is asked, and what becomes of the others.
func TestCalloutIsAsked(t *testing.T) {
	only := func(accounts ...string) func(*auth.Config) {
		return func(c *auth.Config) { c.Callout.Accounts = accounts }
	}
	for _, row := range []struct {
		name   string
		change func(*auth.Config)
		with   auth.Credentials
		asked  bool
		want   string // the name of who comes in; empty for nobody
	}{
		{"nobody in particular", nil, auth.Credentials{}, true, "asked"},
		{"a stranger", nil, auth.Credentials{User: "eve"}, true, "asked"},
		{"a token", nil, auth.Credentials{Token: "t"}, true, "asked"},
		{"a user", nil, auth.Credentials{User: "app", Pass: "a"}, true, "asked"},
		{"its wrong password", nil, auth.Credentials{User: "app", Pass: "x"}, true, "asked"},
		{"the service", nil, auth.Credentials{User: "svc", Pass: "s"}, false, "svc"},
		{"its wrong password", nil, auth.Credentials{User: "svc", Pass: "x"}, false, ""},
		{"a key beside its name", nil, auth.Credentials{User: "svc", Pass: "s", NKey: "UX"}, false, "svc"},
		{"another account", only("APP"), auth.Credentials{User: "bar", Pass: "b"}, false, "bar"},
		{"the wrong password there", only("APP"), auth.Credentials{User: "bar", Pass: "x"}, true, "asked"},
		{"that account", only("APP"), auth.Credentials{User: "app", Pass: "a"}, true, "asked"},
		{"the global account", only("APP"), auth.Credentials{User: "plain", Pass: "p"}, true, "asked"},
		{"another type", func(c *auth.Config) { c.Callout.Types = []auth.Type{auth.WebSocket} }, auth.Credentials{User: "eve"}, false, ""},
		{"no users", func(c *auth.Config) { c.Users = nil }, auth.Credentials{}, true, "asked"},
		{"a single user", func(c *auth.Config) { c.Users, c.Username, c.Password = nil, "svc", "s" }, auth.Credentials{User: "svc", Pass: "s"}, false, "svc"},
		{"a token called like the service", func(c *auth.Config) { c.Users, c.Token, c.Callout.Users = nil, "t", []string{auth.TokenName} },
			auth.Credentials{Token: "t"}, true, "asked"},
	} {
		o := &oracle{account: "APP"}
		p := compile(t, askable(row.change)).Ask(o)
		id, err := p.Admit(auth.Identity{}, row.with, arriving)
		if len(o.asked) > 0 != row.asked || id.Name != row.want || (err == nil) != (row.want != "") {
			t.Errorf("%s: asked %d times, %+v, %v", row.name, len(o.asked), id, err)
		}
	}
}

// TestCalloutQuestion: a guest is asked about with the credentials of no_auth_user, and who lacks a proxy is said to.
func TestCalloutQuestion(t *testing.T) {
	o := &oracle{account: "APP"}
	p := compile(t, askable(func(c *auth.Config) { c.NoAuthUser = "plain" })).Ask(o)
	for _, with := range []auth.Credentials{{}, {User: "far", Pass: "f"}, {User: "far", Pass: "f", Proxy: "P"}} {
		if _, err := p.Admit(auth.Identity{}, with, arriving); err != nil {
			t.Error(err)
		}
	}
	if q := o.asked[0]; q.User != "plain" || q.Pass != "p" || q.ProxyMissing {
		t.Errorf("%+v", q)
	}
	if !o.asked[1].ProxyMissing || o.asked[2].ProxyMissing {
		t.Errorf("%v %v", o.asked[1].ProxyMissing, o.asked[2].ProxyMissing)
	}
	o.err = &auth.Refusal{Account: "AUTH", Text: "no", Err: auth.ErrDenied}
	if _, err := p.Admit(auth.Identity{}, auth.Credentials{User: "x"}, arriving); err != o.err || !errors.Is(err, auth.ErrDenied) || err.Error() != "no" {
		t.Error(err)
	}
}

// TestCalloutAfterReload: who was let in stays while the callout is the same, and nobody is asked about who is in already.
func TestCalloutAfterReload(t *testing.T) {
	o := &oracle{account: "APP"}
	with := auth.Credentials{User: "app", Pass: "a"}
	p := compile(t, askable(nil)).Ask(o)
	in, err := p.Admit(auth.Identity{}, with, arriving)
	if err != nil {
		t.Fatal(err)
	}
	if in.Claims.Token() != "" || in.Claims.Show().JWT != "" {
		t.Errorf("%+v", in.Claims)
	}
	renew := func(change func(*auth.Config), old auth.Identity) (auth.Identity, error) {
		return compile(t, askable(change)).Ask(o).Admit(old, with, auth.Peer{})
	}
	if id, err := renew(func(c *auth.Config) { c.Users = c.Users[:1] }, in); err != nil || id != in {
		t.Errorf("other users: %+v %v", id, err)
	}
	for name, change := range map[string]func(*auth.Config){
		"issuer":  func(c *auth.Config) { c.Callout.Issuer = "J" },
		"account": func(c *auth.Config) { c.Callout.Account = "OTHER" },
	} {
		if _, err := renew(change, in); !errors.Is(err, auth.ErrAskAgain) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	if _, err := renew(nil, auth.Identity{}); !errors.Is(err, auth.ErrAskAgain) {
		t.Errorf("let in without a callout: %v", err)
	}
	if id, err := renew(func(c *auth.Config) { c.Callout = nil }, in); err != nil || id.Name != "app" || id.Claims != nil {
		t.Errorf("without a callout: %+v %v", id, err)
	}
	if len(o.asked) != 1 {
		t.Errorf("asked %d times", len(o.asked))
	}
}

// TestCalloutOfItsAccount: nobody in the account of a callout may ask it, whoever let them in; permissions that an answer does
// not give are those of the account.
func TestCalloutOfItsAccount(t *testing.T) {
	o := &oracle{account: "AUTH"}
	p := compile(t, askable(func(c *auth.Config) {
		c.Defaults = map[string]*perm.Config{"APP": publishOnly("ok")}
	})).Ask(o)
	may := func(with auth.Credentials, subject string) bool {
		t.Helper()
		id, err := p.Admit(auth.Identity{}, with, arriving)
		if err != nil {
			t.Fatal(err)
		}
		return id.Perms == nil || id.Perms.CanPublish([]byte(subject))
	}
	for _, with := range []auth.Credentials{{User: "svc", Pass: "s"}, {User: "x"}} {
		if may(with, auth.CalloutSubject) || !may(with, "other") {
			t.Errorf("%+v: may ask", with)
		}
	}
	if o.account = "APP"; may(auth.Credentials{User: "x"}, "other") || !may(auth.Credentials{User: "x"}, "ok") {
		t.Error("not the permissions of the account")
	}
	if o.account = "BAR"; !may(auth.Credentials{User: "x"}, "other") {
		t.Error("permissions of another account")
	}
}
