package growth

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"weir/bench/plot"
)

// tablesFile is the name of the page with the figures of all pictures.
const tablesFile = "tables.md"

// Tables is the page with the figures behind the pictures, a table for each panel.
func (f File) Tables() ([]byte, error) {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# The figures of the plots\n\nMade by `make bench-plots`; what they are is told in [performance.md](../performance.md). %v.\n", f.Machine)
	for _, p := range pictures {
		fmt.Fprintf(&out, "\n## %s\n", p.title)
		for _, part := range p.panels {
			sweep, _ := f.Find(part.sweep)
			series, ok := sweep.Find(part.measure)
			if !ok {
				return nil, fmt.Errorf("the file has no %s of the sweep %q", part.measure, part.sweep)
			}
			part.table(&out, sweep, series)
		}
	}
	return out.Bytes(), nil
}

// table has a column for each size that is drawn and a row for each server.
func (p panel) table(out *bytes.Buffer, sweep Sweep, s Series) {
	size := plot.Short
	if p.sweep == Payload || p.sweep == DeflatePayload {
		size = plot.Binary
	}
	fmt.Fprintf(out, "\n%s, %s; %s, %s.\n\n| %s |", p.title, p.y, sweep.Day, sweep.How, p.x)
	first := slices.IndexFunc(sweep.At, func(n int) bool { return n >= p.from })
	for _, n := range sweep.At[first:] {
		fmt.Fprintf(out, " %s |", size(float64(n)))
	}
	out.WriteString("\n|---|" + strings.Repeat("--:|", len(sweep.At[first:])) + "\n")
	for _, l := range lines {
		row(out, l.name, s.Of(l.server), first)
	}
	row(out, "nats-server ÷ Weir", s.Ratio, first)
}

// row leaves out the first few figures.
func row(out *bytes.Buffer, name string, figures []float64, first int) {
	if len(figures) == 0 {
		return
	}
	fmt.Fprintf(out, "| %s |", name)
	for _, v := range figures[first:] {
		if math.Abs(v) >= 1000 {
			fmt.Fprintf(out, " %.0f |", v)
		} else {
			fmt.Fprintf(out, " %.3g |", v)
		}
	}
	out.WriteByte('\n')
}
