package authfile

import (
	"github.com/nats-io/nkeys"

	"weir/internal/account"
	"weir/internal/auth"
	"weir/internal/conf"
	"weir/internal/perm"
)

// Accounts is the accounts block: accounts, and their users.
type Accounts struct {
	Configs []account.Config
	Users   []auth.User
	// At is where an account stands, for errors about how accounts fit each other.
	At map[string]conf.Position
}

// tenant is one account while it is read.
type tenant struct {
	account.Config
	users    []auth.User
	at       conf.Value // of the users
	defaults *perm.Config
}

// tenantKeys are the keys of one account.
var tenantKeys = conf.Table[tenant]{
	"nkey":                setAccountKey,
	"users":               func(r *conf.Reader, t *tenant, v conf.Value) { t.users, t.at = readUsers(r, v, userKeys), v },
	"default_permissions": func(r *conf.Reader, t *tenant, v conf.Value) { t.defaults = permissions(r, v) },
	"exports":             setExports,
	"imports":             setImports,
	"mappings maps":       func(r *conf.Reader, t *tenant, v conf.Value) { t.Mappings = ReadMappings(r, v) },
	"limits": func(r *conf.Reader, t *tenant, v conf.Value) {
		conf.ReadOr(r, v, limitKeys, &t.Limits, "Unknown field %q parsing account limits")
	},
	"jetstream":            off,
	"msg_trace trace_dest": off,
}.Split()

var limitKeys = conf.Table[account.Limits]{
	"max_connections max_conn":   conf.Int(func(l *account.Limits) *int { return &l.Connections }),
	"max_subscriptions max_subs": conf.Int(func(l *account.Limits) *int { return &l.Subscriptions }),
	"max_payload max_pay":        conf.Int(func(l *account.Limits) *int { return &l.Payload }),
	"max_leafnodes max_leafs":    conf.Int(func(l *account.Limits) *int { return &l.Leafs }),
}.Split()

// off is the key of a feature that is not built and guards nothing.
func off(r *conf.Reader, _ *tenant, v conf.Value) {
	if on, ok := v.V.(bool); v.Empty() || ok && !on {
		return
	}
	r.Warn(v.Key + ": not built yet, switched off")
}

func setAccountKey(r *conf.Reader, t *tenant, v conf.Value) {
	if s, ok := v.V.(string); ok && nkeys.IsValidPublicAccountKey(s) {
		t.NKey = s
		return
	}
	r.Fail(v.At, "Not a valid public nkey for an account")
}

// ReadAccounts reads the accounts block: a map of accounts, or a list of their names.
func ReadAccounts(r *conf.Reader, v conf.Value) Accounts {
	out := Accounts{At: make(map[string]conf.Position)}
	if _, ok := v.V.([]any); ok {
		items, _ := r.Items(v)
		for _, item := range items {
			if name, ok := r.Text(item); ok {
				out.name(r, item, name)
				out.Configs = append(out.Configs, account.Config{Name: name})
			}
		}
		return out
	}
	known := make(map[string]bool)
	for _, member := range r.Members(v) {
		if member.Variable() {
			continue
		}
		if _, ok := member.V.(map[string]any); !ok {
			r.Fail(member.At, "Expected map entries for accounts")
			continue
		}
		out.name(r, member, member.Key)
		t := tenant{Config: account.Config{Name: member.Key}}
		conf.Read(r, member, tenantKeys, &t)
		applyDefaults(t.users, t.defaults)
		noDuplicates(r, t.at, t.users, known)
		for _, u := range t.users {
			u.Account = t.Name
			out.Users = append(out.Users, u)
		}
		out.Configs = append(out.Configs, t.Config)
	}
	return out
}

// name notes an account, which must be a new one.
func (a *Accounts) name(r *conf.Reader, v conf.Value, name string) {
	switch _, known := a.At[name]; {
	case name == account.Global:
		r.Fail(v.At, "%q is a Reserved Account", name)
	case known:
		r.Fail(v.At, "Duplicate Account Entry: %s", name)
	}
	a.At[name] = v.At
}
