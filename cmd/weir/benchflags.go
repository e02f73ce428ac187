package main

import (
	"errors"
	"flag"
	"math"
	"strconv"
	"strings"

	"weir/internal/benchmark"
)

// define makes the flags of the line's command.
func (l *benchLine) define(fs *flag.FlagSet) {
	c := &l.config
	t := &c.Target
	for _, name := range []string{"server", "s"} {
		fs.StringVar(&t.Server, name, benchmark.DefaultServer, "")
	}
	fs.StringVar(&t.User, "user", "", "")
	fs.StringVar(&t.Password, "password", "", "")
	fs.StringVar(&t.Token, "token", "", "")
	fs.StringVar(&t.Creds, "creds", "", "")
	fs.StringVar(&t.NKey, "nkey", "", "")
	fs.StringVar(&t.CA, "tls-ca", "", "")
	fs.BoolVar(&t.Insecure, "tls-insecure", false, "")
	fs.BoolVar(&t.TLSFirst, "tls-first", false, "")
	fs.BoolVar(&t.Compress, "compress", false, "")
	fs.DurationVar(&t.Timeout, "timeout", benchmark.DefaultTimeout, "")

	fs.StringVar(&c.Subject, "subject", "", "")
	fs.DurationVar(&c.Duration, "duration", 0, "")
	fs.Float64Var(&c.Rate, "rate", 0, "")
	fs.BoolVar(&l.quiet, "no-progress", false, "")
	fs.BoolVar(&l.json, "json", false, "")

	clients := func(s string) (err error) {
		c.Clients, err = parseCounts(s)
		return err
	}
	if c.Command == benchmark.Fanout {
		fs.Func("subs", "", clients)
		fs.Func("clients", "", atLeastOne(&c.Publishers))
		fs.Func("window", "", atLeastOne(&c.Window))
	} else {
		fs.Func("clients", "", clients)
	}
	if c.Command == benchmark.Request {
		fs.IntVar(&c.Responders, "responders", 1, "")
	}
	if c.Command == benchmark.Idle {
		return
	}
	fs.Func("msgs", "", atLeastOne(&c.Messages))
	if c.Command != benchmark.Sub {
		fs.Func("size", "", func(s string) (err error) {
			c.Size, err = parseSize(s)
			return err
		})
	}
}

// Errors of values.
var (
	errCounts   = errors.New("has to be a number, or several with commas between them")
	errPositive = errors.New("has to be a number above 0")
	errSize     = errors.New("has to be a number of bytes, as in 128, 16k or 1m")
)

// parseCounts reads a number, or several as in 1,10,100.
func parseCounts(s string) (counts []int, err error) {
	for part := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return nil, errCounts
		}
		counts = append(counts, n)
	}
	return counts, nil
}

// atLeastOne reads a number into field.
func atLeastOne[T int | int64](field *T) func(string) error {
	return func(s string) error {
		n, err := strconv.ParseInt(s, 10, strconv.IntSize)
		if err != nil || n < 1 {
			return errPositive
		}
		*field = T(n)
		return nil
	}
}

// units are what a size may end in; what is the end of another one comes later.
var units = []struct {
	suffix string
	bytes  int
}{{"kib", 1 << 10}, {"kb", 1 << 10}, {"k", 1 << 10}, {"mib", 1 << 20}, {"mb", 1 << 20}, {"m", 1 << 20}, {"b", 1}, {"", 1}}

// parseSize reads a number of bytes.
func parseSize(s string) (int, error) {
	s = strings.ToLower(s)
	for _, u := range units {
		digits, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 31)
		switch {
		case err != nil:
			return 0, errSize
		case n == 0:
			return benchmark.Empty, nil
		}
		return int(min(n*uint64(u.bytes), math.MaxInt32)), nil // what is too much is told later
	}
	return 0, errSize
}
