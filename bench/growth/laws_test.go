package growth

import (
	"slices"
	"strings"
	"testing"
)

// grown gives figures of a whole for each size.
func grown(sizes []int, of func(n float64) float64) (figures []float64) {
	for _, n := range sizes {
		figures = append(figures, of(float64(n)))
	}
	return figures
}

func TestLawsFindWhatGrowsTooFast(t *testing.T) {
	sizes := []int{1, 10, 100, 1000}
	linear := grown(sizes, func(n float64) float64 { return 30 + 2*n })
	for name, c := range map[string]struct {
		law          law
		weir, kernel []float64
		broken       int
	}{
		"linear with a fixed part":  {law{share: perSize}, linear, nil, 0},
		"by the square":             {law{share: perSize}, grown(sizes, func(n float64) float64 { return n * n / 100 }), nil, 6},
		"by the square, at the end": {law{share: perSize}, grown(sizes, func(n float64) float64 { return 100 + n + n*n/300 }), nil, 1},
		"as much as it wanders":     {law{share: itself}, []float64{10, 14, 9, 13}, nil, 0},
		"more than it wanders":      {law{share: itself}, []float64{10, 14, 9, 14}, nil, 1},
		"as the kernel does":        {law{share: itself}, []float64{3, 3, 6, 9}, []float64{1, 1, 2, 3}, 0},
		"more than the kernel":      {law{share: itself}, []float64{3, 3, 6, 14}, []float64{1, 1, 2, 3}, 3},
		"below where it counts":     {law{share: itself, from: 100}, []float64{1, 5, 9, 9}, nil, 0},
		"above where it counts":     {law{share: itself, from: 100}, []float64{1, 5, 9, 19}, nil, 1},
		"with the depth":            {law{share: perToken}, []float64{1, 2, 3, 4}, nil, 0},
		"faster than the depth":     {law{share: perToken}, []float64{1, 2, 4, 8}, nil, 2},
		"from nothing":              {law{share: itself}, []float64{-1, 0, 1, 1}, nil, 0},
	} {
		c.law.limit = 1.5
		if got := c.law.broken(sizes, Series{Weir: c.weir, Kernel: c.kernel}); len(got) != c.broken {
			t.Errorf("%s: %d findings, want %d: %s", name, len(got), c.broken, strings.Join(got, "\n"))
		}
	}
}

func TestWhatIsMissingIsFound(t *testing.T) {
	got := File{Sweeps: []Sweep{{Name: Rate, Series: []Series{{Measure: "CPU"}}}}}.Findings()
	if len(got) != len(laws)-1 {
		t.Errorf("%d findings in a file with one measure, want %d", len(got), len(laws)-1)
	}
}

// Only "reached" has none: it is no cost.
func TestEveryMeasureHasALaw(t *testing.T) {
	f, err := Read("../results/growth.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, sweep := range f.Sweeps {
		for _, s := range sweep.Series {
			has := slices.ContainsFunc(laws, func(l law) bool { return l.sweep == sweep.Name && l.measure == s.Measure })
			if has == (s.Measure == "reached") {
				t.Errorf("%s, %s: a law: %v", sweep.Name, s.Measure, has)
			}
		}
	}
}

func TestDepth(t *testing.T) {
	for subjects, want := range map[int]int{1: 1, 2: 2, 10: 2, 11: 3, 1000: 4, 1_000_000: 7} {
		if got := Depth(subjects); got != want {
			t.Errorf("%d subjects are %d deep, want %d", subjects, got, want)
		}
	}
}

// A title in bold letters of 13 px has room for so many above its panel.
func TestTitlesFit(t *testing.T) {
	const most = 46
	for _, p := range pictures {
		for _, part := range p.panels {
			if len(part.title) > most {
				t.Errorf("%s: %q is too long", p.name, part.title)
			}
		}
	}
}
