package plot

import (
	"math"
	"slices"
	"testing"
)

func TestTicks(t *testing.T) {
	for name, c := range map[string]struct {
		axis   Axis
		values []float64
		want   []float64
	}{
		"linear from 0":              {Axis{}, []float64{3, 28.5}, []float64{0, 5, 10, 15, 20, 25, 30}},
		"linear, fractions":          {Axis{}, []float64{0.2, 0.33}, []float64{0, 0.1, 0.2, 0.3, 0.4}},
		"linear, on a tick":          {Axis{}, []float64{6}, []float64{0, 1, 2, 3, 4, 5, 6}},
		"linear, nothing above 0":    {Axis{}, []float64{0}, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		"log, 1 2 5":                 {Axis{Log: true}, []float64{0.3, 4}, []float64{0.2, 0.5, 1, 2, 5}},
		"log, decades":               {Axis{Log: true}, []float64{0.04, 600}, []float64{0.1, 1, 10, 100, 1000}},
		"log, without what it lacks": {Axis{Log: true}, []float64{0, 10, 20}, []float64{10, 20}},
		"log, one value":             {Axis{Log: true}, []float64{50}, []float64{50, 100}},
		"given":                      {Axis{Log: true, Ticks: []float64{16, 64}}, []float64{20, 40}, []float64{16, 64}},
		"no values":                  {Axis{Log: true}, nil, []float64{1, 2, 5, 10}},
	} {
		got := c.axis.scale(c.values, 0, 100).ticks
		if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*(1+b) }) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestValuesAreBetweenTheEnds(t *testing.T) {
	values := []float64{0.0037, 0.01, 0.5, 1, 2, 9.99, 10, 10.01, 4999, 5000, 5001}
	for _, axis := range []Axis{{}, {Log: true}, {Log: true, Ticks: values}} {
		s := axis.scale(values, 200, 10) // upwards, as y is
		last := 201.0
		for _, v := range values {
			at := s.at(v)
			if at > 200 || at < 10 || at >= last {
				t.Errorf("%+v: %v is at %v, the one before at %v", axis, v, at, last)
			}
			last = at
		}
	}
}

func TestFormats(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.5: "0.5", 999: "999", 1000: "1k", 15_000: "15k", 2.5e6: "2.5M"} {
		if got := Short(v); got != want {
			t.Errorf("Short(%v) = %s, want %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{16: "16", 1 << 10: "1Ki", 256 << 10: "256Ki", 1 << 20: "1Mi"} {
		if got := Binary(v); got != want {
			t.Errorf("Binary(%v) = %s, want %s", v, got, want)
		}
	}
}
