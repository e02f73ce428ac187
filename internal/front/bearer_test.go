package front_test

import (
	"net/http"
	"strings"
	"testing"

	"weir/internal/front"
)

func TestBearerHeader(t *testing.T) {
	for _, row := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"none", nil, ""},
		{"bearer", []string{"Bearer s3cr3t!"}, "s3cr3t!"},
		{"in any case", []string{"bEARER abc.def"}, "abc.def"},
		{"spaces", []string{"Bearer   abc "}, "abc"},
		{"nothing behind it", []string{"Bearer"}, ""},
		{"nothing but space behind it", []string{"Bearer  "}, ""},
		{"another scheme", []string{"Basic YTpi"}, ""},
		{"a longer scheme", []string{"BearerX abc"}, ""},
		{"two words", []string{"Bearer abc def"}, ""},
		{"two headers", []string{"Bearer abc", "Bearer def"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := front.BearerHeader(http.Header{"Authorization": row.lines}); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestBearerProtocol(t *testing.T) {
	for _, row := range []struct {
		name          string
		lines         []string
		offered, want string
	}{
		{"none", nil, "", ""},
		{"others", []string{"nats, mqtt"}, "", ""},
		{"token", []string{"nats, nats.bearer.s3cr3t!"}, "nats.bearer.s3cr3t!", "s3cr3t!"},
		{"JWT", []string{"nats.bearer.a.b-_.c"}, "nats.bearer.a.b-_.c", "a.b-_.c"},
		{"base64url", []string{"nats.bearer64.w7wgLCI_"}, "nats.bearer64.w7wgLCI_", "ü ,\"?"},
		{"on a line of its own", []string{"nats", "nats.bearer.abc"}, "nats.bearer.abc", "abc"},
		{"the first one", []string{"nats.bearer.abc,nats.bearer.def"}, "nats.bearer.abc", "abc"},
		{"no base64url", []string{"nats.bearer64.a+b, nats.bearer.abc"}, "nats.bearer.abc", "abc"},
		{"empty", []string{"nats.bearer., nats.bearer64."}, "", ""},
		{"another case", []string{"NATS.bearer.abc"}, "", ""},
		{"no token (RFC 9110)", []string{`nats.bearer."abc"`, "nats.bearer.a b"}, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			offered, got := front.BearerProtocol(http.Header{"Sec-Websocket-Protocol": row.lines})
			if offered != row.offered || got != row.want {
				t.Errorf("got %q %q, want %q %q", offered, got, row.offered, row.want)
			}
		})
	}
}

// FuzzBearerProtocol: whatever a request offers, what carried the secret is one of the offers, and can stand in an answer.
func FuzzBearerProtocol(f *testing.F) {
	for _, seed := range []string{"nats, nats.bearer.abc", "nats.bearer64.YWJj", "nats.bearer64.====", ",,nats.bearer.\x00", "nats.bearer.a,b c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		offered, secret := front.BearerProtocol(http.Header{"Sec-Websocket-Protocol": {line}})
		if (offered == "") != (secret == "") || !strings.Contains(line, offered) || strings.ContainsAny(offered, " \t\r\n,\"") {
			t.Errorf("%q: offered %q, secret %q", line, offered, secret)
		}
	})
}
