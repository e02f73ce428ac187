package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"weir/bench/load"
)

// candidate is one of the servers that are compared.
type candidate struct {
	name    string // stock, weir or kernel
	path    string
	version string
}

const (
	stockName  = "stock"
	weirName   = "weir"
	kernelName = "kernel"
)

// Environment variables that name a built server, instead of building it. The tests of test/ know them too.
const (
	stockBinary = "STOCK_BINARY"
	weirBinary  = "WEIR_BINARY"
)

// stockPackage is built in the version that go.mod of this module asks for.
const stockPackage = "github.com/nats-io/nats-server/v2"

// buildStock gives the stock server; given, when not empty, is one that is built already.
func buildStock(folder, given string) (candidate, error) {
	return build(folder, stockName, given, ".", stockPackage)
}

// buildWeir gives the server of this checkout.
func buildWeir(folder, given string) (candidate, error) {
	return build(folder, weirName, given, "..", "./cmd/weir")
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

// ourKernel is this program, as the bare server of package kernel.
func ourKernel() (candidate, error) {
	path, err := os.Executable()
	return candidate{name: kernelName, path: path, version: "one-thread epoll"}, err
}

// kernelAddress is where the bare server listens; its two ports are the kernel's choice.
const kernelAddress = "127.0.0.1"

// args are those that start it; file is the configuration.
func (b candidate) args(file string) []string {
	if b.name == kernelName {
		return []string{"-kernel", kernelAddress}
	}
	return []string{"-c", file}
}

// speaks reports a transport that the server has.
func (b candidate) speaks(via load.Transport) bool { return b.name != kernelName || via != load.WSS }
