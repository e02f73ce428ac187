package report

import (
	"encoding/json"
	"os"
	"slices"

	"weir/bench/rival"
)

// Measure is one figure of one turn. Less is better in all that are compared.
type Measure struct {
	Name  string
	Unit  string
	Value float64
}

// Turns are the measures of every turn that a server had, by its name.
type Turns map[string][][]Measure

// Result is one row of the table: one figure of one workload, of all servers.
type Result struct {
	Workload    string   `json:"workload"`
	Measure     string   `json:"measure"`
	Unit        string   `json:"unit"`
	Stock       Figures  `json:"stock"`
	Weir        Figures  `json:"weir"`
	Kernel      *Figures `json:"kernel,omitempty"`       // nil where the bare server can not do it
	Ratio       float64  `json:"ratio"`                  // stock ÷ Weir
	KernelRatio float64  `json:"kernel_ratio,omitempty"` // stock ÷ kernel: what can be had at all
	Distance    float64  `json:"distance,omitempty"`     // Weir ÷ kernel
	Target      string   `json:"target,omitempty"`
	Met         *bool    `json:"met,omitempty"` // nil without a target
}

// Figures are the turns of one server, in all rounds.
type Figures struct {
	Median float64   `json:"median"`
	Turns  []float64 `json:"turns"`
}

// Run is what one run of bench has measured.
type Run struct {
	Day     string            `json:"day"` // 2006-01-02
	How     string            `json:"how"` // rounds and turns
	Machine Machine           `json:"machine"`
	Servers map[string]string `json:"servers"` // versions
	Results []Result          `json:"results"`
}

// Compare makes the rows of a workload from the turns of the servers. Each turn has the same measures in the same order.
func Compare(workload string, targets []Target, all Turns) []Result {
	rows := make([]Result, len(all[rival.Stock][0]))
	for i, m := range all[rival.Stock][0] {
		r := Result{Workload: workload, Measure: m.Name, Unit: m.Unit, Stock: figuresOf(all[rival.Stock], i), Weir: figuresOf(all[rival.Weir], i)}
		r.Ratio = ratio(r.Stock, r.Weir)
		if kernel := all[rival.Kernel]; len(kernel) > 0 {
			f := figuresOf(kernel, i)
			r.Kernel, r.KernelRatio, r.Distance = &f, ratio(r.Stock, f), ratio(r.Weir, f)
		}
		for _, t := range targets {
			if t.Measure == m.Name {
				met := t.met(r)
				r.Target, r.Met = t.String(), &met
			}
		}
		rows[i] = r
	}
	return rows
}

func figuresOf(turns [][]Measure, i int) Figures {
	var f Figures
	for _, measures := range turns {
		f.Turns = append(f.Turns, measures[i].Value)
	}
	f.Median = median(f.Turns)
	return f
}

// ratio is the median of the ratios turn by turn: a turn of one server and the next of the other find the machine in much
// the same state. It is 0 where it can not be told.
func ratio(a, b Figures) float64 {
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

// Write writes JSON.
func (r Run) Write(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
