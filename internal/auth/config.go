package auth

import (
	"errors"
	"fmt"

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
	// NoAuthUser is the name of one of Users, as whom those come in who bring no credentials at all.
	NoAuthUser string
}

// User is one of several users.
type User struct {
	// Name is not empty, and no other user has it. Password may be a bcrypt hash; an empty one is matched by none or by
	// an empty one.
	Name, Password string
	// Permissions, if not nil, are what the user may do. Users may share them.
	Permissions *perm.Config
}

// Required reports whether a connection must authenticate.
func (c Config) Required() bool { return c.Username != "" || c.Token != "" || len(c.Users) > 0 }

// ErrNoName refuses a user without a name.
var ErrNoName = errors.New("user entry requires a user")

// Compile checks c and makes a Policy of it. The error names the user that it is about, and is ErrNoName or one of package
// perm if it is not about a name that is there twice.
func Compile(c Config) (*Policy, error) {
	p := new(Policy)
	if c.Token != "" {
		p.token = &user{User: User{Name: tokenName, Password: c.Token}}
	}
	if c.Username != "" {
		p.single = &user{User: User{Name: c.Username, Password: c.Password}}
	}
	if len(c.Users) == 0 {
		return p, nil
	}
	p.users = make(map[string]*user, len(c.Users))
	sets := make(map[*perm.Config]*perm.Set)
	for _, u := range c.Users {
		if u.Name == "" {
			return nil, ErrNoName
		}
		if p.users[u.Name] != nil {
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
		p.users[u.Name] = &user{User: u, perms: set}
	}
	if c.NoAuthUser != "" {
		if p.guest = p.users[c.NoAuthUser]; p.guest == nil {
			return nil, fmt.Errorf("no_auth_user: %q is not one of the users", c.NoAuthUser)
		}
	}
	return p, nil
}
