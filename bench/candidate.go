package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// candidate is one of the two servers that are compared.
type candidate struct {
	name    string // stock or weir
	path    string
	version string
}

// Environment variables that name a built server, instead of building it. The tests of test/ know them too.
const (
	stockBinary = "STOCK_BINARY"
	weirBinary  = "WEIR_BINARY"
)

// stockPackage is built in the version that go.mod of this module asks for.
const stockPackage = "github.com/nats-io/nats-server/v2"

// buildStock gives the stock server; given, when not empty, is one that is built already.
func buildStock(folder, given string) (candidate, error) {
	return build(folder, "stock", given, ".", stockPackage)
}

// buildWeir gives the server of this checkout.
func buildWeir(folder, given string) (candidate, error) {
	return build(folder, "weir", given, "..", "./cmd/weir")
}

func build(folder, name, given, in, what string) (candidate, error) {
	b := candidate{name: name, path: given}
	if given == "" {
		b.path = filepath.Join(folder, name)
		cmd := exec.Command("go", "build", "-o", b.path, what)
		cmd.Dir = in
		if out, err := cmd.CombinedOutput(); err != nil {
			return b, fmt.Errorf("build of %s: %w\n%s", name, err, out)
		}
	}
	out, err := exec.Command(b.path, "-v").Output()
	b.version = strings.TrimSpace(string(out))
	return b, err
}
