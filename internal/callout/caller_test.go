package callout_test

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/callout"
	"weir/internal/service"
)

// house is a server with the accounts AUTH and APP, and a service that answers in AUTH.
type house struct {
	t        testing.TB
	accounts *account.Directory
	service  *service.Service
	caller   *callout.Caller
	id       string
	issuer   nkeys.KeyPair
	block    auth.Callout
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, accounts: account.NewDirectory(), service: service.New(0, slog.New(slog.DiscardHandler))}
	h.must(h.accounts.Apply([]account.Config{{Name: "AUTH"}, {Name: "APP"}}))
	server, err := nkeys.CreateServer()
	h.must(err)
	h.id, err = server.PublicKey()
	h.must(err)
	curve, err := nkeys.CreateCurveKeys()
	h.must(err)
	h.issuer, err = nkeys.CreateAccount()
	h.must(err)
	h.block = auth.Callout{Account: "AUTH"}
	h.block.Issuer, err = h.issuer.PublicKey()
	h.must(err)
	h.caller = callout.New(callout.Env{
		Key: server, XKey: curve, Accounts: h.accounts, Log: slog.New(slog.DiscardHandler),
		Server: func() callout.Server { return callout.Server{ID: h.id} },
	})
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// ask asks about somebody with secrets.
func (h *house) ask(patience time.Duration) (auth.Identity, error) {
	return h.caller.Ask(&auth.Question{
		Callout:     &h.block,
		Credentials: auth.Credentials{User: "ann", Pass: "hidden", Token: "hidden", Sig: "hidden"},
		From:        auth.Peer{Type: auth.Standard, Arrival: &auth.Arrival{Host: "h", Patience: patience}},
	})
}

// serve answers requests.
func (h *house) serve(answer func(r *jwt.AuthorizationRequestClaims, m *service.Message)) {
	h.t.Helper()
	h.must(h.service.Handle(h.accounts.Lookup("AUTH"), auth.CalloutSubject, func(m *service.Message) {
		r, err := jwt.DecodeAuthorizationRequestClaims(string(m.Body))
		if err != nil {
			h.t.Errorf("request: %v", err)
			return
		}
		answer(r, m)
	}))
}

// allow is an answer that lets the user of a request into APP.
func (h *house) allow(r *jwt.AuthorizationRequestClaims) []byte {
	u := jwt.NewUserClaims(r.UserNkey)
	u.Audience = "APP"
	token, err := u.Encode(h.issuer)
	h.must(err)
	c := jwt.NewAuthorizationResponseClaims(r.UserNkey)
	c.Audience, c.Jwt = r.Server.ID, token
	answer, err := c.Encode(h.issuer)
	h.must(err)
	return []byte(answer)
}

// TestCallerWaitsForTheService asks again while nobody listens, and gives up in time.
func TestCallerWaitsForTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		begun := time.Now()
		_, err := h.ask(2 * time.Second)
		if d := time.Since(begun); d > 2*time.Second || !errors.Is(err, auth.ErrUnanswered) || errors.Is(err, auth.ErrDenied) {
			t.Errorf("%v after %v", err, d)
		}
		time.AfterFunc(5*time.Second, func() {
			h.serve(func(r *jwt.AuthorizationRequestClaims, m *service.Message) { m.Respond(h.allow(r), 0) })
		})
		id, err := h.ask(10 * time.Second)
		if err != nil || id.Account != "APP" || id.Name != "ann" || id.Perms != nil {
			t.Errorf("%+v %v", id, err)
		}
	})
}

// TestCallerAnswersCountOnce: an answer to an earlier request is none to this one, and the first answer counts.
func TestCallerAnswersCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		var first []byte
		h.serve(func(r *jwt.AuthorizationRequestClaims, m *service.Message) {
			if first == nil {
				first = h.allow(r)
			}
			m.Respond(first, 0)
			m.Respond(h.allow(r), 0)
		})
		if _, err := h.ask(time.Second); err != nil {
			t.Error(err)
		}
		if _, err := h.ask(time.Second); !errors.Is(err, auth.ErrDenied) {
			t.Error(err)
		}
	})
}

// TestCallerCloses ends all who wait.
func TestCallerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		ended := make(chan error)
		go func() {
			_, err := h.ask(time.Hour)
			ended <- err
		}()
		synctest.Wait()
		h.caller.Close()
		if err := <-ended; !errors.Is(err, auth.ErrUnanswered) {
			t.Error(err)
		}
	})
}

// FuzzAnswer has a service that answers anything: as it is, and signed as claims. Nobody comes in but into an account that is
// there, and no error holds what the client sent.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"", "eyJ", "xkv1", `{"nats":{"type":"authorization_response"}}`,
		`{"aud":"SERVER","sub":"USER","nats":{"jwt":"x","type":"authorization_response","version":2}}`,
		`{"aud":"SERVER","sub":"USER","nats":{"error":"no","type":"authorization_response","version":2}}`,
		`{"aud":"SERVER","sub":"USER","nats":{"jwt":"INNER","type":"authorization_response","version":2}}`,
		`{"aud":"APP","sub":"USER","nats":{"pub":{"allow":["a.>"]},"type":"user","version":2}}`,
		`{"aud":"APP","sub":"USER","nats":{"times":[{"start":"x"}],"src":["y"],"type":"user","version":2}}`,
		`{"aud":"APP","sub":"USER","exp":-1,"nats":{"allowed_connection_types":["X"],"type":"user","version":2}}`,
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	h := newHouse(f)
	var text string
	var whole bool
	h.serve(func(r *jwt.AuthorizationRequestClaims, m *service.Message) {
		fill := strings.NewReplacer("SERVER", h.id, "USER", r.UserNkey).Replace
		inner := h.sign(fill(text))
		switch {
		case !whole:
			m.Respond([]byte(text), 0)
		case strings.Contains(text, "authorization_response"):
			m.Respond([]byte(strings.ReplaceAll(inner, "INNER", "")), 0)
		default:
			c := jwt.NewAuthorizationResponseClaims(r.UserNkey)
			c.Audience, c.Jwt = r.Server.ID, inner
			if answer, err := c.Encode(h.issuer); err == nil {
				m.Respond([]byte(answer), 0)
			}
		}
	})
	f.Fuzz(func(t *testing.T, answer string, signed bool) {
		text, whole = answer, signed
		id, err := h.ask(3 * time.Second)
		var refusal *auth.Refusal
		switch {
		case errors.Is(err, auth.ErrUnanswered):
			t.Errorf("%v; %d panics", err, h.service.Panics())
		case err == nil && h.accounts.Lookup(id.Account) == nil:
			t.Errorf("let into %q", id.Account)
		case err != nil && !errors.As(err, &refusal):
			t.Errorf("%v", err)
		case err != nil && !strings.Contains(answer, "hidden") && strings.Contains(err.Error(), "hidden"):
			t.Errorf("%v", err)
		}
	})
}

// sign makes a JWT of any claims.
func (h *house) sign(claims string) string {
	claims = strings.Replace(claims, "{", `{"iss":"`+h.block.Issuer+`",`, 1)
	encode := base64.RawURLEncoding.EncodeToString
	body := encode([]byte(`{"typ":"JWT","alg":"ed25519-nkey"}`)) + "." + encode([]byte(claims))
	sig, err := h.issuer.Sign([]byte(body))
	if err != nil {
		return "" // a fuzz target may not complain by its F
	}
	return body + "." + encode(sig)
}
