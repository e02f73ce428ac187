package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

// scale is how large and how long the workloads run.
type scale struct {
	conns     int // idle connections
	receivers int // of a fan-out
	pairs     int
	askers    int // clients that send requests
	rate      int // requests a second, of all askers together

	warm   time.Duration // work before the clock starts
	time   time.Duration // work on the clock
	settle time.Duration // silence before memory is read
}

var (
	fullScale  = scale{conns: 5000, receivers: 1000, pairs: 100, askers: 200, rate: 2000, warm: 500 * time.Millisecond, time: 3 * time.Second, settle: 15 * time.Second}
	quickScale = scale{conns: 1000, receivers: 1000, pairs: 100, askers: 200, rate: 2000, warm: 200 * time.Millisecond, time: time.Second, settle: 5 * time.Second}
)

// measure is one figure of one run. Less is better in all of them.
type measure struct {
	name  string
	unit  string
	value float64
}

// workload is what is done to a server, and what is measured while it is done.
type workload struct {
	name string
	run  func(p *process, s scale) ([]measure, error)
}

// workloads is the list, in the order of the table.
func workloads() []workload {
	return []workload{
		{"idle ws", idle{via: ws}.run},
		{"idle ws deflate", idle{via: deflate}.run},
		{"idle tcp", idle{via: tcp}.run},

		{"fan-out ws 128 B", fanout{via: ws, size: 128, burst: 1}.run},
		{"fan-out ws 128 B x16", fanout{via: ws, size: 128, burst: 16}.run},
		{"fan-out ws 1 KiB x16", fanout{via: ws, size: 1 << 10, burst: 16}.run},
		{"fan-out ws 16 KiB x4", fanout{via: ws, size: 16 << 10, burst: 4}.run},

		{"fan-out deflate 128 B", fanout{via: deflate, size: 128, burst: 1}.run},
		{"fan-out deflate 1 KiB", fanout{via: deflate, size: 1 << 10, burst: 1}.run},
		{"fan-out deflate 16 KiB", fanout{via: deflate, size: 16 << 10, burst: 1}.run},
		{"fan-out deflate 128 B x16", fanout{via: deflate, size: 128, burst: 16}.run},
		{"fan-out deflate 1 KiB x16", fanout{via: deflate, size: 1 << 10, burst: 16}.run},

		{"fan-out tcp 128 B", fanout{via: tcp, size: 128, burst: 1}.run},
		{"fan-out tcp 128 B x16", fanout{via: tcp, size: 128, burst: 16}.run},

		{"ingest ws 128 B", ingest{via: ws, size: 128}.run},
		{"ingest ws 8 KiB", ingest{via: ws, size: 8 << 10}.run},
		{"ingest tcp 128 B", ingest{via: tcp, size: 128}.run},

		{"pairs ws 64 B", pairs{via: ws, flight: 1}.run},
		{"pairs ws 64 B x64", pairs{via: ws, flight: 64}.run},
		{"pairs tcp 64 B", pairs{via: tcp, flight: 1}.run},
		{"pairs tcp 64 B x64", pairs{via: tcp, flight: 64}.run},

		{"request ws", request{via: ws}.run},

		{"storm ws", storm{via: ws}.run},
		{"storm ws deflate", storm{via: deflate}.run},
		{"storm tcp", storm{via: tcp}.run},
	}
}

// runs counts the runs of workloads, for ownSubject.
var runs atomic.Int64

// ownSubject gives a subject that no other run uses: what an earlier run left under way on the same server is not ours.
func ownSubject(name string) string { return fmt.Sprintf("%s.%06d", name, runs.Add(1)) }

// clocked repeats step, first to warm the server up and then on the clock, and gives the server's CPU time for one of
// the units that step says it has done.
func clocked(p *process, s scale, unit string, step func() (units int, err error)) (measure, error) {
	if _, err := repeat(s.warm, step); err != nil {
		return measure{}, err
	}
	before, err := p.cpu()
	if err != nil {
		return measure{}, err
	}
	units, err := repeat(s.time, step)
	if err != nil {
		return measure{}, err
	}
	after, err := p.cpu()
	if err != nil {
		return measure{}, err
	}
	if units == 0 {
		return measure{}, fmt.Errorf("no %s came within %v", unit, s.time)
	}
	return measure{"CPU", "µs/" + unit, microseconds(after-before) / float64(units)}, nil
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

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// patience is how long a workload waits for messages that must come.
const patience = 30 * time.Second

// wait waits for done, for an error of the loop, or until patience is at its end.
func (l *loop) wait(done <-chan struct{}, what string) error {
	select {
	case <-done:
		return nil
	case err := <-l.failed:
		return err
	case <-time.After(patience):
		return fmt.Errorf("%s did not come within %v", what, patience)
	}
}
