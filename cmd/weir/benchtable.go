package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"weir/internal/benchmark"
)

// writeTable writes what a person reads.
func writeTable(w io.Writer, r *benchmark.Report) error {
	var b strings.Builder
	heading(&b, r)
	rates(&b, r)
	if r.Command == benchmark.Fanout || r.Command == benchmark.Request {
		latencies(&b, r)
	}
	for _, x := range r.Results {
		remarks(&b, &x)
	}
	if r.Interrupted {
		b.WriteString("\nEnded early.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func heading(w io.Writer, r *benchmark.Report) {
	version := "nats-server " + r.ServerVersion
	if r.Weir != "" {
		version = "weir " + r.Weir
	}
	fmt.Fprintf(w, "%s on %s, %s", r.Command, r.Server, version)
	if r.Compressed {
		fmt.Fprint(w, ", compressed")
	}
	if r.Command != benchmark.Idle && r.Command != benchmark.Sub {
		fmt.Fprintf(w, ", %d bytes a message", r.Size)
	}
	fmt.Fprint(w, "\n\n")
}

// columns writes rows with their columns under each other, numbers to the right.
func columns(w io.Writer, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t")+"\t")
	}
	_ = t.Flush() // into memory
}

// rates writes one row for each run.
func rates(w io.Writer, r *benchmark.Report) {
	rows := [][]string{rateHead(r.Command)}
	for _, x := range r.Results {
		rows = append(rows, rateRow(r.Command, &x))
	}
	columns(w, rows)
}

func rateHead(command benchmark.Command) []string {
	connecting := []string{"conns/s", "setup p50", "setup p99"}
	if command == benchmark.Idle {
		return append([]string{"clients", "made", "failed", "lost", "kept min", "kept avg", "pings"}, connecting...)
	}
	head := []string{"clients"}
	if command == benchmark.Fanout {
		head = []string{"subs", "clients", "published"}
	}
	if command == benchmark.Request {
		head = append(head, "responders")
	}
	return append(append(head, "messages", "time", "messages/s", "bytes/s", "stream/msg"), connecting...)
}

func rateRow(command benchmark.Command, x *benchmark.Result) []string {
	connecting := []string{grouped(int64(x.ConnectionsPerSecond)), "-", "-"}
	if s := x.Setup; s != nil {
		connecting = []string{connecting[0], duration(s.P50), duration(s.P99)}
	}
	row := []string{strconv.Itoa(x.Clients)}
	if h := x.Idle; h != nil {
		return append(append(row, grouped(x.Connections), grouped(h.Failed), grouped(h.Lost),
			duration(h.KeptMin*1e6), duration(h.KeptAvg*1e6), grouped(h.Pings)), connecting...)
	}
	stream := x.StreamReceived
	switch command {
	case benchmark.Fanout:
		row = append(row, strconv.Itoa(x.Publishers), grouped(x.Published))
	case benchmark.Request:
		row = append(row, strconv.Itoa(x.Responders))
		stream += x.StreamSent
	case benchmark.Pub:
		stream = x.StreamSent
	}
	return append(append(row, grouped(x.Messages), duration(x.Seconds*1e6), grouped(int64(x.MessagesPerSecond)),
		bytesRate(x.BytesPerSecond), perMessage(stream, x.Messages)), connecting...)
}

func perMessage(bytes, messages int64) string {
	if messages == 0 {
		return "-"
	}
	return grouped(bytes/messages) + " B"
}

// latencies writes one row for each latency of each run.
func latencies(w io.Writer, r *benchmark.Report) {
	unit, each := "clients", "answer"
	if r.Command == benchmark.Fanout {
		unit, each = "subs", "each delivery"
	}
	rows := [][]string{{unit, "latency", "min", "avg", "p50", "p90", "p99", "max"}}
	add := func(clients int, name string, s *benchmark.Summary) {
		if s == nil {
			return
		}
		row := []string{strconv.Itoa(clients), name}
		for _, micros := range []float64{s.Min, s.Avg, s.P50, s.P90, s.P99, s.Max} {
			row = append(row, duration(micros))
		}
		rows = append(rows, row)
	}
	for _, x := range r.Results {
		add(x.Clients, each, x.Latency)
		add(x.Clients, "last delivery", x.LastDelivery)
	}
	fmt.Fprintln(w)
	columns(w, rows)
}

// remarks says what should not have happened.
func remarks(w io.Writer, x *benchmark.Result) {
	if x.Unanswered > 0 {
		fmt.Fprintf(w, "\n%d clients: %s requests had no answer in time\n", x.Clients, grouped(x.Unanswered))
	}
	if h := x.Idle; h != nil && h.FirstFailure != "" {
		fmt.Fprintf(w, "\n%d clients, first failure: %s\n", x.Clients, h.FirstFailure)
	}
	if h := x.Idle; h != nil && h.FirstLoss != "" {
		fmt.Fprintf(w, "\n%d clients, first loss: %s\n", x.Clients, h.FirstLoss)
	}
}

// grouped writes a number with a comma after each three digits.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// duration writes microseconds with three or four digits.
func duration(micros float64) string {
	d := time.Duration(micros * 1e3)
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.0fµs", micros)
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2fms", micros/1e3)
	case d < time.Second:
		return fmt.Sprintf("%.1fms", micros/1e3)
	case d < 100*time.Second:
		return fmt.Sprintf("%.2fs", micros/1e6)
	}
	return d.Round(time.Second).String()
}

// bytesRate writes bytes per second.
func bytesRate(rate float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for ; rate >= 1024 && i < len(units)-1; i++ {
		rate /= 1024
	}
	return fmt.Sprintf("%.1f %s", rate, units[i])
}
