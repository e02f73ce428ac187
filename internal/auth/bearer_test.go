package auth_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"weir/internal/auth"
)

// asked is an Authority that is not asked here.
type asked struct{ auth.Authority }

// A secret that does not say what it is is a JWT only where JWTs are read, and only if it is one of NATS.
func TestBearer(t *testing.T) {
	head := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	nats := head(`{"typ":"JWT","alg":"ed25519-nkey"}`)
	delegate := auth.Delegate(asked{}, auth.WebSocket)
	for _, row := range []struct {
		name, secret string
		jwt          bool
	}{
		{"NATS", nats + ".Ym9keQ.c2ln-_", true},
		{"NATS, first version", head(`{"typ":"jwt","alg":"Ed25519"}`) + ".Ym9keQ.c2ln", true},
		{"another issuer", head(`{"typ":"JWT","alg":"RS256"}`) + ".Ym9keQ.c2ln", false},
		{"unsigned", head(`{"typ":"JWT","alg":"none"}`) + ".Ym9keQ.c2ln", false},
		{"no signature", nats + ".Ym9keQ.", false},
		{"two parts", nats + ".Ym9keQ", false},
		{"four parts", nats + ".Ym9keQ.c2ln.c2ln", false},
		{"no JSON", head("ed25519-nkey") + ".Ym9keQ.c2ln", false},
		{"a head without end", head(`{"alg":"ed25519-nkey","x":"`+strings.Repeat("x", 1000)+`"}`) + ".Ym9keQ.c2ln", false},
		{"standard base64", nats + ".Ym9k+Q.c2ln", false},
		{"a word", "s3cr3t!", false},
		{"dots", "..", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := auth.Credentials{Token: row.secret}
			if got := new(auth.Policy).Bearer(row.secret); got != want {
				t.Errorf("without operators: %+v", got)
			}
			if row.jwt {
				want = auth.Credentials{JWT: row.secret}
			}
			if got := delegate.Bearer(row.secret); got != want {
				t.Errorf("with operators: %+v", got)
			}
		})
	}
}

// FuzzBearer: a secret is one thing or the other, and nothing of it gets lost.
func FuzzBearer(f *testing.F) {
	for _, seed := range []string{"", "s3cr3t", "..", "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.e30.AA", "e30.e30.e30", "bnVsbA.e30.e30"} {
		f.Add(seed)
	}
	p := auth.Delegate(asked{}, auth.WebSocket)
	f.Fuzz(func(t *testing.T, secret string) {
		cr := p.Bearer(secret)
		if cr != (auth.Credentials{JWT: secret}) && cr != (auth.Credentials{Token: secret}) {
			t.Errorf("%q became %+v", secret, cr)
		}
	})
}
