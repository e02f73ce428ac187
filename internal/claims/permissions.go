package claims

import (
	"github.com/nats-io/jwt/v2"

	"weir/internal/auth"
	"weir/internal/perm"
)

// permissions are those of claims in the form of package perm; nil if they say nothing.
func permissions(p *jwt.Permissions) *perm.Config {
	if p.Pub.Empty() && p.Sub.Empty() && p.Resp == nil {
		return nil
	}
	c := &perm.Config{Publish: perm.Rule(asLists(p.Pub)), Subscribe: perm.Rule(asLists(p.Sub))}
	if p.Resp != nil {
		c.Responses = &perm.Responses{MaxMsgs: p.Resp.MaxMsgs, TTL: p.Resp.Expires}
	}
	return c
}

func asLists(p jwt.Permission) (r struct{ Allow, Deny []string }) {
	r.Allow, r.Deny = p.Allow, p.Deny
	return r
}

// compile makes a Set of permissions; nil if they say nothing.
func compile(p *jwt.Permissions) (*perm.Set, error) {
	c := permissions(p)
	if c == nil {
		return nil, nil
	}
	return perm.Compile(*c)
}

// limits are those of claims, for which any negative number means none.
func limits(l *jwt.NatsLimits) auth.Limits {
	return auth.Limits{Subscriptions: limit(l.Subs), Payload: limit(l.Payload)}
}

// limit turns a number of claims, for which 0 is nothing at all, into one of [auth.Limits].
func limit(n int64) int {
	switch {
	case n < 0:
		return 0
	case n == 0:
		return -1
	}
	return int(min(n, 1<<31-1))
}

// stricter is both limits at once.
func stricter(a, b auth.Limits) auth.Limits {
	return auth.Limits{Subscriptions: lower(a.Subscriptions, b.Subscriptions), Payload: lower(a.Payload, b.Payload)}
}

func lower(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
