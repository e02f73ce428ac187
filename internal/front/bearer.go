package front

import (
	"encoding/base64"
	"net/http"
	"strings"

	"weir/ws"
)

// BearerHeader is the secret in an Authorization header of the scheme Bearer (RFC 6750 §2.1). It is empty without one, and
// where there are several such headers, of which nobody can say which one counts.
func BearerHeader(h http.Header) string {
	const scheme = "bearer" // in any case, RFC 9110 §11.1
	lines := h["Authorization"]
	if len(lines) != 1 {
		return ""
	}
	name, secret, _ := strings.Cut(lines[0], " ")
	secret = strings.Trim(secret, " ")
	if !strings.EqualFold(name, scheme) || strings.ContainsAny(secret, " \t") {
		return ""
	}
	return secret
}

// Subprotocols that carry a secret begin so. A subprotocol is a token (RFC 6455 §4.1), so a secret with characters that
// are not of tokens needs the second form: base64url without padding.
const (
	bearerProtocol   = "nats.bearer."
	bearerProtocol64 = "nats.bearer64."
)

// BearerProtocol is the first subprotocol of a request that carries a secret, and the secret; both are empty if none does.
func BearerProtocol(h http.Header) (offered, secret string) {
	for name := range ws.Subprotocols(h) {
		if plain, ok := strings.CutPrefix(name, bearerProtocol); ok && plain != "" {
			return name, plain
		}
		if encoded, ok := strings.CutPrefix(name, bearerProtocol64); ok && encoded != "" {
			if plain, err := base64.RawURLEncoding.DecodeString(encoded); err == nil {
				return name, string(plain)
			}
		}
	}
	return "", ""
}
