package claims

import (
	"maps"
	"slices"
	"strings"

	"github.com/nats-io/jwt/v2"

	"weir/internal/account"
)

// accountOf is an account as package account knows it, and the activations of its imports. What of it makes no sense is left
// out, as in nats-server: the rest of the account works.
func accountOf(c *jwt.AccountClaims) (account.Config, []*jwt.ActivationClaims) {
	a := account.Config{Name: c.Subject, Limits: accountLimits(&c.Limits)}
	for _, e := range c.Exports {
		if x := exportOf(e); alone(account.Config{Name: c.Subject, Exports: []account.Export{x}}) {
			a.Exports = append(a.Exports, x)
		}
	}
	var acts []*jwt.ActivationClaims
	for _, i := range c.Imports {
		m := importOf(i)
		if !alone(account.Config{Name: c.Subject, Imports: []account.Import{m}}) {
			continue
		}
		var act *jwt.ActivationClaims
		if i.Token != "" {
			act, _ = decode[*jwt.ActivationClaims](i.Token) // what can not be read activates nothing
		}
		a.Imports, acts = append(a.Imports, m), append(acts, act)
	}
	for _, source := range slices.Sorted(maps.Keys(c.Mappings)) {
		m := account.Mapping{Source: string(source)}
		for _, w := range c.Mappings[source] {
			m.To = append(m.To, account.Weighted{Subject: string(w.Subject), Weight: int(w.GetWeight()), Cluster: w.Cluster})
		}
		if alone(account.Config{Name: c.Subject, Mappings: []account.Mapping{m}}) {
			a.Mappings = append(a.Mappings, m)
		}
	}
	return a, acts
}

// alone reports whether one part of an account is right by itself.
func alone(c account.Config) bool { return c.Validate() == nil }

func accountLimits(l *jwt.OperatorLimits) account.Limits {
	return account.Limits{
		Connections: limit(l.Conn), Leafs: limit(l.LeafNodeConn), Subscriptions: limit(l.Subs), Payload: limit(l.Payload),
	}
}

func exportOf(e *jwt.Export) account.Export {
	x := account.Export{
		Subject: string(e.Subject), Service: e.IsService(), Token: e.TokenReq,
		TokenPosition: int(min(e.AccountTokenPosition, 1<<16)), Threshold: e.ResponseThreshold, AllowTrace: e.AllowTrace, Revoked: e.Revocations,
	}
	switch e.ResponseType {
	case jwt.ResponseTypeStream:
		x.Response = account.Stream
	case jwt.ResponseTypeChunked:
		x.Response = account.Chunked
	}
	if e.Latency != nil {
		x.Latency = &account.Latency{Subject: string(e.Latency.Results), Sampling: int(e.Latency.Sampling)}
		if !alone(account.Config{Exports: []account.Export{x}}) {
			x.Latency = nil
		}
	}
	return x
}

// importOf knows both ways in which claims name the subjects of the two sides: local_subject, and the older to, which is
// the exporter's subject for a service and a prefix for a stream.
func importOf(i *jwt.Import) account.Import {
	m := account.Import{
		Service: i.IsService(), Account: i.Account, Subject: string(i.Subject), To: string(i.LocalSubject),
		Share: i.Share, AllowTrace: i.AllowTrace,
	}
	switch to := i.GetTo(); {
	case m.To != "" || to == "":
	case m.Service:
		m.Subject, m.To = to, m.Subject
	default:
		m.To = strings.TrimSuffix(to, ".") + "." + m.Subject
	}
	return m
}
