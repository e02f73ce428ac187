package authfile

import (
	"crypto/fips140"
	"fmt"
	"net/http"

	"weir/internal/auth"
	"weir/internal/conf"
)

// calloutKeys are the keys of an auth_callout block. The last two are new.
var calloutKeys = conf.Table[auth.Callout]{
	"issuer":           setIssuer,
	"account acc":      conf.Text(func(c *auth.Callout) *string { return &c.Account }),
	"auth_users users": names("auth_users", func(c *auth.Callout) *[]string { return &c.Users }),
	"xkey key":         setXKey,
	"allowed_accounts": names("allowed accounts", func(c *auth.Callout) *[]string { return &c.Accounts }),
	"connection_types": setCalloutTypes,
	"forward":          func(r *conf.Reader, c *auth.Callout, v conf.Value) { conf.Read(r, v, forwardKeys, &c.Forward) },
}.Split()

// forwardKeys are what of an upgrade may be forwarded.
var forwardKeys = conf.Table[auth.Forward]{
	"headers": setForwardHeaders,
	"cookies": conf.Texts(func(f *auth.Forward) *[]string { return &f.Cookies }),
	"query":   conf.Texts(func(f *auth.Forward) *[]string { return &f.Query }),
}.Split()

// setForwardHeaders reads names in any case.
func setForwardHeaders(r *conf.Reader, f *auth.Forward, v conf.Value) {
	list, _ := r.Texts(v)
	for _, name := range list {
		f.Headers = append(f.Headers, http.CanonicalHeaderKey(name))
	}
}

// readCallout reads an auth_callout block. The texts of its errors are nats-server's. Of a listener, whose service comes in
// elsewhere, users need not be named.
func readCallout(r *conf.Reader, v conf.Value, listener bool) *auth.Callout {
	if fips140.Enabled() {
		r.Fail(v.At, "'%s' cannot be configured in FIPS-140 mode", v.Key)
		return nil
	}
	if _, ok := v.V.(map[string]any); !ok {
		r.Fail(v.At, "Expected authorization callout to be a map/struct, got %s", conf.Kind(v.V))
		return nil
	}
	c := new(auth.Callout)
	before := len(r.Errors)
	conf.ReadOr(r, v, calloutKeys, c, "Unknown field %q parsing authorization callout")
	switch {
	case len(r.Errors) > before:
	case c.Issuer == "":
		r.Fail(v.At, "Authorization callouts require an issuer to be specified")
	case len(c.Users) == 0 && !listener:
		r.Fail(v.At, "Authorization callouts require authorized users to be specified")
	}
	return c
}

func setCallout(r *conf.Reader, a *Authorization, v conf.Value) { a.Callout = readCallout(r, v, false) }

// setListenerCallout reads the block of a listener, which may also be false: nobody is asked there.
func setListenerCallout(r *conf.Reader, a *Authorization, v conf.Value) {
	if on, ok := v.V.(bool); ok && !on {
		a.NoCallout = true
		return
	}
	a.Callout = readCallout(r, v, true)
}

func setIssuer(r *conf.Reader, c *auth.Callout, v conf.Value) {
	var ok bool
	if c.Issuer, ok = r.Text(v); ok && (&auth.Callout{Issuer: c.Issuer}).Validate() != nil {
		r.Fail(v.At, "Expected callout user to be a valid public account nkey%s", got(c.Issuer))
	}
}

func setXKey(r *conf.Reader, c *auth.Callout, v conf.Value) {
	var ok bool
	if c.XKey, ok = r.Text(v); ok && !auth.ValidXKey(c.XKey) {
		r.Fail(v.At, "Expected callout xkey to be a valid public xkey%s", got(c.XKey))
	}
}

// maxShownKey is how many characters of a wrong key an error shows: what is longer may be most of a secret one.
const maxShownKey = 16

// got ends an error about a key.
func got(key string) string {
	if len(key) > maxShownKey {
		return ""
	}
	return fmt.Sprintf(", got %q", key)
}

// names reads a list; what stands for its key in errors.
func names(what string, field func(*auth.Callout) *[]string) conf.Set[auth.Callout] {
	return func(r *conf.Reader, c *auth.Callout, v conf.Value) {
		if _, ok := v.V.([]any); !ok {
			r.Fail(v.At, "Expected %s field to be an array, got %s", what, conf.Kind(v.V))
			return
		}
		list, _ := r.Texts(v)
		*field(c) = append(*field(c), list...)
	}
}

func setCalloutTypes(r *conf.Reader, c *auth.Callout, v conf.Value) { c.Types = readTypes(r, v) }
