package config

import (
	"fmt"
	"time"

	"weir/internal/auth"
	"weir/internal/perm"
)

// authBlock is an authorization block while it is read.
type authBlock struct {
	auth.Config
	timeout time.Duration
	users   bool // there is a list of users, if only an empty one
	// defaults are the permissions of users without their own; from is the key that gave them.
	defaults *perm.Config
	from     value
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
		"users": setUsers,
		"default_permissions default_permission permissions": setDefaultPermissions,
		"auth_callout auth_hook proxy_required":              refused[authBlock],
	}.split()
	for name, set := range simpleAuthKeys {
		t[name] = set
	}
	return t
}()

// userKeys are the keys of one entry of users.
var userKeys = table[auth.User]{
	"user username":                        text(func(u *auth.User) *string { return &u.Name }),
	"pass password":                        text(func(u *auth.User) *string { return &u.Password }),
	"permissions permission authorization": func(r *reader, u *auth.User, v value) { u.Permissions = r.permissions(v) },
	"nkey allowed_connection_types connection_types clients proxy_required": refused[auth.User],
}.split()

func setUsers(r *reader, a *authBlock, v value) {
	a.users = true
	if _, ok := v.v.([]any); !ok {
		r.fail(v.at, "Expected users field to be an array, got %s", kind(v.v))
		return
	}
	items, _ := r.items(v)
	for _, item := range items {
		if _, ok := item.v.(map[string]any); !ok {
			r.fail(item.at, "Expected user entry to be a map/struct, got %s", kind(item.v))
			continue
		}
		var u auth.User
		before := len(r.errs)
		read(r, item, userKeys, &u)
		if u.Name == "" && len(r.errs) == before {
			r.fail(r.start(item), "User entry requires a user")
		}
		a.Users = append(a.Users, u)
	}
}

// start is the place of the first key of a block; the parser knows where an item of a list ends.
func (r *reader) start(block value) Position {
	if m := r.members(block); len(m) > 0 {
		return m[0].at
	}
	return block.at
}

func setDefaultPermissions(r *reader, a *authBlock, v value) {
	a.defaults, a.from = r.permissions(v), v
}

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
	known := make(map[string]bool)
	for i := range a.Users {
		u := &a.Users[i]
		if u.Permissions == nil {
			u.Permissions = a.defaults
		}
		if known[u.Name] && u.Name != "" {
			r.fail(v.at, "Duplicate user %q detected", u.Name)
		}
		known[u.Name] = true
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
	if a.users && !a.Required() {
		r.warn(fmt.Sprintf("%v: %s: an empty list of users admits everybody", v.at, v.key))
	}
	if !inert(a.from.v) && a.from.v != nil && len(a.Users) == 0 {
		r.warn(fmt.Sprintf("%v: %s: permissions without a list of users bind nobody", a.from.at, a.from.key))
	}
}
