package account

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"weir/internal/subject"
)

// mapping is a compiled [Mapping].
type mapping struct {
	source string
	to     []destination
}

// destination is chosen when a number from 0 to 99 is below its bound and no other's before it.
type destination struct {
	transform *subject.Transform
	bound     int
}

// compileMapping checks m. What is missing from 100 goes to the source itself, unless that is one of the destinations:
// then it is lost on purpose.
func compileMapping(m *Mapping) (*mapping, error) {
	if !subject.Valid(m.Source) {
		return nil, ErrSubject
	}
	c := &mapping{source: m.Source}
	seen := map[string]bool{}
	total := 0
	there := make(map[string]int) // weights for other clusters
	for _, w := range m.To {
		t, err := subject.NewTransform(m.Source, w.Subject)
		switch {
		case seen[w.Subject]:
			return nil, fmt.Errorf("%w for %q", ErrSameMapping, w.Subject)
		case w.Weight < 0 || w.Weight > 100:
			return nil, ErrWeight
		case err != nil:
			return nil, err
		}
		seen[w.Subject] = true
		if w.Cluster != "" { // we are not in a cluster
			if there[w.Cluster] += w.Weight; there[w.Cluster] > 100 {
				return nil, ErrTotalWeight
			}
			continue
		}
		if total += w.Weight; total > 100 {
			return nil, ErrTotalWeight
		}
		c.to = append(c.to, destination{t, w.Weight})
	}
	if total < 100 && !seen[m.Source] {
		t, err := subject.NewTransform(m.Source, subject.Numbered(m.Source))
		if err != nil {
			return nil, err
		}
		c.to = append(c.to, destination{t, 100 - total})
	}
	slices.SortStableFunc(c.to, func(a, b destination) int { return cmp.Compare(a.bound, b.bound) })
	for i := 1; i < len(c.to); i++ {
		c.to[i].bound += c.to[i-1].bound
	}
	return c, nil
}

// mapped appends what name becomes to dst; ok is false if no mapping is for it. An empty result is a message that is lost.
func (r *routes) mapped(dst, name []byte) (to []byte, ok bool) {
	for _, m := range r.mappings {
		if !subject.Match(m.source, name) {
			continue
		}
		n := rand.IntN(100)
		for i := range m.to {
			if n < m.to[i].bound {
				return m.to[i].transform.Append(dst, name), true
			}
		}
		return dst, true
	}
	return nil, false
}
