package main

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"weir/internal/config"
	"weir/server"
)

// trial runs the command against a server that must not be started.
func trial(t *testing.T, name string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{
		name: name, stdout: &out, stderr: &errs,
		start: func(*config.Options, *slog.Logger, func() error) (node, error) {
			t.Errorf("%q started a server", args)
			return nil, errors.New("no server here")
		},
		find: func(string) ([]int, error) { return nil, nil },
		send: func(int, string) error { return nil },
	}
	return p.run(args), out.String(), errs.String()
}

func TestVersion(t *testing.T) {
	want := map[string]string{ownName: "weir: v" + server.Version + "\n", referenceName: "nats-server: v" + server.ReferenceVersion + "\n"}
	for name, line := range want {
		for _, args := range [][]string{{"-v"}, {"--version"}, {"version"}, {"Version"}, {"-p", "1", "version"}, {"-v", "-h"}, {"--", "version"}} {
			status, out, errs := trial(t, name, args...)
			if status != 0 || out != line || errs != "" {
				t.Errorf("%s %q: status %d, stdout %q, stderr %q; want %q", name, args, status, out, errs, line)
			}
		}
	}
}

func TestProgramName(t *testing.T) {
	for arg0, want := range map[string]string{
		"weir": ownName, "/opt/weir": ownName, "weir.exe": ownName, "": ownName, "my-nats-server": ownName,
		"nats-server": referenceName, "/usr/bin/nats-server": referenceName, "nats-server.exe": referenceName,
	} {
		if got := programName(arg0); got != want {
			t.Errorf("%q: got %q, want %q", arg0, got, want)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"--help"}, {"help"}, {"-DV", "HELP"}, {"-h", "--help_tls"}} {
		status, out, errs := trial(t, referenceName, args...)
		if status != 0 || !strings.HasPrefix(out, "\nUsage: nats-server [options]\n") || errs != "" {
			t.Errorf("%q: status %d, stdout %.40q, stderr %q", args, status, out, errs)
		}
	}
	status, out, errs := trial(t, ownName, "--help_tls")
	if status != 0 || !strings.Contains(out, "TLS_AES_128_GCM_SHA256") || !strings.Contains(out, "X25519") || errs != "" {
		t.Errorf("--help_tls: status %d, stdout %.40q, stderr %q", status, out, errs)
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		args []string
		want string // the whole of standard error, or its first line when usage follows
	}{
		{[]string{"--nope"}, "weir: flag provided but not defined: -nope\n\nUsage: weir"},
		{[]string{"-p"}, "weir: flag needs an argument: -p\n\nUsage: weir"},
		{[]string{"-p", "abc"}, "weir: invalid value \"abc\" for flag -p: parse error\n\nUsage: weir"},
		{[]string{"-m", "99999999999999999999"}, "weir: invalid value \"99999999999999999999\" for flag -m: value out of range\n\nUsage: weir"},
		{[]string{"-D=maybe"}, "weir: invalid boolean value \"maybe\" for -D: parse error\n\nUsage: weir"},
		{[]string{"foo"}, "weir: unrecognized command: \"foo\"\n"},
		{[]string{""}, "weir: unrecognized command: \"\"\n"},
		{[]string{"--no_advertise", "true"}, "weir: unrecognized command: \"true\"\n"},
		{[]string{"-t"}, "weir: must specify [-c, --config] option to check configuration file syntax\n"},
		{[]string{"-c", filepath.Join(dir, "none")}, "weir: open " + filepath.Join(dir, "none") + ": no such file or directory\n"},
		{[]string{"-p", "70000"}, "weir: client listener: invalid port 70000"},
		{[]string{"-n", "a b"}, "weir: server name cannot contain spaces\n"},
		{[]string{"--tls"}, "weir: TLS Server certificate must be present and valid"},
		{[]string{"-l", filepath.Join(dir, "none", "log")}, "weir: can not open the log: open "},
		{[]string{"-r", "foo"}, "weir: can not open the log: remote syslog \"foo\""},
		{[]string{"--signal", "reload"}, "weir: no weir processes running\n"},
	}
	for _, tt := range tests {
		status, out, errs := trial(t, ownName, tt.args...)
		if status != 1 || out != "" || !strings.HasPrefix(errs, tt.want) {
			t.Errorf("%q: status %d, stdout %q, stderr %.120q; want %q", tt.args, status, out, errs, tt.want)
		}
		if lines := strings.Count(errs, "\n"); !strings.Contains(errs, "Usage") && lines != 1 {
			t.Errorf("%q: %d lines: %q", tt.args, lines, errs)
		}
	}
}

func TestConfigurationTest(t *testing.T) {
	good := write(t, "good.conf", "port: -1\n")
	status, out, errs := trial(t, referenceName, "-t", "-c", good)
	want := "nats-server: configuration file " + good + " is valid (sha256:7ea4cc5c6864139d814ce940a40ee6546b7ac5285eec3c390a4ce11e34dc1102)\n"
	if status != 0 || out != "" || errs != want {
		t.Errorf("status %d, stdout %q, stderr %q; want %q", status, out, errs, want)
	}
	for _, text := range []string{"prt: 1\n", "port: {\n", "max_payload: -5\n"} {
		bad := write(t, "bad.conf", text)
		status, out, errs := trial(t, ownName, "-c", bad, "-t")
		if status != 1 || out != "" || !strings.HasPrefix(errs, "weir: ") {
			t.Errorf("%q: status %d, stdout %q, stderr %q", text, status, out, errs)
		}
	}
}
