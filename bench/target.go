package main

import "strconv"

// target is what one measure of a workload should come to.
type target struct {
	measure string
	ratio   float64 // stock ÷ Weir, at least; or 0
	limit   float64 // of Weir, at most, in the measure's unit; or 0
}

// times wants Weir to need so many times less than stock; 1 means: not above.
func times(measure string, ratio float64) target { return target{measure: measure, ratio: ratio} }

// atMost is a limit for Weir itself.
func atMost(measure string, limit float64) target { return target{measure: measure, limit: limit} }

func (t target) String() string {
	if t.ratio > 0 {
		return "≥ " + strconv.FormatFloat(t.ratio, 'g', -1, 64) + "×"
	}
	return "≤ " + strconv.FormatFloat(t.limit, 'g', -1, 64)
}

// met reports whether a row reaches the target.
func (t target) met(r result) bool {
	if t.ratio > 0 {
		return r.Ratio >= t.ratio
	}
	return r.Weir.Median <= t.limit
}
