package config

import (
	"fmt"
	"time"

	"weir/internal/auth"
)

// authBlock is an authorization block while it is read.
type authBlock struct {
	auth.Config
	timeout time.Duration
	users   bool
}

// simpleAuthKeys are the keys of the authorization block inside websocket.
var simpleAuthKeys = table[authBlock]{
	"user username": text(func(a *authBlock) *string { return &a.Username }),
	"pass password": text(func(a *authBlock) *string { return &a.Password }),
	"token":         text(func(a *authBlock) *string { return &a.Token }),
	"timeout":       timeout(func(a *authBlock) *time.Duration { return &a.timeout }),
}.split()

// authKeys are the keys of the top-level authorization block.
var authKeys = func() table[authBlock] {
	t := table[authBlock]{
		"users": func(r *reader, a *authBlock, v value) {
			a.users = true
			refused(r, a, v)
		},
		"default_permission default_permissions permissions": refused[authBlock],
		"auth_callout auth_hook proxy_required":              refused[authBlock],
	}.split()
	for name, set := range simpleAuthKeys {
		t[name] = set
	}
	return t
}()

// setAuthorization reads the top-level authorization block.
func setAuthorization(r *reader, o *Options, v value) {
	var a authBlock
	read(r, v, authKeys, &a)
	switch {
	case (a.Username != "" || a.Password != "") && a.Token != "":
		r.fail(v.at, "Cannot have a user/pass and token")
	case a.users && a.Username != "":
		r.fail(v.at, "Can not have a single user/pass and a users array")
	case a.users && a.Token != "":
		r.fail(v.at, "Can not have a token and a users array")
	}
	r.open(v, a)
	o.Auth, o.Protocol.AuthTimeout = a.Config, a.timeout
}

// setWebSocketAuthorization reads the block that overrides the top-level one for WebSocket clients.
func setWebSocketAuthorization(r *reader, w *WebSocket, v value) {
	var a authBlock
	read(r, v, simpleAuthKeys, &a)
	r.open(v, a)
	w.Auth, w.AuthTimeout = a.Config, a.timeout
}

// open warns of a block that looks as if it guarded the server and does not, here and in nats-server.
func (r *reader) open(v value, a authBlock) {
	if a.Password != "" && !a.Required() {
		r.warn(fmt.Sprintf("%v: %s: a password without a user admits everybody", v.at, v.key))
	}
}
