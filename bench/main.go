package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"
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
}

func parseFlags() (settings, error) {
	var (
		s      settings
		only   = flag.String("only", "", "run the workloads whose name matches this `regexp`")
		quick  = flag.Bool("quick", false, "one short round of everything")
		rounds = flag.Int("rounds", 0, "runs of each server for each workload (3, with -quick 1)")
		conns  = flag.Int("conns", 0, "idle connections (5000, with -quick 1000)")
		settle = flag.Duration("settle", 0, "silence before memory is read (15s, with -quick 5s)")
	)
	flag.StringVar(&s.json, "json", "", "write the results to this `file`")
	flag.StringVar(&s.stock, "stock", os.Getenv(stockBinary), "a built nats-server to use, instead of building one")
	flag.StringVar(&s.weir, "weir", os.Getenv(weirBinary), "a built server to use as Weir, instead of building it")
	flag.DurationVar(&s.soak, "soak", 0, "do not compare: put Weir through every workload and misuse, for this long, and see that nothing stays behind")
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
	folder, err := os.MkdirTemp("", "weir-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if s.soak > 0 {
		weir, err := buildWeir(folder, s.weir)
		if err != nil {
			return err
		}
		return soak(weir, s.soak, folder)
	}
	stock, err := buildStock(folder, s.stock)
	if err != nil {
		return err
	}
	weir, err := buildWeir(folder, s.weir)
	if err != nil {
		return err
	}
	r := report{Machine: thisMachine(), Servers: map[string]string{stock.name: stock.version, weir.name: weir.version}}
	fmt.Printf("stock: %s   weir: %s   rounds: %d\n%s, %d cores, Linux %s, %s\n\n",
		stock.version, weir.version, s.rounds, r.Machine.CPU, r.Machine.Cores, r.Machine.Kernel, r.Machine.Go)
	printHead(os.Stdout)
	for _, w := range workloads() {
		if !s.only.MatchString(w.name) {
			continue
		}
		rows, err := duel(w, stock, weir, s, folder)
		if err != nil {
			return err
		}
		for _, row := range rows {
			printRow(os.Stdout, row)
		}
		r.Results = append(r.Results, rows...)
	}
	if s.json == "" {
		return nil
	}
	return r.write(s.json)
}

// duel runs one workload in rounds, both servers by turns.
func duel(w workload, stock, weir candidate, s settings, folder string) ([]result, error) {
	rounds := map[string][][]measure{}
	for range s.rounds {
		for _, b := range []candidate{stock, weir} {
			measures, err := once(w, b, s.scale, folder)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", w.name, b.name, err)
			}
			rounds[b.name] = append(rounds[b.name], measures)
		}
	}
	return compare(w.name, rounds[stock.name], rounds[weir.name]), nil
}

// once runs one workload against a fresh server.
func once(w workload, b candidate, s scale, folder string) ([]measure, error) {
	p, err := start(b.path, folder)
	if err != nil {
		return nil, err
	}
	measures, err := w.run(p, s)
	if stopErr := p.stop(); err == nil {
		err = stopErr
	}
	return measures, err
}
