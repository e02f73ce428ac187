package growth

import (
	"bytes"
	"fmt"
	"strconv"
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

// table has a column for each size and a row for each server.
func (p panel) table(out *bytes.Buffer, sweep Sweep, s Series) {
	size := plot.Short
	if p.sweep == Payload || p.sweep == DeflatePayload {
		size = plot.Binary
	}
	fmt.Fprintf(out, "\n%s, %s; %s, %s.\n\n| %s |", p.title, p.y, sweep.Day, sweep.How, p.x)
	for _, n := range sweep.At {
		fmt.Fprintf(out, " %s |", size(float64(n)))
	}
	out.WriteString("\n|---|" + strings.Repeat("--:|", len(sweep.At)) + "\n")
	for _, l := range lines {
		row(out, l.name, s.Of(l.server))
	}
	row(out, "nats-server ÷ Weir", s.Ratio)
}

func row(out *bytes.Buffer, name string, figures []float64) {
	if len(figures) == 0 {
		return
	}
	fmt.Fprintf(out, "| %s |", name)
	for _, v := range figures {
		fmt.Fprintf(out, " %s |", strconv.FormatFloat(v, 'g', 3, 64))
	}
	out.WriteByte('\n')
}
