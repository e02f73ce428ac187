package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/bench/rival"
)

// threeTurns are turns with one measure each.
func threeTurns(name string, values ...float64) [][]measure {
	var all [][]measure
	for _, v := range values {
		all = append(all, []measure{{name, "µs", v}})
	}
	return all
}

func TestCompare(t *testing.T) {
	w := workload{name: "w", targets: []target{times("CPU", 2)}}
	rows := compare(w, turns{
		rival.Stock:  threeTurns("CPU", 10, 30, 20),
		rival.Weir:   threeTurns("CPU", 5, 10, 8),
		rival.Kernel: threeTurns("CPU", 1, 2, 4),
	})
	if len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	r := rows[0]
	if r.Stock.Median != 20 || r.Weir.Median != 8 || r.Kernel.Median != 2 {
		t.Errorf("medians: %+v", r)
	}
	if r.Ratio != 2.5 || r.KernelRatio != 10 || r.Distance != 5 {
		t.Errorf("ratios of the turns: %v, %v, %v, want 2.5, 10 and 5", r.Ratio, r.KernelRatio, r.Distance)
	}
	if r.Met == nil || !*r.Met || r.Target != "≥ 2×" {
		t.Errorf("target %q, met %v", r.Target, r.Met)
	}
	bare := compare(w, turns{rival.Stock: threeTurns("CPU", 10), rival.Weir: threeTurns("CPU", 0)})[0]
	if bare.Kernel != nil || bare.Ratio != 0 || *bare.Met {
		t.Errorf("without a kernel and with a ratio by zero: %+v", bare)
	}
}

func TestTargets(t *testing.T) {
	for _, c := range []struct {
		target      target
		text        string
		ratio, weir float64
		met         bool
	}{
		{times("CPU", 2.2), "≥ 2.2×", 2.2, 100, true},
		{times("CPU", 28), "≥ 28×", 27.9, 100, false},
		{atMost("memory", 2.5), "≤ 2.5", 0.1, 2.5, true},
		{atMost("memory", 2), "≤ 2", 50, 2.01, false},
	} {
		if got := c.target.met(result{Ratio: c.ratio, Weir: figures{Median: c.weir}}); got != c.met || c.target.String() != c.text {
			t.Errorf("%v: %v with ratio %v and %v of Weir", c.target, got, c.ratio, c.weir)
		}
	}
}

func TestTableIsAligned(t *testing.T) {
	var head bytes.Buffer
	printHead(&head)
	line := len([]rune(strings.Split(head.String(), "\n")[1]))
	met := true
	for _, w := range workloads() {
		var row bytes.Buffer
		printRow(&row, result{
			Workload: w.name, Measure: "memory after traffic", Unit: "KiB/connection", Target: "≤ 120", Met: &met,
			Stock: figures{Median: 12345}, Kernel: &figures{}, Ratio: 12.345,
		})
		if got := len([]rune(strings.TrimSpace(row.String()))); got != line {
			t.Errorf("a row of %d columns under a line of %d: %q", got, line, row.String())
		}
	}
	for _, w := range []string{"a kernel", "no target"} {
		var row bytes.Buffer
		printRow(&row, result{Workload: w})
		if !strings.HasSuffix(row.String(), none+"\n") {
			t.Errorf("a row without %s: %q", w, row.String())
		}
	}
}

func TestSum(t *testing.T) {
	var out bytes.Buffer
	yes, no := true, false
	printSum(&out, []result{{Met: &yes}, {Met: &no}, {}, {Met: &yes}})
	if !strings.Contains(out.String(), "2 of 3 targets met") {
		t.Errorf("%q", out.String())
	}
}

func TestDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 123456: "123456"} {
		if got := digits(v); got != want {
			t.Errorf("digits(%v) = %s, want %s", v, got, want)
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

func TestReportIsWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	want := report{Machine: thisMachine(), Servers: map[string]string{"weir": "v1"}, Results: compare(workload{name: "w"}, turns{rival.Stock: threeTurns("CPU", 1), rival.Weir: threeTurns("CPU", 2)})}
	if err := want.write(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Machine != want.Machine || got.Machine.Cores == 0 || len(got.Results) != 1 || got.Results[0].Ratio != 0.5 {
		t.Errorf("read back: %+v", got)
	}
}
