package authfile

import (
	"fmt"
	"time"

	"weir/internal/auth"
	"weir/internal/conf"
	"weir/internal/perm"
)

// Authorization is an authorization block.
type Authorization struct {
	auth.Config
	// Timeout is how long a client may take to say who it is; 0 means that it was not set.
	Timeout time.Duration

	// NoCallout says that the top-level callout is not asked about the clients of this listener.
	NoCallout bool

	users bool // there is a list of users, if only an empty one
	// defaults are the permissions of users without their own; from is the key that gave them.
	defaults *perm.Config
	from     conf.Value
}

// SimpleKeys are the keys of an authorization block inside a listener's block, as nats-server has them.
var SimpleKeys = conf.Table[Authorization]{
	"user username": conf.Text(func(a *Authorization) *string { return &a.Username }),
	"pass password": conf.Text(func(a *Authorization) *string { return &a.Password }),
	"token":         conf.Text(func(a *Authorization) *string { return &a.Token }),
	"timeout":       conf.Timeout(func(a *Authorization) *time.Duration { return &a.Timeout }),
}.Split()

// Keys are the keys of the top-level authorization block.
var Keys = func() conf.Table[Authorization] {
	t := conf.Table[Authorization]{
		"users": setUsers,
		"default_permissions default_permission permissions": setDefaultPermissions,
		"auth_callout auth_hook":                             setCallout,
		"failed_logins_per_minute":                           setFailedLogins,
		"proxy_required":                                     conf.Flag(func(a *Authorization) *bool { return &a.ProxyRequired }),
	}.Split()
	for name, set := range SimpleKeys {
		t[name] = set
	}
	return t
}()

// listenerKeys are those of an authorization block inside a websocket block, which may have users of its own.
var listenerKeys = func() conf.Table[Authorization] {
	t := conf.Table[Authorization]{
		"users": func(r *conf.Reader, a *Authorization, v conf.Value) {
			a.users = true
			a.Users = append(a.Users, readUsers(r, v, listenerUserKeys)...)
		},
		"default_permissions default_permission permissions": setDefaultPermissions,
		"auth_callout auth_hook":                             setListenerCallout,
	}.Split()
	for name, set := range SimpleKeys {
		t[name] = set
	}
	return t
}()

// listenerUserKeys are the keys of a user of such a list, who has no other place to say which account is his.
var listenerUserKeys = func() conf.Table[auth.User] {
	t := conf.Table[auth.User]{"account": conf.Text(func(u *auth.User) *string { return &u.Account })}
	for name, set := range userKeys {
		t[name] = set
	}
	return t
}()

// setFailedLogins reads a limit; -1 is none.
func setFailedLogins(r *conf.Reader, a *Authorization, v conf.Value) {
	n, ok := r.Integer(v)
	if ok && (n < -1 || n == 0) {
		r.Fail(v.At, "%s: has to be above 0, or -1 for no limit", v.Key)
		return
	}
	a.FailedLogins = int(n)
}

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
func setConnectionTypes(r *conf.Reader, u *auth.User, v conf.Value) { u.Types = readTypes(r, v) }

func readTypes(r *conf.Reader, v conf.Value) []auth.Type {
	names, ok := r.Texts(v)
	if !ok {
		return nil
	}
	known, unknown := auth.ParseTypes(names)
	if len(unknown) > 0 {
		r.Fail(v.At, "invalid connection types %q", unknown)
	}
	return known
}

func setUsers(r *conf.Reader, a *Authorization, v conf.Value) {
	a.users = true
	a.Users = append(a.Users, readUsers(r, v, userKeys)...)
}

// readUsers reads a list of users.
func readUsers(r *conf.Reader, v conf.Value, keys conf.Table[auth.User]) (users []auth.User) {
	if _, ok := v.V.([]any); !ok {
		r.Fail(v.At, "Expected users field to be an array, got %s", conf.Kind(v.V))
		return nil
	}
	items, _ := r.Items(v)
	for _, item := range items {
		if _, ok := item.V.(map[string]any); !ok {
			r.Fail(item.At, "Expected user entry to be a map/struct, got %s", conf.Kind(item.V))
			continue
		}
		var u auth.User
		before := len(r.Errors)
		conf.Read(r, item, keys, &u)
		if len(r.Errors) == before {
			checkUser(r, item, &u)
		}
		users = append(users, u)
	}
	return users
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

func setDefaultPermissions(r *conf.Reader, a *Authorization, v conf.Value) {
	a.defaults, a.from = permissions(r, v), v
}

// Read reads the top-level authorization block.
func Read(r *conf.Reader, v conf.Value) Authorization {
	var a Authorization
	conf.Read(r, v, Keys, &a)
	if (a.Username != "" || a.Password != "") && a.Token != "" {
		r.Fail(v.At, "Cannot have a user/pass and token")
	}
	a.finish(r, v)
	return a
}

// finish checks a block that was read.
func (a *Authorization) finish(r *conf.Reader, v conf.Value) {
	switch {
	case a.users && a.Username != "":
		r.Fail(v.At, "Can not have a single user/pass and a users array")
	case a.users && a.Token != "":
		r.Fail(v.At, "Can not have a token and a users array")
	}
	applyDefaults(a.Users, a.defaults)
	noDuplicates(r, v, a.Users, make(map[string]bool))
	warnOpen(r, v, *a)
}

// applyDefaults gives users without permissions the default ones.
func applyDefaults(users []auth.User, defaults *perm.Config) {
	for i := range users {
		if users[i].Permissions == nil {
			users[i].Permissions = defaults
		}
	}
}

// noDuplicates refuses users that are in known already, and adds them.
func noDuplicates(r *conf.Reader, v conf.Value, users []auth.User, known map[string]bool) {
	for i := range users {
		u := &users[i]
		switch name := u.Name + u.NKey; {
		case known[name] && u.NKey != "":
			r.Fail(v.At, "Duplicate nkey %q detected", name)
		case known[name] && name != "":
			r.Fail(v.At, "Duplicate user %q detected", name)
		default:
			known[name] = true
		}
	}
}

// ReadListener reads a block that overrides the top-level one for the clients of a listener.
func ReadListener(r *conf.Reader, v conf.Value) Authorization {
	var a Authorization
	conf.Read(r, v, listenerKeys, &a)
	a.finish(r, v)
	return a
}

// warnOpen warns of a block that looks as if it guarded the server and does not, here and in nats-server.
func warnOpen(r *conf.Reader, v conf.Value, a Authorization) {
	if a.Password != "" && !a.Required() {
		r.Warn(fmt.Sprintf("%v: %s: a password without a user admits everybody", v.At, v.Key))
	}
	if a.users && !a.Required() {
		r.Warn(fmt.Sprintf("%v: %s: an empty list of users admits everybody", v.At, v.Key))
	}
	if a.ProxyRequired && (len(a.Users) > 0 || !a.Required()) {
		r.Warn(fmt.Sprintf("%v: %s: proxy_required binds only a single user or a token; users of a list need one each", v.At, v.Key))
	}
	if a.from.V != nil && !a.from.Empty() && len(a.Users) == 0 {
		r.Warn(fmt.Sprintf("%v: %s: permissions without a list of users bind nobody", a.from.At, a.from.Key))
	}
}
