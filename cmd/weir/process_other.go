//go:build !unix

package main

import (
	"errors"
	"os"
	"syscall"
)

// heard are the signals that a server listens to.
var heard = []os.Signal{os.Interrupt, syscall.SIGTERM}

var errNoSignals = errors.New("--signal is not available on this system")

// commandOf names what a signal asks for, in the words of --signal.
func commandOf(sig os.Signal) string {
	if sig == os.Interrupt {
		return "quit"
	}
	return "term"
}

func sendSignal(int, string) error { return errNoSignals }

func findProcesses(string) ([]int, error) { return nil, errNoSignals }
