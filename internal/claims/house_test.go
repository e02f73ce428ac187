package claims_test

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/claims"
	"weir/internal/resolver"
)

// key is a new key of a kind and its public half.
type key struct {
	nkeys.KeyPair
	public string
}

func newKey(t testing.TB, create func() (nkeys.KeyPair, error)) key {
	t.Helper()
	pair, err := create()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return key{pair, public}
}

// house is an operator, accounts by public key, and an Authority of them.
type house struct {
	t         testing.TB
	operator  key
	config    claims.Config
	directory *account.Directory
	authority *claims.Authority

	mu      sync.Mutex
	changed []string
}

// newHouse makes one with a resolver in memory; nothing runs yet.
func newHouse(t testing.TB) *house {
	h := &house{t: t, operator: newKey(t, nkeys.CreateOperator), directory: account.NewDirectory()}
	h.config = claims.Config{Resolver: resolver.Config{Kind: resolver.Memory}, Preload: map[string]string{}}
	h.setOperator(func(*jwt.OperatorClaims) {})
	return h
}

// setOperator makes the operator's JWT.
func (h *house) setOperator(change func(*jwt.OperatorClaims)) {
	c := jwt.NewOperatorClaims(h.operator.public)
	change(c)
	h.config.Operators = []string{h.encode(c, h.operator)}
}

func (h *house) encode(c jwt.Claims, by key) string {
	h.t.Helper()
	token, err := c.Encode(by)
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// account adds an account to the configuration.
func (h *house) account(change func(*jwt.AccountClaims)) key {
	k := newKey(h.t, nkeys.CreateAccount)
	h.config.Preload[k.public] = h.accountToken(k, change)
	return k
}

func (h *house) accountToken(k key, change func(*jwt.AccountClaims)) string {
	c := jwt.NewAccountClaims(k.public)
	if change != nil {
		change(c)
	}
	return h.encode(c, h.operator)
}

// user makes a user, signed by a key of its account.
func (h *house) user(by key, change func(*jwt.UserClaims)) (key, string) {
	h.t.Helper()
	k := newKey(h.t, nkeys.CreateUser)
	c := jwt.NewUserClaims(k.public)
	if change != nil {
		change(c)
	}
	return k, h.encode(c, by)
}

// run makes the Authority.
func (h *house) run() *house {
	h.t.Helper()
	a, err := claims.New(h.config.Completed(), h.env())
	if err != nil {
		h.t.Fatal(err)
	}
	h.authority = a
	h.t.Cleanup(a.Close)
	return h
}

func (h *house) env() claims.Env {
	return claims.Env{
		Log: slog.New(slog.DiscardHandler), Apply: h.directory.Apply,
		Changed: func(name string) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.changed = append(h.changed, name)
		},
	}
}

// told is which accounts have changed since it was asked before.
func (h *house) told() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	told := h.changed
	h.changed = nil
	return told
}

const nonce = "a nonce"

// signed are credentials with a JWT and the signature of a nonce.
func signed(t testing.TB, k key, token string) auth.Credentials {
	t.Helper()
	sig, err := k.Sign([]byte(nonce))
	if err != nil {
		t.Fatal(err)
	}
	return auth.Credentials{JWT: token, Sig: base64.RawURLEncoding.EncodeToString(sig), Nonce: nonce}
}

var here = auth.Peer{Type: auth.WebSocket, Addr: netip.MustParseAddr("10.1.2.3")}

// in is who comes in with a user's JWT and key.
func (h *house) in(k key, token string) (auth.Identity, error) {
	h.t.Helper()
	return h.authority.Renew(auth.Identity{}, signed(h.t, k, token), here)
}

// mustIn is in for who has to come in.
func (h *house) mustIn(k key, token string) auth.Identity {
	h.t.Helper()
	id, err := h.in(k, token)
	if err != nil {
		h.t.Fatalf("can not come in: %v", err)
	}
	return id
}

// rawToken is a JWT with any payload, signed by a key that the payload need not name.
func rawToken(t testing.TB, by nkeys.KeyPair, header, payload string) string {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	sig, err := by.Sign([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

const rawHeader = `{"typ":"JWT","alg":"ed25519-nkey"}`

// payload is the JSON of claims, with some members replaced.
func payload(t testing.TB, c jwt.Claims, change map[string]any) string {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	for name, v := range change {
		m[name] = v
	}
	if text, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func unix(d time.Duration) int64 { return time.Now().Add(d).Unix() }

func rawBase64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// natsPart is the member nats of claims, marked as those of an account.
func natsPart(t testing.TB, c *jwt.AccountClaims) map[string]any {
	t.Helper()
	text, err := json.Marshal(&c.Account)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]any{}
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	m["type"], m["version"] = "account", 2
	return m
}
