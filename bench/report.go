package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// result is one row of the table: one figure of one workload, of both servers.
type result struct {
	Workload string  `json:"workload"`
	Measure  string  `json:"measure"`
	Unit     string  `json:"unit"`
	Stock    figures `json:"stock"`
	Weir     figures `json:"weir"`
	Ratio    float64 `json:"ratio"` // stock ÷ Weir
}

// figures are the rounds of one server.
type figures struct {
	Median float64   `json:"median"`
	Rounds []float64 `json:"rounds"`
}

// report is what -json writes.
type report struct {
	Machine machine           `json:"machine"`
	Servers map[string]string `json:"servers"` // versions
	Results []result          `json:"results"`
}

// compare makes the rows of a workload from its rounds. Each round has the same measures in the same order.
func compare(workload string, stock, weir [][]measure) []result {
	rows := make([]result, len(stock[0]))
	for i, m := range stock[0] {
		r := result{Workload: workload, Measure: m.name, Unit: m.unit, Stock: figuresOf(stock, i), Weir: figuresOf(weir, i)}
		if r.Weir.Median > 0 {
			r.Ratio = r.Stock.Median / r.Weir.Median
		}
		rows[i] = r
	}
	return rows
}

func figuresOf(rounds [][]measure, i int) figures {
	var f figures
	for _, round := range rounds {
		f.Rounds = append(f.Rounds, round[i].value)
	}
	f.Median = median(f.Rounds)
	return f
}

// median of an even number of values is the mean of the middle two.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// rowFormat aligns the columns: workload, measure, stock, Weir, unit, ratio. Widths hold for every row of workloads().
const rowFormat = "%-25s %-22s %10s %10s  %-15s %12s"

func printHead(w io.Writer) {
	head := fmt.Sprintf(rowFormat, "workload", "measure", "stock", "weir", "unit", "stock ÷ weir")
	fmt.Fprintf(w, "%s\n%s\n", head, strings.Repeat("-", len([]rune(head))))
}

func printRow(w io.Writer, r result) {
	fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf(rowFormat, r.Workload, r.Measure, digits(r.Stock.Median), digits(r.Weir.Median), r.Unit, fmt.Sprintf("%.2f", r.Ratio)), " "))
}

// digits prints three significant digits, and no fewer than the whole part.
func digits(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func (r report) write(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
