package report

import "strconv"

// Target is what one measure of a workload should come to.
type Target struct {
	Measure string
	ratio   float64 // stock ÷ Weir, at least; or 0
	limit   float64 // of Weir, at most, in the measure's unit; or 0
}

// Times wants Weir to need so many times less than stock; 1 means: not above.
func Times(measure string, ratio float64) Target { return Target{Measure: measure, ratio: ratio} }

// AtMost is a limit for Weir itself.
func AtMost(measure string, limit float64) Target { return Target{Measure: measure, limit: limit} }

func (t Target) String() string {
	if t.ratio > 0 {
		return "≥ " + strconv.FormatFloat(t.ratio, 'g', -1, 64) + "×"
	}
	return "≤ " + strconv.FormatFloat(t.limit, 'g', -1, 64)
}

// met reports whether a row reaches the target.
func (t Target) met(r Result) bool {
	if t.ratio > 0 {
		return r.Ratio >= t.ratio
	}
	return r.Weir.Median <= t.limit
}
