package auth_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nkeys"
	"golang.org/x/crypto/bcrypt"

	"weir/internal/auth"
	"weir/internal/perm"
)

func compile(t testing.TB, c auth.Config) *auth.Policy {
	t.Helper()
	p, err := auth.Compile(c, auth.Standard)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func hash(t testing.TB, secret string, cost int) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(secret), cost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

// publishOnly is permissions to publish to one subject.
func publishOnly(subject string) *perm.Config {
	return &perm.Config{Publish: perm.Rule{Allow: []string{subject}}}
}

func TestLogin(t *testing.T) {
	hashed := hash(t, "p", bcrypt.MinCost)
	users := []auth.User{{Name: "a", Password: "p"}, {Name: "b", Password: hashed}, {Name: "open"}}
	for _, tt := range []struct {
		name   string
		config auth.Config
		cr     auth.Credentials
		as     string
		ok     bool
	}{
		{"nobody is asked", auth.Config{}, auth.Credentials{User: "x", Token: "t"}, "", true},
		{"a password alone asks nobody", auth.Config{Password: "p"}, auth.Credentials{}, "", true},

		{"single", auth.Config{Username: "a", Password: "p"}, auth.Credentials{User: "a", Pass: "p"}, "a", true},
		{"single, wrong name", auth.Config{Username: "a", Password: "p"}, auth.Credentials{User: "b", Pass: "p"}, "", false},
		{"single, wrong password", auth.Config{Username: "a", Password: "p"}, auth.Credentials{User: "a", Pass: "P"}, "", false},
		{"single, nothing", auth.Config{Username: "a"}, auth.Credentials{}, "", false},
		{"single, bcrypt", auth.Config{Username: "a", Password: hashed}, auth.Credentials{User: "a", Pass: "p"}, "a", true},
		{"single, the hash is no password", auth.Config{Username: "a", Password: hashed}, auth.Credentials{User: "a", Pass: hashed}, "", false},

		{"token", auth.Config{Token: "t"}, auth.Credentials{Token: "t"}, "[REDACTED]", true},
		{"token, bcrypt", auth.Config{Token: hashed}, auth.Credentials{Token: "p"}, "[REDACTED]", true},
		{"token, wrong", auth.Config{Token: "t"}, auth.Credentials{Token: "u", User: "t", Pass: "t"}, "", false},
		{"token before single", auth.Config{Token: "t", Username: "a"}, auth.Credentials{User: "a"}, "", false},

		{"one of several", auth.Config{Users: users}, auth.Credentials{User: "a", Pass: "p"}, "a", true},
		{"another, bcrypt", auth.Config{Users: users}, auth.Credentials{User: "b", Pass: "p"}, "b", true},
		{"another's password", auth.Config{Users: users}, auth.Credentials{User: "open", Pass: "p"}, "", false},
		{"no password", auth.Config{Users: users}, auth.Credentials{User: "open"}, "open", true},
		{"none of several", auth.Config{Users: users}, auth.Credentials{User: "c", Pass: "p"}, "", false},
		{"several, nothing", auth.Config{Users: users}, auth.Credentials{}, "", false},
		{"several, a token", auth.Config{Users: users}, auth.Credentials{Token: "p"}, "", false},

		// Flags may put a token or a user beside the list.
		{"list and token: a user", auth.Config{Users: users, Token: "t"}, auth.Credentials{User: "a", Pass: "p"}, "a", true},
		{"list and token: the token", auth.Config{Users: users, Token: "t"}, auth.Credentials{Token: "t"}, "[REDACTED]", true},
		{"list and token: both", auth.Config{Users: users, Token: "t"}, auth.Credentials{User: "c", Token: "t"}, "", false},
		{"list and single", auth.Config{Users: users, Username: "c"}, auth.Credentials{User: "c"}, "", false},
	} {
		p := compile(t, tt.config)
		id, err := p.Login(tt.cr)
		if (err == nil) != tt.ok || id.Name != tt.as {
			t.Errorf("%s: got %q, %v; want %q, %v", tt.name, id.Name, err, tt.as, tt.ok)
		}
		if p.Required() != tt.config.Required() {
			t.Errorf("%s: the policy and its config disagree about whether to ask", tt.name)
		}
	}
}

func TestPermissions(t *testing.T) {
	shared := publishOnly("shared")
	p := compile(t, auth.Config{Users: []auth.User{
		{Name: "a", Permissions: shared}, {Name: "b", Permissions: shared},
		{Name: "own", Permissions: publishOnly("own")}, {Name: "free"}, {Name: "empty", Permissions: new(perm.Config)},
	}})
	perms := make(map[string]*perm.Set)
	for _, name := range []string{"a", "b", "own", "free", "empty"} {
		id, err := p.Login(auth.Credentials{User: name})
		if err != nil {
			t.Fatalf("%s can not come in: %v", name, err)
		}
		perms[name] = id.Perms
	}
	if perms["free"] != nil || perms["empty"] != nil {
		t.Error("a user without permissions is bound")
	}
	if perms["a"] != perms["b"] {
		t.Error("shared permissions were compiled twice")
	}
	if !perms["a"].CanPublish([]byte("shared")) || perms["a"].CanPublish([]byte("own")) || !perms["own"].CanPublish([]byte("own")) {
		t.Error("permissions of another user")
	}
}

func TestCompileRefuses(t *testing.T) {
	bad := perm.Rule{Allow: []string{"a b c"}}
	for _, tt := range []struct {
		users []auth.User
		is    error
		text  string
	}{
		{[]auth.User{{Name: "a"}, {}}, auth.ErrNoName, "user entry requires a user"},
		{[]auth.User{{Name: "a"}, {Name: "b"}, {Name: "a"}}, nil, `duplicate user "a"`},
		{[]auth.User{{Name: "a", Permissions: &perm.Config{Subscribe: bad}}}, perm.ErrSubject,
			`invalid permissions for user "a": subscribe: allow: subject "a b c" is not a valid subject`},
	} {
		_, err := auth.Compile(auth.Config{Users: tt.users}, auth.Standard)
		if err == nil || err.Error() != tt.text || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("got %v, want %s", err, tt.text)
		}
	}
}

func TestRenew(t *testing.T) {
	cr := auth.Credentials{User: "a", Pass: "p"}
	was := auth.Config{Users: []auth.User{{Name: "a", Password: "p", Permissions: publishOnly("x")}, {Name: "b"}}}
	old, err := compile(t, was).Login(cr)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name        string
		config      auth.Config
		ok, changed bool
	}{
		{"the same", was, true, false},
		{"others changed", auth.Config{Users: []auth.User{{Name: "a", Password: "p", Permissions: publishOnly("x")}, {Name: "c"}}}, true, false},
		{"permissions changed", auth.Config{Users: []auth.User{{Name: "a", Password: "p", Permissions: publishOnly("y")}}}, true, true},
		{"permissions gone", auth.Config{Users: []auth.User{{Name: "a", Password: "p"}}}, true, true},
		{"password changed", auth.Config{Users: []auth.User{{Name: "a", Password: "q"}}}, false, true},
		{"user gone", auth.Config{Users: []auth.User{{Name: "b"}}}, false, true},
		{"now the single user", auth.Config{Username: "a", Password: "p"}, true, true},
		{"nobody is asked any more", auth.Config{}, true, true},
		{"now a token", auth.Config{Token: "p"}, false, true},
	} {
		p := compile(t, tt.config)
		id, err := p.Renew(old, cr)
		if (err == nil) != tt.ok || err == nil && (id.Perms != old.Perms) != tt.changed {
			t.Errorf("%s: got %+v, %v", tt.name, id, err)
		}
		if known := len(tt.config.Users) > 0 && tt.config.Users[0].Name == "a"; p.Known(cr) != known {
			t.Errorf("%s: the user is known: %v", tt.name, !known)
		}
	}
}

// A reload with many clients must not hash as often.
func TestRenewDoesNotHashAgain(t *testing.T) {
	config := auth.Config{Users: []auth.User{{Name: "a", Password: hash(t, "p", 8)}}} // some 10 ms
	cr := auth.Credentials{User: "a", Pass: "p"}
	start := time.Now()
	id, err := compile(t, config).Login(cr)
	once := time.Since(start)
	if err != nil {
		t.Fatal(err)
	}
	p := compile(t, config)
	start = time.Now()
	for range 1000 {
		if id, err = p.Renew(id, cr); err != nil {
			t.Fatal(err)
		}
	}
	if d := time.Since(start); d > 100*once {
		t.Errorf("1,000 times took %v, one login %v", d, once)
	}
}

func TestNoSecretInResults(t *testing.T) {
	const secret = "hidden"
	config := auth.Config{Users: []auth.User{{Name: "a", Password: secret}}}
	if _, err := auth.Compile(auth.Config{Users: append(config.Users, config.Users...)}, auth.Standard); strings.Contains(err.Error(), secret) {
		t.Errorf("error %v", err)
	}
	if id, _ := compile(t, auth.Config{Token: secret}).Login(auth.Credentials{Token: secret}); strings.Contains(id.Name, secret) {
		t.Errorf("name %v", id.Name)
	}
}

// key is a new key and its public half.
func key(t *testing.T) (nkeys.KeyPair, string) {
	t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return pair, public
}

func sign(t *testing.T, pair nkeys.KeyPair, text string, encoding *base64.Encoding) string {
	t.Helper()
	sig, err := pair.Sign([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return encoding.EncodeToString(sig)
}

// Who signs the nonce with the right key comes in, and nobody else.
func TestNKeys(t *testing.T) {
	pair, public := key(t)
	other, stranger := key(t)
	p := compile(t, auth.Config{Users: []auth.User{{NKey: public}, {Name: "ann", Password: "p"}}})
	if !p.NeedsNonce() || !p.Required() {
		t.Error("nobody is asked to sign")
	}
	nonce := auth.NewNonce()
	raw := base64.RawURLEncoding
	for name, tt := range map[string]struct {
		cr auth.Credentials
		ok bool
	}{
		"right":           {auth.Credentials{NKey: public, Sig: sign(t, pair, nonce, raw), Nonce: nonce}, true},
		"padded":          {auth.Credentials{NKey: public, Sig: sign(t, pair, nonce, base64.StdEncoding), Nonce: nonce}, true},
		"another's key":   {auth.Credentials{NKey: public, Sig: sign(t, other, nonce, raw), Nonce: nonce}, false},
		"a stranger":      {auth.Credentials{NKey: stranger, Sig: sign(t, other, nonce, raw), Nonce: nonce}, false},
		"another nonce":   {auth.Credentials{NKey: public, Sig: sign(t, pair, "another", raw), Nonce: nonce}, false},
		"no signature":    {auth.Credentials{NKey: public, Nonce: nonce}, false},
		"no nonce":        {auth.Credentials{NKey: public, Sig: sign(t, pair, "", raw)}, false},
		"as a user":       {auth.Credentials{User: public}, false},
		"the user beside": {auth.Credentials{User: "ann", Pass: "p"}, true},
		"nothing at all":  {auth.Credentials{}, false},
		"no base64":       {auth.Credentials{NKey: public, Sig: "%%", Nonce: nonce}, false},
	} {
		id, err := p.Login(tt.cr)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && tt.cr.NKey != "" {
			if id.Name != public {
				t.Errorf("%s: comes in as %q", name, id.Name)
			}
			tt.cr.Sig = "" // a reload does not ask again
			if _, err := p.Renew(id, tt.cr); err != nil {
				t.Errorf("%s: has to go at a reload: %v", name, err)
			}
		}
	}
	if _, err := auth.Compile(auth.Config{Users: []auth.User{{NKey: "UABC"}}}, auth.Standard); err == nil {
		t.Error("a bad key was accepted")
	}
}

func TestPlainPasswords(t *testing.T) {
	hashed := hash(t, "p", bcrypt.MinCost)
	_, public := key(t)
	for _, tt := range []struct {
		name   string
		config auth.Config
		mapped []auth.Type
		want   bool
	}{
		{"nobody", auth.Config{}, nil, false},
		{"token", auth.Config{Token: "t"}, nil, false},
		{"single", auth.Config{Username: "a", Password: "p"}, nil, true},
		{"single, hashed", auth.Config{Username: "a", Password: hashed}, nil, false},
		{"single, none", auth.Config{Username: "a"}, nil, false},
		{"list", auth.Config{Users: []auth.User{{Name: "a", Password: hashed}, {Name: "b", Password: "p"}}}, nil, true},
		{"list, hashed", auth.Config{Users: []auth.User{{Name: "a", Password: hashed}, {NKey: public}}}, nil, false},
		{"list, none", auth.Config{Users: []auth.User{{Name: "a"}}}, nil, true},
		{"list, none but a certificate", auth.Config{Users: []auth.User{{Name: "a"}}}, []auth.Type{auth.WebSocket}, false},
		{"list, no certificate for it", auth.Config{Users: []auth.User{{Name: "a", Types: []auth.Type{auth.Standard}}}}, []auth.Type{auth.WebSocket}, true},
	} {
		p, err := auth.Compile(tt.config, auth.Standard, tt.mapped...)
		if err != nil {
			t.Fatal(err)
		}
		if p.PlainPasswords() != tt.want {
			t.Errorf("%s: %v", tt.name, !tt.want)
		}
	}
}
