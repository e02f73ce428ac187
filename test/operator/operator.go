package operator

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

// Key is a key with its public half.
type Key struct {
	nkeys.KeyPair
	Public string
}

// NewKey makes one, by nkeys.CreateUser and its neighbours.
func NewKey(t testing.TB, create func() (nkeys.KeyPair, error)) Key {
	t.Helper()
	pair, err := create()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return Key{pair, public}
}

// Operator vouches for accounts.
type Operator struct {
	Key
	Token string
	// Accounts are their JWTs by public key.
	Accounts map[string]string

	t testing.TB
}

// New makes an operator; change may be nil.
func New(t testing.TB, change func(*jwt.OperatorClaims)) *Operator {
	t.Helper()
	o := &Operator{Key: NewKey(t, nkeys.CreateOperator), Accounts: map[string]string{}, t: t}
	c := jwt.NewOperatorClaims(o.Public)
	if change != nil {
		change(c)
	}
	o.Token = o.encode(c, o.Key)
	return o
}

func (o *Operator) encode(c jwt.Claims, by nkeys.KeyPair) string {
	o.t.Helper()
	token, err := c.Encode(by)
	if err != nil {
		o.t.Fatal(err)
	}
	return token
}

// Config is the part of a configuration file that trusts the operator and has its accounts in memory.
func (o *Operator) Config() string {
	return fmt.Sprintf("operator: %s\nresolver: MEMORY\n%s", o.Token, o.Preload())
}

// Preload is the part of a configuration file with the accounts.
func (o *Operator) Preload() string {
	var b strings.Builder
	b.WriteString("resolver_preload {\n")
	for _, name := range slices.Sorted(maps.Keys(o.Accounts)) {
		fmt.Fprintf(&b, "  %s: %s\n", name, o.Accounts[name])
	}
	return b.String() + "}\n"
}

// Account vouches for users.
type Account struct {
	*Operator
	Key Key
}

// Account makes an account; change may be nil.
func (o *Operator) Account(change func(*jwt.AccountClaims)) *Account {
	o.t.Helper()
	a := &Account{o, NewKey(o.t, nkeys.CreateAccount)}
	a.Set(change)
	return a
}

// Set makes new claims of the account; a server has to be told.
func (a *Account) Set(change func(*jwt.AccountClaims)) {
	a.t.Helper()
	c := jwt.NewAccountClaims(a.Key.Public)
	if change != nil {
		change(c)
	}
	a.Accounts[a.Key.Public] = a.encode(c, a.Operator.Key)
}

// Activation lets another account import what of this one is private.
func (a *Account) Activation(importer *Account, kind jwt.ExportType, subject string) string {
	a.t.Helper()
	c := jwt.NewActivationClaims(importer.Key.Public)
	c.ImportType, c.ImportSubject = kind, jwt.Subject(subject)
	return a.encode(c, a.Key)
}

// User is what a client brings.
type User struct {
	Key
	Token string
}

// User makes a user of the account, signed by a signing key, or by the account itself if that is nil; change may be nil.
func (a *Account) User(by nkeys.KeyPair, change func(*jwt.UserClaims)) User {
	a.t.Helper()
	return a.Again(User{Key: NewKey(a.t, nkeys.CreateUser)}, by, change)
}

// Again makes other claims of a user that there is.
func (a *Account) Again(u User, by nkeys.KeyPair, change func(*jwt.UserClaims)) User {
	a.t.Helper()
	c := jwt.NewUserClaims(u.Public)
	if by == nil {
		by = a.Key
	} else {
		c.IssuerAccount = a.Key.Public
	}
	if change != nil {
		change(c)
	}
	u.Token = a.encode(c, by)
	return u
}

// Bearer makes a user of one who need not sign.
func Bearer(c *jwt.UserClaims) { c.BearerToken = true }
