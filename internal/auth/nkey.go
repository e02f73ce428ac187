package auth

import (
	"crypto/rand"
	"encoding/base64"

	"github.com/nats-io/nkeys"
)

// nonceBytes is the size of a nonce before it is written as text, the same as nats-server's.
const nonceBytes = 11

// NewNonce is what a client with an nkey has to sign: 15 characters by chance.
func NewNonce() string {
	var raw [nonceBytes]byte
	rand.Read(raw[:]) //nolint:errcheck // it never fails
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// NeedsNonce reports whether INFO has to carry a nonce.
func (p *Policy) NeedsNonce() bool { return len(p.nkeys) > 0 || p.authority != nil || p.callout != nil }

// ValidNKey reports whether s is the public half of a user's key.
func ValidNKey(s string) bool { return nkeys.IsValidPublicUserKey(s) }

// SignedBy reports whether cr holds the signature of its nonce by the key whose public half that is.
func (cr *Credentials) SignedBy(public string) bool {
	sig, err := base64.RawURLEncoding.DecodeString(cr.Sig)
	if err != nil { // other clients pad
		sig, err = base64.StdEncoding.DecodeString(cr.Sig)
	}
	if err != nil || len(sig) == 0 || cr.Nonce == "" {
		return false
	}
	key, err := nkeys.FromPublicKey(public)
	return err == nil && key.Verify([]byte(cr.Nonce), sig) == nil
}
