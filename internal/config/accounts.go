package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/authfile"
	"weir/internal/claims"
	"weir/internal/conf"
	"weir/internal/tlsfile"
)

// Accounts are the accounts of a configuration; see [Accounts.All].
type Accounts struct {
	// Named are those of the file; Mappings are of the global one.
	Named    []account.Config
	Mappings []account.Mapping
	// System is the name of the system account; empty means $SYS. NoSystem leaves that out unless it is one of Named.
	System   string
	NoSystem bool
	// Claims says who vouches for other accounts; if it is on, clients need a JWT. ResolverTLS is for the web server of its
	// resolver.
	Claims      claims.Config
	ResolverTLS *tlsfile.Block
	// At is where accounts stand in the file, for errors.
	At authfile.Places
}

// setAuthorization reads the top-level authorization block.
func setAuthorization(r *conf.Reader, o *Options, v conf.Value) {
	a := authfile.Read(r, v)
	a.NoAuthUser = o.Auth.NoAuthUser           // a key beside the block
	a.Users = append(a.Users, o.Auth.Users...) // of accounts
	a.Defaults = o.Auth.Defaults
	o.Auth, o.Protocol.AuthTimeout = a.Config, a.Timeout
	checkUsers(r, o, v)
}

// setAccounts reads the accounts block. Its users stand beside those of the authorization block.
func setAccounts(r *conf.Reader, o *Options, v conf.Value) {
	a := authfile.ReadAccounts(r, v)
	o.Accounts.Named = append(o.Accounts.Named, a.Configs...)
	for place, at := range a.At {
		o.Accounts.stands(place, at)
	}
	o.Auth.Users = append(o.Auth.Users, a.Users...)
	o.Auth.Defaults = a.Defaults
	checkUsers(r, o, v)
}

// setSystem reads the name of the system account.
func setSystem(r *conf.Reader, o *Options, v conf.Value) {
	o.Accounts.System, _ = r.Text(v)
	o.Accounts.stands(systemPlace, v.At)
}

// systemPlace is that of the key that names the system account.
var systemPlace = authfile.Place{Part: "system_account"}

func (a *Accounts) stands(p authfile.Place, at Position) {
	if a.At == nil {
		a.At = make(authfile.Places)
	}
	a.At[p] = at
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
	known := make(map[string]bool) // those in accounts; within one of the two blocks nobody is there twice
	for _, u := range o.Auth.Users {
		if inAccounts(u) {
			known[u.Name+u.NKey] = true
		}
	}
	for _, u := range o.Auth.Users {
		if name := u.Name + u.NKey; !inAccounts(u) && known[name] {
			r.Fail(v.At, "Duplicate user %q detected", name)
		}
	}
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
	if a.NoSystem && a.System == "" && !a.has(account.System) {
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

// openBesideSystem lets everybody into the global account as if nobody were asked, if the file names users of the system
// account only and has no authorization block, not even an empty one.
func (o *Options) openBesideSystem(r *conf.Reader, file conf.Value) {
	a := &o.Accounts
	if o.Auth.NoAuthUser != "" || len(a.Named) != 1 || a.Named[0].Name != a.SystemName() {
		return
	}
	o.Auth.Open = !slices.ContainsFunc(r.Members(file), func(v conf.Value) bool { return strings.EqualFold(v.Key, "authorization") })
}

// errNoSystem refuses samples of latency on a server without a system account, as nats-server does.
var errNoSystem = errors.New("system account not setup")

// validate finds out whether the accounts fit each other. The system account may be one of claims.
func (a *Accounts) validate() error {
	if a.System != "" && a.System != account.System && a.System != account.Global && !a.has(a.System) && !a.Claims.On() {
		return &conf.Error{Position: a.At[systemPlace], Text: fmt.Sprintf("system_account: account %q is not defined", a.System)}
	}
	if err := a.validateSamples(); err != nil {
		return err
	}
	err := account.NewDirectory().Apply(a.All())
	var e *account.Error
	if errors.As(err, &e) {
		if at, ok := a.At.Of(e); ok {
			return &conf.Error{Position: at, Text: err.Error()}
		}
	}
	return err
}

// validateSamples wants a system account where latency is measured.
func (a *Accounts) validateSamples() error {
	if !a.NoSystem || a.System != "" {
		return nil
	}
	for _, c := range a.Named {
		for i, e := range c.Exports {
			if e.Latency == nil {
				continue
			}
			at, _ := a.At.Of(&account.Error{Account: c.Name, Part: account.PartExport, Index: i})
			return &conf.Error{Position: at, Text: fmt.Sprintf("Error adding service latency sampling for %q: %v", e.Subject, errNoSystem)}
		}
	}
	return nil
}
