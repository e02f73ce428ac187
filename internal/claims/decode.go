package claims

import (
	"errors"
	"strings"

	"github.com/nats-io/jwt/v2"

	"weir/internal/resolver"
)

// Errors of JWTs.
var (
	ErrToken      = errors.New("not a JWT of the right kind")
	ErrTooLarge   = errors.New("JWT is too large")
	ErrValidation = errors.New("account validation failed")
)

// decode reads a JWT and checks that its issuer signed it, nothing else. What the library thinks of a hostile one is an error
// even where it is a panic.
func decode[T jwt.Claims](token string) (claims T, err error) {
	if len(token) > resolver.MaxToken {
		return claims, ErrTooLarge
	}
	defer func() {
		if recover() != nil {
			err = ErrToken
		}
	}()
	some, err := jwt.Decode(strings.TrimSpace(token))
	if err != nil {
		return claims, err
	}
	claims, ok := some.(T)
	if !ok {
		return claims, ErrToken
	}
	return claims, nil
}

// decodeGeneric is decode for claims of no kind.
func decodeGeneric(token string) (claims *jwt.GenericClaims, err error) {
	if len(token) > resolver.MaxToken {
		return nil, ErrTooLarge
	}
	defer func() {
		if recover() != nil {
			err = ErrToken
		}
	}()
	return jwt.DecodeGeneric(strings.TrimSpace(token))
}

// valid reports whether claims hold what such claims may, and are neither expired nor from the future.
func valid(claims jwt.Claims) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	r := jwt.CreateValidationResults()
	claims.Validate(r)
	return !r.IsBlocking(true)
}
