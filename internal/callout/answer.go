package callout

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/nats-io/jwt/v2"

	"weir/internal/auth"
	"weir/internal/claims"
)

// response is what an answer holds.
type response = jwt.AuthorizationResponseClaims

// jwtPrefix begins every JWT: the name of a JSON object's first member, in base64.
const jwtPrefix = "eyJ"

// read is the user whom an answer lets in. The errors have nats-server's words.
func (c *Caller) read(i *inquiry, body []byte) (*jwt.UserClaims, error) {
	if len(body) == 0 {
		return nil, fmt.Errorf("auth callout violation: %q on account %q", "no reason supplied", i.in)
	}
	sealed := i.xkey != "" && !bytes.HasPrefix(body, []byte(jwtPrefix))
	if sealed {
		var err error
		if body, err = c.env.XKey.Open(body, i.xkey); err != nil {
			return nil, fmt.Errorf("error decrypting auth callout response on account %q: %w", i.in, err)
		}
	}
	r, err := claims.Decode[*response](string(body))
	if err != nil {
		return nil, err
	}
	if err := c.check(i, r, sealed); err != nil {
		return nil, err
	}
	u, err := claims.Decode[*jwt.UserClaims](r.Jwt)
	if err != nil {
		return nil, err
	}
	return u, i.suits(u)
}

// check holds an answer against the question. One that was sealed is from the service.
func (c *Caller) check(i *inquiry, r *response, sealed bool) error {
	switch wrong := issue(r); {
	case wrong != "":
		return fmt.Errorf("authorization response had validation errors: %s", wrong)
	case r.Subject != i.key:
		return errors.New("auth callout violation: auth callout response is not for expected user")
	case r.Audience != c.env.Server().ID:
		return errors.New("auth callout violation: auth callout response is not for server")
	}
	if !sealed {
		if err := i.signs(r); err != nil {
			return err
		}
	}
	if r.Error != "" {
		return fmt.Errorf("auth callout service returned an error: %s", r.Error)
	}
	return nil
}

// suits holds the user of an answer against the question.
func (i *inquiry) suits(u *jwt.UserClaims) error {
	if (i.ProxyMissing || u.ProxyRequired) && i.Proxy == "" {
		return auth.ErrProxyRequired
	}
	if wrong := issue(u); wrong != "" {
		return fmt.Errorf("error validating user JWT: %s", wrong)
	}
	if u.Subject != i.key {
		return fmt.Errorf("expected authorized user of %q but got %q on account %q", i.key, u.Subject, i.in)
	}
	return nil
}

// issue is the first thing that is wrong with claims; empty if nothing is. What the library can not judge without a panic is
// wrong.
func issue(c jwt.Claims) (text string) {
	defer func() {
		if recover() != nil {
			text = "not understood"
		}
	}()
	r := jwt.CreateValidationResults()
	if c.Validate(r); len(r.Issues) > 0 {
		return r.Issues[0].Description
	}
	return ""
}
