package growth

import (
	"fmt"

	"weir/bench/rival"
)

// law says what of a measure may not grow with the size.
type law struct {
	sweep, measure string
	share          func(size int, v float64) float64
	from           int     // smaller sizes say nothing
	limit          float64 // how many times the share of a smaller size that of a larger one may be
}

// Shares. What is per delivery or per connection already is constant where the whole is linear; what is of the whole server
// is divided by the size; and matching may cost so much for each token of the subject.
func itself(_ int, v float64) float64      { return v }
func perSize(size int, v float64) float64  { return v / float64(size) }
func perToken(size int, v float64) float64 { return v / float64(Depth(size)) }

// The smallest sizes that a law is about.
const (
	// fewConnections weigh less than what a collection more or less makes of the process, and fit into the caches of a core.
	fewConnections = 1_000
	// fewSubscriptions weigh less, too.
	fewSubscriptions = 100_000
	// uncached is more subjects than a publisher's own cache has (1,024 results): below that, nothing is matched.
	uncached = 10_000
)

// What a share may rise by where all is well.
const (
	// cpuWanders: what fits into the caches of a core with a hundred of something does not with ten thousand, from some size on
	// the load runs beside the server instead of after it, and the machine has other things to do.
	cpuWanders = 2.0
	// memoryWanders: a heap has up to twice what is live, as long as the next collection has not come.
	memoryWanders = 2.0
	// wireWanders by which of the messages of a run were sent how often.
	wireWanders = 1.05
	// besideKernel is for measures where the bare server has figures, of the same turns: what the kernel itself needs more we may
	// need so many times.
	besideKernel = 1.5
)

// laws has each measure once. Weir keeps them; the others are not asked.
var laws = []law{
	{Connections, "idle CPU", perSize, fewConnections, cpuWanders},
	{Connections, "CPU", itself, fewConnections, cpuWanders},
	{Connections, "memory of one", itself, fewConnections, memoryWanders},
	{Connections, "memory", perSize, 0, memoryWanders},
	{Receivers, "CPU", itself, 0, cpuWanders},
	{Receivers, "memory", perSize, 0, memoryWanders},
	{DeflateReceivers, "CPU", itself, 0, cpuWanders},
	{DeflateReceivers, "wire", itself, 0, wireWanders},
	{DeflateReceivers, "memory", perSize, 0, memoryWanders},
	{Payload, "CPU", perSize, 0, cpuWanders},
	{Payload, "memory", perSize, 0, memoryWanders},
	{DeflatePayload, "CPU", perSize, 0, cpuWanders},
	{DeflatePayload, "wire", perSize, 0, wireWanders},
	{DeflatePayload, "memory", perSize, 0, memoryWanders},
	{Stored, "memory of one", itself, fewSubscriptions, memoryWanders},
	{Stored, "memory", perSize, 0, memoryWanders},
	{Matching, "CPU", perToken, uncached, cpuWanders},
	{Matching, "memory", perSize, 0, memoryWanders},
	{Rate, "CPU", itself, 0, cpuWanders},
	{Rate, "memory", perSize, 0, memoryWanders},
}

// Findings are the places where a file breaks a law, or has nothing that a law could be about.
func (f File) Findings() (found []string) {
	for _, l := range laws {
		sweep, ok := f.Find(l.sweep)
		series, has := sweep.Find(l.measure)
		if !ok || !has {
			found = append(found, fmt.Sprintf("%s: there is no %s", l.sweep, l.measure))
			continue
		}
		found = append(found, l.broken(sweep.At, series)...)
	}
	return found
}

func (l law) broken(sizes []int, s Series) (found []string) {
	for j := range sizes {
		for i := range j {
			if sizes[i] < l.from {
				continue
			}
			rise := l.rise(sizes, s.Of(rival.Weir), i, j)
			if limit := max(l.limit, besideKernel*l.rise(sizes, s.Of(rival.Kernel), i, j)); rise > limit {
				found = append(found, fmt.Sprintf("%s: the share of %s (%s) rises %.2f times from %d to %d, may rise %.2f times",
					l.sweep, l.measure, s.Unit, rise, sizes[i], sizes[j], limit))
			}
		}
	}
	return found
}

// rise is how many times the share of size i the share of size j is. It is 0 where it can not be told.
func (l law) rise(sizes []int, figures []float64, i, j int) float64 {
	if len(figures) <= j {
		return 0
	}
	before, after := l.share(sizes[i], figures[i]), l.share(sizes[j], figures[j])
	if before <= 0 {
		return 0
	}
	return after / before
}
