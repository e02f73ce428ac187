//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// signals are what --signal sends, by name.
var signals = map[string]syscall.Signal{
	"reload": syscall.SIGHUP,
	"reopen": syscall.SIGUSR1,
	"ldm":    syscall.SIGUSR2,
	"term":   syscall.SIGTERM,
	"quit":   syscall.SIGINT,
	"stop":   syscall.SIGKILL,
}

// heard are the signals that a server listens to.
var heard = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2}

// commandOf names what a signal asks for, in the words of --signal.
func commandOf(sig os.Signal) string {
	for command, s := range signals {
		if s == sig {
			return command
		}
	}
	return ""
}

func sendSignal(pid int, command string) error {
	sig, ok := signals[command]
	if !ok {
		return fmt.Errorf("unknown signal %q", command)
	}
	return syscall.Kill(pid, sig)
}

// findProcesses returns the ids of the other processes that were started under this name, or that run this very file
// under another name.
func findProcesses(name string) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil || len(entries) == 0 {
		return grepProcesses(name)
	}
	own, _ := os.Stat("/proc/self/exe")
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err == nil && pid != os.Getpid() && isServer(filepath.Join("/proc", e.Name()), name, own) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// isServer reports whether the process whose folder in /proc is dir has this name or this executable file.
func isServer(dir, name string, own os.FileInfo) bool {
	args, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil || len(args) == 0 {
		return false // gone, or dead and not yet collected by its parent
	}
	if comm, err := os.ReadFile(filepath.Join(dir, "comm")); err == nil && string(bytes.TrimSpace(comm)) == name {
		return true
	}
	exe, err := os.Stat(filepath.Join(dir, "exe"))
	return err == nil && own != nil && os.SameFile(exe, own)
}

// grepProcesses asks pgrep, for systems without /proc.
func grepProcesses(name string) ([]int, error) {
	out, err := exec.Command("pgrep", "-x", name).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 {
		return nil, nil // none
	}
	if err != nil {
		return nil, err
	}
	var pids []int
	for field := range bytes.FieldsSeq(out) {
		pid, err := strconv.Atoi(string(field))
		if err != nil {
			return nil, err
		}
		if pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
