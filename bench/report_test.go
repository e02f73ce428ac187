package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCompare(t *testing.T) {
	stock := [][]measure{{{"CPU", "µs", 10}, {"wire", "B", 100}}, {{"CPU", "µs", 30}, {"wire", "B", 100}}, {{"CPU", "µs", 20}, {"wire", "B", 100}}}
	weir := [][]measure{{{"CPU", "µs", 5}, {"wire", "B", 50}}, {{"CPU", "µs", 15}, {"wire", "B", 0}}}
	rows := compare("w", stock, weir)
	if len(rows) != 2 || rows[0].Stock.Median != 20 || rows[0].Weir.Median != 10 || rows[0].Ratio != 2 {
		t.Errorf("rows: %+v", rows)
	}
	if rows[1].Weir.Median != 25 || rows[1].Ratio != 4 {
		t.Errorf("second row: %+v", rows[1])
	}
	if zero := compare("w", stock, [][]measure{{{"CPU", "µs", 0}, {}}}); zero[0].Ratio != 0 {
		t.Errorf("a ratio by zero: %v", zero[0].Ratio)
	}
}

func TestTableIsAligned(t *testing.T) {
	var out bytes.Buffer
	printHead(&out)
	for _, w := range workloads() {
		printRow(&out, result{Workload: w.name, Measure: "memory after a message", Unit: "KiB/connection", Stock: figures{Median: 12345}, Ratio: 12.345})
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for _, line := range lines[1:] {
		if len([]rune(line)) != len([]rune(lines[0])) {
			t.Errorf("a row of %d columns under a head of %d: %q", len([]rune(line)), len([]rune(lines[0])), line)
		}
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
	want := report{Machine: thisMachine(), Servers: map[string]string{"weir": "v1"}, Results: compare("w", [][]measure{{{"CPU", "µs", 1}}}, [][]measure{{{"CPU", "µs", 2}}})}
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
