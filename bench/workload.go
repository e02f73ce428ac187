package main

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"weir/bench/load"
	"weir/bench/report"
	"weir/bench/rival"
)

// scale is how large and how long the workloads run.
type scale struct {
	conns     int // idle connections
	secure    int // idle connections over TLS
	crowd     int // connections of the workloads that are about very many
	receivers int // of a fan-out
	pairs     int
	askers    int // clients that send requests
	rate      int // requests a second, of all askers together; messages a second of a steady feed
	subjects  int // that are subscribed to

	warm   time.Duration // work before the clock starts
	turn   time.Duration // work on the clock, each time that a server has its turn
	turns  int           // of each server in a round
	settle time.Duration // silence before memory is read
	window time.Duration // on the clock when nothing happens; see quiet

	lock string // a file; see busy
}

// busy does what keeps the machine busy while others wait. Of the processes that have the same lock, one at a time does.
func (s scale) busy(do func() error) error {
	if s.lock == "" {
		return do()
	}
	file, err := os.Open(s.lock)
	if err != nil {
		return err
	}
	defer file.Close() // which unlocks
	for {
		if err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("lock of %s: %w", s.lock, err)
	}
	return do()
}

var (
	fullScale = scale{
		conns: 5000, secure: 1000, crowd: 10_000, receivers: 1000, pairs: 100, askers: 200, rate: 2000,
		warm: 300 * time.Millisecond, turn: 500 * time.Millisecond, turns: 5, settle: 15 * time.Second, window: 2 * time.Minute,
	}
	quickScale = scale{
		conns: 3000, secure: 1000, crowd: 10_000, receivers: 1000, pairs: 100, askers: 200, rate: 2000,
		warm: 100 * time.Millisecond, turn: 150 * time.Millisecond, turns: 5, settle: 12 * time.Second, window: 30 * time.Second,
	}
)

type (
	measure = report.Measure
	turns   = report.Turns
)

func figure(name, unit string, value float64) measure {
	return measure{Name: name, Unit: unit, Value: value}
}

// session is a workload under way against one server.
type session interface {
	// turn works for about d, and nothing is under way when it returns. It gives what was measured.
	turn(d time.Duration) ([]measure, error)
	close()
}

// workload is what is done to a server, and what it should come to.
type workload struct {
	name string
	via  load.Transport
	// files is how many connections the load has at once.
	files func(s scale) int
	// patient workloads wait most of the time, and have one turn. They run at the same time on all servers.
	patient bool
	open    func(p *rival.Process, s scale) (session, error)
	// unbare workloads are about something that the bare server has not.
	unbare  bool
	targets []report.Target
}

// does reports a server that the workload is for.
func (w workload) does(c rival.Server) bool {
	return c.Speaks(w.via) && (c.Name != rival.Kernel || !w.unbare)
}

// kind is what fan-outs, storms and so on have in common.
type kind interface {
	transport() load.Transport
	files(s scale) int
	open(p *rival.Process, s scale) (session, error)
}

// timed is a workload that keeps the server busy while it has its turn.
func timed(name string, k kind, targets ...report.Target) workload {
	return workload{name: name, via: k.transport(), files: k.files, open: k.open, targets: targets}
}

// patient is a workload that mostly waits.
func patient(name string, k kind, targets ...report.Target) workload {
	w := timed(name, k, targets...)
	w.patient = true
	return w
}

// runs counts the runs of workloads, for ownSubject.
var runs atomic.Int64

// ownSubject gives a subject that no other run uses: what an earlier run left under way on the same server is not ours.
func ownSubject(name string) string { return fmt.Sprintf("%s.%06d", name, runs.Add(1)) }

// clocked gives the server's CPU time for one of the units that work says it has done.
func clocked(p *rival.Process, unit string, work func() (units int, err error)) (measure, error) {
	before, err := p.CPU()
	if err != nil {
		return measure{}, err
	}
	units, err := work()
	if err != nil {
		return measure{}, err
	}
	after, err := p.CPU()
	if err != nil {
		return measure{}, err
	}
	if units == 0 {
		return measure{}, fmt.Errorf("no %s came", unit)
	}
	return figure("CPU", "µs/"+unit, microseconds(after-before)/float64(units)), nil
}

// repeat does step at least once, and until d is over.
func repeat(d time.Duration, step func() (int, error)) (units int, err error) {
	for end := time.Now().Add(d); ; {
		n, err := step()
		if err != nil {
			return 0, err
		}
		if units += n; time.Now().After(end) {
			return units, nil
		}
	}
}

// mebibytes is the memory of the whole process.
func mebibytes(n int64) measure { return figure("memory", "MiB", float64(n)/(1<<20)) }

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
