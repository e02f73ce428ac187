package growth_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weir/bench/growth"
)

// What is committed.
const (
	results = "../results/growth.json"
	plots   = "../../docs/plots"
	page    = "../../docs/performance.md"
)

func committed(t *testing.T) growth.File {
	t.Helper()
	f, err := growth.Read(results)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Nothing grows faster than linearly, and matching not faster than the depth of the tree.
func TestNothingGrowsTooFast(t *testing.T) {
	for _, broken := range committed(t).Findings() {
		t.Error(broken)
	}
}

func TestAllIsMeasured(t *testing.T) {
	f := committed(t)
	if f.Machine.CPU == "" || f.Machine.Cores == 0 {
		t.Errorf("there is no machine: %+v", f.Machine)
	}
	for _, name := range growth.Names() {
		sweep, ok := f.Find(name)
		if !ok || !slices.Equal(sweep.At, growth.Sizes(name)) {
			t.Errorf("%s: measured at %v, want %v", name, sweep.At, growth.Sizes(name))
		}
		unbare := name == growth.Stored || name == growth.Matching
		for _, s := range sweep.Series {
			n := len(sweep.At)
			if len(s.Stock) != n || len(s.Weir) != n || len(s.Ratio) != n || len(s.Kernel) != n && !unbare {
				t.Errorf("%s: figures are missing from %s", name, s.Measure)
			}
		}
	}
}

// A rate that the server or the load has not reached is another rate.
func TestRatesWereReached(t *testing.T) {
	const least = 0.9
	sweep, _ := committed(t).Find(growth.Rate)
	reached, ok := sweep.Find("reached")
	if !ok {
		t.Fatal("nobody knows")
	}
	for i, rate := range sweep.At {
		if got := reached.Weir[i]; got < least*float64(rate) {
			t.Errorf("%v messages a second where it should be %d", got, rate)
		}
	}
}

// The pictures are those of the results: make bench-plots.
func TestPlotsFitTheResults(t *testing.T) {
	want, err := committed(t).Pictures()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for name, svg := range want {
		got, err := os.ReadFile(filepath.Join(plots, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, svg) {
			t.Errorf("%s is of other results: run make bench-plots", name)
		}
		if !strings.Contains(string(text), "(plots/"+name+")") {
			t.Errorf("the page does not show %s", name)
		}
	}
	files, err := filepath.Glob(filepath.Join(plots, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if _, ok := want[filepath.Base(file)]; !ok {
			t.Errorf("%s is a plot of nothing", file)
		}
	}
}
