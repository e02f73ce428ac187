package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/bench/rival"
)

// threeTurns are turns with one measure each.
func threeTurns(name string, values ...float64) [][]Measure {
	var all [][]Measure
	for _, v := range values {
		all = append(all, []Measure{{name, "µs", v}})
	}
	return all
}

func TestCompare(t *testing.T) {
	targets := []Target{Times("CPU", 2)}
	rows := Compare("w", targets, Turns{
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
	bare := Compare("w", targets, Turns{rival.Stock: threeTurns("CPU", 10), rival.Weir: threeTurns("CPU", 0)})[0]
	if bare.Kernel != nil || bare.Ratio != 0 || *bare.Met {
		t.Errorf("without a kernel and with a ratio by zero: %+v", bare)
	}
}

func TestTargets(t *testing.T) {
	for _, c := range []struct {
		target      Target
		text        string
		ratio, weir float64
		met         bool
	}{
		{Times("CPU", 2.2), "≥ 2.2×", 2.2, 100, true},
		{Times("CPU", 28), "≥ 28×", 27.9, 100, false},
		{AtMost("memory", 2.5), "≤ 2.5", 0.1, 2.5, true},
		{AtMost("memory", 2), "≤ 2", 50, 2.01, false},
	} {
		if got := c.target.met(Result{Ratio: c.ratio, Weir: Figures{Median: c.weir}}); got != c.met || c.target.String() != c.text {
			t.Errorf("%v: %v with ratio %v and %v of Weir", c.target, got, c.ratio, c.weir)
		}
	}
}

func TestSum(t *testing.T) {
	var out bytes.Buffer
	yes, no := true, false
	PrintSum(&out, []Result{{Met: &yes}, {Met: &no}, {}, {Met: &yes}})
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

func TestRunIsWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	want := Run{Machine: ThisMachine(), Servers: map[string]string{"weir": "v1"}, Results: Compare("w", nil, Turns{rival.Stock: threeTurns("CPU", 1), rival.Weir: threeTurns("CPU", 2)})}
	if err := want.Write(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got Run
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Machine != want.Machine || got.Machine.Cores == 0 || len(got.Results) != 1 || got.Results[0].Ratio != 0.5 {
		t.Errorf("read back: %+v", got)
	}
}

func TestFillPutsTheTableIntoItsPlace(t *testing.T) {
	yes := true
	r := Run{
		Day: "2026-01-02", How: "3 rounds", Machine: Machine{CPU: "a CPU", Cores: 2}, Servers: map[string]string{rival.Stock: "s 1", rival.Weir: "w 2"},
		Results: []Result{{Workload: "fan-out", Measure: "CPU", Unit: "µs", Stock: Figures{Median: 4}, Weir: Figures{Median: 2}, Ratio: 2, Target: "≥ 2×", Met: &yes}},
	}
	page, err := r.Fill([]byte("# Page\n" + beginMark + "\nold\n" + endMark + "\nafter\n"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.Fill(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page, again) {
		t.Errorf("the second time it is another page:\n%s\n%s", page, again)
	}
	for _, want := range []string{"# Page\n<!--", "2026-01-02, 3 rounds. a CPU, 2 cores", ". s 1; w 2.\n",
		"| fan-out | CPU | 4.00 | 2.00 | – | µs | 2.00 | – | – | ≥ 2× | met |\n", "1 of 1 targets met\n", endMark + "\nafter\n"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("there is no %q in\n%s", want, page)
		}
	}
	if strings.Contains(string(page), "old") {
		t.Errorf("the old table is still there:\n%s", page)
	}
	if _, err := r.Fill([]byte("# Page\n" + beginMark + "\n")); err == nil {
		t.Error("a page without the second mark was filled")
	}
}
