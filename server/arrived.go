package server

import (
	"net/http"
	"slices"
	"strings"

	"weir/internal/auth"
	"weir/internal/client"
	"weir/internal/config"
	"weir/internal/front"
)

// arrived is what a request brings: who it says it is, and what a callout gets to see. Nil for neither.
func (e *edgeState) arrived(r *http.Request) *client.Arrived {
	f := e.auth.Forwards()
	a := client.Arrived{Forwarded: forwarded(r, &f)}
	if who := e.presented(r); who != nil {
		a.Credentials = *who
	}
	if a == (client.Arrived{}) {
		return nil
	}
	return &a
}

// presented is what a request says who it is; nil if it says nothing. The first place that says something is the only one:
// nobody can add to the header of one user the cookies of another.
func (e *edgeState) presented(r *http.Request) *auth.Credentials {
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
		value := bare(c)
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

// bare is a copy of a cookie's value without quotes around it.
func bare(c *http.Cookie) string { return strings.Clone(strings.Trim(c.Value, `"`)) }

// forwarded is what a callout gets to see of a request; nil for nothing.
func forwarded(r *http.Request, f *auth.Forward) *auth.Forwarded {
	if f.Nothing() {
		return nil
	}
	out := &auth.Forwarded{Origin: strings.Clone(r.Header.Get("Origin"))}
	for _, name := range f.Headers {
		if values := r.Header[name]; len(values) > 0 {
			out.Headers = with(out.Headers, name, values)
		}
	}
	if len(f.Cookies) > 0 {
		for _, c := range r.Cookies() {
			if slices.Contains(f.Cookies, c.Name) {
				if out.Cookies == nil {
					out.Cookies = make(map[string]string)
				}
				out.Cookies[strings.Clone(c.Name)] = bare(c)
			}
		}
	}
	if len(f.Query) > 0 {
		query := r.URL.Query()
		for _, name := range f.Query {
			if values := query[name]; len(values) > 0 {
				out.Query = with(out.Query, name, values)
			}
		}
	}
	return out
}

// with is all and a copy of the values of a name.
func with(all map[string][]string, name string, values []string) map[string][]string {
	if all == nil {
		all = make(map[string][]string)
	}
	for _, v := range values {
		all[name] = append(all[name], strings.Clone(v))
	}
	return all
}
