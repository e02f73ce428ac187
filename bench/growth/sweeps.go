package growth

import "slices"

// Names of sweeps, in the order of the file.
const (
	Connections      = "connections"
	Receivers        = "receivers"
	DeflateReceivers = "receivers deflate"
	Payload          = "payload"
	DeflatePayload   = "payload deflate"
	Stored           = "subscriptions"
	Matching         = "matching"
	Rate             = "publish rate"
)

// sizes are those that are measured.
var sizes = map[string][]int{
	Connections:      {100, 1_000, 5_000, 10_000, 15_000},
	Receivers:        {1, 10, 100, 1_000, 10_000},
	DeflateReceivers: {1, 10, 100, 1_000, 10_000},
	Payload:          {16, 64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10},
	DeflatePayload:   {16, 64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10},
	Stored:           {1, 1_000, 10_000, 100_000, 1_000_000},
	Matching:         {1, 1_000, 10_000, 100_000, 1_000_000},
	Rate:             {10, 100, 1_000, 10_000, 100_000},
}

var names = []string{Connections, Receivers, DeflateReceivers, Payload, DeflatePayload, Stored, Matching, Rate}

func order(name string) int { return slices.Index(names, name) }

// Names of all sweeps.
func Names() []string { return slices.Clone(names) }

// Sizes of a sweep, in rising order: connections, receivers, bytes, subjects, messages a second.
func Sizes(name string) []int { return slices.Clone(sizes[name]) }

// Depth is how many tokens the subjects of [Stored] and [Matching] have: one, and one for each digit of the last subject.
func Depth(subjects int) int {
	depth := 1
	for power := 1; power < subjects; power *= 10 {
		depth++
	}
	return depth
}
