package growth

import (
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"weir/bench/report"
)

func TestSweepIsPutInPlaceOfTheOneBefore(t *testing.T) {
	here, there := report.Machine{CPU: "here"}, report.Machine{CPU: "there"}
	var f File
	for _, s := range []Sweep{{Name: Rate}, {Name: Connections}, {Name: Rate, Day: "later"}} {
		if err := f.Put(s, here); err != nil {
			t.Fatal(err)
		}
	}
	if want := []Sweep{{Name: Connections}, {Name: Rate, Day: "later"}}; !reflect.DeepEqual(f.Sweeps, want) {
		t.Errorf("%+v, want %+v", f.Sweeps, want)
	}
	if err := f.Put(Sweep{Name: Rate}, there); err == nil {
		t.Error("a sweep of another machine stands beside those of here")
	}
	alone := File{Machine: here, Sweeps: []Sweep{{Name: Rate}}}
	if err := alone.Put(Sweep{Name: Rate}, there); err != nil || alone.Machine != there {
		t.Errorf("the only sweep was not replaced: %v, %v", err, alone.Machine)
	}
}

func TestFileIsReadBack(t *testing.T) {
	var s Sweep
	s.Name = Receivers
	for i, size := range []int{1, 10} {
		v := 1.23456 + float64(i)
		s.Add(size, []report.Result{
			{Measure: "CPU", Unit: "µs", Stock: report.Figures{Median: 2 * v}, Weir: report.Figures{Median: v}, Kernel: &report.Figures{Median: v / 2}, Ratio: 2},
			{Measure: "memory", Unit: "MiB", Stock: report.Figures{Median: 123456}, Weir: report.Figures{Median: 1}, Ratio: 3},
		})
	}
	want := []Series{
		{Measure: "CPU", Unit: "µs", Stock: []float64{2.469, 4.469}, Weir: []float64{1.235, 2.235}, Kernel: []float64{0.6173, 1.117}, Ratio: []float64{2, 2}},
		{Measure: "memory", Unit: "MiB", Stock: []float64{123500, 123500}, Weir: []float64{1, 1}, Ratio: []float64{3, 3}},
	}
	if !reflect.DeepEqual(s.Series, want) || !slices.Equal(s.At, []int{1, 10}) {
		t.Errorf("%+v", s)
	}
	var f File
	if err := f.Put(s, report.Machine{CPU: "x"}); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "f.json")
	if empty, err := Read(name); err != nil || len(empty.Sweeps) != 0 {
		t.Errorf("a file that is not there: %v, %v", empty, err)
	}
	if err := f.Write(name); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(name); err != nil || !reflect.DeepEqual(got, f) {
		t.Errorf("read back: %+v, %v", got, err)
	}
}

func TestSizesRise(t *testing.T) {
	for _, name := range Names() {
		if all := Sizes(name); len(all) < 4 || !slices.IsSorted(all) || len(slices.Compact(all)) != len(Sizes(name)) {
			t.Errorf("%s: %v", name, all)
		}
	}
}
