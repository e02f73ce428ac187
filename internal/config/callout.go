package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/perm"
)

// errCalloutOfOperators is nats-server's: there, accounts say themselves who is asked.
var errCalloutOfOperators = errors.New("operators do not allow authorization callouts to be configured directly")

// ClientAuth says who may connect over TCP.
func (o *Options) ClientAuth() auth.Config { return o.beside(o.Auth) }

// beside completes c with what all listeners share.
func (o *Options) beside(c auth.Config) auth.Config {
	c.Defaults = o.Auth.Defaults
	c.Listening = nil
	for _, x := range o.callouts() {
		if name := x.In(); !slices.Contains(c.Listening, name) {
			c.Listening = append(c.Listening, name)
		}
	}
	return c
}

// callouts are those of all listeners.
func (o *Options) callouts() (all []*auth.Callout) {
	if o.Auth.Callout != nil {
		all = append(all, o.Auth.Callout)
	}
	for _, w := range o.WebSockets {
		if w.Auth.Callout != nil {
			all = append(all, w.Auth.Callout)
		}
	}
	return all
}

// validateCallouts checks those of a program, and that the accounts of all are there. Its texts are nats-server's.
func (o *Options) validateCallouts() error {
	for _, c := range o.callouts() {
		if err := c.Validate(); err != nil {
			return fmt.Errorf("auth_callout: %w", err)
		}
		if o.Accounts.Claims.On() {
			return errCalloutOfOperators
		}
		for _, name := range c.Accounts {
			if !o.Accounts.has(name) {
				return fmt.Errorf("auth_callout allowed account %q not found in configured accounts", name)
			}
		}
	}
	return nil
}

// CalloutWarnings are what nats-server says of callouts that can not work, and starts nevertheless.
func (o *Options) CalloutWarnings() (lines []string) {
	for _, c := range o.callouts() {
		if name := c.In(); name != account.Global && name != o.Accounts.SystemName() && !o.Accounts.has(name) {
			lines = append(lines, fmt.Sprintf("Authorization callout account %q not valid", name))
		}
		for _, name := range c.Users {
			if !o.named(name) {
				lines = append(lines, fmt.Sprintf("Authorization callout user %q not valid", name))
			}
		}
	}
	return lines
}

// named reports whether some listener has a user of that name.
func (o *Options) named(name string) bool {
	has := func(c *auth.Config) bool {
		return c.Username == name || slices.ContainsFunc(c.Users, func(u auth.User) bool { return u.Name == name || u.NKey == name })
	}
	return name != "" && (has(&o.Auth) || slices.ContainsFunc(o.WebSockets, func(w *WebSocket) bool { return has(&w.Auth) }))
}

// plannedCallout is compared as a whole.
func plannedCallout(c *auth.Callout, off bool) string {
	switch {
	case off:
		return "off"
	case c == nil:
		return "none"
	}
	return fmt.Sprintf("%+v", *c)
}

// plannedDefaults is compared as a whole and shown by names of accounts.
type plannedDefaults map[string]*perm.Config

func (d plannedDefaults) String() string { return fmt.Sprint(slices.Sorted(maps.Keys(d))) }
