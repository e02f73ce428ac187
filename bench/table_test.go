package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"weir/bench/report"
)

func TestTableIsAligned(t *testing.T) {
	var head bytes.Buffer
	report.PrintHead(&head)
	line := len([]rune(strings.Split(head.String(), "\n")[1]))
	met := true
	for _, w := range workloads() {
		var row bytes.Buffer
		report.PrintRow(&row, report.Result{
			Workload: w.name, Measure: "memory after traffic", Unit: "KiB/connection", Target: "≤ 120", Met: &met,
			Stock: report.Figures{Median: 12345}, Kernel: &report.Figures{}, Ratio: 12.345,
		})
		if got := len([]rune(strings.TrimSpace(row.String()))); got != line {
			t.Errorf("a row of %d columns under a line of %d: %q", got, line, row.String())
		}
	}
	for _, w := range []string{"a kernel", "no target"} {
		var row bytes.Buffer
		report.PrintRow(&row, report.Result{Workload: w})
		if !strings.HasSuffix(row.String(), "–\n") {
			t.Errorf("a row without %s: %q", w, row.String())
		}
	}
}

func TestPercentile(t *testing.T) {
	var took []time.Duration
	for i := 100; i > 0; i-- {
		took = append(took, time.Duration(i)*time.Microsecond)
	}
	if p50, p99 := percentile(took, 50), percentile(took, 99); p50 != 51 || p99 != 100 {
		t.Errorf("p50 %v, p99 %v", p50, p99)
	}
	if got := percentile(nil, 50); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}
