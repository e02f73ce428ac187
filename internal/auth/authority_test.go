package auth_test

import (
	"errors"
	"net/netip"
	"testing"

	"weir/internal/auth"
)

// echo is an Authority that remembers what it was asked.
type echo struct {
	old  auth.Identity
	cr   auth.Credentials
	from auth.Peer
}

func (e *echo) Renew(old auth.Identity, cr auth.Credentials, from auth.Peer) (auth.Identity, error) {
	e.old, e.cr, e.from = old, cr, from
	if cr.JWT == "" && old.Name == "" {
		return auth.Identity{}, auth.ErrDenied
	}
	return auth.Identity{Name: "u", Account: "a"}, nil
}

// A Policy that delegates asks the Authority, with the type of its connections, and nobody else.
func TestDelegate(t *testing.T) {
	e := new(echo)
	p := auth.Delegate(e, auth.WebSocket)
	if !p.Required() || !p.NeedsNonce() || !p.Delegates() || p.Guests() || p.Lists() {
		t.Error("it does not ask for a JWT")
	}
	from := auth.Peer{Addr: netip.MustParseAddr("10.0.0.1")}
	if _, err := p.Admit(auth.Identity{}, auth.Credentials{User: "a", Pass: "b"}, from); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("a password: %v", err)
	}
	id, err := p.Admit(auth.Identity{}, auth.Credentials{JWT: "j"}, from)
	if err != nil || id.Name != "u" || e.cr.JWT != "j" || e.from.Type != auth.WebSocket || e.from.Addr != from.Addr {
		t.Errorf("%+v, %v, asked %+v", id, err, e)
	}
	if _, err := p.Admit(id, auth.Credentials{}, from); err != nil || e.old != id {
		t.Errorf("%v, asked %+v", err, e)
	}
	plain := compile(t, auth.Config{Users: []auth.User{{Name: "a", Password: "p"}}})
	if id, err := plain.Admit(auth.Identity{}, auth.Credentials{User: "a", Pass: "p", JWT: "j"}, from); err != nil || id.Name != "a" || plain.Delegates() {
		t.Errorf("a list of users: %+v, %v", id, err)
	}
}
