package callout

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"weir/test/operator"
)

// Subject is where servers ask.
const Subject = "$SYS.REQ.USER.AUTH"

// Keys are those of a service.
type Keys struct {
	Issuer, Curve operator.Key
}

// NewKeys makes some.
func NewKeys(t testing.TB) Keys {
	t.Helper()
	return Keys{operator.NewKey(t, nkeys.CreateAccount), operator.NewKey(t, nkeys.CreateCurveKeys)}
}

// Block is an auth_callout block that asks in the account AUTH, where the user auth is the service.
func (k Keys) Block(more string) string {
	return fmt.Sprintf("auth_callout { issuer: %s, account: AUTH, auth_users: [ auth ]\n%s }", k.Issuer.Public, more)
}

// Accounts are AUTH with the service, and APP, where it puts people.
const Accounts = `accounts {
  AUTH { users [ { user: auth, password: auth } ] }
  APP { users [ { user: bob, password: bob } ] }
}
`

// Request is what a server asks.
type Request struct {
	*jwt.AuthorizationRequestClaims
	// Sealed says that it came encrypted.
	Sealed bool
	// Weir is what only Weir says.
	Weir struct {
		Origin  string
		Headers map[string][]string
		Cookies map[string]string
		Query   map[string][]string
	}

	by  *Service
	msg *nats.Msg
}

// Service answers.
type Service struct {
	Keys
	// Asked counts the requests.
	Asked atomic.Int64

	t testing.TB
}

// Serve answers on a connection until that closes.
func Serve(t testing.TB, nc *nats.Conn, keys Keys, answer func(*Request)) *Service {
	t.Helper()
	s := &Service{Keys: keys, t: t}
	_, err := nc.Subscribe(Subject, func(m *nats.Msg) {
		s.Asked.Add(1)
		if r := s.read(m); r != nil {
			answer(r)
		}
	})
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// read decodes a request.
func (s *Service) read(m *nats.Msg) *Request {
	r := &Request{by: s, msg: m}
	body := m.Data
	if from := m.Header.Get("Nats-Server-Xkey"); from != "" {
		var err error
		if body, err = s.Curve.Open(body, from); err != nil {
			s.t.Errorf("sealed request: %v", err)
			return nil
		}
		r.Sealed = true
	}
	var err error
	if r.AuthorizationRequestClaims, err = jwt.DecodeAuthorizationRequestClaims(string(body)); err != nil {
		s.t.Errorf("request: %v", err)
		return nil
	}
	vr := jwt.CreateValidationResults()
	if r.Validate(vr); len(vr.Issues) > 0 {
		s.t.Errorf("request: %v", vr.Issues[0].Description)
	}
	var extra struct {
		Nats struct {
			Weir any `json:"weir"`
		} `json:"nats"`
	}
	extra.Nats.Weir = &r.Weir
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(string(body), ".")[1])
	if err == nil {
		err = json.Unmarshal(payload, &extra)
	}
	if err != nil {
		s.t.Errorf("request: %v", err)
	}
	return r
}

// User makes a user for this request in an account; change may be nil.
func (r *Request) User(account string, change func(*jwt.UserClaims)) string {
	c := jwt.NewUserClaims(r.UserNkey)
	c.Audience = account
	if change != nil {
		change(c)
	}
	return r.sign(c)
}

func (r *Request) sign(c jwt.Claims) string { return r.signBy(c, r.by.Issuer) }

func (r *Request) signBy(c jwt.Claims, by nkeys.KeyPair) string {
	token, err := c.Encode(by)
	if err != nil {
		r.by.t.Errorf("answer: %v", err)
	}
	return token
}

// Response makes an answer that holds a user; change may be nil.
func (r *Request) Response(user string, change func(*jwt.AuthorizationResponseClaims)) string {
	return r.ResponseBy(r.by.Issuer, user, change)
}

// ResponseBy is Response signed by a key.
func (r *Request) ResponseBy(by nkeys.KeyPair, user string, change func(*jwt.AuthorizationResponseClaims)) string {
	c := jwt.NewAuthorizationResponseClaims(r.UserNkey)
	c.Audience, c.Jwt = r.Server.ID, user
	if change != nil {
		change(c)
	}
	return r.signBy(c, by)
}

// Respond sends an answer as it is.
func (r *Request) Respond(body string) {
	if err := r.msg.Respond([]byte(body)); err != nil {
		r.by.t.Logf("answer: %v", err)
	}
}

// RespondSealed sends an answer encrypted.
func (r *Request) RespondSealed(body string) {
	sealed, err := r.by.Curve.Seal([]byte(body), r.Server.XKey)
	if err != nil {
		r.by.t.Errorf("answer: %v", err)
	}
	r.Respond(string(sealed))
}

// Allow lets somebody into an account; change may be nil.
func (r *Request) Allow(account string, change func(*jwt.UserClaims)) {
	r.Respond(r.Response(r.User(account, change), nil))
}

// Refuse lets somebody not in.
func (r *Request) Refuse(why string) {
	r.Respond(r.Response("", func(c *jwt.AuthorizationResponseClaims) { c.Error = why }))
}
