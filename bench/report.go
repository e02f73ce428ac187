package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"weir/bench/rival"
)

// result is one row of the table: one figure of one workload, of all servers.
type result struct {
	Workload    string   `json:"workload"`
	Measure     string   `json:"measure"`
	Unit        string   `json:"unit"`
	Stock       figures  `json:"stock"`
	Weir        figures  `json:"weir"`
	Kernel      *figures `json:"kernel,omitempty"`       // nil where the bare server can not do it
	Ratio       float64  `json:"ratio"`                  // stock ÷ Weir
	KernelRatio float64  `json:"kernel_ratio,omitempty"` // stock ÷ kernel: what can be had at all
	Distance    float64  `json:"distance,omitempty"`     // Weir ÷ kernel
	Target      string   `json:"target,omitempty"`
	Met         *bool    `json:"met,omitempty"` // nil without a target
}

// figures are the turns of one server, in all rounds.
type figures struct {
	Median float64   `json:"median"`
	Turns  []float64 `json:"turns"`
}

// report is what -json writes.
type report struct {
	Machine machine           `json:"machine"`
	Servers map[string]string `json:"servers"` // versions
	Results []result          `json:"results"`
}

// compare makes the rows of a workload from the turns of the servers. Each turn has the same measures in the same order.
func compare(w workload, all turns) []result {
	rows := make([]result, len(all[rival.Stock][0]))
	for i, m := range all[rival.Stock][0] {
		r := result{Workload: w.name, Measure: m.Name, Unit: m.Unit, Stock: figuresOf(all[rival.Stock], i), Weir: figuresOf(all[rival.Weir], i)}
		r.Ratio = ratio(r.Stock, r.Weir)
		if kernel := all[rival.Kernel]; len(kernel) > 0 {
			f := figuresOf(kernel, i)
			r.Kernel, r.KernelRatio, r.Distance = &f, ratio(r.Stock, f), ratio(r.Weir, f)
		}
		for _, t := range w.targets {
			if t.measure == m.Name {
				met := t.met(r)
				r.Target, r.Met = t.String(), &met
			}
		}
		rows[i] = r
	}
	return rows
}

func figuresOf(turns [][]measure, i int) figures {
	var f figures
	for _, measures := range turns {
		f.Turns = append(f.Turns, measures[i].Value)
	}
	f.Median = median(f.Turns)
	return f
}

// ratio is the median of the ratios turn by turn: a turn of one server and the next of the other find the machine in much
// the same state. It is 0 where it can not be told.
func ratio(a, b figures) float64 {
	var ratios []float64
	for i := range min(len(a.Turns), len(b.Turns)) {
		if b.Turns[i] > 0 {
			ratios = append(ratios, a.Turns[i]/b.Turns[i])
		}
	}
	return median(ratios)
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

// column is one of the table. Numbers stand to the right.
type column struct {
	head  string
	width int
	right bool
}

// columns have widths that hold for every row of workloads().
var columns = []column{
	{"workload", 25, false},
	{"measure", 20, false},
	{"stock", 7, true},
	{"weir", 7, true},
	{"kernel", 7, true},
	{"unit", 14, false},
	{"stock÷weir", 10, true},
	{"stock÷kernel", 12, true},
	{"weir÷kernel", 11, true},
	{"target", 7, true},
	{"", 3, false},
}

// none stands for what there is not, and for a target that is not met.
const none = "–"

func printHead(w io.Writer) {
	var heads []string
	width := -1
	for _, c := range columns {
		heads = append(heads, c.head)
		width += c.width + 1
	}
	printLine(w, heads)
	fmt.Fprintln(w, strings.Repeat("-", width))
}

func printRow(w io.Writer, r result) {
	cells := []string{r.Workload, r.Measure, digits(r.Stock.Median), digits(r.Weir.Median), none, r.Unit, digits(r.Ratio), none, none, r.Target, ""}
	if r.Kernel != nil {
		cells[4], cells[7], cells[8] = digits(r.Kernel.Median), digits(r.KernelRatio), digits(r.Distance)
	}
	if r.Met != nil {
		cells[10] = none
		if *r.Met {
			cells[10] = "met"
		}
	}
	printLine(w, cells)
}

func printLine(w io.Writer, cells []string) {
	var line strings.Builder
	for i, c := range columns {
		pad := strings.Repeat(" ", max(0, c.width-utf8.RuneCountInString(cells[i])))
		if c.right {
			line.WriteString(pad + cells[i] + " ")
		} else {
			line.WriteString(cells[i] + pad + " ")
		}
	}
	fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
}

// printSum says how many targets are met.
func printSum(w io.Writer, rows []result) {
	targets, met := 0, 0
	for _, r := range rows {
		if r.Met != nil {
			targets++
			if *r.Met {
				met++
			}
		}
	}
	fmt.Fprintf(w, "\n%d of %d targets met\n", met, targets)
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
