package client

import (
	"errors"

	"weir/internal/auth"
)

// errTooLate says that what the client came in with has run out, which is ending the connection.
var errTooLate = errors.New("too late")

// comeAgain makes room for who a further CONNECT says the client is. The subscriptions go with who it was, unless it only
// renews what it came in with. Under loginMu.
func (c *Client) comeAgain(as auth.Identity, token string) (renewed bool, err error) {
	if !c.stopAuthTimer() { // not before: until here what it came in with has counted
		return false, errTooLate
	}
	if renewed = c.renews(as, token); !renewed {
		c.dropSubs()
	}
	return renewed, nil
}

// renews reports whether a further CONNECT brought another JWT of the same user in the same account.
func (c *Client) renews(as auth.Identity, token string) bool {
	l := c.login.Load()
	return l != nil && l.as.Claims != nil && l.as.Claims.Token() != token &&
		as.Claims != nil && as.Claims.Token() == token && // and it was that which let the client in
		as.Name == l.as.Name && as.Account == l.as.Account
}
