package growth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"

	"weir/bench/report"
	"weir/bench/rival"
)

// File is what is committed.
type File struct {
	Machine report.Machine `json:"machine"`
	Sweeps  []Sweep        `json:"sweeps"`
}

// Sweep is one workload at several sizes.
type Sweep struct {
	Name    string            `json:"name"`
	Day     string            `json:"day"`     // 2006-01-02
	How     string            `json:"how"`     // rounds and turns
	Servers map[string]string `json:"servers"` // versions
	At      []int             `json:"at"`      // sizes, in rising order
	Series  []Series          `json:"series"`
}

// Series is one measure of a sweep: a median for each size.
type Series struct {
	Measure string    `json:"measure"`
	Unit    string    `json:"unit"`
	Stock   []float64 `json:"stock"`
	Weir    []float64 `json:"weir"`
	Kernel  []float64 `json:"kernel,omitempty"`
	Ratio   []float64 `json:"ratio"` // stock ÷ Weir, the median of the ratios turn by turn
}

// Of gives the figures of a server; none if it had no part.
func (s Series) Of(server string) []float64 {
	return map[string][]float64{rival.Stock: s.Stock, rival.Weir: s.Weir, rival.Kernel: s.Kernel}[server]
}

// Read reads a file. One that does not exist is an empty one.
func Read(name string) (File, error) {
	var f File
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// Write writes a file.
func (f File) Write(name string) error {
	text, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

// Put adds a sweep that was measured on a machine, in place of an earlier one of its name. Sweeps of another machine can not
// stand beside it.
func (f *File) Put(s Sweep, on report.Machine) error {
	f.Sweeps = slices.DeleteFunc(f.Sweeps, func(old Sweep) bool { return old.Name == s.Name })
	if len(f.Sweeps) > 0 && f.Machine != on {
		return fmt.Errorf("the other sweeps are of %v: measure them all here, into a new file", f.Machine)
	}
	f.Machine = on
	f.Sweeps = append(f.Sweeps, s)
	slices.SortFunc(f.Sweeps, func(a, b Sweep) int { return order(a.Name) - order(b.Name) })
	return nil
}

// Find gives a sweep.
func (f File) Find(name string) (Sweep, bool) {
	i := slices.IndexFunc(f.Sweeps, func(s Sweep) bool { return s.Name == name })
	if i < 0 {
		return Sweep{}, false
	}
	return f.Sweeps[i], true
}

// Find gives a measure.
func (s Sweep) Find(measure string) (Series, bool) {
	i := slices.IndexFunc(s.Series, func(r Series) bool { return r.Measure == measure })
	if i < 0 {
		return Series{}, false
	}
	return s.Series[i], true
}

// Add adds the rows of one size. Sizes come in rising order, and with the same measures each.
func (s *Sweep) Add(size int, rows []report.Result) {
	s.At = append(s.At, size)
	for _, row := range rows {
		i := slices.IndexFunc(s.Series, func(r Series) bool { return r.Measure == row.Measure })
		if i < 0 {
			i = len(s.Series)
			s.Series = append(s.Series, Series{Measure: row.Measure, Unit: row.Unit})
		}
		r := &s.Series[i]
		r.Stock = append(r.Stock, short(row.Stock.Median))
		r.Weir = append(r.Weir, short(row.Weir.Median))
		r.Ratio = append(r.Ratio, short(row.Ratio))
		if row.Kernel != nil {
			r.Kernel = append(r.Kernel, short(row.Kernel.Median))
		}
	}
}

// short keeps four digits: more say nothing, and the file stays small.
func short(v float64) float64 {
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	return v
}
