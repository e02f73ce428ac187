package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"weir/bench/rival"
)

// bout is the servers that are compared, and how.
type bout struct {
	servers []rival.Server
	scale   scale
	rounds  int
	folder  string
	args    []string // of the command line, for the processes that patient workloads run in
}

// entered are the servers that can do a workload.
func (b *bout) entered(w workload) (servers []rival.Server) {
	for _, c := range b.servers {
		if w.does(c) {
			servers = append(servers, c)
		}
	}
	return servers
}

// timed runs one workload in rounds of fresh servers. In a round all servers stand ready at once and have short turns one
// after the other, so that what else happens on the machine happens to all of them. Where the limit on open files does
// not allow that, they stand ready one at a time.
func (b *bout) timed(w workload) (turns, error) {
	all := turns{}
	servers := b.entered(w)
	together := allowFiles(w.files(b.scale)*len(servers)) == nil
	for round := range b.rounds {
		groups := [][]rival.Server{servers}
		if !together {
			groups = nil
			for i := range servers {
				groups = append(groups, []rival.Server{servers[(round+i)%len(servers)]})
			}
		}
		for _, group := range groups {
			if err := b.round(w, group, round, all); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// round opens the workload on fresh servers, warms each up, and lets them have their turns.
func (b *bout) round(w workload, servers []rival.Server, round int, all turns) (err error) {
	sessions := make([]session, len(servers))
	for i, c := range servers {
		p, startErr := rival.Start(c, rival.BlockFor(w.via), b.folder)
		if startErr != nil {
			return startErr
		}
		defer func() { err = errors.Join(err, p.Stop()) }()
		if sessions[i], err = w.open(p, b.scale); err != nil {
			return fmt.Errorf("%s, %s: %w", w.name, c.Name, err)
		}
		defer sessions[i].close()
		if _, err = sessions[i].turn(b.scale.warm); err != nil {
			return fmt.Errorf("%s, %s: %w", w.name, c.Name, err)
		}
	}
	for turn := range b.scale.turns {
		for i := range servers {
			i = (i + turn + round) % len(servers) // nobody always comes after the same one
			measures, err := sessions[i].turn(b.scale.turn)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", w.name, servers[i].Name, err)
			}
			all[servers[i].Name] = append(all[servers[i].Name], measures)
		}
	}
	return nil
}

// patient runs workloads that wait, all of them at the same time and on all servers; only what makes work is done by one
// at a time. Each has a process of its own for its load, because one may not have all the connections open.
func (b *bout) patient(workloads []workload) ([]turns, error) {
	lock := filepath.Join(b.folder, "lock")
	if err := os.WriteFile(lock, nil, 0o600); err != nil {
		return nil, err
	}
	all := make([]turns, len(workloads))
	for i := range all {
		all[i] = turns{}
	}
	for range b.rounds {
		var (
			mu   sync.Mutex // guards all and errs
			errs []error
			wait sync.WaitGroup
		)
		for i, w := range workloads {
			for _, c := range b.entered(w) {
				wait.Go(func() {
					measures, err := apart(w, c, append(slices.Clone(b.args), "-lock="+lock))
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						errs = append(errs, fmt.Errorf("%s, %s: %w", w.name, c.Name, err))
						return
					}
					all[i][c.Name] = append(all[i][c.Name], measures)
				})
			}
		}
		wait.Wait()
		if err := errors.Join(errs...); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// apart runs one workload once in a process of its own, which is this program with the same command line and a bit more.
func apart(w workload, c rival.Server, args []string) ([]measure, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args = append(slices.Clone(args), "-one="+w.name, "-of="+c.Name)
	if c.Name != rival.Kernel { // which is this program
		args = append(args, "-"+c.Name+"="+c.Path)
	}
	cmd := exec.Command(self, args...)
	// The signal is bound to a thread, as in start.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	var measures []measure
	return measures, json.Unmarshal(out, &measures)
}

// once runs one workload against a fresh server, and prints what was measured for apart.
func (b *bout) once(w workload, c rival.Server) error {
	p, err := rival.Start(c, rival.BlockFor(w.via), b.folder)
	if err != nil {
		return err
	}
	measures, err := turnOnce(w, p, b.scale)
	if stopErr := p.Stop(); err == nil {
		err = stopErr
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(measures)
}

// turnOnce gives a workload a single turn.
func turnOnce(w workload, p *rival.Process, s scale) ([]measure, error) {
	open, err := w.open(p, s)
	if err != nil {
		return nil, err
	}
	defer open.close()
	return open.turn(s.turn)
}
