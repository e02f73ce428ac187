package plot

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Axis is one direction of a panel.
type Axis struct {
	Label  string // with the unit
	Log    bool   // what is not above 0 is not drawn; else the axis begins at 0
	Ticks  []float64
	Format func(v float64) string // of ticks; nil is Short
}

func (a Axis) shows(v float64) bool { return !a.Log || v > 0 }

func (a Axis) format(v float64) string {
	if a.Format != nil {
		return a.Format(v)
	}
	return Short(v)
}

// Short writes 20000 as 20k and 1000000 as 1M.
func Short(v float64) string { return suffixed(v, 1000, "k", "M") }

// Binary writes 16384 as 16Ki.
func Binary(v float64) string { return suffixed(v, 1024, "Ki", "Mi") }

func suffixed(v, unit float64, first, second string) string {
	suffix := ""
	for _, s := range []string{first, second} {
		if v < unit {
			break
		}
		v, suffix = v/unit, s
	}
	return strconv.FormatFloat(v, 'g', 4, 64) + suffix
}

// scale maps values to pixels.
type scale struct {
	Axis
	low, high float64 // values at both ends
	from, to  float64 // pixels at both ends
	ticks     []float64
}

// mostTicks is how many labels an axis has at most, unless they are given.
const mostTicks = 7

// inset keeps marks off the ends of an axis whose ticks are given, in pixels.
const inset = 10

// scale makes an axis fit values. Without values it is any.
func (a Axis) scale(values []float64, from, to float64) scale {
	s := scale{Axis: a, from: from, to: to, low: 1, high: 10}
	least, most := math.Inf(1), math.Inf(-1)
	for _, v := range append(values, a.Ticks...) {
		if a.shows(v) {
			least, most = min(least, v), max(most, v)
		}
	}
	if least > most {
		least, most = s.low, s.high
	}
	switch {
	case len(a.Ticks) > 0:
		s.low, s.high, s.ticks = least, most, a.Ticks
	case a.Log:
		s.logTicks(least, most)
	default:
		s.linearTicks(most)
	}
	return s
}

// logTicks goes by 1, 2, 5, or by whole decades if those are too many.
func (s *scale) logTicks(least, most float64) {
	s.low, s.high = niceBelow(least), niceAbove(most)
	if s.low == s.high {
		s.high = niceAbove(s.high * 1.1)
	}
	for decade := math.Floor(math.Log10(s.low)); decade <= math.Log10(s.high)+slight; decade++ {
		for _, m := range steps {
			if v := m * math.Pow(10, decade); v >= s.low*(1-slight) && v <= s.high*(1+slight) {
				s.ticks = append(s.ticks, v)
			}
		}
	}
	if len(s.ticks) <= mostTicks {
		return
	}
	s.ticks = nil
	for decade := math.Ceil(math.Log10(s.low) - slight); decade <= math.Log10(s.high)+slight; decade++ {
		s.ticks = append(s.ticks, math.Pow(10, decade))
	}
}

// linearTicks begins at 0.
func (s *scale) linearTicks(most float64) {
	if most <= 0 {
		most = 1
	}
	step := niceAbove(most / (mostTicks - 1))
	count := math.Ceil(most/step - slight)
	s.low, s.high = 0, step*count
	for i := range int(count) + 1 {
		s.ticks = append(s.ticks, float64(i)*step)
	}
}

// steps are the leading digits of ticks.
var steps = [...]float64{1, 2, 5}

// slight is what a value may be off by rounding.
const slight = 1e-9

// niceBelow is the last 1, 2 or 5 times a power of ten that is not above v.
func niceBelow(v float64) float64 {
	decade, digit := split(v)
	for _, step := range slices.Backward(steps[:]) {
		if step <= digit {
			return step * decade
		}
	}
	return decade
}

// niceAbove is the first 1, 2 or 5 times a power of ten that is not below v.
func niceAbove(v float64) float64 {
	decade, digit := split(v)
	for _, step := range steps {
		if digit <= step*(1+2*slight) {
			return step * decade
		}
	}
	return 10 * decade
}

// split gives the power of ten in v, and how many of it v is: 1 to 10.
func split(v float64) (decade, digit float64) {
	decade = math.Pow(10, math.Floor(math.Log10(v)+slight))
	return decade, v / decade * (1 + slight)
}

// at gives the pixel of a value.
func (s scale) at(v float64) float64 {
	low, high := s.low, s.high
	if s.Log {
		v, low, high = math.Log(v), math.Log(low), math.Log(high)
	}
	from, to := s.from, s.to
	if len(s.Axis.Ticks) > 0 {
		if from < to {
			from, to = from+inset, to-inset
		} else {
			from, to = from-inset, to+inset
		}
	}
	if high == low {
		return (from + to) / 2
	}
	return from + (to-from)*(v-low)/(high-low)
}

// grid draws a line for each tick, from a to b of the other direction. line puts the three together.
func (s scale) grid(out *bytes.Buffer, a, b float64, line func(v, a, b float64) (Point, Point)) {
	for _, t := range s.ticks {
		p, q := line(s.at(t), a, b)
		fmt.Fprintf(out, `<path d="M%s %sL%s %s" stroke="%s" stroke-opacity="0.3"/>`+"\n", number(p.X), number(p.Y), number(q.X), number(q.Y), ink)
	}
}

// number writes a pixel with at most one decimal.
func number(v float64) string {
	s := strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	if s == "-0" {
		return "0"
	}
	return s
}
