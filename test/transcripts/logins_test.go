package transcripts

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"weir/server"
	"weir/test/operator"
	"weir/test/process"
)

// everyDoor runs a test over every transport, each at the same time.
func everyDoor(t *testing.T, test func(t *testing.T, target process.Target, over string)) {
	process.Each(t, func(t *testing.T, target process.Target) {
		s := Script{Over: every(nil)}
		for _, over := range s.transports(target) {
			t.Run(over, func(t *testing.T) {
				t.Parallel()
				test(t, target, over)
			})
		}
	})
}

// come connects and says what connect makes of the nonce in INFO.
func come(t *testing.T, d *door, connect func(nonce string) string) *peer {
	t.Helper()
	p, err := d.open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.nc.Close() })
	line, err := p.line()
	if err != nil {
		t.Fatal(err)
	}
	p.take()
	var info struct {
		Nonce string `json:"nonce"`
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "INFO ")), &info); err != nil {
		t.Fatal(err)
	}
	p.put([]byte("CONNECT {\"verbose\":false," + connect(info.Nonce) + "}\r\nPING\r\n"))
	return p
}

// hear expects a line.
func (p *peer) hear(t *testing.T, want string) {
	t.Helper()
	for {
		line, err := p.line()
		if err != nil {
			t.Fatalf("want %s: %v", want, err)
		}
		if p.take(); line == want {
			return
		}
		if line != "PING" {
			t.Fatalf("got %s, want %s", line, want)
		}
	}
}

// leave expects an error, delivered before the end, and the close frame on a WebSocket. nats-server may lose both.
func (p *peer) leave(t *testing.T, d *door, text string, code int, reason string) {
	t.Helper()
	heard := ""
	for {
		line, err := p.line()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("want the end: %v", err)
		}
		if p.take(); line != "PING" {
			heard += line
		}
	}
	lost := d.target == process.Stock && p.end.Code == 1006
	if want := "-ERR '" + text + "'"; heard != want && !(lost && heard == "") {
		t.Errorf("heard %q, want %q", heard, want)
	}
	if p.ws != nil && !lost && (p.end.Code != code || p.end.Text != reason) {
		t.Errorf("close frame %d %q, want %d %q", p.end.Code, p.end.Text, code, reason)
	}
}

// reload gives the server another configuration.
func (d *door) reload(t *testing.T, before, after string) {
	t.Helper()
	if d.server != nil {
		d.server.Reload(t, func(text string) string { return strings.Replace(text, before, after, 1) })
		return
	}
	file := t.TempDir() + "/server.conf"
	if err := os.WriteFile(file, []byte("listen: \"127.0.0.1:-1\"\n"+after), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := server.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.inside.Reload(o); err != nil {
		t.Fatal(err)
	}
}

// TestDismissals: who is in by a JWT, and has to go because it runs out, or that of its account, or because it is revoked, hears
// why before the end.
func TestDismissals(t *testing.T) {
	everyDoor(t, func(t *testing.T, target process.Target, over string) {
		o := operator.New(t, nil)
		a, ending := o.Account(nil), o.Account(nil)
		before := o.Config()
		d := stage(t, target, over, process.Options{Config: before})
		enter := func(u operator.User) *peer {
			p := come(t, d, func(string) string { return fmt.Sprintf("%q:%q", "jwt", u.Token) })
			p.hear(t, "PONG")
			return p
		}
		first := a.User(nil, operator.Bearer)
		revoked, expired := enter(first), enter(ending.User(nil, operator.Bearer))
		soon := func() int64 { return time.Now().Add(4 * time.Second).Unix() } // a busy machine is slow
		expires := enter(a.User(nil, func(c *jwt.UserClaims) { c.BearerToken, c.Expires = true, soon() }))
		stays := enter(a.User(nil, operator.Bearer))

		ending.Set(func(c *jwt.AccountClaims) { c.Expires = soon() })
		a.Set(func(c *jwt.AccountClaims) { c.Revocations = jwt.RevocationList{first.Public: time.Now().Unix()} })
		d.reload(t, before, o.Config())
		revoked.leave(t, d, "User Authentication Revoked", 1008, "Credentials Revoked")
		expires.leave(t, d, "User Authentication Expired", 1008, "Authentication Expired")
		expired.leave(t, d, "Account Authentication Expired", 1008, "Authentication Expired")
		again := come(t, d, func(string) string { return fmt.Sprintf("%q:%q", "jwt", first.Token) })
		again.leave(t, d, "Authorization Violation", 1008, "Authentication Failure")
		stays.put([]byte("PING\r\n"))
		stays.hear(t, "PONG")
	})
}

// TestNKeys: who signs the nonce with its key comes in; who signs with another, or something else, does not.
func TestNKeys(t *testing.T) {
	everyDoor(t, func(t *testing.T, target process.Target, over string) {
		right, wrong := operator.NewKey(t, nkeys.CreateUser), operator.NewKey(t, nkeys.CreateUser)
		d := stage(t, target, over, process.Options{Config: "authorization { users: [ {nkey: " + right.Public + "} ] }"})
		sign := func(name string, by operator.Key, what string) func(string) string {
			return func(nonce string) string {
				if nonce == "" {
					t.Error("INFO has no nonce")
				}
				sig, err := by.Sign([]byte(what + nonce))
				if err != nil {
					t.Fatal(err)
				}
				return fmt.Sprintf("%q:%q,%q:%q", "nkey", name, "sig", base64.RawURLEncoding.EncodeToString(sig))
			}
		}
		come(t, d, sign(right.Public, right, "")).hear(t, "PONG")
		for _, connect := range []func(string) string{
			sign(right.Public, wrong, ""), sign(wrong.Public, wrong, ""), sign(right.Public, right, "x"),
			func(string) string { return fmt.Sprintf("%q:%q", "nkey", right.Public) },
		} {
			come(t, d, connect).leave(t, d, "Authorization Violation", 1008, "Authentication Failure")
		}
	})
}
