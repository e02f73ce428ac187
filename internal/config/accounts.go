package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/authfile"
	"weir/internal/claims"
	"weir/internal/conf"
)

// Accounts are the accounts of a configuration; see [Accounts.All].
type Accounts struct {
	// Named are those of the file; Mappings are of the global one.
	Named    []account.Config
	Mappings []account.Mapping
	// System is the name of the system account; empty means $SYS. NoSystem leaves that out.
	System   string
	NoSystem bool
	// Claims says who vouches for other accounts; if it is on, clients need a JWT. ResolverTLS is for the web server of its
	// resolver.
	Claims      claims.Config
	ResolverTLS *TLS
	// At is where accounts stand in the file, for errors.
	At map[string]Position
}

// setAuthorization reads the top-level authorization block.
func setAuthorization(r *conf.Reader, o *Options, v conf.Value) {
	a := authfile.Read(r, v)
	a.NoAuthUser = o.Auth.NoAuthUser           // a key beside the block
	a.Users = append(a.Users, o.Auth.Users...) // of accounts
	o.Auth, o.Protocol.AuthTimeout = a.Config, a.Timeout
	checkUsers(r, o, v)
}

// setAccounts reads the accounts block. Its users stand beside those of the authorization block.
func setAccounts(r *conf.Reader, o *Options, v conf.Value) {
	a := authfile.ReadAccounts(r, v)
	o.Accounts.Named, o.Accounts.At = append(o.Accounts.Named, a.Configs...), a.At
	o.Auth.Users = append(o.Auth.Users, a.Users...)
	checkUsers(r, o, v)
}

// checkUsers refuses what the two blocks may not say together; v is the later one.
func checkUsers(r *conf.Reader, o *Options, v conf.Value) {
	inAccounts := func(u auth.User) bool { return u.Account != "" }
	switch {
	case !slices.ContainsFunc(o.Auth.Users, inAccounts):
		return
	case o.Auth.Username != "":
		r.Fail(v.At, "Can not have a single user/pass and accounts")
	case o.Auth.Token != "":
		r.Fail(v.At, "Can not have a token and accounts")
	}
	known := make(map[string]bool, len(o.Auth.Users))
	for i := range o.Auth.Users {
		u := &o.Auth.Users[i]
		name := u.Name + u.NKey
		if known[name] && name != "" && slices.IndexFunc(o.Auth.Users, inAccounts) >= 0 && crosses(o.Auth.Users, name) {
			r.Fail(v.At, "Duplicate user %q detected", name)
		}
		known[name] = true
	}
}

// crosses reports whether users of that name stand in the authorization block and in an account: within one of the two
// they were refused already.
func crosses(users []auth.User, name string) bool {
	in, out := false, false
	for i := range users {
		if users[i].Name+users[i].NKey == name {
			in, out = in || users[i].Account != "", out || users[i].Account == ""
		}
	}
	return in && out
}

// setMappings reads the mappings of the global account.
func setMappings(r *conf.Reader, o *Options, v conf.Value) {
	o.Accounts.Mappings = authfile.ReadMappings(r, v)
}

// All are all accounts but for the global one if nothing is said of it: those of the file, and the system account.
func (a *Accounts) All() []account.Config {
	all := slices.Clone(a.Named)
	if len(a.Mappings) > 0 {
		all = append(all, account.Config{Name: account.Global, Mappings: a.Mappings})
	}
	if name := a.SystemName(); name != "" && !a.has(name) {
		all = append(all, account.Config{Name: name})
	}
	return all
}

func (a *Accounts) has(name string) bool {
	return slices.ContainsFunc(a.Named, func(c account.Config) bool { return c.Name == name })
}

// SystemName is the name of the system account; empty if there is none.
func (a *Accounts) SystemName() string {
	if a.NoSystem && a.System == "" {
		return ""
	}
	return cmp.Or(a.System, account.System)
}

// checkUsers wants the accounts of users to be there.
func (a *Accounts) checkUsers(users []auth.User) error {
	for i := range users {
		if name := users[i].Account; name != "" && name != a.SystemName() && !a.has(name) {
			return fmt.Errorf("user %q: account %q is not defined", users[i].Name+users[i].NKey, name)
		}
	}
	return nil
}

// validate finds out whether the accounts fit each other. The system account may be one of claims.
func (a *Accounts) validate() error {
	if a.System != "" && a.System != account.System && !a.has(a.System) && !a.Claims.On() {
		return fmt.Errorf("system_account: account %q is not defined", a.System)
	}
	err := account.NewDirectory().Apply(a.All())
	var e *account.Error
	if errors.As(err, &e) {
		if at, ok := a.At[e.Account]; ok {
			return &conf.Error{Position: at, Text: err.Error()}
		}
	}
	return err
}
