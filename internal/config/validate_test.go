package config_test

import (
	"strings"
	"testing"

	"weir/internal/config"
	"weir/internal/tlsfile"
)

// TestValidate is about the checks of the whole configuration.
func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		text string
		set  func(o *config.Options)
		want []string
	}{
		{text: `lame_duck_grace_period: "3m"`,
			want: []string{"lame duck grace period (3m0s) should be strictly lower than lame duck duration (2m0s)"}},
		{text: `max_pending: 3`, want: []string{"max_payload (1048576) cannot be higher than max_pending (3)"}},
		{text: `max_payload: -1`, want: []string{"max_payload must be between 1 and 2147483647"}},
		{text: `ping_interval: "-1s"`, want: []string{"ping_interval can not be negative"}},
		{text: "http: -1\nhttps: -1\n", want: []string{"can't specify both HTTP (-1) and HTTPs (-1) ports"}},
		{text: `no_auth_user: a`, want: []string{`no_auth_user: "a" present, but users/nkeys are not defined`}},
		{text: "no_auth_user: a\nauthorization { users: [ {user: b} ] }\n", want: []string{
			`no_auth_user: "a" not present as user or nkey in authorization block or account configuration`}},
		{text: "https: -1\n", want: []string{"TLS cert and key required for HTTPS"}},
		{text: `client_advertise: "a:b:c"`,
			want: []string{`invalid client_advertise "a:b:c": address a:b:c: too many colons in address`}},
		{text: `port: 1`, set: func(o *config.Options) { o.ServerName = "a b"; o.Client.Port = 70000 }, want: []string{
			"server name cannot contain spaces",
			"client listener: invalid port 70000: it must be -1 (any free port) or 0 to 65535",
		}},
		{text: `port: 1`, set: func(o *config.Options) { o.TLS = &tlsfile.Block{KeyFile: "k"} },
			want: []string{"tls: missing 'cert_file' in TLS configuration"}},
		{text: "max_pending: 3\nlame_duck_grace_period: \"3m\"\nwebsocket { port: 1 }\n", want: []string{
			"lame duck grace period (3m0s) should be strictly lower than lame duck duration (2m0s)",
			"max_payload (1048576) cannot be higher than max_pending (3)",
			"websocket requires TLS configuration",
		}},
	} {
		o := mustParse(t, tt.text)
		if tt.set != nil {
			tt.set(o)
		}
		o.SetDefaults()
		err := o.Validate()
		if want := strings.Join(tt.want, "\n"); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", tt.text, err, want)
		}
	}
}

// verdict is what is wrong with a file, in itself or with its defaults; empty for nothing.
func verdict(text string) string {
	o, err := config.Parse("weir.conf", []byte(text))
	if err == nil {
		o.SetDefaults()
		err = o.Validate()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// wantInvalid completes and checks a configuration; want is all that is wrong with it.
func wantInvalid(t *testing.T, text, want string) {
	t.Helper()
	mustParse(t, text) // what is wrong shows only afterwards
	if got := verdict(text); got != want {
		t.Errorf("%s\n got %s\nwant %s", text, got, want)
	}
}
