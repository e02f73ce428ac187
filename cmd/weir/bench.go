package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"weir/internal/benchmark"
)

// benchWord is the first argument that makes a load of this program, and not a server.
const benchWord = "bench"

// errNoLoad is a bench without a command.
var errNoLoad = errors.New("no command; there are pub, sub, request, fanout and idle")

// bench puts load on a server and returns the exit status. An interrupt ends it early, a second one at once.
func (p *program) bench(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return p.load(ctx, args)
}

// load is bench until ctx ends.
func (p *program) load(ctx context.Context, args []string) int {
	line, err := parseBench(args)
	if err != nil {
		fmt.Fprintf(p.stderr, "%s bench: %v\nTry '%s bench -h'.\n", p.name, err, p.name)
		return 1
	}
	if line.help {
		fmt.Fprint(p.stdout, strings.ReplaceAll(benchText, "NAME", p.name))
		return 0
	}
	t := newTicker(p.stderr, line.quiet)
	line.config.Progress = t.every
	report, err := benchmark.Run(ctx, line.config, t.show)
	t.end()
	if report != nil {
		if showErr := showReport(p.stdout, report, line.json); err == nil {
			err = showErr
		}
	}
	if err != nil {
		fmt.Fprintf(p.stderr, "%s bench %s: %v\n", p.name, line.config.Command, err)
		return 1
	}
	return 0
}

func showReport(w io.Writer, report *benchmark.Report, asJSON bool) error {
	if !asJSON {
		return writeTable(w, report)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

// benchLine is a command line of bench.
type benchLine struct {
	config            benchmark.Config
	help, quiet, json bool
}

// parseBench reads the arguments that follow bench: a command, flags, and a subject in place of --subject.
func parseBench(args []string) (*benchLine, error) {
	line := &benchLine{}
	if len(args) == 0 {
		return nil, errNoLoad
	}
	switch word := args[0]; {
	case slices.Contains([]string{"help", "h"}, strings.TrimLeft(word, "-")):
		line.help = true
		return line, nil
	case strings.HasPrefix(word, "-"):
		return nil, fmt.Errorf("%w: flags come behind it, not %s", errNoLoad, word)
	case !slices.Contains(benchmark.Commands, benchmark.Command(word)):
		return nil, fmt.Errorf("no command %q; there are pub, sub, request, fanout and idle", word)
	}
	line.config.Command = benchmark.Command(args[0])
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // the caller prints errors and usage
	fs.Usage = func() {}
	line.define(fs)
	var words []string
	for rest := args[1:]; len(rest) > 0; {
		if err := fs.Parse(rest); errors.Is(err, flag.ErrHelp) {
			line.help = true
			return line, nil
		} else if err != nil {
			return nil, err
		}
		if rest = fs.Args(); len(rest) > 0 {
			words, rest = append(words, rest[0]), rest[1:]
		}
	}
	switch {
	case len(words) > 1 || len(words) == 1 && line.config.Subject != "":
		return nil, fmt.Errorf("unexpected argument %q", words[len(words)-1])
	case len(words) == 1:
		line.config.Subject = words[0]
	}
	return line, nil
}

// ticker tells the progress: on a terminal one line again and again, elsewhere a line now and then.
type ticker struct {
	out      io.Writer
	quiet    bool
	terminal bool
	every    time.Duration
	drawn    bool // there is a line on the terminal
}

const (
	terminalEvery = 200 * time.Millisecond
	plainEvery    = 2 * time.Second

	eraseLine = "\r\x1b[K"
)

func newTicker(out io.Writer, quiet bool) *ticker {
	t := &ticker{out: out, quiet: quiet, every: plainEvery}
	if f, ok := out.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			t.terminal, t.every = true, terminalEvery
		}
	}
	return t
}

func (t *ticker) show(p benchmark.Progress) {
	if t.quiet {
		return
	}
	if !t.terminal {
		fmt.Fprintln(t.out, progressLine(p))
		return
	}
	fmt.Fprint(t.out, eraseLine, progressLine(p))
	t.drawn = true
}

// end takes the line away.
func (t *ticker) end() {
	if t.drawn {
		fmt.Fprint(t.out, eraseLine)
	}
}

func progressLine(p benchmark.Progress) string {
	line := fmt.Sprintf("%s %s", p.Phase, grouped(p.Done))
	if p.Total > 0 {
		line += fmt.Sprintf(" of %s (%d%%)", grouped(p.Total), 100*p.Done/p.Total)
	}
	if p.Phase == "holding" {
		return line + fmt.Sprintf(", for %.0fs", p.Elapsed)
	}
	return line + fmt.Sprintf(", %s/s", grouped(int64(p.Rate())))
}
