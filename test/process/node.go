package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Node returns the path of Node, if it and the npm packages of this module are installed.
func Node(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		Missing(t, "no node in PATH: run setup.sh")
	}
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"@nats-io/nats-core", "@nats-io/transport-node", "nats.ws", "ws", "playwright-core"} {
		if _, err := os.Stat(filepath.Join(root, "node_modules", filepath.FromSlash(name), "package.json")); err != nil {
			Missing(t, "no npm package %s: run setup.sh", name)
		}
	}
	return path
}
