package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"weir/bench/rival"
)

// settings are the command line.
type settings struct {
	only   *regexp.Regexp
	rounds int
	json   string
	stock  string
	weir   string
	scale  scale
	soak   time.Duration

	// What the program says to itself.
	kernel  string // be the bare server on this address
	one, of string // run this workload once, on this server
}

func parseFlags() (settings, error) {
	var (
		s      settings
		only   = flag.String("only", "", "run the workloads whose name matches this `regexp`")
		quick  = flag.Bool("quick", false, "one short round of everything")
		rounds = flag.Int("rounds", 0, "rounds of fresh servers for each workload (3, with -quick 1)")
		conns  = flag.Int("conns", 0, "idle connections (5000, with -quick 3000)")
		settle = flag.Duration("settle", 0, "silence before memory is read (15s, with -quick 12s)")
	)
	flag.StringVar(&s.json, "json", "", "write the results to this `file`")
	flag.StringVar(&s.stock, "stock", os.Getenv(rival.StockBinary), "a built nats-server to use, instead of building one")
	flag.StringVar(&s.weir, "weir", os.Getenv(rival.WeirBinary), "a built server to use as Weir, instead of building it")
	flag.DurationVar(&s.soak, "soak", 0, "do not compare: put Weir through every workload and misuse, for this long, and see that nothing stays behind")
	flag.StringVar(&s.kernel, "kernel", "", "do not compare: be the bare server, on this IPv4 `address`")
	flag.StringVar(&s.one, "one", "", "do not compare: run the `workload` of exactly this name once, and print its measures as JSON")
	flag.StringVar(&s.of, "of", rival.Weir, "the `server` that -one is about: stock, weir or kernel")
	lock := flag.String("lock", "", "with -one: lock this `file` while the machine is kept busy")
	flag.Parse()
	s.rounds, s.scale = 3, fullScale
	if *quick {
		s.rounds, s.scale = 1, quickScale
	}
	if *rounds > 0 {
		s.rounds = *rounds
	}
	if *conns > 0 {
		s.scale.conns = *conns
	}
	if *settle > 0 {
		s.scale.settle = *settle
	}
	s.scale.lock = *lock
	var err error
	s.only, err = regexp.Compile(*only)
	return s, err
}

func main() {
	s, err := parseFlags()
	if err == nil {
		err = run(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(s settings) error {
	if s.kernel != "" {
		return serveKernel(s.kernel)
	}
	folder, err := os.MkdirTemp("", "weir-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if s.one != "" {
		return runOne(s, folder)
	}
	if s.soak > 0 {
		weir, err := s.server(rival.Weir, folder)
		if err != nil {
			return err
		}
		return soak(weir, s.soak, folder)
	}
	b := &bout{scale: s.scale, rounds: s.rounds, folder: folder, args: os.Args[1:]}
	for _, name := range []string{rival.Stock, rival.Weir, rival.Kernel} {
		server, err := s.server(name, folder)
		if err != nil {
			return err
		}
		b.servers = append(b.servers, server)
	}
	return compareAll(s, b)
}

// server gives a server, built if need be.
func (s settings) server(name, folder string) (rival.Server, error) {
	switch name {
	case rival.Stock:
		return rival.BuildStock(folder, s.stock)
	case rival.Weir:
		return rival.BuildWeir(folder, s.weir)
	case rival.Kernel:
		return rival.BareServer()
	}
	return rival.Server{}, fmt.Errorf("there is no server %q", name)
}

// compareAll prints the table row by row, as they come.
func compareAll(s settings, b *bout) error {
	chosen := slices.DeleteFunc(workloads(), func(w workload) bool { return !s.only.MatchString(w.name) })
	for _, w := range chosen {
		if err := allowFiles(w.files(s.scale)); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	r := report{Machine: thisMachine(), Servers: map[string]string{}}
	var versions []string
	for _, c := range b.servers {
		r.Servers[c.Name] = c.Version
		versions = append(versions, c.Name+": "+c.Version)
	}
	fmt.Printf("%s   rounds: %d\n%s, %d cores, Linux %s, %s\n\n",
		strings.Join(versions, "   "), b.rounds, r.Machine.CPU, r.Machine.Cores, r.Machine.Kernel, r.Machine.Go)
	printHead(os.Stdout)
	for len(chosen) > 0 {
		n, measured, err := b.next(chosen)
		if err != nil {
			return err
		}
		for i, w := range chosen[:n] {
			rows := compare(w, measured[i])
			for _, row := range rows {
				printRow(os.Stdout, row)
			}
			r.Results = append(r.Results, rows...)
		}
		chosen = chosen[n:]
	}
	printSum(os.Stdout, r.Results)
	if s.json == "" {
		return nil
	}
	return r.write(s.json)
}

// next runs the first workload, or the first few if they are patient, and says how many.
func (b *bout) next(workloads []workload) (n int, measured []turns, err error) {
	if n = slices.IndexFunc(workloads, func(w workload) bool { return !w.patient }); n < 0 {
		n = len(workloads)
	}
	if n > 0 {
		measured, err = b.patient(workloads[:n])
		return n, measured, err
	}
	all, err := b.timed(workloads[0])
	return 1, []turns{all}, err
}

// runOne is what a process of bout.apart does.
func runOne(s settings, folder string) error {
	all := workloads()
	i := slices.IndexFunc(all, func(w workload) bool { return w.name == s.one })
	if i < 0 {
		return fmt.Errorf("there is no workload %q", s.one)
	}
	if err := allowFiles(all[i].files(s.scale)); err != nil {
		return err
	}
	server, err := s.server(s.of, folder)
	if err != nil {
		return err
	}
	b := &bout{scale: s.scale, folder: folder}
	return b.once(all[i], server)
}
