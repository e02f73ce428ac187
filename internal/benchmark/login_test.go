package benchmark_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"

	"weir/internal/benchmark"
)

// connects returns the CONNECT of a load.
func connects(t *testing.T, info string, target benchmark.Target) map[string]any {
	t.Helper()
	came := make(chan map[string]any, 1)
	server := listen(t, func(p *peer) {
		came <- p.welcome(info)
		p.until("PING")
		p.say("PONG\r\n")
		p.drain()
	})
	target.Server = strings.Replace(server, "nats://", "nats://"+target.Server, 1)
	report, err := benchmark.Run(t.Context(), benchmark.Config{Command: benchmark.Pub, Messages: 1, Target: target}, none)
	if err != nil {
		t.Fatal(err)
	}
	if report.Server != server {
		t.Errorf("the report names %s, want %s", report.Server, server)
	}
	return <-came
}

func TestLogins(t *testing.T) {
	tests := []struct {
		target            benchmark.Target // its server is what stands before the host
		user, pass, token any
	}{
		{benchmark.Target{}, nil, nil, nil},
		{benchmark.Target{Server: "ann:s%2Fx@"}, "ann", "s/x", nil},
		{benchmark.Target{Server: "t0k@"}, nil, nil, "t0k"},
		{benchmark.Target{User: "ann", Password: "s"}, "ann", "s", nil},
		{benchmark.Target{Token: "t0k"}, nil, nil, "t0k"},
		{benchmark.Target{Server: "bob:x@", User: "ann", Password: "s"}, "ann", "s", nil},
	}
	for _, tt := range tests {
		c := connects(t, "", tt.target)
		if c["user"] != tt.user || c["pass"] != tt.pass || c["auth_token"] != tt.token {
			t.Errorf("%+v: CONNECT %v", tt.target, c)
		}
		if c["verbose"] != false || c["pedantic"] != false || c["headers"] != true || c["no_responders"] != true || c["tls_required"] != false {
			t.Errorf("%+v: CONNECT %v", tt.target, c)
		}
	}
}

// identity makes a user's key, and a file of it in the given form.
func identity(t *testing.T, form string) (public, file string) {
	t.Helper()
	key, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := key.Seed()
	if err != nil {
		t.Fatal(err)
	}
	if public, err = key.PublicKey(); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, fmt.Appendf(nil, form, seed), 0o600); err != nil {
		t.Fatal(err)
	}
	return public, file
}

// signed checks the signature of a nonce.
func signed(t *testing.T, public, nonce string, c map[string]any) {
	t.Helper()
	key, err := nkeys.FromPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := base64.RawURLEncoding.DecodeString(fmt.Sprint(c["sig"]))
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Verify([]byte(nonce), sig); err != nil {
		t.Errorf("signature %v: %v", c["sig"], err)
	}
}

func TestKeys(t *testing.T) {
	public, file := identity(t, "%s\n")
	c := connects(t, `,"nonce":"abc"`, benchmark.Target{NKey: file})
	if c["nkey"] != public || c["jwt"] != nil {
		t.Errorf("CONNECT %v", c)
	}
	signed(t, public, "abc", c)

	public, file = identity(t, "-----BEGIN NATS USER JWT-----\na.b.c\n------END NATS USER JWT------\n\n"+
		"-----BEGIN USER NKEY SEED-----\n%s\n------END USER NKEY SEED------\n")
	c = connects(t, `,"nonce":"abc"`, benchmark.Target{Creds: file})
	if c["jwt"] != "a.b.c" || c["nkey"] != nil {
		t.Errorf("CONNECT %v", c)
	}
	signed(t, public, "abc", c)

	server := listen(t, func(p *peer) { p.welcome("") })
	config := small(benchmark.Pub, server)
	config.Target.NKey = file
	refuses(t, config, "--nkey are of no use")
}
