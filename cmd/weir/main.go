package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"weir/internal/config"
	"weir/server"
)

// The names the program knows itself by.
const (
	ownName       = "weir"
	referenceName = "nats-server"
)

func main() {
	p := &program{
		name:   programName(os.Args[0]),
		stdout: os.Stdout,
		stderr: os.Stderr,
		start:  start,
		find:   findProcesses,
		send:   sendSignal,
	}
	args := append([]string(nil), os.Args[1:]...)
	redact(os.Args[1:])
	os.Exit(p.run(args))
}

// start starts a server.
func start(o *config.Options, log *slog.Logger, reload func() error) (node, error) {
	s, err := server.New(o, log)
	if err != nil {
		return nil, err
	}
	s.OnReload(reload)
	return s, s.Start()
}

// programName is the name to answer with: our own, unless the program was started as nats-server.
func programName(arg0 string) string {
	if strings.TrimSuffix(filepath.Base(arg0), ".exe") == referenceName {
		return referenceName
	}
	return ownName
}

// program is one run of the command, with what it touches of the world.
type program struct {
	name           string
	stdout, stderr io.Writer
	// start starts a server and returns it listening. Who asks it for a reload gets the answer of the function.
	start func(*config.Options, *slog.Logger, func() error) (node, error)
	// find returns the ids of the other processes of this program, send delivers a signal by its name in --signal.
	find func(name string) ([]int, error)
	send func(pid int, command string) error
}

// run does what the arguments ask for and returns the exit status.
func (p *program) run(args []string) int {
	if len(args) > 0 && args[0] == benchWord {
		return p.bench(args[1:])
	}
	cmd, err := parse(args)
	if err != nil {
		fmt.Fprintf(p.stderr, "%s: %v\n%s", p.name, err, usage(p.name))
		return 1
	}
	switch {
	case cmd.version:
		fmt.Fprintln(p.stdout, versionLine(p.name))
		return 0
	case cmd.help:
		fmt.Fprint(p.stdout, usage(p.name))
		return 0
	case cmd.helpTLS:
		fmt.Fprint(p.stdout, usageTLS())
		return 0
	}
	switch err := p.dispatch(cmd); {
	case err == nil:
		return 0
	case !errors.Is(err, errLogged):
		fmt.Fprintf(p.stderr, "%s: %v\n", p.name, err)
	}
	return 1
}

// dispatch runs one of the commands that can fail.
func (p *program) dispatch(cmd *commandLine) error {
	switch {
	case cmd.stray != nil:
		return fmt.Errorf("unrecognized command: %q", *cmd.stray)
	case cmd.signal != "":
		return p.signal(cmd.signal)
	case cmd.test:
		return p.test(cmd)
	}
	return p.serve(cmd)
}

// test checks the configuration and says so.
func (p *program) test(cmd *commandLine) error {
	if cmd.config == "" {
		return errTestWithoutFile
	}
	o, err := cmd.options()
	if err != nil {
		return err
	}
	for _, w := range o.Warnings {
		fmt.Fprintf(p.stderr, "%s: warning: %s\n", p.name, w)
	}
	fmt.Fprintf(p.stderr, "%s: configuration file %s is valid (%s)\n", p.name, cmd.config, o.Digest)
	return nil
}

// versionLine is what -v prints. Tools parse that of nats-server.
func versionLine(name string) string {
	if name == referenceName {
		return referenceName + ": v" + server.ReferenceVersion
	}
	return ownName + ": v" + server.Version
}
