package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/bench/growth"
	"weir/bench/load"
	"weir/bench/report"
	"weir/bench/rival"
)

var folder string

// TestMain is also the program that bench starts itself as.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "-kernel" || strings.HasPrefix(os.Args[1], "-quick")) {
		main()
		return
	}
	var err error
	if folder, err = os.MkdirTemp("", "weir-bench-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

var weir = sync.OnceValues(func() (rival.Server, error) { return rival.BuildWeir(folder, os.Getenv(rival.WeirBinary)) })

// startServer gives a server that ends with the test.
func startServer(t *testing.T, server func() (rival.Server, error), websocket string) *rival.Process {
	t.Helper()
	b, err := server()
	if err != nil {
		t.Fatal(err)
	}
	p, err := rival.Start(b, websocket, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// An idle WebSocket connection with one subscription may cost the server 6 KiB of process memory, compression agreed or
// not. What a connection gives up when it has been silent for some seconds may take until the next collection.
//
// parity: 9.4.14.3
func TestIdleConnectionIsSmall(t *testing.T) {
	const (
		conns   = 5000
		limit   = 6 << 10
		first   = 5 * time.Second // after the first PING of the server
		settled = 40 * time.Second
	)
	for _, via := range []load.Transport{load.WS, load.Deflate} {
		t.Run(via.String(), func(t *testing.T) {
			t.Parallel()
			idlers, err := openIdle(startServer(t, weir, rival.PlainBlock), idle{via: via}, scale{}, conns)
			if err != nil {
				t.Fatal(err)
			}
			defer idlers.close()
			look := time.NewTicker(time.Second)
			defer look.Stop()
			begin := time.Now()
			for {
				<-look.C
				got, err := idlers.bytes()
				switch {
				case err != nil:
					t.Fatal(err)
				case time.Since(begin) < first:
				case got <= limit:
					t.Logf("%.0f bytes a connection", got)
					return
				case time.Since(begin) > settled:
					t.Fatalf("%.0f bytes a connection after %v, the limit is %d", got, settled, limit)
				}
			}
		})
	}
}

// After 10,000 connections have come, had some traffic and left, the process is within a fifth of its size before them. It had
// others before, and so its first collections: what the runtime takes for these, once, is no connection's.
func TestMemoryIsGivenBack(t *testing.T) {
	const (
		conns   = 10_000
		first   = 1000
		limit   = 1.2
		settled = time.Minute
	)
	if err := allowFiles(conns + 1); err != nil {
		t.Fatal(err)
	}
	p := startServer(t, weir, rival.PlainBlock)
	w := idle{via: load.WS, messages: givenBackMessages, size: givenBackSize}
	if err := visit(p, w, first); err != nil {
		t.Fatal(err)
	}
	before := calmMemory(t, p)
	if err := visit(p, w, conns); err != nil {
		t.Fatal(err)
	}
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for begin := time.Now(); ; <-look.C {
		after, err := p.Memory()
		switch {
		case err != nil:
			t.Fatal(err)
		case float64(after) <= limit*float64(before):
			t.Logf("%d KiB before, %d KiB after %v", before>>10, after>>10, time.Since(begin).Round(time.Second))
			return
		case time.Since(begin) > settled:
			t.Fatalf("%d KiB before, %d KiB %v after they left", before>>10, after>>10, settled)
		}
	}
}

// calmMemory is the memory of p once it has been the same, to the hundredth, for some seconds.
func calmMemory(t *testing.T, p *rival.Process) int64 {
	t.Helper()
	const (
		same    = 5
		patient = 30
	)
	look := time.NewTicker(time.Second)
	defer look.Stop()
	var last int64
	for looks, calm := 0, 0; calm < same && looks < patient; looks++ {
		now, err := p.Memory()
		if err != nil {
			t.Fatal(err)
		}
		if calm++; max(now-last, last-now) > last/100 {
			last, calm = now, 0
		}
		<-look.C
	}
	return last
}

// tiny is small and short: what is measured with it says nothing.
var tiny = scale{
	conns: 50, secure: 10, crowd: 60, receivers: 20, pairs: 5, askers: 10, rate: 500,
	subjects: 100, turn: 50 * time.Millisecond, turns: 2, settle: 10 * time.Millisecond, window: 50 * time.Millisecond,
}

func TestWorkloadsRun(t *testing.T) {
	for _, w := range workloads() {
		runOnBoth(t, w)
	}
}

// The first size of each sweep is small enough for a test.
func TestSweepsRun(t *testing.T) {
	for _, w := range sweeps() {
		runOnBoth(t, w.workloads()[0])
	}
}

// runOnBoth gives a workload one turn, and has it measure what its targets are about.
func runOnBoth(t *testing.T, w workload) {
	for _, server := range []func() (rival.Server, error){weir, rival.BareServer} {
		c, err := server()
		if err != nil {
			t.Fatal(err)
		}
		if !w.does(c) {
			continue
		}
		t.Run(c.Name+" "+w.name, func(t *testing.T) {
			t.Parallel()
			measures, err := turnOnce(w, startServer(t, server, rival.BlockFor(w.via)), tiny)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range measures {
				if m.Value <= 0 && !w.patient { // so few connections may take no page
					t.Errorf("%s is %v %s", m.Name, m.Value, m.Unit)
				}
			}
			for _, want := range w.targets {
				if !slices.ContainsFunc(measures, func(m measure) bool { return m.Name == want.Measure }) {
					t.Errorf("a target for %q, which is not among %v", want.Measure, measures)
				}
			}
		})
	}
}

func TestSubjectsAreAsDeepAsTheyShould(t *testing.T) {
	for _, n := range growth.Sizes(growth.Matching) {
		seen := map[string]bool{}
		for _, i := range []int{0, n / 3, n / 2, n - 1} {
			subject := string(appendDigits(nil, i, n))
			seen[subject] = true
			if got := strings.Count(subject, ".") + 1; got != growth.Depth(n) || len(subject) != 2*got-1 {
				t.Errorf("%d of %d is %q, want %d tokens of one byte", i, n, subject, growth.Depth(n))
			}
		}
		if len(seen) != min(n, 4) {
			t.Errorf("of %d: %v", n, seen)
		}
	}
}

// A sweep of two servers is in the file, and the other sweeps that were there still are.
func TestMeasureGrowth(t *testing.T) {
	b := twoServers(t)
	b.servers[1] = b.servers[0] // Weir plays the stock server
	b.servers[1].Name = rival.Stock
	file := filepath.Join(t.TempDir(), "growth.json")
	before := growth.File{}
	if err := before.Put(growth.Sweep{Name: growth.Receivers}, report.ThisMachine()); err != nil {
		t.Fatal(err)
	}
	if err := before.Write(file); err != nil {
		t.Fatal(err)
	}
	b.scale.turn = 10 * time.Millisecond
	if err := measureGrowth(settings{growth: file, only: regexp.MustCompile("^" + growth.DeflatePayload + "$")}, b); err != nil {
		t.Fatal(err)
	}
	after, err := growth.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	measured, ok := after.Find(growth.DeflatePayload)
	if _, kept := after.Find(growth.Receivers); !ok || !kept {
		t.Fatalf("sweeps in the file: %+v", after.Sweeps)
	}
	if len(measured.Series) != 3 || !slices.Equal(measured.At, growth.Sizes(growth.DeflatePayload)) || len(measured.Series[0].Weir) != len(measured.At) {
		t.Errorf("%+v", measured)
	}
}

// A round has the same number of turns for every server, whether they stand ready together or not.
func TestRound(t *testing.T) {
	b := twoServers(t)
	w := timed("ingest", ingest{via: load.TCP, size: 128}, report.Times("CPU", 1))
	b.rounds = 2
	all, err := b.timed(w)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range b.servers {
		if got := len(all[c.Name]); got != b.rounds*b.scale.turns {
			t.Errorf("%s had %d turns, want %d", c.Name, got, b.rounds*b.scale.turns)
		}
	}
}

// What is waited for runs in a process of its own.
func TestPatient(t *testing.T) {
	b := twoServers(t)
	b.args = []string{"-quick", "-conns=20", "-settle=10ms"}
	w := workloads()[0]
	all, err := b.patient([]workload{w})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range b.servers {
		if len(all[0][c.Name]) != 1 || len(all[0][c.Name][0]) != 2 {
			t.Errorf("%s: %v", c.Name, all[0][c.Name])
		}
	}
	if _, err := apart(workload{name: "none such"}, b.servers[0], b.args); err == nil || !strings.Contains(err.Error(), `no workload "none such"`) {
		t.Errorf("an unknown workload: %v", err)
	}
}

// twoServers are compared at the smallest scale.
func twoServers(t *testing.T) *bout {
	t.Helper()
	b := &bout{scale: tiny, rounds: 1, folder: t.TempDir()}
	for _, server := range []func() (rival.Server, error){weir, rival.BareServer} {
		c, err := server()
		if err != nil {
			t.Fatal(err)
		}
		b.servers = append(b.servers, c)
	}
	return b
}
