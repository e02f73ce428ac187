package config

import (
	"fmt"
	"time"

	"weir/internal/auth"
	"weir/internal/conf"
	"weir/internal/perm"
)

// authBlock is an authorization block while it is read.
type authBlock struct {
	auth.Config
	timeout time.Duration
	users   bool // there is a list of users, if only an empty one
	// defaults are the permissions of users without their own; from is the key that gave them.
	defaults *perm.Config
	from     conf.Value
}

// simpleAuthKeys are the keys of the authorization block inside websocket.
var simpleAuthKeys = conf.Table[authBlock]{
	"user username": conf.Text(func(a *authBlock) *string { return &a.Username }),
	"pass password": conf.Text(func(a *authBlock) *string { return &a.Password }),
	"token":         conf.Text(func(a *authBlock) *string { return &a.Token }),
	"timeout":       conf.Timeout(func(a *authBlock) *time.Duration { return &a.timeout }),
}.Split()

// authKeys are the keys of the top-level authorization block.
var authKeys = func() conf.Table[authBlock] {
	t := conf.Table[authBlock]{
		"users": setUsers,
		"default_permissions default_permission permissions": setDefaultPermissions,
		"auth_callout auth_hook":                             refused[authBlock],
		"proxy_required":                                     conf.Flag(func(a *authBlock) *bool { return &a.ProxyRequired }),
	}.Split()
	for name, set := range simpleAuthKeys {
		t[name] = set
	}
	return t
}()

// userKeys are the keys of one entry of users.
var userKeys = conf.Table[auth.User]{
	"user username":                                     conf.Text(func(u *auth.User) *string { return &u.Name }),
	"pass password":                                     conf.Text(func(u *auth.User) *string { return &u.Password }),
	"permissions permission authorization":              func(r *conf.Reader, u *auth.User, v conf.Value) { u.Permissions = permissions(r, v) },
	"allowed_connection_types connection_types clients": setConnectionTypes,
	"nkey":           conf.Text(func(u *auth.User) *string { return &u.NKey }),
	"proxy_required": conf.Flag(func(u *auth.User) *bool { return &u.ProxyRequired }),
}.Split()

// setConnectionTypes reads the ways by which a user may come in (catalogue §6.5).
func setConnectionTypes(r *conf.Reader, u *auth.User, v conf.Value) {
	names, ok := r.Texts(v)
	if !ok {
		return
	}
	known, unknown := auth.ParseTypes(names)
	if len(unknown) > 0 {
		r.Fail(v.At, "invalid connection types %q", unknown)
	}
	u.Types = known
}

func setUsers(r *conf.Reader, a *authBlock, v conf.Value) {
	a.users = true
	if _, ok := v.V.([]any); !ok {
		r.Fail(v.At, "Expected users field to be an array, got %s", conf.Kind(v.V))
		return
	}
	items, _ := r.Items(v)
	for _, item := range items {
		if _, ok := item.V.(map[string]any); !ok {
			r.Fail(item.At, "Expected user entry to be a map/struct, got %s", conf.Kind(item.V))
			continue
		}
		var u auth.User
		before := len(r.Errors)
		conf.Read(r, item, userKeys, &u)
		if len(r.Errors) == before {
			checkUser(r, item, &u)
		}
		a.Users = append(a.Users, u)
	}
}

// checkUser wants a name or a key of a user, and not both.
func checkUser(r *conf.Reader, item conf.Value, u *auth.User) {
	switch at := r.Start(item); {
	case u.NKey == "" && u.Name == "":
		r.Fail(at, "User entry requires a user")
	case u.NKey == "":
	case !auth.ValidNKey(u.NKey):
		r.Fail(at, "Not a valid public nkey for a user")
	case u.Name != "" || u.Password != "":
		r.Fail(at, "Nkey users do not take usernames or passwords")
	}
}

func setDefaultPermissions(r *conf.Reader, a *authBlock, v conf.Value) {
	a.defaults, a.from = permissions(r, v), v
}

// setAuthorization reads the top-level authorization block.
func setAuthorization(r *conf.Reader, o *Options, v conf.Value) {
	var a authBlock
	conf.Read(r, v, authKeys, &a)
	switch {
	case (a.Username != "" || a.Password != "") && a.Token != "":
		r.Fail(v.At, "Cannot have a user/pass and token")
	case a.users && a.Username != "":
		r.Fail(v.At, "Can not have a single user/pass and a users array")
	case a.users && a.Token != "":
		r.Fail(v.At, "Can not have a token and a users array")
	}
	known := make(map[string]bool)
	for i := range a.Users {
		u := &a.Users[i]
		if u.Permissions == nil {
			u.Permissions = a.defaults
		}
		switch name := u.Name + u.NKey; {
		case known[name] && u.NKey != "":
			r.Fail(v.At, "Duplicate nkey %q detected", name)
		case known[name] && name != "":
			r.Fail(v.At, "Duplicate user %q detected", name)
		default:
			known[name] = true
		}
	}
	warnOpen(r, v, a)
	a.NoAuthUser = o.Auth.NoAuthUser // a key beside the block
	o.Auth, o.Protocol.AuthTimeout = a.Config, a.timeout
}

// setWebSocketAuthorization reads the block that overrides the top-level one for WebSocket clients.
func setWebSocketAuthorization(r *conf.Reader, w *WebSocket, v conf.Value) {
	var a authBlock
	conf.Read(r, v, simpleAuthKeys, &a)
	warnOpen(r, v, a)
	a.NoAuthUser = w.Auth.NoAuthUser
	w.Auth, w.AuthTimeout = a.Config, a.timeout
}

// warnOpen warns of a block that looks as if it guarded the server and does not, here and in nats-server.
func warnOpen(r *conf.Reader, v conf.Value, a authBlock) {
	if a.Password != "" && !a.Required() {
		r.Warn(fmt.Sprintf("%v: %s: a password without a user admits everybody", v.At, v.Key))
	}
	if a.users && !a.Required() {
		r.Warn(fmt.Sprintf("%v: %s: an empty list of users admits everybody", v.At, v.Key))
	}
	if a.ProxyRequired && (len(a.Users) > 0 || !a.Required()) {
		r.Warn(fmt.Sprintf("%v: %s: proxy_required binds only a single user or a token; users of a list need one each", v.At, v.Key))
	}
	if !inert(a.from.V) && a.from.V != nil && len(a.Users) == 0 {
		r.Warn(fmt.Sprintf("%v: %s: permissions without a list of users bind nobody", a.from.At, a.from.Key))
	}
}
