package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A Target is one of the two servers that the tests run against.
type Target string

const (
	// Weir is the server under test, built from the module above this one.
	Weir Target = "weir"
	// Stock is the nats-server that go.mod names: the judge of what a NATS server does.
	Stock Target = "stock"
)

// Targets returns the servers to test: both, or those that WEIR_TARGETS names.
func Targets() []Target {
	names := os.Getenv("WEIR_TARGETS")
	if names == "" {
		return []Target{Weir, Stock}
	}
	var targets []Target
	for name := range strings.SplitSeq(names, ",") {
		targets = append(targets, Target(strings.TrimSpace(name)))
	}
	return targets
}

// Each runs f as a subtest for every target.
func Each(t *testing.T, f func(*testing.T, Target)) {
	t.Helper()
	for _, target := range Targets() {
		t.Run(string(target), func(t *testing.T) { f(t, target) })
	}
}

// OnWeir skips nothing: it runs f against Weir if Weir is among the targets at all.
func OnWeir(t *testing.T, f func(*testing.T)) {
	t.Helper()
	for _, target := range Targets() {
		if target == Weir {
			t.Run(string(target), f)
		}
	}
}

// scratch is a folder for what one run of a test binary makes; [Main] removes it.
var scratch = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "weir-test-") })

// binaries holds what was built in this run of one test binary.
var binaries struct {
	sync.Mutex
	path map[Target]string
	err  map[Target]error
}

// Main runs the tests of a package and then removes what was built for them.
func Main(m *testing.M) { Exit(m.Run()) }

// Exit removes what was built in this run of a test binary and ends it.
func Exit(code int) {
	if dir, err := scratch(); err == nil {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

// Binary returns the path of the target's executable, which is built once per test binary.
func (target Target) Binary() (string, error) {
	binaries.Lock()
	defer binaries.Unlock()
	if path, ok := binaries.path[target]; ok {
		return path, binaries.err[target]
	}
	if binaries.path == nil {
		binaries.path = map[Target]string{}
		binaries.err = map[Target]error{}
	}
	path, err := target.build()
	binaries.path[target], binaries.err[target] = path, err
	return path, err
}

// build is called with binaries locked.
func (target Target) build() (string, error) {
	if path := os.Getenv(strings.ToUpper(string(target)) + "_BINARY"); path != "" {
		return filepath.Abs(path)
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	scratchDir, err := scratch()
	if err != nil {
		return "", err
	}
	// Tools start the server under either name, so the file carries the one its users know.
	path := filepath.Join(scratchDir, map[Target]string{Weir: "weir", Stock: "nats-server"}[target])
	args := []string{"build", "-o", path}
	var pkg, dir string
	switch target {
	case Weir:
		pkg, dir = "./cmd/weir", filepath.Dir(root)
		if os.Getenv("WEIR_RACE") != "" {
			args = append(args, "-race")
		}
	case Stock:
		pkg, dir = "github.com/nats-io/nats-server/v2", root
	default:
		return "", fmt.Errorf("no target is called %q", target)
	}
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build of %s: %w\n%s", target, err, out)
	}
	return path, nil
}

// Root returns the folder of this module.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module weir/test\n") {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("not inside the module weir/test")
		}
		dir = parent
	}
}

// Missing reports that something outside of this module is not installed. The test is left out, unless CI or
// WEIR_REQUIRE_ALL says that nothing may be.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("WEIR_REQUIRE_ALL") != "" || os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
