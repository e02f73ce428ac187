package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// commands are what --signal knows.
var commands = []string{"reload", "reopen", "ldm", "term", "quit", "stop"}

// signal sends a signal to a running server. The spec is a command, or command=pid, where pid is a process id, the path of
// a file that holds one, or the beginning of ids followed by a star.
func (p *program) signal(spec string) error {
	command, target, _ := strings.Cut(spec, "=")
	if !slices.Contains(commands, command) {
		return fmt.Errorf("unknown signal %q: want one of %s", command, strings.Join(commands, ", "))
	}
	if b, err := os.ReadFile(target); err == nil {
		target = strings.TrimSpace(string(b))
	}
	pids, err := p.targets(target)
	if err != nil {
		return err
	}
	var failed []error
	for _, pid := range pids {
		if err := p.send(pid, command); err != nil {
			failed = append(failed, fmt.Errorf("signal %q %d: %w", command, pid, err))
		}
	}
	return errors.Join(failed...)
}

// targets returns the process ids that a target stands for: at least one.
func (p *program) targets(target string) ([]int, error) {
	prefix, several := strings.CutSuffix(target, "*")
	if target != "" && !several {
		pid, err := positive(target)
		return []int{pid}, err
	}
	if prefix != "" {
		if _, err := positive(prefix); err != nil {
			return nil, err
		}
	}
	pids, err := p.find(p.name)
	if err != nil {
		return nil, fmt.Errorf("unable to find the process, give its id as in --signal stop=123: %w", err)
	}
	pids = slices.DeleteFunc(pids, func(pid int) bool { return !strings.HasPrefix(strconv.Itoa(pid), prefix) })
	switch {
	case len(pids) == 0:
		return nil, fmt.Errorf("no %s processes running", p.name)
	case len(pids) > 1 && !several:
		text := fmt.Sprintf("multiple %s processes running:", p.name)
		for _, pid := range pids {
			text += "\n" + strconv.Itoa(pid)
		}
		return nil, errors.New(text)
	}
	return pids, nil
}

// positive parses a process id. Zero and below would mean groups of processes, or all.
func positive(s string) (int, error) {
	pid, err := strconv.Atoi(s)
	if err != nil || pid <= 0 {
		return 0, fmt.Errorf("invalid pid: %s", s)
	}
	return pid, nil
}
