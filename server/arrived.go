package server

import (
	"net/http"
	"strings"

	"weir/internal/auth"
	"weir/internal/config"
	"weir/internal/front"
)

// arrived is what a request says who it is; nil if it says nothing. The first place that says something is the only one:
// nobody can add to the header of one user the cookies of another.
func (e *edgeState) arrived(r *http.Request) *auth.Credentials {
	secret := ""
	if e.BearerHeader {
		secret = front.BearerHeader(r.Header)
	}
	if secret == "" && e.BearerSubprotocol {
		_, secret = front.BearerProtocol(r.Header)
	}
	if secret == "" {
		return fromCookies(r, e.Cookies)
	}
	cr := e.auth.Bearer(strings.Clone(secret)) // it stays, the rest of the request does not
	return &cr
}

// protocol is what to agree to where a request does not offer one of subprotocols: what carried its secret, so that a browser
// that offered nothing else does not give up.
func (e *edgeState) protocol(r *http.Request) string {
	if !e.BearerSubprotocol {
		return ""
	}
	offered, _ := front.BearerProtocol(r.Header)
	return offered
}

// fromCookies is what the cookies of a request say who it is (catalogue §2.7): of a name that is there more than once the last
// one counts, and one cookie fills one field, in the order user, password, token. Nil if they say nothing.
func fromCookies(r *http.Request, names config.Cookies) *auth.Credentials {
	if names == (config.Cookies{}) {
		return nil
	}
	var cr auth.Credentials
	for _, c := range r.Cookies() {
		value := strings.Clone(strings.Trim(c.Value, `"`)) // likewise
		switch c.Name {
		case names.JWT:
			cr.JWT = value
		case names.User:
			cr.User = value
		case names.Pass:
			cr.Pass = value
		case names.Token:
			cr.Token = value
		}
	}
	if cr == (auth.Credentials{}) {
		return nil
	}
	return &cr
}
