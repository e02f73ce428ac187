package process

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Result is what a process that has ended leaves behind.
type Result struct {
	Stdout, Stderr string
	Code           int
}

// Run runs a server to its end, in a folder of its own, under a name that is not that of its binary if name is not
// empty.
func Run(t testing.TB, target Target, name string, args ...string) Result {
	t.Helper()
	binary := Named(t, target, name)
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = environment()
	Tie(cmd)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s %v: %v, %v\n%s", target, args, err, ctx.Err(), &stderr)
	}
	return Result{Stdout: stdout.String(), Stderr: stderr.String(), Code: cmd.ProcessState.ExitCode()}
}

// Refused runs a server with a configuration that it must not become ready with, in a file server.conf: it ends with exit
// code 1, and what it writes has the pattern.
func Refused(t testing.TB, target Target, config, pattern string) Result {
	t.Helper()
	file := filepath.Join(t.TempDir(), "server.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	r := Run(t, target, "", "-c", file)
	if r.Code != 1 || !regexp.MustCompile(pattern).MatchString(r.Stderr) {
		t.Errorf("exit %d, want 1, and %q in %s", r.Code, pattern, r.Stderr)
	}
	if strings.Contains(r.Stderr, "Server is ready") {
		t.Errorf("it was ready: %s", r.Stderr)
	}
	return r
}

// environment is what servers see of ours. A program with the race detector sleeps for a second before it exits; hundreds
// of them would be most of a run.
func environment() []string { return append(os.Environ(), "GORACE=atexit_sleep_ms=0") }

// Named returns a path of the target's binary under another name.
func Named(t testing.TB, target Target, name string) string {
	t.Helper()
	binary, err := target.Binary()
	if err != nil {
		t.Fatal(err)
	}
	if name == "" {
		return binary
	}
	link := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(binary, link); err != nil {
		t.Fatal(err)
	}
	return link
}
