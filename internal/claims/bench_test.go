package claims_test

import (
	"testing"

	"github.com/nats-io/jwt/v2"

	"weir/internal/auth"
)

// BenchmarkLogin is a user of an account in use who comes in: two signatures, of the claims and of the nonce.
func BenchmarkLogin(b *testing.B) {
	h := newHouse(b)
	app := h.account(nil)
	h.run()
	k, token := h.user(app, nil)
	cr := signed(b, k, token)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.authority.Renew(auth.Identity{}, cr, here); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRenew holds somebody who is in against new claims of the account.
func BenchmarkRenew(b *testing.B) {
	h := newHouse(b)
	app := h.account(func(c *jwt.AccountClaims) { c.Revocations = jwt.RevocationList{"x": 1} })
	h.run()
	k, token := h.user(app, nil)
	id := h.mustIn(k, token)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.authority.Renew(id, auth.Credentials{}, here); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAccounts changes one of 1,000 accounts.
func BenchmarkAccounts(b *testing.B) {
	h := newHouse(b)
	const accounts = 1000
	var keys []key
	for range accounts {
		keys = append(keys, h.account(nil))
	}
	h.run()
	h.touch(keys...)
	token := [2]string{}
	for i := range token {
		token[i] = h.accountToken(keys[0], func(c *jwt.AccountClaims) { c.Limits.Subs = int64(i) })
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := h.authority.Update("", token[(i+1)%2]); err != nil {
			b.Fatal(err)
		}
	}
}
