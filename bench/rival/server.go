package rival

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"weir/bench/load"
)

// Server is one of the servers that are compared.
type Server struct {
	Name    string // Stock, Weir or Kernel
	Path    string
	Version string
}

// Names of servers.
const (
	Stock  = "stock"
	Weir   = "weir"
	Kernel = "kernel"
)

// Environment variables that name a built server, instead of building it. The tests of test/ know them too.
const (
	StockBinary = "STOCK_BINARY"
	WeirBinary  = "WEIR_BINARY"
)

// stockPackage is built in the version that go.mod of this module asks for.
const stockPackage = "github.com/nats-io/nats-server/v2"

// BuildStock gives the stock server; given, when not empty, is one that is built already.
func BuildStock(folder, given string) (Server, error) {
	return build(folder, Stock, given, ".", stockPackage)
}

// BuildWeir gives the server of this checkout.
func BuildWeir(folder, given string) (Server, error) {
	return build(folder, Weir, given, "..", "./cmd/weir")
}

func build(folder, name, given, in, what string) (Server, error) {
	b := Server{Name: name, Path: given}
	if given == "" {
		b.Path = filepath.Join(folder, name)
		cmd := exec.Command("go", "build", "-o", b.Path, what)
		cmd.Dir = in
		if out, err := cmd.CombinedOutput(); err != nil {
			return b, fmt.Errorf("build of %s: %w\n%s", name, err, out)
		}
	}
	out, err := exec.Command(b.Path, "-v").Output()
	b.Version = strings.TrimSpace(string(out))
	return b, err
}

// BareServer is this program, as the bare server of package kernel.
func BareServer() (Server, error) {
	path, err := os.Executable()
	return Server{Name: Kernel, Path: path, Version: "one-thread epoll"}, err
}

// kernelAddress is where the bare server listens; its two ports are the kernel's choice.
const kernelAddress = "127.0.0.1"

// args are those that start it; file is the configuration.
func (b Server) args(file string) []string {
	if b.Name == Kernel {
		return []string{"-kernel", kernelAddress}
	}
	return []string{"-c", file}
}

// Speaks reports a transport that the server has.
func (b Server) Speaks(via load.Transport) bool { return b.Name != Kernel || via != load.WSS }
