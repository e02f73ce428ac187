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
	// Defaults are the permissions of users without any, by account.
	Defaults map[string]*perm.Config
	// At is where they stand, for errors about how accounts fit each other.
	At Places
}

// Places is where accounts, their exports and their imports stand in a file.
type Places map[Place]conf.Position

// Place is an account, if Part is empty, or a part of it as an [account.Error] names it.
type Place struct {
	Account, Part string
	Index         int
}

// Of is where the part stands that an error is about, or else its account; ok is false where that is not known.
func (p Places) Of(e *account.Error) (at conf.Position, ok bool) {
	if at, ok = p[Place{e.Account, e.Part, e.Index}]; !ok {
		at, ok = p[Place{Account: e.Account}]
	}
	return at, ok
}

// tenant is one account while it is read.
type tenant struct {
	account.Config
	users    []auth.User
	at       conf.Value // of the users
	defaults *perm.Config
	places   Places
}

// place notes where the last of n parts stands.
func (t *tenant) place(part string, n int, at conf.Position) {
	t.places[Place{t.Name, part, n - 1}] = at
}

// tenantKeys are the keys of one account.
var tenantKeys = conf.Table[tenant]{
	"nkey":                 setAccountKey,
	"users":                func(r *conf.Reader, t *tenant, v conf.Value) { t.users, t.at = readUsers(r, v, userKeys), v },
	"default_permissions":  func(r *conf.Reader, t *tenant, v conf.Value) { t.defaults = permissions(r, v) },
	"exports":              setExports,
	"imports":              setImports,
	"mappings maps":        func(r *conf.Reader, t *tenant, v conf.Value) { t.Mappings = ReadMappings(r, v) },
	"limits":               setLimits,
	"jetstream":            setJetStream,
	"msg_trace trace_dest": setTrace,
}.Split()

func setLimits(r *conf.Reader, t *tenant, v conf.Value) {
	if _, ok := v.V.(map[string]any); !ok {
		r.Fail(v.At, "Expected account limits to be a map/struct, got %s", conf.Kind(v.V))
		return
	}
	conf.ReadOr(r, v, limitKeys, &t.Limits, "Unknown field %q parsing account limits")
}

var limitKeys = conf.Table[account.Limits]{
	"max_connections max_conn":   limit(func(l *account.Limits) *int { return &l.Connections }),
	"max_subscriptions max_subs": limit(func(l *account.Limits) *int { return &l.Subscriptions }),
	"max_payload max_pay":        limit(func(l *account.Limits) *int { return &l.Payload }),
	"max_leafnodes max_leafs":    limit(func(l *account.Limits) *int { return &l.Leafs }),
}.Split()

// limit reads a number for which 0 means nothing at all, and -1 as much as one likes.
func limit(field func(*account.Limits) *int) conf.Set[account.Limits] {
	return func(r *conf.Reader, l *account.Limits, v conf.Value) {
		n, ok := r.Integer(v)
		switch {
		case !ok:
		case n == 0:
			*field(l) = -1
		default:
			*field(l) = int(max(n, 0))
		}
	}
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
	out := Accounts{At: make(Places)}
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
		t := tenant{Config: account.Config{Name: member.Key}, places: out.At}
		conf.Read(r, member, tenantKeys, &t)
		applyDefaults(t.users, t.defaults)
		noDuplicates(r, t.at, t.users, known)
		for _, u := range t.users {
			u.Account = t.Name
			out.Users = append(out.Users, u)
		}
		out.Configs = append(out.Configs, t.Config)
		out.setDefaults(t.Name, t.defaults)
	}
	return out
}

// setDefaults notes the default permissions of an account, if it has any.
func (a *Accounts) setDefaults(name string, p *perm.Config) {
	if p == nil {
		return
	}
	if a.Defaults == nil {
		a.Defaults = make(map[string]*perm.Config)
	}
	a.Defaults[name] = p
}

// name notes an account, which must be a new one.
func (a *Accounts) name(r *conf.Reader, v conf.Value, name string) {
	switch _, known := a.At[Place{Account: name}]; {
	case name == account.Global:
		r.Fail(v.At, "%q is a Reserved Account", name)
	case known:
		r.Fail(v.At, "Duplicate Account Entry: %s", name)
	}
	a.At[Place{Account: name}] = v.At
}
