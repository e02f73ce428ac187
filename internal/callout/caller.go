package callout

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nats-io/nkeys"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/claims"
	"weir/internal/service"
)

// Env is what a [Caller] needs of the server.
type Env struct {
	// Key signs requests; its public half is the server's id. XKey encrypts them; nil where that is not allowed.
	Key, XKey nkeys.KeyPair
	// Server says which server this is.
	Server   func() Server
	Accounts *account.Directory
	Log      *slog.Logger
}

// Server is what a request says of the server.
type Server struct {
	Name, Host, ID, Version string
	Tags                    []string
}

// Caller asks callouts. It is safe for use by any number of goroutines.
type Caller struct {
	env     Env
	service *service.Service
}

// New makes a Caller.
func New(env Env) *Caller { return &Caller{env: env, service: service.New(backlog, env.Log)} }

// backlog is how many bytes of answers may wait: some thousands of them. They are handed on at once.
const backlog = 16 << 20

// Close ends all that wait for an answer, and who asks afterwards gets none.
func (c *Caller) Close() { c.service.Close() }

// Behind is an authority that asks where accounts want it.
func (c *Caller) Behind(a *claims.Authority) auth.Authority { return &operator{a, c} }

// inquiry is one question of whatever mode.
type inquiry struct {
	*auth.Question
	in     string // the account
	xkey   string // of the service; empty for none
	issuer string // what the request is about: the key that signs answers, or the account
	key    string // the public half of the user's key that an answer must name
	raw    string // who it says it is
	name   string // of the user's claims
	tags   []string
	signs  func(r *response) error // checks who signed
}

// Ask is part of [auth.Oracle].
func (c *Caller) Ask(q *auth.Question) (auth.Identity, error) {
	i := &inquiry{Question: q, in: q.In(), xkey: q.XKey, issuer: q.Issuer, raw: rawUser(&q.Credentials)}
	i.signs = func(r *response) error {
		if r.Issuer != q.Issuer {
			return errSigner
		}
		return nil
	}
	u, err := c.ask(i)
	if err != nil {
		return auth.Identity{}, err
	}
	switch {
	case u.IssuerAccount != "":
		err = fmt.Errorf("error non operator mode account %q: attempted to use issuer_account", i.in)
	case u.Issuer != q.Issuer:
		err = fmt.Errorf("wrong issuer for auth callout response on account %q, expected %q got %q", i.in, q.Issuer, u.Issuer)
	case u.Audience == "" || c.env.Accounts.Lookup(u.Audience) == nil:
		err = fmt.Errorf("no valid account %q for auth callout response on account %q: %w", u.Audience, i.in, errNoAccount)
	}
	var id auth.Identity
	if err == nil {
		id, err = claims.Loose(u, q.From, i.in)
	}
	if err != nil {
		return auth.Identity{}, i.refuse(err)
	}
	if id.Name = i.raw; u.Name != "" {
		id.Name = u.Name
	}
	id.Account = u.Audience
	return id, nil
}

// Errors of answers, in nats-server's words.
var (
	errSigner    = errors.New("auth callout signing key is unknown")
	errNoAccount = errors.New("account missing")
)

// operator asks the callouts of accounts.
type operator struct {
	*claims.Authority
	caller *Caller
}

// Renew is part of [auth.Authority].
func (o *operator) Renew(old auth.Identity, cr auth.Credentials, from auth.Peer) (auth.Identity, error) {
	id, err := o.Authority.Renew(old, cr, from)
	var d *claims.Delegated
	switch {
	case !errors.As(err, &d):
		return id, err
	case from.Arrival == nil:
		return id, auth.ErrAskAgain
	}
	cr.JWT = d.Token
	i := &inquiry{
		Question: &auth.Question{Credentials: cr, From: from},
		in:       d.Account, xkey: d.XKey, issuer: d.Account, raw: rawUser(&cr), name: d.Name, tags: d.Tags,
	}
	if i.raw == "" {
		i.raw = d.User
	}
	i.signs = func(r *response) error {
		switch {
		case r.IssuerAccount != "" && r.IssuerAccount != d.Account:
			return fmt.Errorf("auth callout response issuer account %q is not the callout account", r.IssuerAccount)
		case !o.Signs(d.Account, r.Issuer):
			return errSigner
		}
		return nil
	}
	u, err := o.caller.ask(i)
	if err != nil {
		return auth.Identity{}, err
	}
	name := u.Name
	if name == "" {
		name = i.raw
	}
	if id, err = o.Answered(d.Account, u, cr, from, name); err != nil {
		return auth.Identity{}, i.refuse(err)
	}
	return id, nil
}

// rawUser is what somebody says who it is, as nats-server has it; empty for a JWT.
func rawUser(cr *auth.Credentials) string {
	switch {
	case cr.NKey != "":
		return cr.NKey
	case cr.User != "":
		return cr.User
	case cr.JWT == "" && cr.Token != "":
		return auth.TokenName
	}
	return ""
}

// refuse makes a refusal of what is wrong.
func (i *inquiry) refuse(err error) error {
	r := &auth.Refusal{Account: i.in, Text: capital(err.Error()), Err: auth.ErrDenied}
	for _, kind := range []error{auth.ErrProxyRequired, auth.ErrUnanswered} {
		if errors.Is(err, kind) {
			r.Err = kind
		}
	}
	return r
}

// capital is s with a capital, as nats-server logs it.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// retryEach is how often a request is made again to which nobody listens.
const retryEach = 200 * time.Millisecond

// deliver makes the request until somebody listens, and waits for the answer.
func (c *Caller) deliver(in *account.Account, request []byte, header int, patience time.Duration) (*service.Message, error) {
	until := time.Now().Add(patience)
	for {
		m, err := c.service.Ask(in, auth.CalloutSubject, request, header, time.Until(until))
		if !errors.Is(err, service.ErrNobody) {
			return m, err
		}
		if time.Until(until) <= retryEach {
			return nil, err
		}
		if err := c.service.Rest(retryEach); err != nil {
			return nil, err
		}
	}
}
