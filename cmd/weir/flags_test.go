package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"weir/internal/config"
	"weir/internal/tlsfile"
)

// settings parses args and applies their settings to an empty configuration.
func settings(t *testing.T, args ...string) *config.Options {
	t.Helper()
	c, err := parse(args)
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	o := &config.Options{}
	for _, set := range c.settings {
		set(o)
	}
	return o
}

func TestOptionFlags(t *testing.T) {
	tests := []struct {
		names string // aliases
		value string
		want  func(*config.Options)
	}{
		{"a addr net", "1.2.3.4", func(o *config.Options) { o.Client.Host = "1.2.3.4" }},
		{"p port", "-1", func(o *config.Options) { o.Client.Port = -1 }},
		{"p port", "0x10e1", func(o *config.Options) { o.Client.Port = 4321 }},
		{"n name server_name", "A", func(o *config.Options) { o.ServerName = "A" }},
		{"client_advertise", "x:1", func(o *config.Options) { o.Advertise = "x:1" }},
		{"m http_port", "8222", func(o *config.Options) { o.Monitor.Port = 8222 }},
		{"ms https_port", "8223", func(o *config.Options) { o.Monitor.HTTPSPort = 8223 }},
		{"P pid", "f", func(o *config.Options) { o.PidFile = "f" }},
		{"ports_file_dir", "d", func(o *config.Options) { o.PortsDir = "d" }},
		{"profile", "6060", func(o *config.Options) { o.Profile.Port = 6060 }},
		{"user", "u", func(o *config.Options) { o.Auth.Username = "u" }},
		{"pass", "p", func(o *config.Options) { o.Auth.Password = "p" }},
		{"auth", "t", func(o *config.Options) { o.Auth.Token = "t" }},
		{"l log", "f", func(o *config.Options) { o.Log.File = "f" }},
		{"T logtime", "false", func(o *config.Options) { o.Log.NoTime = true }},
		{"T logtime", "true", func(*config.Options) {}},
		{"logtime_utc", "", func(o *config.Options) { o.Log.UTC = true }},
		{"log_size_limit", "5368709120", func(o *config.Options) { o.Log.SizeLimit = 5 << 30 }},
		{"s syslog", "", func(o *config.Options) { o.Log.Syslog = true }},
		{"r remote_syslog", "udp://h:514", func(o *config.Options) { o.Log.RemoteSyslog = "udp://h:514" }},
		{"max_traced_msg_len", "10", func(o *config.Options) { o.Log.MaxTracedLen = 10 }},
		{"D debug", "", func(o *config.Options) { o.Log.Debug = true }},
		{"D debug", "false", func(*config.Options) {}},
		{"V trace", "", func(o *config.Options) { o.Log.Trace = true }},
		{"VV", "", func(o *config.Options) { o.Log.Trace, o.Log.TraceVerbose = true, true }},
		{"DV", "", func(o *config.Options) { o.Log.Debug, o.Log.Trace = true, true }},
		{"DVV", "", func(o *config.Options) { o.Log.Debug, o.Log.Trace, o.Log.TraceVerbose = true, true, true }},
	}
	for _, tt := range tests {
		want := &config.Options{}
		tt.want(want)
		for name := range strings.FieldsSeq(tt.names) {
			for _, dash := range []string{"-", "--"} {
				forms := [][]string{{dash + name + "=" + tt.value}, {dash + name, tt.value}}
				switch {
				case tt.value == "": // a toggle
					forms = [][]string{{dash + name}, {dash + name + "=true"}}
				case tt.value == "true" || tt.value == "false":
					forms = forms[:1]
				}
				for _, args := range forms {
					if got := settings(t, args...); !reflect.DeepEqual(got, want) {
						t.Errorf("%q: got %+v", args, got)
					}
				}
			}
		}
	}
}

func TestLastFlagWins(t *testing.T) {
	o := settings(t, "-p", "1", "--port=2", "-DV", "-D=false", "-VV", "-VV=false")
	if o.Client.Port != 2 || o.Log.Debug || o.Log.Trace || o.Log.TraceVerbose {
		t.Errorf("got %+v", o)
	}
}

func TestUnbuiltFlagsWarnOnce(t *testing.T) {
	tests := []struct {
		args []string
		want []string // the flag of each warning
	}{
		{[]string{"-js", "-sd=/data"}, []string{"--jetstream", "--store_dir"}},
		{[]string{"--jetstream", "--store_dir", "/data"}, []string{"--jetstream", "--store_dir"}},
		{[]string{"-js=false", "--no_advertise=false", "--routes", ""}, nil},
		{[]string{"--cluster", "nats://h:1", "--cluster_listen=nats://h:1", "--cluster_name", "c", "--cluster_advertise", "h:1",
			"--routes", "nats://a:1,nats://b:1", "--no_advertise", "--connect_retries", "3"},
			[]string{"--cluster", "--cluster_listen", "--cluster_name", "--cluster_advertise", "--routes", "--no_advertise", "--connect_retries"}},
	}
	for _, tt := range tests {
		got := settings(t, tt.args...).Warnings
		if len(got) != len(tt.want) {
			t.Errorf("%q: got %q", tt.args, got)
			continue
		}
		for i, flag := range tt.want {
			if !strings.HasPrefix(got[i], "flag "+flag+" is ignored: ") {
				t.Errorf("%q: got %q, want it to name %s", tt.args, got[i], flag)
			}
		}
	}
}

// write makes a file and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFlagsOverrideTheFile(t *testing.T) {
	path := write(t, "weir.conf", "port: 5000\nhost: \"127.0.0.9\"\ndebug: true\nmax_payload: 1000\n")
	c, err := parse([]string{"-p", "5001", "-D=false", "-c", path})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time is a reload
		o, err := c.options()
		if err != nil {
			t.Fatal(err)
		}
		if o.Client.Port != 5001 || o.Client.Host != "127.0.0.9" || o.Log.Debug || o.Protocol.MaxPayload != 1000 {
			t.Errorf("got %+v", o)
		}
	}
}

func TestFlagsWithoutFileListenEverywhere(t *testing.T) {
	for _, args := range [][]string{{"-D"}, {"--"}, {"-c", ""}} {
		c, err := parse(args)
		if err != nil {
			t.Fatal(err)
		}
		o, err := c.options()
		if err != nil {
			t.Fatal(err)
		}
		if c.local || o.Client.Address() != "0.0.0.0:4222" || len(o.WebSockets) != 0 || o.Monitor.On() {
			t.Errorf("%q: got %+v", args, o)
		}
	}
}

func TestNoArgumentsMeanThisMachineOnly(t *testing.T) {
	c, err := parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := c.options()
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{o.Client.Host, o.WebSockets[0].Host, o.Monitor.Host} {
		if host != "127.0.0.1" {
			t.Errorf("listens on %q", host)
		}
	}
	if !c.local || !o.WebSockets[0].Console {
		t.Errorf("got %+v", o)
	}
}

func TestTLSFlags(t *testing.T) {
	tests := []struct {
		args []string
		want *tlsfile.Block
		err  error
	}{
		{[]string{"-D"}, &tlsfile.Block{CertFile: "file"}, nil},
		{[]string{"--tls"}, nil, errNoCertificate},
		{[]string{"--tlsverify"}, nil, errNoCertificate},
		{[]string{"--tlscert", "c"}, nil, errNoKey},
		{[]string{"--tls=false", "--tlscert", "c"}, nil, nil},
		{[]string{"--tlscert", "c", "--tls=false"}, nil, nil},
		{[]string{"--tlscert", "c", "--tlskey", "k"}, &tlsfile.Block{CertFile: "c", KeyFile: "k"}, nil},
		{[]string{"--tls", "--tlscert=c", "--tlskey=k", "--tlscacert=a", "--tlsverify"},
			&tlsfile.Block{CertFile: "c", KeyFile: "k", CAFile: "a", Verify: true}, nil},
	}
	for _, tt := range tests {
		c, err := parse(tt.args)
		if err != nil {
			t.Fatal(err)
		}
		o := &config.Options{TLS: &tlsfile.Block{CertFile: "file"}}
		if err := c.tls.apply(o); err != tt.err {
			t.Errorf("%q: error %v, want %v", tt.args, err, tt.err)
		} else if err == nil && !reflect.DeepEqual(o.TLS, tt.want) {
			t.Errorf("%q: got %+v, want %+v", tt.args, o.TLS, tt.want)
		}
	}
}

// TestReferenceFlags is the list that nats-server accepts, hidden ones included. We add none and miss none.
func TestReferenceFlags(t *testing.T) {
	want := strings.Fields(`h help port p n name server_name addr a net client_advertise D debug V VV trace DV DVV T logtime
		logtime_utc user pass auth m http_port ms https_port c config t sl signal P pid ports_file_dir l log log_size_limit s
		syslog r remote_syslog version v profile routes cluster cluster_listen cluster_advertise no_advertise
		connect_retries cluster_name help_tls tls tlsverify tlscert tlskey tlscacert max_traced_msg_len js jetstream sd
		store_dir`)
	var got []string
	for _, f := range commandFlags {
		got = append(got, strings.Fields(f.names)...)
	}
	for _, f := range optionFlags {
		got = append(got, strings.Fields(f.names)...)
	}
	for _, f := range unbuiltFlags {
		got = append(got, strings.Fields(f.names)...)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	help := strings.FieldsFunc(usage(ownName), func(r rune) bool { return strings.ContainsRune(" ,;\n", r) })
	for _, name := range got {
		if !slices.Contains(help, "-"+name) && !slices.Contains(help, "--"+name) {
			t.Errorf("the help text does not name -%s", name)
		}
	}
}

func TestRedact(t *testing.T) {
	tests := []struct{ in, want string }{
		{"-p 4222 --user a --pass=b -auth c", "-p 4222 --user [REDACTED] --pass=[REDACTED] -auth [REDACTED]"},
		{"--pass", "--pass"},
		{"pass word", "pass word"},
		{"--routes nats://a:b@h:1,nats://h:2 --cluster=nats://u:p@h:-1", "--routes nats://[REDACTED]@h:1,nats://h:2 --cluster=nats://[REDACTED]@h:-1"},
		{"--cluster u:p@h:1 -c x", "--cluster [REDACTED]@h:1 -c x"},
	}
	for _, tt := range tests {
		args := strings.Fields(tt.in)
		redact(args)
		if got := strings.Join(args, " "); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
