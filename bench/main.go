package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"time"

	"weir/bench/report"
	"weir/bench/rival"
)

// settings are the command line.
type settings struct {
	only   *regexp.Regexp
	rounds int
	json   string
	table  string // a page to put the table into
	growth string // the file of how costs grow
	plots  string // a folder for the plots of it
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
	flag.StringVar(&s.table, "table", "", "put the table into its place in this Markdown `file`")
	flag.StringVar(&s.growth, "growth", "", "measure how costs grow, instead of the table, and put it into this `file`")
	flag.StringVar(&s.plots, "plots", "", "with -growth: measure nothing, but make plots of that file in this `folder`")
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
	if s.plots != "" {
		return drawGrowth(s)
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
	if s.growth != "" {
		return measureGrowth(s, b)
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
	if err := b.allow(chosen); err != nil {
		return err
	}
	r := b.run()
	b.printHead(r)
	for len(chosen) > 0 {
		n, measured, err := b.next(chosen)
		if err != nil {
			return err
		}
		for i, w := range chosen[:n] {
			rows := report.Compare(w.name, w.targets, measured[i])
			for _, row := range rows {
				report.PrintRow(os.Stdout, row)
			}
			r.Results = append(r.Results, rows...)
		}
		chosen = chosen[n:]
	}
	report.PrintSum(os.Stdout, r.Results)
	if s.table != "" {
		if err := fillTable(s.table, r); err != nil {
			return err
		}
	}
	if s.json == "" {
		return nil
	}
	return r.Write(s.json)
}

// allow raises the limit on open files as far as the workloads need it.
func (b *bout) allow(chosen []workload) error {
	for _, w := range chosen {
		if err := allowFiles(w.files(b.scale)); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	return nil
}

// run is what is known of a run before it has results.
func (b *bout) run() report.Run {
	r := report.Run{Day: time.Now().Format(time.DateOnly), How: b.how(), Machine: report.ThisMachine(), Servers: map[string]string{}}
	for _, c := range b.servers {
		r.Servers[c.Name] = c.Version
	}
	return r
}

// how says how much of everything there is.
func (b *bout) how() string {
	return fmt.Sprintf("rounds: %d, each with %d turns of %v", b.rounds, b.scale.turns, b.scale.turn)
}

func (b *bout) printHead(r report.Run) {
	for _, c := range b.servers {
		fmt.Printf("%s: %s   ", c.Name, c.Version)
	}
	fmt.Printf("%s\n%v\n\n", r.How, r.Machine)
	report.PrintHead(os.Stdout)
}

// fillTable puts the table into its place on a page.
func fillTable(file string, r report.Run) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if page, err = r.Fill(page); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, page, 0o644)
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
	for _, w := range sweeps() {
		all = append(all, w.workloads()...)
	}
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
