package admission

// Remembered is how many addresses have places, and how many a rate.
func (g *Gate) Remembered() (places, rates int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.places), len(g.fresh) + len(g.stale)
}

// MaxRates is how many rates are remembered at most.
const MaxRates = 2 * maxRates

// RefusalLines is how many refusals are logged each second.
const RefusalLines = refusalLines
