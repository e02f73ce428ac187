package js

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"weir/test/process"
	"weir/test/stage"
)

func TestMain(m *testing.M) { process.Main(m) }

// patience is how long one run of Node may take.
const patience = 3 * time.Minute

func TestClients(t *testing.T) {
	node := process.Node(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		t.Parallel()
		run(t, node, "STAGE="+stage.Open(t, target).URL, "clients.test.mjs")
	})
}

// TestBearer has what nats-server does not do.
func TestBearer(t *testing.T) {
	node := process.Node(t)
	process.OnWeir(t, func(t *testing.T) { run(t, node, "STAGE="+stage.Open(t, process.Weir).URL, "bearer.test.mjs") })
}

// TestConsoleUnits runs the unit tests of the console page's own modules.
func TestConsoleUnits(t *testing.T) {
	node := process.Node(t)
	process.OnWeir(t, func(t *testing.T) {
		const folder = "../../internal/console/"
		run(t, node, "", folder+"nats.test.mjs", folder+"payload.test.mjs")
	})
}

// run runs test files of Node.
func run(t *testing.T, node, env string, files ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, append([]string{"--test", "--test-reporter=spec"}, files...)...)
	cmd.Env = append(os.Environ(), env)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
		return
	}
	t.Logf("%s", out)
}
