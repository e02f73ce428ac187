package claims

import (
	"time"

	"github.com/nats-io/jwt/v2"
)

// View is what monitoring shows of an account that claims describe.
type View struct {
	// JWT is empty while it could not be had yet. Claims is what it holds.
	JWT    string
	Claims *jwt.AccountClaims
	// Issuer is the key that signed it, Tag what people call the account.
	Issuer, Tag string
	Tags        []string
	// Revoked are the users whose claims do not count if they were issued up to a time; * are all.
	Revoked map[string]time.Time
	Updated time.Time
	// Complete says that all accounts could be had from which it imports.
	Expired, Complete bool
}

// View is the account of that name; false for one that claims do not describe, or that is not in use.
func (a *Authority) View(name string) (View, bool) {
	t := a.known(name)
	if t == nil {
		return View{}, false
	}
	v := View{
		JWT: t.token, Issuer: t.issuer, Tag: t.tag, Tags: t.tags, Updated: t.loaded,
		Expired: t.expired(time.Now()), Complete: !t.incomplete,
	}
	v.Claims, _ = decode[*jwt.AccountClaims](t.token) // it was decoded before
	for user, at := range t.revoked {
		if v.Revoked == nil {
			v.Revoked = make(map[string]time.Time, len(t.revoked))
		}
		v.Revoked[user] = time.Unix(at, 0).UTC()
	}
	return v, true
}

// Tag is what people call the account of that name; false for one that claims do not describe.
func (a *Authority) Tag(name string) (string, bool) {
	t := a.known(name)
	if t == nil {
		return "", false
	}
	return t.tag, true
}

// OperatorClaims are what the JWTs of the operators hold.
func (c *Config) OperatorClaims() []*jwt.OperatorClaims {
	all, err := decodeOperators(c.Operators)
	if err != nil {
		return nil
	}
	return all
}
