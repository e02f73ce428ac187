package report

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"weir/bench/rival"
)

// The marks of a page, each on a line of its own. What is between them is the table of the last run.
const (
	beginMark = "<!-- table of the last run: begin; make bench-table writes it -->"
	endMark   = "<!-- table of the last run: end -->"
)

// Fill puts the run between the marks of a page, in place of what was there.
func (r Run) Fill(page []byte) ([]byte, error) {
	before, rest, begun := bytes.Cut(page, []byte(beginMark+"\n"))
	_, after, ended := bytes.Cut(rest, []byte(endMark+"\n"))
	if !begun || !ended {
		return nil, errors.New("the page has no place for a table: it wants the lines " + beginMark + " and " + endMark)
	}
	return bytes.Join([][]byte{before, []byte(beginMark + "\n\n"), r.markdown(), []byte("\n" + endMark + "\n"), after}, nil), nil
}

// markdown is the table and what it was measured on.
func (r Run) markdown() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s, %s. %v. %s; %s.\n\n",
		r.Day, r.How, r.Machine, r.Servers[rival.Stock], r.Servers[rival.Weir])
	var heads, rules []string
	for _, c := range columns {
		heads = append(heads, c.head)
		if c.right {
			rules = append(rules, "--:")
		} else {
			rules = append(rules, "---")
		}
	}
	fmt.Fprintf(&out, "| %s |\n|%s|\n", strings.Join(heads, " | "), strings.Join(rules, "|"))
	for _, row := range r.Results {
		fmt.Fprintf(&out, "| %s |\n", strings.Join(cellsOf(row), " | "))
	}
	PrintSum(&out, r.Results)
	return out.Bytes()
}
