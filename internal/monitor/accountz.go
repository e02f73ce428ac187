package monitor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/jwt/v2"

	"weir/internal/account"
	"weir/internal/claims"
)

// accountList is /accountz: the names of all accounts, or one of them.
type accountList struct {
	ID       string         `json:"server_id"`
	Now      time.Time      `json:"now"`
	System   string         `json:"system_account,omitempty"`
	Accounts []string       `json:"accounts,omitempty"`
	Account  *AccountDetail `json:"account_detail,omitempty"`
}

// AccountDetail is one account.
type AccountDetail struct {
	Name      string                `json:"account_name"`
	Updated   time.Time             `json:"update_time"`
	IsSystem  bool                  `json:"is_system,omitempty"`
	Expired   bool                  `json:"expired"`
	Complete  bool                  `json:"complete"`
	JetStream bool                  `json:"jetstream_enabled"`
	Leafs     int                   `json:"leafnode_connections"`
	Clients   int                   `json:"client_connections"`
	Subs      int                   `json:"subscriptions"`
	Mappings  map[string][]mappedTo `json:"mappings,omitempty"`
	Exports   []exportRow           `json:"exports,omitempty"`
	Imports   []importRow           `json:"imports,omitempty"`
	claimed
	Sublist   subStats             `json:"sublist_stats"`
	Responses map[string]importRow `json:"responses,omitempty"`
}

// claimed is what claims say of an account; without claims it has only a name.
type claimed struct {
	JWT       string               `json:"jwt,omitempty"`
	IssuerKey string               `json:"issuer_key,omitempty"`
	NameTag   string               `json:"name_tag,omitempty"`
	Tags      []string             `json:"tags,omitempty"`
	Claims    *jwt.AccountClaims   `json:"decoded_jwt,omitempty"`
	Revoked   map[string]time.Time `json:"revoked_user,omitempty"`
}

// describe adds what claims say.
func (d *AccountDetail) describe(from *claims.Authority) {
	d.NameTag = d.Name
	if from == nil {
		return
	}
	v, ok := from.View(d.Name)
	if !ok {
		return
	}
	d.Updated, d.Expired, d.Complete = v.Updated.UTC(), v.Expired, v.Complete
	d.claimed = claimed{v.JWT, v.Issuer, v.Tag, v.Tags, v.Claims, v.Revoked}
}

// Tag is what people call an account: its name, unless claims have another one for it.
func (m *Pages) Tag(name string) string {
	if m.Claims != nil {
		if tag, ok := m.Claims.Tag(name); ok {
			return tag
		}
	}
	return name
}

// mappedTo is one destination of a mapping.
type mappedTo struct {
	Subject string `json:"subject"`
	Weight  int    `json:"weight"`
	Cluster string `json:"cluster,omitempty"`
}

// exportRow is what an account offers.
type exportRow struct {
	Subject  string               `json:"subject"`
	Type     string               `json:"type"`
	TokenReq bool                 `json:"token_req,omitempty"`
	Response string               `json:"response_type,omitempty"`
	Latency  *sampled             `json:"service_latency,omitempty"`
	Approved []string             `json:"approved_accounts,omitempty"`
	Revoked  map[string]time.Time `json:"revoked_activations,omitempty"`
}

// sampled is where a service's latency goes.
type sampled struct {
	Sampling any    `json:"sampling"` // a number, or "headers"
	Results  string `json:"results"`
}

// importRow is what an account uses of another one, or an answer that it owes to that.
type importRow struct {
	Subject  string   `json:"subject"`
	Account  string   `json:"account"`
	To       string   `json:"to,omitempty"`
	Local    string   `json:"local_subject,omitempty"`
	Type     string   `json:"type"`
	Invalid  bool     `json:"invalid"`
	Share    bool     `json:"share"`
	Tracking bool     `json:"tracking"`
	Latency  *sampled `json:"latency,omitempty"`
}

func (m *Pages) accountz(q *query) (any, error) {
	list := accountList{ID: m.Base().ID, Now: time.Now().UTC(), System: m.System}
	name := q.text("acc")
	if name == "" {
		for _, a := range m.sortedAccounts() {
			list.Accounts = append(list.Accounts, a.Name())
		}
		return list, nil
	}
	var err error
	list.Account, err = m.Account(name)
	return list, err
}

// Account describes one account. The error says that there is none of that name.
func (m *Pages) Account(name string) (*AccountDetail, error) {
	a := m.account(name)
	if a == nil {
		return nil, fmt.Errorf("Account %s does not exist", name) //nolint:staticcheck // its text is shown as it is
	}
	config, since := a.Config()
	stats := newSubStats(a.Subs().Stats())
	d := &AccountDetail{
		Name: name, Updated: since.UTC(), IsSystem: name == m.System, Complete: true,
		Clients: m.tally()[name].clients, Subs: stats.NumSubs, Sublist: stats,
	}
	d.describe(m.Claims)
	for i := range config.Mappings {
		if d.Mappings == nil {
			d.Mappings = make(map[string][]mappedTo)
		}
		o := &config.Mappings[i]
		for _, to := range o.To {
			d.Mappings[o.Source] = append(d.Mappings[o.Source], mappedTo{to.Subject, to.Weight, to.Cluster})
		}
	}
	for _, e := range m.exportsOf(a) {
		d.Exports = append(d.Exports, newExportRow(&e))
	}
	for i := range config.Imports {
		d.Imports = append(d.Imports, m.newImportRow(&config.Imports[i]))
	}
	for _, p := range a.Pending() {
		if d.Responses == nil {
			d.Responses = make(map[string]importRow)
		}
		d.Responses[p.Key] = importRow{
			Subject: p.To, Account: p.For, To: p.Key, Local: p.Key, Type: kindOf(true), Share: p.Share,
			Tracking: p.Latency != nil, Latency: newSampled(p.Latency),
		}
	}
	return d, nil
}

// account is the account of that name; nil if there is none.
func (m *Pages) account(name string) *account.Account {
	all := m.Accounts()
	if i := slices.IndexFunc(all, func(a *account.Account) bool { return a.Name() == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// exportsOf is what an account exports, configured or not.
func (m *Pages) exportsOf(a *account.Account) []account.Export {
	config, _ := a.Config()
	if a.Name() != m.System {
		return config.Exports
	}
	return append(slices.Clip(config.Exports), account.SystemExports()...)
}

// responses are nats-server's words for how many answers a service gives.
var responses = [...]string{account.Singleton: "Singleton", account.Stream: "Streamed", account.Chunked: "Chunked"}

func newExportRow(e *account.Export) exportRow {
	row := exportRow{Subject: e.Subject, Type: kindOf(e.Service), TokenReq: e.Token, Approved: e.Accounts, Latency: newSampled(e.Latency)}
	if e.Service {
		row.Response = responses[e.Response]
	}
	for name, until := range e.Revoked {
		if row.Revoked == nil {
			row.Revoked = make(map[string]time.Time)
		}
		row.Revoked[name] = time.Unix(until, 0)
	}
	return row
}

func newSampled(l *account.Latency) *sampled {
	switch {
	case l == nil:
		return nil
	case l.Sampling == 0:
		return &sampled{"headers", l.Subject}
	}
	return &sampled{l.Sampling, l.Subject}
}

// newImportRow shows the importer's subject as that of a service, twice as nats-server does.
func (m *Pages) newImportRow(i *account.Import) importRow {
	row := importRow{Subject: i.Subject, Account: i.Account, Local: cmp.Or(i.To, i.Subject), Type: kindOf(i.Service), Share: i.Share}
	if !i.Service {
		return row
	}
	row.To = row.Local
	if from := m.account(i.Account); from != nil {
		if e := account.Exported(m.exportsOf(from), i); e != nil {
			row.Latency = newSampled(e.Latency)
		}
	}
	return row
}

func kindOf(service bool) string {
	if service {
		return "service"
	}
	return "stream"
}

func (m *Pages) sortedAccounts() []*account.Account {
	return slices.SortedFunc(slices.Values(m.Accounts()), func(a, b *account.Account) int {
		return cmp.Compare(a.Name(), b.Name())
	})
}
