package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"weir/internal/perm"
)

// Config says who may connect. The zero value lets everybody in.
type Config struct {
	// Username and Password admit one user; Password may be a bcrypt hash.
	Username, Password string
	// Token admits whoever knows it; it may be a bcrypt hash.
	Token string
	// Users are asked before Username and Token.
	Users []User
	// FailedLogins is how many logins from one address may fail in a minute; 0 means [admission.DefaultFailedLogins], -1 no limit.
	FailedLogins int
	// NoAuthUser is the name, or the nkey, of one of Users, as whom those come in who bring no credentials at all.
	NoAuthUser string
	// Open lets those in, too, who bring no credentials at all, as nobody in particular.
	Open bool
	// ProxyRequired keeps out whom no trusted proxy vouched for. It binds who comes in by Username or Token, not the Users.
	ProxyRequired bool
	// Callout is asked about who comes in; nil for nobody.
	Callout *Callout
	// Listening are the accounts in which callouts listen, this one or others: their users may not ask them.
	Listening []string
	// Defaults are, by the name of their account, the permissions of whom a callout lets in without any.
	Defaults map[string]*perm.Config
}

// User is one of several users.
type User struct {
	// Name is not empty, and no other user has it. Password may be a bcrypt hash; an empty one is matched by none or by
	// an empty one.
	Name, Password string
	// NKey is the public half of a key, in place of Name and Password: who signs the nonce of INFO with the other half is
	// the user.
	NKey string
	// Account is the name of the user's account; empty means the global one.
	Account string
	// Permissions, if not nil, are what the user may do. Users may share them.
	Permissions *perm.Config
	// Types are the ways by which the user may come in; empty allows all.
	Types []Type
	// ProxyRequired lets the user in only where a trusted proxy vouched for the client.
	ProxyRequired bool
}

// Required reports whether a connection must authenticate.
func (c Config) Required() bool {
	return c.Username != "" || c.Token != "" || len(c.Users) > 0 || c.Open || c.Callout != nil
}

// Errors of [Compile].
var (
	// ErrNoName refuses a user without a name and without an nkey.
	ErrNoName = errors.New("user entry requires a user")
	// ErrNKey refuses what is not the public half of a user's key.
	ErrNKey = errors.New("not a valid public nkey for a user")
)

// Type is a way to come in, as allowed_connection_types names it (catalogue §6.5).
type Type string

// The types that a listener of clients can have.
const (
	Standard  Type = "STANDARD"
	WebSocket Type = "WEBSOCKET"
	InProcess Type = "IN_PROCESS"
)

// types are all that are known, whether such connections are built or not.
var types = []Type{Standard, WebSocket, InProcess, "LEAFNODE", "LEAFNODE_WS", "MQTT", "MQTT_WS"}

// ParseTypes reads names in any case. It returns those that are none as they were written.
func ParseTypes(names []string) (known []Type, unknown []string) {
	for _, name := range names {
		if t := Type(strings.ToUpper(name)); slices.Contains(types, t) {
			known = append(known, t)
		} else {
			unknown = append(unknown, name)
		}
	}
	return known, unknown
}

// allows reports whether the user may come in that way.
func (u *User) allows(t Type) bool { return len(u.Types) == 0 || slices.Contains(u.Types, t) }

// Compile checks c and makes a Policy of it for connections of one type. mapped are the types of the listeners that map
// certificates to users: a user without a password that one of them could map is its certificate then, and its name alone
// opens no listener. The error names the user that it is about, and is ErrNoName or one of package
// perm if it is not about a name that is there twice.
func Compile(c Config, by Type, mapped ...Type) (*Policy, error) {
	p := &Policy{by: by}
	if c.Callout.covers(by) {
		p.callout, p.listening = c.Callout, c.Listening
		var err error
		if p.defaults, err = compileAll(c.Defaults); err != nil {
			return nil, err
		}
	}
	if c.Token != "" {
		p.token = &user{User: User{Name: TokenName, Password: c.Token, ProxyRequired: c.ProxyRequired}}
	}
	if c.Username != "" {
		p.single = &user{User: User{Name: c.Username, Password: c.Password, ProxyRequired: c.ProxyRequired}}
	}
	if c.Open {
		p.guest = new(user)
	}
	if c.ProxyRequired { // a wrong name is answered like the right one
		p.stranger = &user{User: User{ProxyRequired: true}}
	}
	if len(c.Users) == 0 {
		return p, nil
	}
	if slices.ContainsFunc(c.Users, func(u User) bool { return u.NKey == "" }) {
		p.users = make(map[string]*user, len(c.Users))
	}
	sets, q := make(map[*perm.Config]*perm.Set), quiet{in: c.Listening}
	for _, u := range c.Users {
		if u.NKey != "" {
			u.Name = u.NKey
		}
		u.Permissions = q.permissions(&u)
		switch {
		case u.Name == "":
			return nil, ErrNoName
		case u.NKey != "" && !ValidNKey(u.NKey):
			return nil, ErrNKey
		case p.users[u.Name] != nil || p.nkeys[u.Name] != nil:
			return nil, fmt.Errorf("duplicate user %q", u.Name)
		}
		set, known := sets[u.Permissions]
		if !known && u.Permissions != nil {
			var err error
			if set, err = perm.Compile(*u.Permissions); err != nil {
				return nil, fmt.Errorf("invalid permissions for user %q: %w", u.Name, err)
			}
			sets[u.Permissions] = set
		}
		if u.NKey != "" {
			if p.nkeys == nil {
				p.nkeys = make(map[string]*user)
			}
			p.nkeys[u.NKey] = &user{User: u, perms: set, barred: !u.allows(by)}
			continue
		}
		certificate := u.Password == "" && slices.ContainsFunc(mapped, u.allows)
		p.users[u.Name] = &user{User: u, perms: set, barred: !u.allows(by), certificate: certificate}
	}
	if c.NoAuthUser != "" {
		if p.guest = p.users[c.NoAuthUser]; p.guest == nil {
			p.guest = p.nkeys[c.NoAuthUser]
		}
		if p.guest == nil {
			return nil, fmt.Errorf("no_auth_user: %q is not one of the users", c.NoAuthUser)
		}
	}
	return p, nil
}

// compileAll compiles the permissions of accounts.
func compileAll(all map[string]*perm.Config) (map[string]*perm.Set, error) {
	sets := make(map[string]*perm.Set, len(all))
	for name, c := range all {
		set, err := perm.Compile(*c)
		if err != nil {
			return nil, fmt.Errorf("invalid default permissions of account %q: %w", name, err)
		}
		sets[name] = set
	}
	return sets, nil
}
