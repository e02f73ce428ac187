package auth_test

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"

	"weir/internal/auth"
)

func trust(t *testing.T, keys ...string) *auth.Proxies {
	t.Helper()
	p, err := auth.TrustProxies(keys)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Only a signature of this very nonce by a trusted key vouches for a client.
func TestVouching(t *testing.T) {
	first, firstName := key(t)
	second, secondName := key(t)
	stranger, _ := key(t)
	raw, nonce := base64.RawURLEncoding, auth.NewNonce()
	both, nobody := trust(t, firstName, secondName), trust(t)
	if !both.NeedNonce() || nobody.NeedNonce() {
		t.Error("a nonce is needed where proxies are trusted, and only there")
	}
	for _, tt := range []struct {
		name       string
		proxies    *auth.Proxies
		sig, nonce string
		want       string
		err        error
	}{
		{"the first", both, sign(t, first, nonce, raw), nonce, firstName, nil},
		{"the second", both, sign(t, second, nonce, raw), nonce, secondName, nil},
		{"nobody", both, "", nonce, "", nil},
		{"a stranger", both, sign(t, stranger, nonce, raw), nonce, "", auth.ErrProxyNotTrusted},
		{"another nonce", both, sign(t, first, "another", raw), nonce, "", auth.ErrProxyNotTrusted},
		{"no nonce", both, sign(t, first, "", raw), "", "", auth.ErrProxyNotTrusted},
		{"padded, as nats-server does not want it", both, sign(t, first, nonce, base64.URLEncoding), nonce, "", auth.ErrProxyNotTrusted},
		{"no base64", both, "%%", nonce, "", auth.ErrProxyNotTrusted},
		{"too short", both, "AAAA", nonce, "", auth.ErrProxyNotTrusted},
		{"where none is trusted", nobody, sign(t, stranger, nonce, raw), nonce, "", nil},
	} {
		got, err := tt.proxies.Vouching(tt.sig, tt.nonce)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: %q, %v; want %q, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
	if !both.Trust(firstName) || !both.Trust(secondName) || trust(t, secondName).Trust(firstName) || !nobody.Trust("") {
		t.Error("wrong keys are trusted")
	}
}

// Any kind of public key will do, and nothing of a secret one is shown.
func TestProxyKeys(t *testing.T) {
	for _, create := range []func() (nkeys.KeyPair, error){
		nkeys.CreateUser, nkeys.CreateServer, nkeys.CreateAccount, nkeys.CreateOperator, nkeys.CreateCluster,
	} {
		pair, err := create()
		if err != nil {
			t.Fatal(err)
		}
		public, err := pair.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{public, public + "A"} { // both are the same key
			if p := trust(t, text); !p.Trust(public) {
				t.Errorf("%s is not trusted as %s", public, text)
			}
		}
		seed, err := pair.Seed()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(seed), string(seed[1:]), string(seed[:20])} {
			_, err := auth.TrustProxies([]string{public, text})
			if !errors.Is(err, auth.ErrProxyKey) || strings.Contains(err.Error(), text[1:8]) {
				t.Errorf("error %v", err)
			}
		}
	}
	for text, want := range map[string]string{"": `invalid proxy key ""`, "bad": `invalid proxy key "bad"`} {
		if err := auth.CheckProxyKey(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Who needs a proxy is told so before its secret is looked at; what is not on the list of users goes the single user's way.
func TestProxyRequired(t *testing.T) {
	pair, public := key(t)
	nonce := auth.NewNonce()
	signed := auth.Credentials{NKey: public, Nonce: nonce, Sig: sign(t, pair, nonce, base64.RawURLEncoding)}
	users := []auth.User{
		{Name: "ann", Password: "p", ProxyRequired: true}, {Name: "bob", Password: "p"},
		{Name: "web", Password: "p", Types: []auth.Type{auth.WebSocket}, ProxyRequired: true},
		{NKey: public, ProxyRequired: true},
	}
	list := auth.Config{Users: users}
	guest := auth.Config{Users: users, NoAuthUser: "ann"}
	both := auth.Config{Users: users[:3], ProxyRequired: true}
	single := auth.Config{Username: "ann", Password: "p", ProxyRequired: true}
	token := auth.Config{Token: "t", ProxyRequired: true}
	user := func(name, pass string) auth.Credentials { return auth.Credentials{User: name, Pass: pass} }
	for _, tt := range []struct {
		name            string
		config          auth.Config
		cr              auth.Credentials
		without, behind error
	}{
		{"required", list, user("ann", "p"), auth.ErrProxyRequired, nil},
		{"required, wrong password", list, user("ann", "x"), auth.ErrProxyRequired, auth.ErrDenied},
		{"not required", list, user("bob", "p"), nil, nil},
		{"not required, wrong password", list, user("bob", "x"), auth.ErrDenied, auth.ErrDenied},
		{"unknown", list, user("eve", "p"), auth.ErrDenied, auth.ErrDenied},
		{"not by this connection", list, user("web", "p"), auth.ErrDenied, auth.ErrDenied},
		{"nobody", list, auth.Credentials{}, auth.ErrDenied, auth.ErrDenied},
		{"nkey", list, signed, auth.ErrProxyRequired, nil},
		{"nkey, no signature", list, auth.Credentials{NKey: public, Nonce: nonce}, auth.ErrProxyRequired, auth.ErrDenied},
		{"no_auth_user", guest, auth.Credentials{}, auth.ErrProxyRequired, nil},
		{"no_auth_user, wrong password", guest, user("ann", "x"), auth.ErrProxyRequired, auth.ErrDenied},
		{"beside a list: one of it", both, user("bob", "p"), nil, nil},
		{"beside a list: not of it", both, user("eve", "p"), auth.ErrDenied, auth.ErrDenied},
		{"beside a list: nobody", both, auth.Credentials{}, auth.ErrProxyRequired, auth.ErrDenied},
		{"single", single, user("ann", "p"), auth.ErrProxyRequired, nil},
		{"single, another name", single, user("bob", "p"), auth.ErrProxyRequired, auth.ErrDenied},
		{"single, an nkey", single, signed, auth.ErrProxyRequired, auth.ErrDenied},
		{"token", token, auth.Credentials{Token: "t"}, auth.ErrProxyRequired, nil},
		{"wrong token", token, auth.Credentials{Token: "u"}, auth.ErrProxyRequired, auth.ErrDenied},
		{"nobody is asked", auth.Config{ProxyRequired: true}, auth.Credentials{}, nil, nil},
	} {
		p := compile(t, tt.config)
		if _, err := p.Login(tt.cr); !errors.Is(err, tt.without) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.without)
		}
		tt.cr.Proxy = "key"
		id, err := p.Login(tt.cr)
		if !errors.Is(err, tt.behind) {
			t.Errorf("%s, behind a proxy: %v, want %v", tt.name, err, tt.behind)
		}
		tt.cr.Sig = ""
		if again, err := p.Renew(id, tt.cr); tt.behind == nil && (err != nil || again != id) {
			t.Errorf("%s, behind a proxy: has to go at a reload, %v", tt.name, err)
		}
	}
	for proxy, want := range map[string]error{"": auth.ErrProxyRequired, "key": nil} {
		cert := certified(t, x509.Certificate{DNSNames: []string{"app"}})
		p := compile(t, auth.Config{Users: []auth.User{{Name: "app", ProxyRequired: true}}})
		if _, err := p.LoginCertificate(cert, auth.Credentials{Proxy: proxy}); !errors.Is(err, want) {
			t.Errorf("a certificate, proxy %q: %v", proxy, err)
		}
	}
}
