package auth

import (
	"crypto/subtle"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// Credentials is what a CONNECT brought.
type Credentials struct{ User, Pass, Token string }

// Check reports whether cr may come in. A token, where one is configured, decides alone; so does nats-server.
func (c Config) Check(cr Credentials) bool {
	switch {
	case c.Token != "":
		return matches(c.Token, cr.Token)
	case c.Username != "":
		return equal(c.Username, cr.User) && matches(c.Password, cr.Pass)
	}
	return true
}

// Name is how logs and monitoring call who came in with cr; never a secret.
func (c Config) Name(cr Credentials) string {
	switch {
	case c.Token != "":
		return "[REDACTED]"
	case c.Username != "":
		return cr.User
	}
	return ""
}

// matches compares a given secret with a configured one, which may be a bcrypt hash.
func matches(want, got string) bool {
	if isBcrypt(want) {
		return bcrypt.CompareHashAndPassword([]byte(want), []byte(got)) == nil
	}
	return equal(want, got)
}

// equal takes the same time wherever the two differ.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// isBcrypt reports whether s looks like a bcrypt hash: $2a$, $2b$, $2x$ or $2y$.
func isBcrypt(s string) bool {
	return len(s) >= 60 && strings.HasPrefix(s, "$2") && strings.IndexByte("abxy", s[2]) >= 0 && s[3] == '$'
}
