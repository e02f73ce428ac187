package account

// Limits are those of the account now.
func (a *Account) Limits() Limits { return *a.limits.Load() }

// Join counts a client in; it reports false if there are too many already.
func (a *Account) Join() bool {
	l := a.limits.Load()
	n := a.clients.Add(1)
	if l.NoConnections || l.Connections > 0 && n > int64(l.Connections) {
		a.clients.Add(-1)
		return false
	}
	return true
}

// Leave counts a client out.
func (a *Account) Leave() { a.clients.Add(-1) }

// Clients is how many are in.
func (a *Account) Clients() int { return int(a.clients.Load()) }
