package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// column is one of the table. Numbers stand to the right.
type column struct {
	head  string
	width int
	right bool
}

// columns have widths that hold for every workload.
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

// PrintHead prints the names of the columns, and a line below.
func PrintHead(w io.Writer) {
	var heads []string
	width := -1
	for _, c := range columns {
		heads = append(heads, c.head)
		width += c.width + 1
	}
	printLine(w, heads)
	fmt.Fprintln(w, strings.Repeat("-", width))
}

// PrintRow prints one line.
func PrintRow(w io.Writer, r Result) { printLine(w, cellsOf(r)) }

func cellsOf(r Result) []string {
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
	return cells
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

// PrintSum says how many targets are met.
func PrintSum(w io.Writer, rows []Result) {
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
