package auth

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Bearer is what somebody brings who shows one secret and does not say of what kind it is (RFC 6750 §2.1): a JWT of NATS
// where an [Authority] is asked, and else a token, which may well be a JWT of somebody else's.
func (p *Policy) Bearer(secret string) Credentials {
	if p.Delegates() && isClaims(secret) {
		return Credentials{JWT: secret}
	}
	return Credentials{Token: secret}
}

// maxClaimsHead is far above the 47 characters that the head of a JWT of NATS has.
const maxClaimsHead = 512

// isClaims reports whether s has the shape of a JWT (RFC 7519 §3.1) that a key of NATS signed. Nothing is verified.
func isClaims(s string) bool {
	head, rest, _ := strings.Cut(s, ".")
	body, sig, _ := strings.Cut(rest, ".")
	if len(head) > maxClaimsHead || !isBase64URL(body) || !isBase64URL(sig) {
		return false
	}
	text, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return false
	}
	var h struct {
		Alg string `json:"alg"`
	}
	if json.Unmarshal(text, &h) != nil {
		return false
	}
	alg := strings.ToLower(h.Alg)
	return alg == "ed25519-nkey" || alg == "ed25519" // the second is of the first version
}

// isBase64URL reports whether s is not empty and of the alphabet of RFC 4648 §5, without padding.
func isBase64URL(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return s != ""
}
