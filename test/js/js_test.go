package js

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"weir/test/operator"
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
		run(t, node, []string{"STAGE=" + stage.Open(t, target).URL}, "clients.test.mjs")
	})
}

// TestSigned has clients that sign the nonce of INFO, for an nkey and for a JWT.
func TestSigned(t *testing.T) {
	node := process.Node(t)
	process.Each(t, func(t *testing.T, target process.Target) {
		t.Parallel()
		o := operator.New(t, nil)
		key, user := operator.NewKey(t, nkeys.CreateUser), o.Account(nil).User(nil, nil)
		text, err := json.Marshal(map[string]string{
			"keys": "authorization { users: [ { nkey: " + key.Public + " } ] }", "seed": seed(t, key),
			"operator": o.Config(), "jwt": user.Token, "jwtSeed": seed(t, user.Key),
		})
		if err != nil {
			t.Fatal(err)
		}
		run(t, node, []string{"STAGE=" + stage.Open(t, target).URL, "SIGNED=" + string(text)}, "signed.test.mjs")
	})
}

func seed(t *testing.T, k operator.Key) string {
	t.Helper()
	s, err := k.Seed()
	if err != nil {
		t.Fatal(err)
	}
	return string(s)
}

// TestBearer has what nats-server does not do.
func TestBearer(t *testing.T) {
	node := process.Node(t)
	process.OnWeir(t, func(t *testing.T) {
		run(t, node, []string{"STAGE=" + stage.Open(t, process.Weir).URL}, "bearer.test.mjs")
	})
}

// TestConsoleUnits runs the unit tests of the console page's own modules.
func TestConsoleUnits(t *testing.T) {
	node := process.Node(t)
	process.OnWeir(t, func(t *testing.T) {
		const folder = "../../internal/console/"
		run(t, node, nil, folder+"nats.test.mjs", folder+"payload.test.mjs")
	})
}

// run runs test files of Node.
func run(t *testing.T, node string, env []string, files ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, append([]string{"--test", "--test-reporter=spec"}, files...)...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
		return
	}
	t.Logf("%s", out)
}
